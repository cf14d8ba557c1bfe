"""What the pages of one panel begin with: where it stands among the others, and the way to them."""

from typing import NamedTuple, TypedDict

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import presentation
from meters.api.compression import gzip_page
from meters.models import Panel


class Neighbour(TypedDict):
    title: str
    url: str


class PanelHead(TypedDict):
    """`url` leads to this page of any panel: `-` stands for its name. Of `keeps`, the links to
    other panels take along what the address asks for."""

    url: str
    keeps: bool
    position: int
    count: int
    previous: Neighbour | None
    next: Neighbour | None


def panel_head(panel: Panel, page: str, query: str = "", *, keeps: bool = False) -> PanelHead:
    """`page`: the name of the page's address; `query`: what its links ask for."""
    panels = _listed()
    place = next(at for at, each in enumerate(panels) if each.name == panel.name)

    def neighbour(at: int) -> Neighbour | None:
        if not 0 <= at < len(panels):
            return None
        url = reverse(page, args=[panels[at].name]) + query
        return {"title": panels[at].title, "url": url}

    return {
        "url": reverse(page, args=["-"]) + query,
        "keeps": keeps,
        "position": place + 1,
        "count": len(panels),
        "previous": neighbour(place - 1),
        "next": neighbour(place + 1),
    }


@gzip_page
@never_cache
@require_safe
@login_required
def panel_names(request: HttpRequest) -> JsonResponse:
    """All panels for the switcher: [name, title, place] of each, in the order of the overview."""
    return JsonResponse({"panels": _listed()})


class _Listed(NamedTuple):
    name: str
    title: str
    place: str


def _listed() -> list[_Listed]:
    """All panels that are shown; without making a model of each, of which there may be hundreds."""
    rows = Panel.objects.shown().values_list("name", "display_name", "location")
    found = [
        _Listed(name, display_name or name, presentation.place_of(name, display_name, location))
        for name, display_name, location in rows
    ]
    return sorted(found, key=lambda each: presentation.name_rank(each.name))
