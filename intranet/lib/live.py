"""Live updates: `nudge` after a commit, and the in-process hub that follows a numbered log for the open sockets.

A nudge carries nothing and may be lost: the hub reads the log itself, at each nudge and at least twice a
second while anybody listens. So a dead Redis, a worker in another process or a write that bypassed this
module cost a moment, never an event.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar
from weakref import WeakSet

import redis
import redis.asyncio
from django.conf import settings

from intranet.lib.numbered import NumberedRow
from intranet.lib.pause import Pause
from intranet.lib.sockets import COME_BACK, Socket

logger = logging.getLogger(__name__)

# Seconds between two looks at the log when nothing nudges
POLL = 0.5
# Seconds in which what follows the log should have stopped, or is told again
STOP = 0.1
# Seconds before Redis is asked again after it failed
REDIS_RETRY = 2.0
REDIS_CHANNEL = "ck:{}"

Row = TypeVar("Row", bound=NumberedRow)


class Hub(Generic[Row]):
    """Hands the rows of one log to the sockets of the event loop it was made in.

    Args:
        channel: what nudges name.
        top: the highest number in the log now.
        read: the rows after a number, in order; numbers what has none.
        hand_out: gives each row to the sockets it is for.

    Attributes:
        sockets: those open now.
        position: everything up to this number was read; None while nobody listens.
    """

    _all: WeakSet[Hub[Any]] = WeakSet()
    _lock = threading.Lock()

    def __init__(
        self,
        channel: str,
        *,
        top: Callable[[], Awaitable[int]],
        read: Callable[[int], Awaitable[Sequence[Row]]],
        hand_out: Callable[[Sequence[Row], Sequence[Socket]], Awaitable[None]],
    ) -> None:
        self.channel = channel
        self.loop = asyncio.get_running_loop()
        self.sockets: set[Socket] = set()
        self.position: int | None = None
        self._people: Counter[int] = Counter()
        self._up_to_date_at = time.monotonic()
        self._top, self._read, self._hand_out = top, read, hand_out
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        # Starting and stopping take turns: the last socket may leave while the next one joins
        self._turn = asyncio.Lock()
        with self._lock:
            self._all.add(self)

    @classmethod
    def wake(cls, channel: str) -> None:
        """Make every hub of this process that follows `channel` look at its log; callable from any thread."""
        for hub in cls.running(channel):
            # A loop that ended takes its hub with it
            with contextlib.suppress(RuntimeError):
                hub.loop.call_soon_threadsafe(hub._news.set)

    @classmethod
    def running(cls, channel: str = "live") -> list[Hub[Any]]:
        """The hubs of this process that follow `channel`; callable from any thread."""
        with cls._lock:
            return [hub for hub in cls._all if hub.channel == channel]

    @property
    def lag(self) -> float:
        """Seconds since it last knew that there was nothing left to hand out; 0 while nobody listens.

        Under POLL and a little while all is well.
        """
        return 0.0 if self.position is None else time.monotonic() - self._up_to_date_at

    @property
    def behind(self) -> int:
        """How many sockets read too slowly, and have frames waiting."""
        return sum(socket.is_behind for socket in list(self.sockets))

    def own(self, socket: Socket, user_id: int) -> int:
        """Note whose a socket is. Returns how many that person has open now, with this one."""
        socket.user_id = user_id
        self._people[user_id] += 1
        return self._people[user_id]

    async def add(self, socket: Socket) -> None:
        """Take a socket in; it is handed nothing until its `seen` is set."""
        async with self._turn:
            if self.position is None:
                self.position = await self._top()
                self._up_to_date_at = time.monotonic()
                self._tasks = [asyncio.create_task(self._follow())]
                if settings.REDIS_URL:
                    self._tasks.append(asyncio.create_task(self._listen()))
            self.sockets.add(socket)

    async def discard(self, socket: Socket) -> None:
        """Let a socket go; with the last one the following ends."""
        if socket in self.sockets:
            self.sockets.remove(socket)
            self._disown(socket)
        async with self._turn:
            if self.sockets:
                return
            # All is as before the start already when the waiting is given up
            tasks, self._tasks, self.position = self._tasks, [], None
            while tasks := [task for task in tasks if not task.done()]:
                # More than once: the Redis client may swallow a cancelling that meets it while it connects
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks, timeout=STOP)

    def _disown(self, socket: Socket) -> None:
        if socket.user_id is not None:
            self._people[socket.user_id] -= 1
            if not self._people[socket.user_id]:
                del self._people[socket.user_id]

    async def _follow(self) -> None:
        while True:
            # Not wait_for: before Python 3.12 that may lose the cancelling
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._catch_up()
            except Exception:
                # The database may be away for a while; the log waits
                logger.exception("live: the log %s could not be read", self.channel)
                await asyncio.sleep(POLL)

    async def _catch_up(self) -> None:
        while rows := await self._read(self.position or 0):
            # First the position, then the handing out: a socket that comes in between catches up to here itself
            self.position = rows[-1].number
            sockets = list(self.sockets)
            try:
                await self._hand_out(rows, sockets)
            except Exception:
                # Who got what is not known: each comes back and says what it has seen
                logger.exception("live: rows of %s could not be handed out", self.channel)
                for socket in sockets:
                    socket.end_soon(COME_BACK)
        self._up_to_date_at = time.monotonic()

    async def _listen(self) -> None:
        """Turn Redis's messages into wake-ups, for as long as it takes."""
        is_known_away = False
        while True:
            try:
                async with redis.asyncio.from_url(settings.REDIS_URL) as client, client.pubsub() as subscription:
                    await subscription.subscribe(REDIS_CHANNEL.format(self.channel))
                    async for _ in subscription.listen():
                        is_known_away = False
                        self._news.set()
            except Exception as error:
                if not is_known_away:
                    logger.warning("live: no nudges from Redis (%s); looking at the log every %s s", error, POLL)
                is_known_away = True
            await asyncio.sleep(REDIS_RETRY)


def nudge(channel: str = "live") -> None:
    """Say that there is news on `channel`: call it after the commit. What the news is, stands in the database.

    Reaches the hubs of this process at once, those of others through Redis where the settings name one. Never
    raises and never waits long: who misses it looks by itself.
    """
    Hub.wake(channel)
    if settings.REDIS_URL and not away.is_on:
        try:
            _redis(settings.REDIS_URL).publish(REDIS_CHANNEL.format(channel), b"")
        except Exception as error:
            logger.warning("live: nudge not sent: %s", error)
            away.begin()


# Not every write waits for a Redis that failed
away = Pause(REDIS_RETRY)


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    # Asked once: another try would make somebody's post wait, and who listens looks by themselves
    return redis.Redis.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2, retry=None)
