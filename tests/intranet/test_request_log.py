"""Log lines: each with its request's id, one per request, and nothing in them that is private."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.test import AsyncClient, Client
from prometheus_client import REGISTRY

from intranet.lib.request_log import JsonLines, RequestIdFilter, access, observed_sockets, request_id
from profiles.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What would be written as JSON, of every logger."""
    written: list[dict[str, Any]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(self.format(record)))

    handler = Kept()
    handler.setFormatter(JsonLines())
    handler.addFilter(RequestIdFilter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def test_one_line_says_who_asked_for_which_page_and_not_for_what(
    as_: Callable[[User], Client], alice: User, lines: list[dict[str, Any]]
) -> None:
    answer = as_(alice).get("/search/?q=redundancies", headers={"X-Request-Id": "from-the-proxy-1"})
    assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
    [line] = [line for line in lines if line["logger"] == "access"]
    assert line["ms"] > 0
    assert {name: line[name] for name in ("method", "route", "status", "user_id", "request_id")} == {
        "method": "GET",
        "route": "search",
        "status": 200,
        "user_id": alice.pk,
        "request_id": "from-the-proxy-1",
    }
    written = json.dumps(lines)
    assert "redundancies" not in written and alice.email not in written and alice.name not in written


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with a space in it", "new\tline-and-more", "ü" * 10])
def test_an_id_that_is_not_well_formed_is_replaced(client: Client, given: str) -> None:
    first, second = (client.get("/health/live", headers={"X-Request-Id": given}) for _ in range(2))
    ids = {answer.headers["X-Request-Id"] for answer in (first, second)}
    assert len(ids) == 2 and given not in ids


def test_every_line_of_a_request_carries_its_id_also_one_that_django_writes(
    client: Client, lines: list[dict[str, Any]]
) -> None:
    client.get("/accessibility/nothing-here?secret=word", headers={"X-Request-Id": "request-number-7"})
    of_request = [line for line in lines if line.get("request_id") == "request-number-7"]
    assert [line["logger"] for line in of_request] == ["access", "django.request"]
    assert of_request[0].keys() == {
        "time",
        "level",
        "logger",
        "request_id",
        "method",
        "route",
        "status",
        "ms",
        "user_id",
    }
    assert "secret" not in json.dumps(lines)
    logging.getLogger("after").info("outside")
    assert lines[-1]["request_id"] == "-" == request_id()


def test_an_error_is_one_line_with_its_traceback(lines: list[dict[str, Any]]) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("some").exception("It failed")
    assert lines[-1]["message"] == "It failed" and "RuntimeError: broken" in lines[-1]["exc_info"]
    assert lines[-1]["level"] == "ERROR" and lines[-1]["time"].endswith("Z")


def test_the_asynchronous_server_says_the_same(lines: list[dict[str, Any]]) -> None:
    answer = async_to_sync(AsyncClient().get)("/health/live", headers={"X-Request-Id": "from-the-proxy-2"})
    assert answer.headers["X-Request-Id"] == "from-the-proxy-2"
    [line] = [line for line in lines if line["logger"] == "access"]
    assert (line["route"], line["request_id"]) == ("health_live", "from-the-proxy-2")


def test_requests_are_counted_by_route_and_never_by_address(client: Client) -> None:
    def counted(**labels: str) -> float:
        return REGISTRY.get_sample_value("ck_requests_total", labels) or 0

    unknown = {"method": "OTHER", "route": "none", "status": "404"}
    known = {"method": "GET", "route": "health_live", "status": "200"}
    before = counted(**known), counted(**unknown)
    client.get("/health/live?a=1")
    client.generic("BREW", "/no/such/address")
    assert (counted(**known), counted(**unknown)) == (before[0] + 1, before[1] + 1)
    routes = {sample.labels.get("route", "") for metric in REGISTRY.collect() for sample in metric.samples}
    assert not {route for route in routes if "/" in route}


def test_a_socket_has_an_id_in_its_lines_and_in_the_answer(lines: list[dict[str, Any]]) -> None:
    async def greeting(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        access.info("inside")
        await send({"type": "websocket.accept", "headers": [(b"x-own", b"1")]})
        await send({"type": "websocket.send", "text": "hello"})

    async def talk() -> tuple[list[Any], str]:
        headers = [(b"x-request-id", b"from-the-proxy-3")]
        client = WebsocketCommunicator(observed_sockets(greeting), "/ws/", headers=headers)
        await client.send_input({"type": "websocket.connect"})
        accepted, text = await client.receive_output(), await client.receive_output()
        await client.wait()
        return accepted["headers"], text["text"]

    headers, text = async_to_sync(talk)()
    assert headers == [(b"x-own", b"1"), (b"x-request-id", b"from-the-proxy-3")] and text == "hello"
    ended = [line for line in lines if line["logger"] == "access"]
    assert [line["request_id"] for line in ended] == ["from-the-proxy-3"] * 2
    assert ended[-1]["message"].startswith("socket ended after")
