"""The demo's panels: named as somebody would name theirs."""

from meters.models import Panel

PANELS = {
    "trafo1": ("Office feeder", "Building A, ground floor"),
    "trafo2": ("Workshop feeder", "Building B"),
    "trafo3": ("Pump house", "Yard"),
}


def register_panels() -> None:
    """Register them the first time; what somebody changes in the admin stays."""
    for name, (display_name, location) in PANELS.items():
        Panel.objects.get_or_create(
            name=name, defaults={"display_name": display_name, "location": location}
        )
