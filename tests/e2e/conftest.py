"""What the tests against a running server stand on: a server, committed rows, and a browser that is signed in.

Each xdist worker has one Daphne process on its own test database. Rows are committed, so that the server sees
them, and cleaned away after each test. A traceback of the server fails the test, and so does whatever a page
writes to the browser's console as an error: a script that failed, something the content security policy refused.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as service
from django.db import connection, connections, transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from feeds.models import LiveEvent, LiveEventKind
from intranet.lib.numbered import number_rows
from profiles.models import User
from tests import chromium
from tests.e2e.hosts import Gate
from tests.e2e.live_socket import LiveSocket

HERE = Path(__file__).parent
START = 30.0
# What the server process remembers by id, and what says which migrations ran
KEPT = {"django_migrations", "django_content_type", "auth_permission"}
HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    own = [item for item in items if HERE in item.path.parents]
    for item in own:
        item.add_marker(pytest.mark.e2e)
        # pytest-django makes the test database only where it sees this
        item.add_marker(pytest.mark.django_db)
    # After all others, which find sequences and the live log as a new database has them
    items[:] = [item for item in items if HERE not in item.path.parents] + own


# The database


@pytest.fixture
def _django_db_helper(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: what a test writes is committed, and cleaned away after it."""
    with django_db_blocker.unblock():
        assert "test" in Path(str(connection.settings_dict["NAME"])).name, "This is not the test database"
        yield
        _clean()
        connection.close()


@transaction.atomic
def _clean() -> None:
    """Empty every table but those in KEPT. The live log's numbers go on: an open hub counts by them."""
    top = number_rows(LiveEvent)
    existing = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(table) for table in existing if table not in KEPT]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        # Not TRUNCATE: it would wait for every reader, and does not pay for a few rows
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")
    LiveEvent.objects.create(kind=LiveEventKind.POST_CHANGED, number=top + 1)


# The server


@dataclass
class Server:
    """A running server.

    Attributes:
        url: where it answers, without a slash at the end.
        log: the file of what it wrote.
    """

    url: str
    log: Path

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def has_answered(self) -> bool:
        """Whether it is up."""
        asking = HTTPConnection(self.host, timeout=START)
        try:
            asking.request("GET", "/health/live")
            return asking.getresponse().status == 200
        finally:
            asking.close()


@contextmanager
def serving(folder: Path, *, environment: dict[str, str] | None = None, **overrides: Any) -> Iterator[Server]:
    """A server on this worker's test database, on a free port.

    Args:
        folder: where its uploads, index, mails and log go.
        environment: over this process's own.
        overrides: settings, over those below.
    """
    overrides = {
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "MEDIA_ROOT": str(folder / "media"),
        "SEARCH_DIR": str(folder / "search"),
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(folder / "mail"),
        "PASSWORD_HASHERS": HASHERS,
        "RATE_LIMITS": dict.fromkeys(service.RATE_LIMITS),
        "ACCOUNT_RATE_LIMITS": False,
        **overrides,
    }
    own = {
        **os.environ,
        "DEBUG": "0",
        "SECRET_KEY": service.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATA_DIR": str(folder),
        "LOG_LEVEL": "INFO",
        **(environment or {}),
    }
    name = f"server-{time.monotonic_ns()}"
    own["PGAPPNAME"] = name
    log = folder / f"{name}.log"
    with socket.socket() as listening, log.open("wb") as output:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        command = [sys.executable, "-m", "tests.e2e.server", str(listening.fileno()), json.dumps(overrides)]
        process = subprocess.Popen(
            command, cwd=HERE.parent.parent, env=own, stderr=output, stdout=output, pass_fds=[listening.fileno()]
        )
        server = Server(f"http://127.0.0.1:{listening.getsockname()[1]}", log)
    try:
        _wait_for(server, process)
        yield server
    finally:
        # Daphne waits for its sockets when it is asked to stop
        process.kill()
        process.wait()
        _end_sessions(name)


def _end_sessions(name: str) -> None:
    """PostgreSQL notices a killed client after a moment, and drops no database until then."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            ending = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
            cursor.execute(ending, [name])


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if server.has_answered():
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{server.log.read_text()}")


@pytest.fixture(scope="session")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def _server(django_db_setup: None, django_db_blocker: Any, _folder: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            server = stack.enter_context(serving(_folder))
        yield server
        with django_db_blocker.unblock():
            stack.close()
            connection.close()


@pytest.fixture
def server(_server: Server, db: None, settings: Any, _folder: Path) -> Iterator[Server]:
    """The running server of this worker; it must write no traceback."""
    settings.MEDIA_ROOT, settings.SEARCH_DIR = _folder / "media", _folder / "search"
    before = _server.log.stat().st_size
    yield _server
    _check_log(_server, before)


def _check_log(server: Server, start: int = 0) -> None:
    written = server.log.read_bytes()[start:].decode()
    assert "Traceback" not in written, written


@pytest.fixture
def another_server(db: None, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts one more server for the length of a test, with other settings: `another_server(environment={…})`."""
    with ExitStack() as stack:

        def start(**differing: Any) -> Server:
            started = stack.enter_context(serving(tmp_path, **differing))
            stack.callback(_check_log, started)
            return started

        yield start


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    """Before the Redis of the settings: the hosts of scaled mode reach it through this."""
    redis = urlsplit(service.REDIS_URL)
    made = Gate((redis.hostname or "127.0.0.1", redis.port or 6379))
    yield made
    made.close()


# People who are signed in


def sign_in_cookie(person: User) -> str:
    """The value of the cookie of a new session of `person`."""
    client = Client()
    client.force_login(person)
    return str(client.session.session_key)


@pytest.fixture
def open_socket(server: Server) -> Iterator[Callable[..., LiveSocket]]:
    """Opens live sockets that are closed after the test: `open_socket(alice, "everyone")`.

    Args (of the function):
        person: whose.
        stream: what to say hello to; None for a socket that has said nothing yet.
        after: the number up to which it has seen all; the newest where it is not given.
        to: another server than the worker's own.
        cookie: of a session there is already.
    """
    with ExitStack() as stack:

        def open_one(
            person: User,
            stream: str | None = None,
            after: int | None = None,
            to: Server | None = None,
            cookie: str | None = None,
        ) -> LiveSocket:
            opened = LiveSocket((to or server).url, cookie or sign_in_cookie(person))
            stack.callback(opened.close)
            if stream:
                opened.hello(stream, number_rows(LiveEvent) if after is None else after)
            return opened

        yield open_one


# The browser

_hidden_loop: list[asyncio.AbstractEventLoop] = []


def _hide_loop() -> None:
    if loop := asyncio._get_running_loop():
        _hidden_loop.append(loop)
        asyncio._set_running_loop(None)


def _show_loop() -> None:
    if _hidden_loop:
        asyncio._set_running_loop(_hidden_loop.pop())


@pytest.fixture(autouse=True)
def _playwrights_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Playwright's synchronous interface leaves an event loop running in this thread: only these tests may find it."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    _show_loop()
    yield
    # Django keeps another connection where it finds a running loop
    connections.close_all()
    _hide_loop()


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Iterator[Browser]:
    """Playwright's own, closed with its loop at hand."""
    _hide_loop()
    yield browser
    _show_loop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = chromium.find()
    assert path, "No Chromium: run `make test`, which installs one or says what to install"
    return {**browser_type_launch_args, "executable_path": path, "args": chromium.FLAGS}


@pytest.fixture(scope="session")
def base_url(_server: Server) -> str:
    return _server.url


@pytest.fixture
def browser_problems() -> Iterator[list[str]]:
    """What pages wrote as errors; a test that expects some looks at them and clears the list."""
    problems: list[str] = []
    yield problems
    assert problems == []


@pytest.fixture
def context(new_context: Callable[..., BrowserContext], server: Server, browser_problems: list[str]) -> BrowserContext:
    return _watched(new_context(), browser_problems)


def _watched(context: BrowserContext, problems: list[str]) -> BrowserContext:
    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"{message.text} ({message.location.get('url', '')})")

    context.on("console", note)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    return context


@pytest.fixture
def open_as(
    new_context: Callable[..., BrowserContext], server: Server, browser_problems: list[str]
) -> Callable[..., Page]:
    """Opens a page in a browser of its own where a person is signed in: `open_as(alice, "/people/")`."""

    def open_one(person: User, path: str = "/", **options: Any) -> Page:
        context = _watched(new_context(**options), browser_problems)
        cookie = {"name": service.SESSION_COOKIE_NAME, "value": sign_in_cookie(person), "url": server.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(path)
        return page

    return open_one


@pytest.fixture
def page(open_as: Callable[..., Page], alice: User) -> Page:
    """Home, with Alice signed in."""
    return open_as(alice)
