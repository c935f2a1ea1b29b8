"""Daphne with bounds: what is said to somebody who has just left is no fault."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autobahn.exception import Disconnected

from intranet.lib.daphne_server import BoundedServer


class Left:
    """The protocol of a client that left: autobahn refuses to send, as it does for any other reason."""

    def __init__(self, refusal: Exception) -> None:
        self.refusal = refusal

    def handle_reply(self, message: Any) -> None:
        raise self.refusal


def answered(refusal: Exception) -> None:
    server, protocol = object.__new__(BoundedServer), Left(refusal)
    server.connections = {protocol: {}}
    asyncio.run(server.handle_reply(protocol, {"type": "websocket.send", "text": "ready"}))


def test_an_answer_to_who_has_left_is_dropped_and_other_faults_are_told() -> None:
    answered(Disconnected("Attempt to send on a closed protocol"))
    with pytest.raises(ValueError, match="no text"):
        answered(ValueError("no text"))
