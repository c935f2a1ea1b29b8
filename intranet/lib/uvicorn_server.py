"""uvicorn, for thousands of sockets: a frame that was encoded once for all of them goes straight to each transport."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with the shorter way that `intranet.lib.sockets` looks for."""

    def write_frame(self, frame: bytes) -> bool:
        """Hand a whole frame to the client.

        Returns:
            Whether it was taken: none is while the socket is not open, and while its client does not read.
        """
        if self.conn.state is not State.OPEN or self.disconnected or self.close_sent:
            return False
        # A frame that every socket has in common is compressed for none
        if not self.writable.is_set() or self.conn.extensions:
            return False
        self.transport.write(frame)
        return True
