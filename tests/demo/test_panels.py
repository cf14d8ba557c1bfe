import pytest

from meters.demo.panels import PANELS, register_panels
from meters.models import Panel, TariffAssignment


@pytest.mark.django_db
def test_the_demos_panels_have_a_rating_and_a_tariff_and_keep_what_is_changed() -> None:
    register_panels()
    assert {panel.name for panel in Panel.objects.exclude(rated_power_kva=None)} == set(PANELS)
    assert TariffAssignment.objects.count() == len(PANELS)
    Panel.objects.update(rated_power_kva=9)
    TariffAssignment.objects.all()._raw_delete(using="default")
    register_panels()
    assert set(Panel.objects.values_list("rated_power_kva", flat=True)) == {9}
    assert not TariffAssignment.objects.exists()
