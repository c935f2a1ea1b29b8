"""Open sockets, whichever server holds them: frames go straight down, and one that does not read harms nobody.

A message is encoded once for all its sockets and handed to each without waiting: the server takes it at once as long
as the client keeps up. Only for one that is behind something is kept: a bounded queue, and a task that empties it. When
that is full the client is told to load the page anew, and its socket closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket as network
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from websockets.frames import Frame, Opcode

logger = logging.getLogger(__name__)

# Seconds a socket that is behind has to take a frame
SEND = 5.0
# Seconds after which a socket that was closed is dropped, whatever its client still has to read
LINGER = 5.0
# What is kept for a socket that is behind, beside what the server and the kernel buffer: frames, and characters
MAX_WAITING = 200
MAX_WAITING_SIZE = 256 * 1024
# What the kernel buffers for one socket: by default it may grow to megabytes, which a slow reader would fill
KERNEL_BUFFER = 128 * 1024
# Largest message that a server takes in before the application sees it
MAX_MESSAGE = 32 * 1024
# Close code for a client that should connect again and say what it has seen
COME_BACK = 4503
RESYNC = '{{"type": "resync", "at": {}}}'

# What was started for a socket and may outlive its connection; a task nobody holds may vanish
_tasks: set[asyncio.Task[None]] = set()


def _start(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


class Message:
    """A text for many sockets.

    Attributes:
        text: what it says.
        frame: the same as it travels, a whole WebSocket frame (RFC 6455, section 5.2).
    """

    __slots__ = ("frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def _takes_nothing(frame: bytes) -> bool:
    """Where the server has no shorter way than `send`."""
    return False


class Socket:
    """One open socket, as the hub knows it.

    Args:
        send: hands a text to the client; waits where the client is behind.
        close: closes it, with a WebSocket close code.
        abort: drops the connection with what is buffered; nothing happens where it is gone.
        write: hands a whole frame to the client, and says whether it was taken; what is not taken is sent.
        user_id: whose it is; None until that is known.

    Attributes:
        topic: what it listens to, in the words of whoever hands out.
        seen: the number of the last row it was handed or did not need; None until it has caught up.
        doubted: people whose rights changed while it was not known whose it is.
        closing: whether it was closed, or is being closed.
        is_behind: whether frames wait for it.
    """

    __slots__ = (
        "_full",
        "_newest",
        "_size",
        "_waiting",
        "abort",
        "close",
        "closing",
        "doubted",
        "is_behind",
        "seen",
        "send",
        "topic",
        "user_id",
        "write",
    )

    def __init__(
        self,
        send: Callable[[str], Coroutine[Any, Any, None]],
        close: Callable[[int], Awaitable[None]],
        abort: Callable[[], None] = lambda: None,
        write: Callable[[bytes], bool] = _takes_nothing,
        user_id: int | None = None,
    ) -> None:
        self.send, self.close, self.abort, self.write, self.user_id = send, close, abort, write, user_id
        self.topic: Any = None
        self.seen: int | None = None
        self.doubted: frozenset[int] = frozenset()
        self.closing = self.is_behind = self._full = False
        # An empty deque takes up more than all the rest
        self._waiting: deque[tuple[str | None, int]] | None = None
        self._size = self._newest = 0

    def hand(self, message: Message | None, number: int) -> None:
        """Send the message of a row, unless it was sent before. Never waits, never raises.

        Args:
            message: what to send; None where the row needs nothing.
            number: the row's.
        """
        if self.closing or number <= self._newest or number <= (self.seen or 0):
            return
        self._newest = number
        if self.is_behind:
            self._keep(message.text if message else None, number)
        elif message is None:
            self.seen = number
        else:
            self._send_now(message, number)

    def end_soon(self, code: int) -> None:
        """Close it with `code`, once: it gets no frame more from now on. Never waits, never raises."""
        if not self.closing:
            self.closing = True
            _start(self._end(code))

    async def end(self, code: int) -> None:
        """As `end_soon`, and wait until the closing was said."""
        if not self.closing:
            self.closing = True
            await self._end(code)

    def _send_now(self, message: Message, number: int) -> None:
        try:
            if self.write(message.frame):
                # Only now: an answer that names the number before the frame would make the client skip it
                self.seen = number
                return
            sending = self.send(message.text)
            # A server that has room takes it without waiting: no task, no timer, for each of thousands
            waits_for = sending.send(None)
        except StopIteration:
            self.seen = number
        except Exception as error:
            # In most cases one that has just gone
            logger.info("live: a socket of user %s took nothing: %r", self.user_id, error)
            self.end_soon(COME_BACK)
        else:
            self.is_behind = True
            _start(self._catch_up(_Rest(sending, waits_for), number))

    def _keep(self, frame: str | None, number: int) -> None:
        waiting = self._waiting = self._waiting or deque()
        size = self._size + len(frame or "")
        if size > MAX_WAITING_SIZE or len(waiting) == MAX_WAITING:
            self._full, self.closing = True, True
            waiting.clear()
            waiting.append((RESYNC.format(number), number))
            return
        self._size = size
        waiting.append((frame, number))

    async def _catch_up(self, sending: Awaitable[None], number: int) -> None:
        """Send what waits, each frame within its time; then it goes straight down again."""
        try:
            while True:
                async with asyncio.timeout(SEND):
                    await sending
                self.seen = number
                waiting = self._waiting
                while waiting and waiting[0][0] is None:
                    self.seen = waiting.popleft()[1]
                if not waiting or (self.closing and not self._full):
                    break
                frame, number = waiting.popleft()
                self._size -= len(frame or "")
                sending = self.send(frame or "")
        except Exception:
            logger.info("live: a socket of user %s took nothing for %s s", self.user_id, SEND)
            if self._full or not self.closing:
                self.closing = True
                self.abort()
        else:
            if self._full:
                await self._end(COME_BACK)
        self.is_behind, self._waiting, self._size = False, None, 0

    async def _end(self, code: int) -> None:
        try:
            async with asyncio.timeout(SEND):
                await self.close(code)
            # A client that reads a byte a second would stay for hours
            asyncio.get_running_loop().call_later(LINGER, self.abort)
        except Exception:
            # Gone already, or it takes nothing
            logger.debug("live: a socket of user %s could not be closed", self.user_id, exc_info=True)
            self.abort()


class _Rest:
    """What is left of a coroutine that was run up to its first wait."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self.coroutine, self.waits_for = coroutine, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            # As the coroutine itself would have, had a task run it from the start
            yield self.waits_for
        except BaseException:
            self.coroutine.close()
            raise
        yield from self.coroutine.__await__()


# Beneath a socket

Application = Callable[[Any, Any, Any], Awaitable[None]]
# What asyncio, and uvloop, say of a socket that is closed
CLOSED = (OSError, ValueError)


def _protocol_beneath(send: Any) -> Any:
    """The server's end of a connection, found from its ASGI `send`; None where the server does not show it.

    uvicorn's `send` is a method of its protocol, Daphne's a partial over its own.
    """
    return getattr(send, "__self__", None) or next(iter(getattr(send, "args", ())), None)


def with_bounded_buffers(application: Application) -> Application:
    """The ASGI application of the sockets, outermost: bounds what the kernel buffers, and shows what lies beneath.

    `scope["abort"]()` drops the connection at once, with whatever is still buffered for its client;
    `scope["write"](frame)` is the `write` of a `Socket`.
    """

    async def connection(scope: Any, receive: Any, send: Any) -> None:
        protocol = _protocol_beneath(send)
        transport = getattr(protocol, "transport", None)
        _bound(transport)

        def abort() -> None:
            _forget(transport)
            if drop := getattr(transport, "abort", None) or getattr(transport, "abortConnection", None):
                drop()

        write = getattr(protocol, "write_frame", _takes_nothing)
        await application({**scope, "abort": abort, "write": write}, receive, send)

    return connection


def _bound(transport: Any) -> None:
    with contextlib.suppress(*CLOSED):
        if opened := _socket_of(transport):
            opened.setsockopt(network.SOL_SOCKET, network.SO_SNDBUF, KERNEL_BUFFER)


def _forget(transport: Any) -> None:
    """Have the kernel drop what it holds for the client, which it would go on to deliver, a byte a second."""
    # Closed already in most cases
    with contextlib.suppress(*CLOSED):
        if opened := _socket_of(transport):
            opened.setsockopt(network.SOL_SOCKET, network.SO_LINGER, struct.pack("ii", 1, 0))


def _socket_of(transport: Any) -> Any:
    """The network socket of a transport, asyncio's or Twisted's; None where it is gone, or not shown."""
    if get_extra_info := getattr(transport, "get_extra_info", None):
        return get_extra_info("socket")
    return getattr(transport, "socket", None)


def from_own_pages(application: Application, deny: Application) -> Application:
    """The ASGI application for pages of this very host; `deny` answers all others.

    Whoever connects sends the session's cookie along, from whatever page: a pattern in ALLOWED_HOSTS
    (`.example`) names hosts that serve, and none whose pages may listen. An origin in CSRF_TRUSTED_ORIGINS may.
    """

    async def connection(scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1").lower() for name, value in scope["headers"]}
        origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
        scheme, _, place = origin.partition("://")
        domain, _port = split_domain_port(host)
        is_own = scheme in ("http", "https") and place == host and validate_host(domain, settings.ALLOWED_HOSTS)
        allowed = is_own or (origin in settings.CSRF_TRUSTED_ORIGINS and "*" not in origin)
        await (application if allowed else deny)(scope, receive, send)

    return connection
