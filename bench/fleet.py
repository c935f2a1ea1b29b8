"""Many live sockets from one process, as cheap as they can be: the clients of `bench.live`.

`python -m bench.fleet PORT` reads commands as JSON lines and answers each with one line. It speaks just enough of
the WebSocket protocol (RFC 6455): a client library would take longer over a frame than the server does, and what
is measured ends when the last client has it.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import socket
import statistics
import sys
import time
from typing import Any

HOST = "127.0.0.1"
SMALL_BUFFER = 4096
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


def handshake(port: int, cookie: str) -> bytes:
    """The request that opens a socket."""
    return (
        f"GET /ws/live/ HTTP/1.1\r\nHost: {HOST}:{port}\r\nOrigin: http://{HOST}:{port}\r\n"
        f"Cookie: sessionid={cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame: masked, with a mask that changes nothing."""
    length = len(payload)
    head = bytes([0x80 | opcode, 0x80 | length]) if length < 126 else bytes([0x80 | opcode, 0xFE, *length.to_bytes(2)])
    return head + bytes(4) + payload


class Page(asyncio.Protocol):
    """One open page."""

    def __init__(self, fleet: Fleet, cookie: str) -> None:
        self.fleet, self.cookie = fleet, cookie
        self.buffer = b""
        self.is_open = False
        self.ready: asyncio.Future[None] = fleet.loop.create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(handshake(self.fleet.port, self.cookie))

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data if self.buffer else data
        if not self.is_open:
            head, found, buffer = buffer.partition(b"\r\n\r\n")
            if not found:
                self.buffer = head
                return
            if b" 101 " not in head[:20]:
                self.fail(head[:60].decode())
                return
            self.is_open = True
            hello = {"type": "hello", "stream": self.fleet.stream, "after": self.fleet.at}
            self.transport.write(frame(TEXT, json.dumps(hello).encode()))
        self.buffer = self.take(buffer)

    def take(self, buffer: bytes) -> bytes:
        """Everything whole in the buffer is dealt with; what is left of it is returned."""
        while len(buffer) >= 2:
            length, start = buffer[1], 2
            if length == 126:
                length, start = int.from_bytes(buffer[2:4]), 4
            elif length == 127:
                length, start = int.from_bytes(buffer[2:10]), 10
            end = start + length
            if len(buffer) < end or len(buffer) < start:
                break
            self.hear(buffer[0] & 0xF, buffer[start:end])
            buffer = buffer[end:]
        return buffer

    def hear(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT and payload.startswith(b'{"type": "event"'):
            self.fleet.received.append(time.monotonic())
            if len(self.fleet.received) == self.fleet.awaited:
                self.fleet.all_received.set()
        elif opcode == PING:
            self.transport.write(frame(PONG, payload))
        elif opcode == TEXT and payload.startswith(b'{"type": "ready"') and not self.ready.done():
            self.ready.set_result(None)
        elif opcode == CLOSE:
            self.fleet.closed.append(int.from_bytes(payload[:2]))

    def fail(self, words: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(words))

    def connection_lost(self, error: Exception | None) -> None:
        self.fail("closed before it was ready")
        self.ready.exception()


class Fleet:
    """All the pages, and what they were asked to do."""

    def __init__(self, port: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.port = port
        self.pages: list[Page] = []
        self.slow: list[socket.socket] = []
        self.stream, self.at = "everyone", 0
        self.received: list[float] = []
        self.awaited = 0
        self.all_received = asyncio.Event()
        self.closed: list[int] = []

    async def open(self, cookies: list[str], at: int, at_once: int = 50) -> dict[str, Any]:
        """Open a socket for each cookie; seconds until the last was ready."""
        self.at = at
        places = asyncio.Semaphore(at_once)
        started = time.monotonic()

        async def one(cookie: str) -> None:
            async with places:
                await self._connect(cookie)

        await asyncio.gather(*(one(cookie) for cookie in cookies))
        return {"seconds": time.monotonic() - started}

    async def _connect(self, cookie: str) -> None:
        _, page = await self.loop.create_connection(lambda: Page(self, cookie), HOST, self.port)
        await page.ready
        self.pages.append(page)

    async def expect(self) -> dict[str, Any]:
        """Begin to count anew: the next event, at each page."""
        self.received, self.awaited = [], len(self.pages)
        self.all_received.clear()
        return {}

    async def wait(self, since: float) -> dict[str, Any]:
        """Milliseconds from `since` until half of the pages, and the last, had the event."""
        async with asyncio.timeout(60):
            await self.all_received.wait()
        times = [(at - since) * 1000 for at in self.received]
        return {"p50": statistics.median(times), "last": max(times)}

    async def cut(self, at: int, jitter: float) -> dict[str, Any]:
        """Cut all at once; each comes back as the browser does, at a moment within `jitter` seconds, then later."""
        self.at = at
        gone, self.pages = self.pages, []
        for page in gone:
            page.transport.abort()
        started = time.monotonic()
        again = 0

        async def back(page: Page) -> None:
            nonlocal again
            wait = random.random() * jitter
            for attempt in range(1, 8):
                await asyncio.sleep(wait)
                try:
                    return await self._connect(page.cookie)
                except OSError:
                    again += 1
                    wait = 0.5 * 2**attempt * (0.5 + random.random())

        await asyncio.gather(*(back(page) for page in gone))
        return {"seconds": time.monotonic() - started, "again": again, "back": len(self.pages)}

    async def dawdle(self, cookies: list[str]) -> dict[str, Any]:
        """Open pages that read one byte a second, with next to no buffer."""
        for cookie in cookies:
            slow = socket.socket()
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            slow.setblocking(False)
            await self.loop.sock_connect(slow, (HOST, self.port))
            await self.loop.sock_sendall(slow, handshake(self.port, cookie))
            heard = b""
            while b"\r\n\r\n" not in heard:
                heard += await self.loop.sock_recv(slow, 1)
            hello = json.dumps({"type": "hello", "stream": self.stream, "after": self.at}).encode()
            await self.loop.sock_sendall(slow, frame(TEXT, hello))
            self.slow.append(slow)
        self.reading = [asyncio.create_task(self._trickle(slow)) for slow in self.slow]
        return {}

    async def _trickle(self, slow: socket.socket) -> None:
        while await self.loop.sock_recv(slow, 1):
            await asyncio.sleep(1)

    async def count_closed(self) -> dict[str, Any]:
        """How many of the slow pages the server has let go: only its end of the connection tells."""
        gone = sum(1 for slow in self.slow if state_of(slow) != ESTABLISHED)
        return {
            "gone": gone,
            "codes": sorted(set(self.closed)),
            "open": sum(p.transport.is_closing() for p in self.pages),
        }

    async def leave(self) -> dict[str, Any]:
        """Close everything."""
        for page in self.pages:
            page.transport.abort()
        for task in getattr(self, "reading", []):
            task.cancel()
        for slow in self.slow:
            slow.close()
        self.pages, self.slow = [], []
        return {}


ESTABLISHED = 1


def state_of(opened: socket.socket) -> int:
    """The state of a TCP connection (Linux): 1 is established."""
    return opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0]


async def serve(port: int) -> None:
    """Obey the lines of standard input until it ends."""
    fleet = Fleet(port)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        answer = await getattr(fleet, command.pop("do"))(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__" and len(sys.argv) > 1:
    import uvloop

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(serve(int(sys.argv[1])))
