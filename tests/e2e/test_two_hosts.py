"""Scaled mode on two web hosts, which share PostgreSQL and Redis and nothing else."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from websockets.exceptions import WebSocketException

from feeds.models import LiveEvent, Post
from intranet.lib.numbered import number_rows
from intranet.management import local, processes, proxy
from profiles.models import User
from tests import factories
from tests.e2e.conftest import sign_in_cookie
from tests.e2e.hosts import IS_SCALED, PATIENCE, Gate, Host, free_address, hosts
from tests.e2e.live_socket import PROMISED, SLACK, LiveSocket, kinds

pytestmark = [
    pytest.mark.skipif(not IS_SCALED, reason="scaled mode only: DATABASE_URL and REDIS_URL"),
    pytest.mark.timeout(400),
]
RIGHTS_CHANGED = 4403
TOKEN = "t" * 32
# Seconds that deploy/README.md has an upgrade wait between two hosts: the proxy left the first one out
BEFORE_THE_NEXT = 5


@pytest.fixture(scope="module")
def _two(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory, gate: Gate
) -> Iterator[list[Host]]:
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            running = stack.enter_context(hosts(tmp_path_factory.mktemp("hosts"), 2, gate))
        yield running
        with django_db_blocker.unblock():
            stack.close()
            connection.close()


@pytest.fixture
def two(_two: list[Host], gate: Gate, db: None) -> Iterator[list[Host]]:
    yield _two
    gate.opened.set()


def asked(address: str, path: str, cookie: str, form: dict[str, Any] | None = None) -> tuple[int, str]:
    """Status and body of what an address answers to somebody signed in; sends `form` where there is one."""
    asking = HTTPConnection(address, timeout=PATIENCE)
    headers = {"Cookie": f"sessionid={cookie}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN, "Host": "localhost"}
    try:
        if form is None:
            asking.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            asking.request("POST", path, urlencode(form), headers)
        answer = asking.getresponse()
        return answer.status, answer.read().decode()
    finally:
        asking.close()


def said(audience: int, body: str) -> dict[str, Any]:
    fixed = {"kind": "update", "marking": "official", "audience": audience}
    return {**fixed, "body": body, "idempotency_key": str(uuid4())}


@pytest.mark.parametrize("redis", ["at work", "hanging"])
def test_what_is_said_and_taken_at_one_host_is_known_at_the_other(
    two: list[Host], gate: Gate, alice: User, bob: User, dana: User, redis: str
) -> None:
    here, there = two
    audience = factories.everyone().pk
    cookies = {person: sign_in_cookie(person) for person in (alice, bob, dana)}
    listening = LiveSocket(there.sockets_url, cookies[bob])
    listening.hello("everyone", number_rows(LiveEvent))
    # One event with Redis at work, so that the other host is known to be subscribed
    assert asked(here.pages, "/posts/", cookies[alice], said(audience, "First"))[0] == 303
    assert kinds([listening.hear()]) == [("post-created", Post.objects.get().pk)]
    if redis == "hanging":
        gate.opened.clear()
    assert asked(here.pages, "/posts/", cookies[alice], said(audience, "Second"))[0] == 303
    second = Post.objects.get(body="Second")
    assert kinds([listening.hear()]) == [("post-created", second.pk)]
    assert "Second" in asked(there.pages, f"/posts/{second.pk}/", cookies[bob])[1]
    taking = f"/departments/treasury/people/{bob.memberships.get().pk}/suspend/"
    assert asked(here.pages, taking, cookies[dana], {"reason": "Left"})[0] in (302, 303)
    assert listening.closed_with(PROMISED + SLACK) == RIGHTS_CHANGED
    assert asked(there.pages, f"/posts/{second.pk}/", cookies[bob])[0] == 302


# Restarting


def said_of_servers() -> str:
    """What deploy/nginx/site.conf says of every server behind the proxy."""
    (each,) = set(re.findall(r"^    server \S+:\d+ (.+);$", (proxy.FILES / "site.conf").read_text(), re.M))
    return str(each)


@contextmanager
def front(two: list[Host], folder: Path) -> Iterator[str]:
    """The address of a proxy before both hosts."""
    address = free_address()
    addresses = [host.pages for host in two], [host.sockets for host in two]
    nginx = local.found_nginx()
    assert nginx
    main = proxy.configuration(folder, int(address.rpartition(":")[2]), *addresses, each=said_of_servers())
    running = [processes.start(proxy.command(nginx, main))]
    with processes.beside(running, 5):
        until(lambda: local.answers(int(address.rpartition(":")[2])))
        yield address


def until(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


class Reader:
    """Somebody who loads a page again and again, and whose open page comes back whenever it is cut off.

    Attributes:
        statuses: of the pages.
        heard: numbers of the events, in the order they came.
        posts: whose creation was told.
        cuts: how often the socket was cut.
    """

    def __init__(self, address: str, cookie: str, at: int) -> None:
        self.address, self.cookie, self.at = address, cookie, at
        self.statuses: list[int | str] = []
        self.heard: list[int] = []
        self.posts: list[int] = []
        self.cuts = 0
        self.ended = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._load, self._listen)]

    def __enter__(self) -> Reader:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.ended.set()
        for thread in self._threads:
            thread.join()

    def _load(self) -> None:
        while not self.ended.is_set():
            try:
                self.statuses.append(asked(self.address, "/", self.cookie)[0])
            except (OSError, HTTPException) as error:
                self.statuses.append(repr(error))
            time.sleep(0.02)

    def _listen(self) -> None:
        while not self.ended.is_set():
            with suppress(WebSocketException, OSError):
                self._listen_once()
            self.cuts += 1
            time.sleep(0.05)

    def _listen_once(self) -> None:
        opened = LiveSocket(f"http://{self.address}", self.cookie)
        try:
            opened.hello("everyone", self.at)
            for message in opened.caught_up:
                self._take(message)
            self.at = max(self.at, opened.at)
            while not self.ended.is_set():
                with suppress(TimeoutError):
                    self._take(opened.hear(0.2))
        finally:
            opened.close()

    def _take(self, message: dict[str, Any]) -> None:
        assert message["type"] == "event", message
        self.at = max(self.at, message["n"])
        self.heard.append(message["n"])
        if message["kind"] == "post-created":
            self.posts.append(message["post"])


@pytest.mark.skipif(not local.found_nginx(), reason="nginx is not installed")
def test_hosts_restart_in_turn_and_no_request_fails_and_no_event_is_lost(
    two: list[Host], tmp_path: Path, alice: User, bob: User
) -> None:
    audience = factories.everyone().pk
    writing = sign_in_cookie(alice)
    written: list[tuple[int, str]] = []

    def write(address: str) -> None:
        written.append(asked(address, "/posts/", writing, said(audience, f"Number {len(written)}")))

    with front(two, tmp_path) as address, Reader(address, sign_in_cookie(bob), number_rows(LiveEvent)) as reader:
        for host in two:
            write(address)
            stopping = threading.Thread(target=host.stop)
            stopping.start()
            # Not more than a person may write in a minute, however long the stop takes
            while stopping.is_alive():
                write(address)
                time.sleep(2)
            host.start()
            write(address)
            host.wait()
            time.sleep(BEFORE_THE_NEXT)
        write(address)
        posts = set(Post.objects.values_list("pk", flat=True))
        until(lambda: len(reader.posts) >= len(posts))
    assert {status for status, _ in written} == {303} and len(posts) == len(written)
    assert set(reader.statuses) == {200} and len(reader.statuses) > 10
    assert sorted(reader.posts) == sorted(posts)
    assert reader.heard == sorted(set(reader.heard))
    assert reader.cuts >= 2, "its socket was cut at least once, and at the end"
