"""The WebSocket end, at /ws/live/.

The client says `{"type": "hello", "stream": "following", "after": 41}` and gets what it missed since number 41, then
`{"type": "ready", "at": 57}`, then each `{"type": "event", "n": 58, "kind": "post-created", "post": 7, "html": …}` as
it happens, in order and once. `{"type": "resync"}` asks it to load the page anew. `{"type": "ping"}` is answered by
`{"type": "pong", "at": …}`. The streams are those of `feeds.streams`; one that the reader may not see is as silent
as one that does not exist.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from feeds import live
from feeds.models import LiveEvent
from feeds.streams import Stream, UnknownStream
from intranet.lib.batched import Batched
from intranet.lib.live import Hub
from intranet.lib.metrics import live_delay, sockets_open
from intranet.lib.numbered import number_rows, rows_after
from intranet.lib.sockets import SEND, Socket
from profiles.models import User
from profiles.sessions import people_of

# Close codes, ours to define from 4000 (Daphne sends no lower one but 1000); 4503 is the hub's: connect again
BAD_FRAME = 4400
RIGHTS_CHANGED = 4403
TOO_MANY = 4409
TOO_BIG = 4413
FLOOD = 4429

MAX_FRAME = 16 * 1024
# So many frames in so many seconds are a flood
FLOOD_FRAMES = 30
FLOOD_SECONDS = 10.0
# Sockets one person may have open in a process; further pages ask for their news
MOST_SOCKETS = 20
READ = 200
# Sessions of people who connect that are looked up at once
MOST_ADMITTED = 100
# Sockets handed their frames before others get a turn
HANDED_AT_ONCE = 100

# The hub's own: when thousands come back at once, the news of lost rights do not queue behind them
_hub_thread = ThreadPoolExecutor(1, thread_name_prefix="live-hub")
# Few: where one process serves all, pages need the processor and the database more than those who come back
_joining_threads = ThreadPoolExecutor(2, thread_name_prefix="live-join")
_here = threading.local()


async def _ask(threads: ThreadPoolExecutor, question: Callable[..., Any], *arguments: Any) -> Any:
    """Ask the database, in threads that keep their connections: making one for each socket costs more than asking."""
    return await asyncio.get_running_loop().run_in_executor(threads, _answer_from_database, question, *arguments)


def _answer_from_database(question: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return question(*arguments)
    except (InterfaceError, OperationalError):
        # The connection that was kept may be dead; the questions only read
        connections.close_all()
        return question(*arguments)
    except Exception:
        connections.close_all()
        raise


def _current_hub() -> Hub[LiveEvent]:
    """The hub of the live log in the running loop."""
    hub: Hub[LiveEvent] | None = getattr(_here, "hub", None)
    if hub is None or hub.loop is not asyncio.get_running_loop():
        hub = _here.hub = Hub("live", top=_top, read=_read, hand_out=_hand_out)
        _here.admit = Batched[str, User](_people_of, MOST_ADMITTED)
    return hub


async def _top() -> int:
    return int(await _ask(_hub_thread, number_rows, LiveEvent))


async def _read(after: int) -> Sequence[LiveEvent]:
    rows: list[LiveEvent] = await _ask(_hub_thread, rows_after, LiveEvent, after, READ)
    return rows


async def _people_of(session_keys: Collection[str]) -> Mapping[str, User]:
    people: Mapping[str, User] = await _ask(_joining_threads, people_of, session_keys)
    return people


async def _hand_out(rows: Sequence[LiveEvent], sockets: Sequence[Socket]) -> None:
    """Close the sockets of people whose rights changed; send the others what they may see."""
    people, everybody = live.rights_of(rows)
    for socket in sockets if everybody or people else ():
        if everybody or socket.user_id in people:
            socket.end_soon(RIGHTS_CHANGED)
        elif socket.user_id is None:
            # It may turn out to be theirs
            socket.doubted |= people
    listening: dict[Stream, list[Socket]] = defaultdict(list)
    for socket in sockets:
        # One that has not caught up yet reads these rows itself
        if socket.seen is not None and not socket.closing:
            listening[socket.topic].append(socket)
    if not listening:
        return
    listeners = {stream: {socket.user_id or 0 for socket in group} for stream, group in listening.items()}
    frames: dict[Stream, list[live.Frame]] = defaultdict(list)
    for frame in await _ask(_hub_thread, live.frames_for, rows, listeners):
        frames[frame.stream].append(frame)
    upto, place = rows[-1].number or 0, 0
    for stream, group in listening.items():
        own = frames[stream]
        for socket in group:
            for frame in own:
                if socket.user_id in frame.readers:
                    socket.hand(frame.message, frame.number)
            socket.hand(None, upto)
            place += 1
            if place % HANDED_AT_ONCE == 0:
                await asyncio.sleep(0)
    live_delay.observe(max((timezone.now() - rows[0].at).total_seconds(), 0.0))


class LiveConsumer(AsyncWebsocketConsumer):
    """One open page."""

    socket: Socket | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, send
        try:
            # Without a channel layer there is one source of messages, and no need of a task to wait for each
            while (message := await receive())["type"] != "websocket.disconnect":
                await self.dispatch(message)
        finally:
            # However it ended: a socket left in the hub would be kept, and sent to, for ever
            if self.socket:
                self.socket.closing = True
                sockets_open.dec()
                await self.hub.discard(self.socket)
                # Each holds the other
                self.socket = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Without Channels' look at the database connections of a thread that has none
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        if not key:
            await self.close()
            return
        self.frames: deque[float] = deque(maxlen=FLOOD_FRAMES)
        self.hub = _current_hub()
        socket = self.socket = Socket(self.send, self.close, self.scope["abort"], self.scope["write"])
        sockets_open.inc()
        await self.hub.add(socket)
        # Asked now that the hub would tell: a right lost since the session was read is noticed too
        user = await _here.admit(key)
        if socket.closing:
            return
        if user is None or user.pk in socket.doubted:
            await socket.end(RIGHTS_CHANGED)
            return
        is_one_too_many = self.hub.own(socket, user.pk) > MOST_SOCKETS
        await self.accept()
        if is_one_too_many:
            # Accepted first: a page that is turned away cannot read the code
            await socket.end(TOO_MANY)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.socket is None or self.socket.closing:
            return
        if self._is_flood():
            await self.socket.end(FLOOD)
        elif len(bytes_data or (text_data or "").encode()) > MAX_FRAME:
            await self.socket.end(TOO_BIG)
        else:
            await self._answer(self.socket, _parsed(text_data))

    async def _answer(self, socket: Socket, message: dict[str, Any] | None) -> None:
        match message:
            case {"type": "ping"}:
                await self._say("pong", at=socket.seen or 0)
            case {"type": "hello", "stream": str(name), "after": int(after)} if socket.topic is None and after >= 0:
                try:
                    await self._join(socket, Stream.parse(name), after)
                except UnknownStream:
                    await socket.end(BAD_FRAME)
            case _:
                await socket.end(BAD_FRAME)

    async def _join(self, socket: Socket, stream: Stream, after: int) -> None:
        """Send what was missed, then go live without a gap and without an overlap."""
        socket.topic = stream
        while not socket.closing:
            # Nothing may be awaited between this look at the hub's position and `seen`
            if after == self.hub.position:
                socket.seen = after
                await self._say("ready", at=after)
                return
            missed = await _ask(_joining_threads, live.missed, User(pk=socket.user_id), stream, after)
            if missed.resync:
                await self._say("resync", at=missed.at)
            for event in missed.events:
                await self._say("event", **event)
            after = missed.at
            # Nor here; the database may be ahead of the hub
            if after > (self.hub.position or 0):
                socket.seen = after
                await self._say("ready", at=after)
                return

    async def _say(self, message: str, /, **content: Any) -> None:
        if self.socket is None or self.socket.closing:
            return
        try:
            async with asyncio.timeout(SEND):
                await self.send(text_data=json.dumps({"type": message, **content}))
        except TimeoutError:
            self.socket.closing = True
            self.socket.abort()

    def _is_flood(self) -> bool:
        now = time.monotonic()
        full = len(self.frames) == FLOOD_FRAMES and now - self.frames[0] < FLOOD_SECONDS
        self.frames.append(now)
        return full


def _parsed(text: str | None) -> dict[str, Any] | None:
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
