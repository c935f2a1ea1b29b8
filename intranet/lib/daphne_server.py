"""Daphne, with bounds: a socket's application waits while its client does not read, and large messages stay out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from autobahn.exception import Disconnected
from daphne.server import Server

from intranet.lib.sockets import MAX_MESSAGE


class Gate:
    """Shut while more is buffered for a client than Twisted thinks good: the transport's push producer."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.is_open = asyncio.Event()
        self.is_open.set()
        # In place of the HTTP channel, which has handed the connection over
        transport.unregisterProducer()
        transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self.is_open.clear()

    def resumeProducing(self) -> None:
        self.is_open.set()
        if self.transport.disconnecting:
            # A transport waits for its producer before it closes
            self.transport.unregisterProducer()

    def stopProducing(self) -> None:
        self.is_open.set()


class BoundedServer(Server):
    """Daphne's server; as it comes, it buffers for a client without end, and takes messages of a megabyte."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        sizes = {"websocket_max_message_size": MAX_MESSAGE, "websocket_max_frame_size": MAX_MESSAGE}
        super().__init__(*args, **{**sizes, **kwargs})

    def create_application(self, protocol: Any, scope: Any) -> Any:
        if scope["type"] == "websocket":
            protocol.gate = Gate(protocol.transport)
            protocol.write_frame = partial(_write_frame, protocol)
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        if gate := getattr(protocol, "gate", None):
            await gate.is_open.wait()
        # Who left just now needs no answer; the application is told so by its next message
        with suppress(Disconnected):
            await super().handle_reply(protocol, message)


def _write_frame(protocol: Any, frame: bytes) -> bool:
    """Hand a whole frame to the client; whether it was taken, as `intranet.lib.sockets` asks."""
    if protocol.state != protocol.STATE_OPEN or protocol.muted:
        return False
    # A frame that every socket has in common is compressed for none
    if not protocol.gate.is_open.is_set() or protocol.send_queue or protocol._perMessageCompress:
        return False
    protocol.transport.write(frame)
    return True
