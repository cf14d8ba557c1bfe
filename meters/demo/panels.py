"""The demo's panels: named as somebody would name theirs."""

from datetime import date

from meters.models import Panel, Tariff, TariffAssignment

PANELS = {
    "trafo1": ("Office feeder", "Building A, ground floor"),
    "trafo2": ("Workshop feeder", "Building B"),
    "trafo3": ("Pump house", "Yard"),
}


RATED_KVA = 6.6
TARIFF = "B-2/TR"


def register_panels() -> None:
    """Register them the first time, with a rating and a tariff, so that loading and cost have
    something to show; what somebody changes in the admin stays."""
    tariff = Tariff.objects.filter(code=TARIFF).first()
    for name, (display_name, location) in PANELS.items():
        panel, created = Panel.objects.get_or_create(
            name=name,
            defaults={
                "display_name": display_name,
                "location": location,
                "rated_power_kva": RATED_KVA,
            },
        )
        if created and tariff is not None:
            TariffAssignment.objects.create(panel=panel, tariff=tariff, valid_from=date(2026, 1, 1))
