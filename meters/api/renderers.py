from typing import Any

from rest_framework.renderers import BrowsableAPIRenderer


class BrowsableRenderer(BrowsableAPIRenderer):
    """Without the inline style sheet for code samples that DRF adds where Pygments is installed:
    there are none to colour, and our policy forbids inline styles."""

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(*args, **kwargs)
        return context | {"code_style": ""}
