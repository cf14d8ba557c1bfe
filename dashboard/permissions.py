"""Who may see a page: by permission, with a sentence for those who may not."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

SYSTEM = "meters.view_ingestworker"
REJECTED = "meters.view_rejectedmessage"
_WHO_MAY = _(
    "This page is for operators and administrators. An administrator of this installation can give "
    "you that role."
)

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def needs(permission: str) -> Callable[[View], View]:
    """A stranger is sent to the log-in; who is logged in and may not gets a 403 that says who may."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied(str(_WHO_MAY))
            return view(request, *args, **kwargs)

        return cast(View, login_required(guarded))

    return decorate
