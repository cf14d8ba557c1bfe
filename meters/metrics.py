"""What a panel publishes: the one place that knows the metrics' names, units and bounds."""

from dataclasses import dataclass


def _(text: str) -> str:
    """Marks a text for the translators. Django's own marker reads the settings, and these import
    this module."""
    return text


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured quantity.

    `name` is the column of `Panel` and `Trend`, `minimum` and `maximum` bound what is plausible
    in `unit`, `decimals` is how many a person is shown, `event` the name of its live event.
    """

    name: str
    label: str
    unit: str
    minimum: float
    maximum: float
    decimals: int
    event: str


# The bounds are wide on purpose: they catch a broken meter (a raw register, a wrong scale), not an
# unusual grid. Current and power may be negative: a feeder can export.
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("voltage", _("Voltage"), "V", 0, 1e6, 2, "mqtt-voltage-update"),
        Metric("ampere", _("Current"), "A", -1e6, 1e6, 2, "mqtt-ampere-update"),
        Metric("power", _("Power"), "W", -1e10, 1e10, 1, "mqtt-power-update"),
        Metric("energy_cost", _("Energy cost"), "Rp", -1e15, 1e15, 0, "mqtt-cost-update"),
    )
}

# The cumulative energy register of meters that have one. Nothing is shown of it where there is none.
REGISTER = Metric(
    "energy_register", _("Energy register"), "kWh", 0, 1e12, 3, "mqtt-register-update"
)

MEASURED: dict[str, Metric] = METRICS | {REGISTER.name: REGISTER}
