"""Every path under /api/ answers with and without its trailing slash."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class OptionalSlashMiddleware:
    """Routes under /api/ are written without a trailing slash; a request may carry one.

    A redirect would not do: a client that POSTs to the other form would lose its body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/") and request.path_info != "/api/":
            request.path_info = request.path_info.rstrip("/")
        return self.get_response(request)
