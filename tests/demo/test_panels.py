import math

import pytest

from meters.demo.panels import PANELS, register_panels, simulated_panels
from meters.models import Panel, TariffAssignment

MONDAY_S = 1_768_152_600  # 2026-01-12T00:30+07:00


@pytest.mark.django_db
def test_the_demos_panels_have_a_rating_and_a_tariff_and_keep_what_is_changed() -> None:
    register_panels()
    assert {panel.name for panel in Panel.objects.exclude(rated_power_kva=None)} == set(PANELS)
    assert TariffAssignment.objects.count() == len(PANELS) >= 6
    Panel.objects.update(rated_power_kva=9)
    TariffAssignment.objects.all()._raw_delete(using="default")
    register_panels()
    assert set(Panel.objects.values_list("rated_power_kva", flat=True)) == {9}
    assert not TariffAssignment.objects.exists()


@pytest.mark.django_db
def test_what_the_panels_measure_fits_what_is_said_of_them() -> None:
    """A week in steps of ten minutes: none exceeds its rating but the workshop, for a while."""
    register_panels()
    moments = range(MONDAY_S, MONDAY_S + 7 * 86_400, 600)
    over: dict[str, float] = {}
    for name, simulated in simulated_panels().items():
        panel = Panel.objects.get(name=name)
        phases = math.sqrt(3) if panel.phases == 3 else 1.0
        measured = [simulated.measure(moment, 7 * 3600) for moment in moments]
        loading = [
            100 * phases * each.voltage * each.ampere / 1000 / (panel.rated_power_kva or 0)
            for each in measured
        ]
        over[name] = sum(value > 100 for value in loading) / len(loading)
        assert 10 < max(loading) < 112, name
        for each in measured:
            assert 0.85 < each.voltage / panel.nominal_voltage_v < 1.1, name
            assert each.power <= phases * each.voltage * each.ampere + 0.01
        if name == "trafo5":
            assert sum(value > 80 for value in loading) > 0.99 * len(loading), (
                "the server room's warning does not stand"
            )
    assert {name for name, share in over.items() if share} == {"trafo2"}
    assert over["trafo2"] < 0.02
