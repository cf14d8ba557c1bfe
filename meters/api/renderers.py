from collections.abc import Mapping
from typing import Any

import ujson
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class QuickJSONRenderer(JSONRenderer):
    """JSON for programs. Python's own module takes five times as long, most of it for writing
    floats: of a chart with 500 points of four metrics more than all else after the database."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        context = dict(renderer_context or {})
        if data is None or self.get_indent(accepted_media_type or "", context):  # for people
            readable: bytes = super().render(data, accepted_media_type, context)
            return readable
        return ujson.dumps(
            data,
            default=JSONEncoder().default,
            ensure_ascii=False,
            escape_forward_slashes=False,
            allow_nan=False,
        ).encode()


class BrowsableRenderer(BrowsableAPIRenderer):
    """Without the inline style sheet for code samples that DRF adds where Pygments is installed:
    there are none to colour, and our policy forbids inline styles."""

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(*args, **kwargs)
        return context | {"code_style": ""}
