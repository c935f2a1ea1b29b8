"""A page's end of the live socket, for tests that need no browser."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

# Seconds within which news come: the promise, what a busy machine may add to it, and what a test waits otherwise
PROMISED = 1.0
SLACK = 1.0
PATIENCE = 10.0
T = TypeVar("T")


class LiveSocket:
    """One open live socket.

    Args:
        url: the server's.
        cookie: of the session; "" for a visitor.
        origin: the page's; None for none at all, the server's own where it is not given.
    """

    def __init__(self, url: str, cookie: str, origin: str | None = "") -> None:
        headers = {"Cookie": f"sessionid={cookie}"} if cookie else {}
        own = url if origin == "" else origin
        address = url.replace("http://", "ws://") + "/ws/live/"
        self._open = ExitStack()
        self.client = self._open.enter_context(
            connect(address, origin=own, additional_headers=headers, proxy=None, open_timeout=PATIENCE)
        )
        # What came before `ready` at each hello
        self.caught_up: list[dict[str, Any]] = []
        self.at = 0

    def say(self, message: Any) -> None:
        self.client.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def hello(self, stream: str, after: int) -> None:
        """Join a stream and take in what was missed."""
        self.say({"type": "hello", "stream": stream, "after": after})
        while (message := self.hear())["type"] != "ready":
            self.caught_up.append(message)
        self.at = message["at"]

    def hear(self, within: float = PATIENCE) -> dict[str, Any]:
        """The next message; TimeoutError where none comes."""
        message: dict[str, Any] = json.loads(self.client.recv(timeout=within))
        return message

    def told(self, after: float = PROMISED) -> list[dict[str, Any]]:
        """Everything that came in the seconds `after` now, and not one message more."""
        time.sleep(after)
        self.say({"type": "ping"})
        heard: list[dict[str, Any]] = []
        while (message := self.hear())["type"] != "pong":
            heard.append(message)
        self.at = message["at"]
        return heard

    def closed_with(self, within: float = PATIENCE) -> int:
        """The code the server closes with; TimeoutError where it does not."""
        deadline = time.monotonic() + within
        try:
            while True:
                self.client.recv(timeout=max(deadline - time.monotonic(), 0.001))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def close(self) -> None:
        self._open.close()


def in_time(hear: Callable[[float], T]) -> bool:
    """Whether something comes within the promise; waits for what does not.

    Args:
        hear: `LiveSocket.hear` or `closed_with`, which takes the seconds to wait and raises TimeoutError.
    """
    try:
        hear(PROMISED)
    except TimeoutError:
        hear(PATIENCE)
        return False
    return True


def kinds(messages: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Of the events among messages, what happened to which post."""
    return [(message["kind"], message["post"]) for message in messages if message["type"] == "event"]


def refused(server: Any, cookie: str, origin: str | None = "") -> int:
    """The status with which a server turns a page away."""
    with pytest.raises(InvalidStatus) as refusal:
        LiveSocket(server.url, cookie, origin)
    return refusal.value.response.status_code
