from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class MayPublish(BasePermission):
    """Whoever may publish test messages to the broker (operators and administrators)."""

    message = _("You may not publish: the permission 'Can publish test messages' is missing.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.has_perm("meters.publish_message"))
