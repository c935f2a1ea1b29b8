"""The hub that follows a log for the open sockets: nothing one socket does, or the log, harms the others."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from django.conf import settings

from feeds.models import LiveEvent
from intranet.lib import live, sockets
from intranet.lib.live import Hub, nudge
from intranet.lib.pause import Pause
from intranet.lib.sockets import COME_BACK, Message, Socket


class Log:
    """A log in memory, and a hub that hands each of its rows to every socket."""

    def __init__(self, channel: str = "test") -> None:
        self.rows: list[LiveEvent] = []
        self.failures = 0
        self.hub: Hub[LiveEvent] = Hub(channel, top=self.top, read=self.read, hand_out=self.hand_out)

    def write(self) -> int:
        self.rows.append(LiveEvent(number=len(self.rows) + 1))
        return len(self.rows)

    async def top(self) -> int:
        await asyncio.sleep(0)
        return len(self.rows)

    async def read(self, after: int) -> Sequence[LiveEvent]:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise OSError("The database is away")
        return self.rows[after : after + 3]

    async def hand_out(self, rows: Sequence[LiveEvent], sockets: Sequence[Socket]) -> None:
        for row in rows:
            number = row.number or 0
            for socket in sockets:
                if socket.seen is not None:
                    socket.hand(Message(str(number)), number)


class Client:
    """What stands at the other end of a socket."""

    def __init__(self, send: Callable[[str], Coroutine[Any, Any, None]] | None = None) -> None:
        self.heard: list[str] = []
        self.code: int | None = None
        self.is_dropped = False
        self.socket = Socket(send or self._send, self._close, self._drop, user_id=1)

    async def _send(self, frame: str) -> None:
        self.heard.append(frame)

    async def _close(self, code: int) -> None:
        self.code = code

    def _drop(self) -> None:
        self.is_dropped = True

    async def join(self, hub: Hub[Any]) -> Client:
        await hub.add(self.socket)
        self.socket.seen = hub.position
        return self


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def running() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_redis(settings: Any) -> None:
    settings.REDIS_URL = ""


def test_it_hands_out_what_comes_after_the_joining_in_order() -> None:
    async def story() -> None:
        log = Log()
        log.write()
        client = await Client().join(log.hub)
        for _ in range(7):
            log.write()
        nudge("test")
        await until(lambda: len(client.heard) == 7)
        assert client.heard == [str(number) for number in range(2, 9)]
        await log.hub.discard(client.socket)
        assert not running()
        assert log.hub.position is None

    asyncio.run(story())


def test_a_nudge_from_a_thread_is_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL", 60)

    async def story() -> None:
        log = Log()
        client = await Client().join(log.hub)
        await asyncio.sleep(0.05)
        log.write()
        threading.Thread(target=nudge, args=["test"]).start()
        await until(lambda: client.heard == ["1"])
        await log.hub.discard(client.socket)

    asyncio.run(story())


def test_without_a_nudge_it_looks_by_itself() -> None:
    async def story() -> None:
        log = Log()
        client = await Client().join(log.hub)
        log.write()
        await until(lambda: client.heard == ["1"])
        await log.hub.discard(client.socket)

    asyncio.run(story())


def test_a_socket_that_fails_or_dawdles_is_closed_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SEND", 0.1)

    async def fail(frame: str) -> None:
        raise ConnectionResetError

    async def dawdle(frame: str) -> None:
        await asyncio.sleep(60)

    async def story() -> None:
        log = Log()
        broken, slow, sound = [await Client(send).join(log.hub) for send in (fail, dawdle, None)]
        for _ in range(2):
            log.write()
        nudge("test")
        await until(lambda: sound.heard == ["1", "2"])
        await until(lambda: slow.is_dropped)
        assert (broken.code, slow.code, sound.code) == (COME_BACK, None, None)
        assert broken.socket.seen == slow.socket.seen == 0
        for client in (broken, slow, sound):
            await log.hub.discard(client.socket)

    asyncio.run(story())


def test_one_that_falls_too_far_behind_is_told_to_load_anew_and_closed() -> None:
    async def story() -> None:
        reads = asyncio.Event()
        heard: list[str] = []

        async def send(frame: str) -> None:
            await reads.wait()
            heard.append(frame)

        client = Client(send)
        client.socket.seen = 0
        for number in range(1, sockets.MAX_WAITING + 50):
            client.socket.hand(Message(str(number)), number)
        await asyncio.sleep(0)
        # Nothing piles up for it, and nothing is sent behind its back
        assert len(client.socket._waiting or ()) == 1
        reads.set()
        await until(lambda: client.code == COME_BACK)
        assert [heard[0], len(heard)] == ["1", 2]
        assert '"resync"' in heard[1]

    asyncio.run(story())


def test_what_waits_for_one_that_is_behind_is_bounded_in_size_and_then_goes_out_in_order() -> None:
    async def story() -> None:
        reads = asyncio.Event()
        heard: list[str] = []

        async def send(frame: str) -> None:
            await reads.wait()
            heard.append(frame[:2])

        patient, greedy = Client(send), Client(send)
        for client, size in ((patient, 10), (greedy, sockets.MAX_WAITING_SIZE // 3)):
            client.socket.seen = 0
            for number in range(1, 6):
                client.socket.hand(Message(str(number).ljust(size)), number)
                client.socket.hand(None, number)
        assert [patient.socket.closing, greedy.socket.closing] == [False, True]
        greedy.socket.abort()
        reads.set()
        await until(lambda: patient.socket.seen == 5 and greedy.code == COME_BACK)
        assert [mark for mark in heard if mark in ("2 ", "3 ", "4 ", "5 ")] == ["2 ", "3 ", "4 ", "5 "]
        patient.socket.hand(Message("6 "), 6)
        assert heard[-1] == "6 "

    asyncio.run(story())


def test_a_number_is_seen_only_once_its_frame_is_sent() -> None:
    async def story() -> None:
        client = Client()
        seen: list[int | None] = []

        async def send(frame: str) -> None:
            await asyncio.sleep(0)
            seen.append(client.socket.seen)

        client.socket.send, client.socket.seen = send, 6
        client.socket.hand(Message("seven"), 7)
        client.socket.hand(Message("seven again"), 7)
        assert client.socket.is_behind
        await until(lambda: not client.socket.is_behind)
        assert seen == [6]
        assert client.socket.seen == 7

    asyncio.run(story())


def test_a_log_that_cannot_be_read_is_read_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live, "POLL", 0.05)

    async def story() -> None:
        log = Log()
        client = await Client().join(log.hub)
        log.failures = 3
        log.write()
        await until(lambda: client.heard == ["1"])
        await log.hub.discard(client.socket)

    asyncio.run(story())
    assert "could not be read" in caplog.text


def test_after_a_failed_handing_out_everybody_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        log = Log()
        clients = [await Client().join(log.hub) for _ in range(3)]

        async def fail(rows: Any, sockets: Any) -> None:
            raise ValueError("A template that is broken")

        log.hub._hand_out = fail
        log.write()
        nudge("test")
        await until(lambda: all(client.code == COME_BACK for client in clients))
        log.hub._hand_out = log.hand_out
        back = Client()
        await log.hub.add(back.socket)
        back.socket.seen = 0
        log.write()
        await until(lambda: "2" in back.heard)
        for client in (*clients, back):
            await log.hub.discard(client.socket)

    asyncio.run(story())
    assert "could not be handed out" in caplog.text


def test_a_start_that_fails_leaves_nothing_behind() -> None:
    async def story() -> None:
        log = Log()

        async def fail() -> int:
            raise OSError("The database is away")

        log.hub._top, good = fail, log.hub._top
        with pytest.raises(OSError, match="away"):
            await log.hub.add(Client().socket)
        assert not log.hub.sockets
        assert not running()
        log.hub._top = good
        client = await Client().join(log.hub)
        log.write()
        await until(lambda: client.heard == ["1"])
        await log.hub.discard(client.socket)

    asyncio.run(story())


@pytest.mark.parametrize("seed", range(20))
def test_comings_and_goings_at_once_leave_it_running_exactly_while_somebody_listens(seed: int) -> None:
    chance = random.Random(seed)

    async def visit(log: Log) -> None:
        await asyncio.sleep(chance.random() / 100)
        client = Client()
        joining = asyncio.create_task(client.join(log.hub))
        if chance.random() < 0.3:
            await asyncio.sleep(0)
            joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)
        await asyncio.sleep(chance.choice([0, 0, chance.random() / 100]))
        leaving = asyncio.create_task(log.hub.discard(client.socket))
        if chance.random() < 0.3:
            await asyncio.sleep(0)
            leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)

    async def story() -> None:
        log = Log()
        await asyncio.gather(*(visit(log) for _ in range(30)))
        assert not log.hub.sockets
        stays = await Client().join(log.hub)
        number = log.write()
        nudge("test")
        await until(lambda: stays.heard == [str(number)])
        await log.hub.discard(stays.socket)
        await until(lambda: not running())
        assert log.hub.position is None

    asyncio.run(story())


def test_a_dead_redis_delays_one_write_and_not_the_next(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live, "away", Pause(60))
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in range(100):
        nudge("test")
    assert caplog.text.count("nudge not sent") == 1


@pytest.mark.skipif(not settings.REDIS_URL, reason="Scaled mode: REDIS_URL names no Redis")
def test_a_nudge_in_another_process_comes_through_redis(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    from intranet.settings import REDIS_URL

    monkeypatch.setattr(live, "POLL", 60)
    settings.REDIS_URL = REDIS_URL

    async def story() -> None:
        log = Log("elsewhere")
        client = await Client().join(log.hub)
        await asyncio.sleep(1)
        log.write()
        # As another process would: without waking the hubs of this one
        await asyncio.to_thread(live._redis(REDIS_URL).publish, "ck:elsewhere", b"")
        await until(lambda: client.heard == ["1"])
        await log.hub.discard(client.socket)
        assert not running()

    asyncio.run(story())
    live._redis.cache_clear()


@pytest.mark.skipif(not settings.REDIS_URL, reason="Scaled mode: REDIS_URL names no Redis")
def test_one_that_leaves_while_redis_is_being_reached_does_not_stop_the_next(settings: Any) -> None:
    from intranet.settings import REDIS_URL

    settings.REDIS_URL = REDIS_URL
    chance = random.Random(1)

    async def story() -> None:
        log = Log("elsewhere")
        for _ in range(30):
            client = await Client().join(log.hub)
            await asyncio.sleep(chance.random() / 50)
            async with asyncio.timeout(10):
                await log.hub.discard(client.socket)
            assert not running()

    asyncio.run(story())
