"""The demo's panels: what somebody with a yard, a workshop and a few buildings would have."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from meters.demo import loads
from meters.models import Panel, Tariff, TariffAssignment
from meters.simulation.loads import Load
from meters.simulation.panel import Kind, SimulatedPanel, Supply

INTERVAL_S = 2  # between two readings of a panel
_LINE_V = 400.0


@dataclass(frozen=True, slots=True)
class DemoPanel:
    """`kind` None: a small transformer, as `mqtt_simulate` plays them."""

    title: str
    location: str
    rated_kva: float
    kind: Kind | None = None
    tariff: str = "B-2/TR"
    columns: dict[str, Any] = field(default_factory=dict)


def _single_phase(load: Load, voltage_v: float, mean_a: float, **more: Any) -> Kind:
    supply = Supply(
        voltage_v,
        mean_a,
        drop_v_per_a=more.pop("drop_v_per_a", 0.2),
        power_factor=more.pop("power_factor", 0.97),
        bounds_v=(195.0, 245.0),
        bounds_a=(0.1, 60.0),
    )
    return Kind(load, supply, **more)


def _three_phases(load: Load, voltage_v: float, mean_a: float, drop_v_per_a: float) -> Kind:
    supply = Supply(
        voltage_v,
        mean_a,
        drop_v_per_a=drop_v_per_a,
        phases=3,
        power_factor=0.86,
        bounds_v=(350.0, 425.0),
        bounds_a=(0.0, 400.0),
    )
    return Kind(load, supply, unrest_a=0.025 * mean_a, unrest_v=2.4)


_THREE_PHASES = {"phases": 3, "nominal_voltage_v": _LINE_V}

PANELS = {
    "trafo1": DemoPanel("Office feeder", "Building A, ground floor", 6.6),
    "trafo2": DemoPanel(
        "Workshop feeder",
        "Building B",
        33,
        _three_phases(loads.WORKSHOP, 398, 20, 0.15),
        columns=_THREE_PHASES | {"rated_current_a": 48.0},
    ),
    "trafo3": DemoPanel(
        "Pump house",
        "Yard",
        11,
        _single_phase(loads.PUMP, 229, 10, drop_v_per_a=0.4, power_factor=0.84, unrest_a=0.3),
    ),
    "trafo4": DemoPanel(
        "Cold store transformer",
        "Building C",
        250,
        _three_phases(loads.COMPRESSOR, 401, 200, 0.02),
        tariff="I-3/TM",
        columns=_THREE_PHASES | {"rated_current_a": 360.0},
    ),
    # Always a little above four fifths of what it may carry: a warning that stands.
    "trafo5": DemoPanel(
        "Server room",
        "Building A, first floor",
        7.7,
        _single_phase(loads.SERVERS, 231, 28, unrest_a=0.35),
    ),
    # At the end of a long line: on busy evenings its voltage falls out of the band.
    "trafo6": DemoPanel(
        "Guest house",
        "South gate",
        13.2,
        _single_phase(loads.GUESTS, 223, 14, drop_v_per_a=0.75),
        tariff="R-3",
    ),
    "trafo7": DemoPanel(
        "Yard lighting", "Yard", 3.5, _single_phase(loads.LAMPS, 232, 5, unrest_a=0.05)
    ),
    # By a radio link that fails for a minute and a half in every five: long enough to be seen.
    "trafo8": DemoPanel(
        "Gate house",
        "North gate, by radio",
        2.2,
        _single_phase(loads.GATE, 230, 4, unrest_a=0.25, silent_s=90.0),
        tariff="R-1",
    ),
}


def simulated_panels() -> dict[str, SimulatedPanel]:
    return {name: SimulatedPanel(f"demo/{name}", panel.kind) for name, panel in PANELS.items()}


def register_panels() -> None:
    """Register them the first time, with a rating and a tariff, so that loading and cost have
    something to show; what somebody changes in the admin stays."""
    tariffs = {tariff.code: tariff for tariff in Tariff.objects.all()}
    for name, made in PANELS.items():
        defaults = {
            "display_name": made.title,
            "location": made.location,
            "rated_power_kva": made.rated_kva,
        }
        panel, created = Panel.objects.get_or_create(name=name, defaults=defaults | made.columns)
        if created and made.tariff in tariffs:
            TariffAssignment.objects.create(
                panel=panel, tariff=tariffs[made.tariff], valid_from=date(2026, 1, 1)
            )
