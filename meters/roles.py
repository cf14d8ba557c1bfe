"""The roles people have: three groups, with what each may do. The program asks for permissions and
never for a group's name, so that an installation may make groups of its own."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db.models import Q

VIEWERS, OPERATORS, ADMINISTRATORS = "Viewers", "Operators", "Administrators"
_LOOK = {"view_panel"}
_OPERATE = _LOOK | {"publish_message", "view_ingestworker", "view_rejectedmessage"}
# None: all of this application. Accounts are not among it: whoever may change those can make
# themselves a superuser.
_MAY: dict[str, set[str] | None] = {VIEWERS: _LOOK, OPERATORS: _OPERATE, ADMINISTRATORS: None}


def keep_roles(**signal: Any) -> None:
    """After each `migrate`: make the groups and give each what it must have. What somebody has added
    to a group stays."""
    known: Apps = signal.get("apps", installed)
    try:
        groups = known.get_model("auth", "Group")._default_manager.using(signal["using"])
        permissions = known.get_model("auth", "Permission")._default_manager.using(signal["using"])
    except LookupError:  # somebody migrates one application only, and accounts are not there yet
        return
    ours = permissions.filter(content_type__app_label="meters")
    for name, codenames in _MAY.items():
        group, _ = groups.get_or_create(name=name)
        wanted = Q() if codenames is None else Q(codename__in=codenames)
        missing = ours.filter(wanted).exclude(group=group).order_by("pk")
        group.permissions.add(*missing)
