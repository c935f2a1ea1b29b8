"""HTTP and WebSocket routes of the ASGI server."""

import gc
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intranet.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - models load only after the set-up above
from channels.security.websocket import WebsocketDenier  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402
from django.urls import path  # noqa: E402

from feeds.consumers import LiveConsumer  # noqa: E402
from intranet.lib.request_log import observed_sockets  # noqa: E402
from intranet.lib.sockets import from_own_pages, with_bounded_buffers  # noqa: E402

# Who connects is asked by the consumer, once the hub would tell that they lost a right
sockets = CookieMiddleware(URLRouter([path("ws/live/", LiveConsumer.as_asgi())]))

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": with_bounded_buffers(observed_sockets(from_own_pages(sockets, deny=WebsocketDenier.as_asgi()))),
    }
)

# What was loaded stays, and most of what a socket brings stays with it: looking for garbage among all that, at every
# few sockets that come, would take a quarter of their time
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 5, 5)
