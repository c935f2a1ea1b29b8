"""uvicorn with the shorter way down: what is encoded once arrives as what is sent, and nobody gets too much."""

from __future__ import annotations

import asyncio
import socket as network
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from intranet.lib.sockets import COME_BACK, MAX_WAITING_SIZE, Message, Socket, with_bounded_buffers


class Service:
    """An application that holds its sockets as the hub does."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.sent: list[str] = []
        self.port = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_text(text: str) -> None:
            self.sent.append(text)
            await send({"type": "websocket.send", "text": text})

        async def close(code: int) -> None:
            await send({"type": "websocket.close", "code": code})

        assert (await receive())["type"] == "websocket.connect"
        opened = Socket(send_text, close, scope["abort"], scope["write"])
        opened.seen = 0
        assert not opened.write(Message("Nobody is there yet").frame)
        await send({"type": "websocket.accept"})
        self.sockets.append(opened)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def join(self, **options: Any) -> tuple[Socket, ClientConnection]:
        client = await connect(f"ws://127.0.0.1:{self.port}/", proxy=None, ping_interval=None, **options)
        while not self.sockets:
            await asyncio.sleep(0.01)
        return self.sockets.pop(), client


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Service]:
    service = Service()
    config = uvicorn.Config(
        with_bounded_buffers(service),
        ws="intranet.lib.uvicorn_server:SocketProtocol",  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
        **options,
    )
    server = uvicorn.Server(config)
    with network.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        service.port = listening.getsockname()[1]
        running = asyncio.create_task(server._serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield service
        finally:
            server.should_exit = True
            await running


def told(story: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await story()

    asyncio.run(within())


# A frame's head grows with its length
TEXTS = ["", "Tea is ready", "é" * 62 + "x", "a" * 126, "ŵ" * 30_000, "b" * 65_536, "c" * 100_000]


def test_what_is_encoded_once_arrives_whole_and_is_sent_to_nobody_by_itself() -> None:
    async def story() -> None:
        async with serving(ws_per_message_deflate=False) as service:
            here, there = await service.join(), await service.join()
            for number, text in enumerate(TEXTS, start=1):
                message = Message(text)
                for opened, client in (here, there):
                    opened.hand(message, number)
                    assert await client.recv() == text
            assert [opened.seen for opened, _ in (here, there)] == [len(TEXTS)] * 2
            assert service.sent == []
            for _, client in (here, there):
                await client.close()

    told(story)


def test_what_a_client_compresses_is_sent_by_itself() -> None:
    async def story() -> None:
        async with serving(ws_per_message_deflate=True) as service:
            opened, client = await service.join(compression="deflate")
            opened.hand(Message("Compressed"), 1)
            assert await client.recv() == "Compressed"
            assert service.sent == ["Compressed"]
            await client.close()

    told(story)


def test_a_socket_that_closes_is_written_to_no_more() -> None:
    async def story() -> None:
        async with serving(ws_per_message_deflate=False) as service:
            opened, client = await service.join()
            opened.hand(Message("Before"), 1)
            # Nothing gets in between, for whoever lost a right
            opened.end_soon(COME_BACK)
            opened.hand(Message("After"), 2)
            assert await client.recv() == "Before"
            assert not opened.write(Message("After").frame)
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd and closed.value.rcvd.code == COME_BACK
            gone, client = await service.join()
            client.transport.abort()
            await asyncio.sleep(0.1)
            assert not gone.write(Message("After").frame)

    told(story)


def test_a_client_that_does_not_read_is_written_to_until_it_is_behind_and_then_asked_to_come_back() -> None:
    async def story() -> None:
        async with serving(ws_per_message_deflate=False) as service:
            opened, client = await service.join(max_queue=1)
            client.transport.pause_reading()
            message = Message("x" * 20_000)
            number = 0
            while not opened.is_behind:
                number += 1
                opened.hand(message, number)
                await asyncio.sleep(0)
            assert not opened.write(message.frame)
            assert (opened.seen, service.sent) == (number - 1, [message.text])
            for later in range(number + 1, number + MAX_WAITING_SIZE // 20_000 + 2):
                opened.hand(message, later)
            assert opened.closing
            client.transport.resume_reading()
            heard = [await client.recv() for _ in range(number + 1)]
            assert heard[:-1] == [message.text] * number
            assert heard[-1] == f'{{"type": "resync", "at": {later}}}'
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd and closed.value.rcvd.code == COME_BACK

    told(story)
