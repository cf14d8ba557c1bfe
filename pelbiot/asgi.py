"""The web process: pages and API by Django, `/ws/` by Channels."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pelbiot.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # before anything that imports models

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from dashboard.backpressure import KeepSend  # noqa: E402
from dashboard.routing import websocket_urlpatterns  # noqa: E402
from pelbiot.memory import keep_what_stands  # noqa: E402
from pelbiot.origins import OriginValidator  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": KeepSend(
            OriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
        ),
    }
)
keep_what_stands()
