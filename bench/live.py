"""Live updates under load, as JSON lines: time from a commit to the last of many sockets, and what they cost.

    DATABASE_URL=… REDIS_URL=… python -m bench.live [--quick] [--server uvicorn|daphne] [--sockets N …]

A socket server, a server of pages, the clients (`bench.fleet`) and whoever posts are processes of their own, on a
database made for it beside the one named. Sockets are those of a tenth as many people. CPU is the socket server's
own, its threads' together; memory is resident.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

HOST = "127.0.0.1"
WORDS = "The review of how we answer letters from the public has found **three things** worth sharing. "
BODY = "\n\n".join([WORDS * 3] * 3)
SLOW = 50
# Times the usual words in a post that slow clients cannot swallow
LONG = 8
# Seconds over which the browser's first attempts to come back are spread
JITTER = 2.0
PREFIX = "python -m bench.live"


# Processes


class Process:
    """A child process that answers each JSON line with one."""

    def __init__(self, *command: str, environment: dict[str, str], pass_fds: tuple[int, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pass_fds=pass_fds,
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have it do something, and wait for the answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process that was asked to {do} ended")
        return json.loads(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def cpu(self) -> float:
        """Seconds of processor time it has used so far, all threads together (Linux)."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> int:
        """Resident kilobytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


def serve(server: str, descriptor: int) -> None:
    """Be the socket server: what `server` names, on a listening socket."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["DJANGO_SETTINGS_MODULE"] = "intranet.settings"
    if server == "uvicorn":
        import uvicorn

        options: dict[str, Any] = {"ws": "intranet.lib.uvicorn_server:SocketProtocol", "loop": "uvloop"}
        quiet = {"log_level": "warning", "access_log": False, "lifespan": "off"}
        behind_proxy = {"proxy_headers": False, "server_header": False}
        uvicorn.run(
            "intranet.asgi:application",
            fd=descriptor,
            ws_per_message_deflate=False,
            backlog=4096,
            **options,
            **quiet,
            **behind_proxy,
        )
        return
    from daphne.endpoints import build_endpoint_description_strings

    from intranet.asgi import application
    from intranet.lib.daphne_server import BoundedServer

    BoundedServer(application, endpoints=build_endpoint_description_strings(file_descriptor=descriptor)).run()


def write_posts() -> None:
    """Be whoever posts: through the service's own action; the moment of the commit is the answer."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "intranet.settings"
    django.setup()
    from uuid import uuid4

    from django.db import transaction

    from feeds.actions import posts
    from profiles.models import Audience, User

    author = User.objects.order_by("pk")[0]
    for line in sys.stdin:
        committed: list[float] = []
        body = BODY * int(json.loads(line).get("times", 1))
        with transaction.atomic():
            transaction.on_commit(lambda: committed.append(time.monotonic()))  # noqa: B023 - called before the next
            posts.post(body=body, audience=Audience.objects.everyone(), key=uuid4(), by=author)
        print(json.dumps({"committed": committed[0]}), flush=True)


# What they stand on


@contextmanager
def a_database(folder: str) -> Iterator[dict[str, str]]:
    """A database made for this, and the environment of processes that use it."""
    os.environ.update(DJANGO_SETTINGS_MODULE="intranet.settings", DATA_DIR=folder, LOG_LEVEL="WARNING")
    django.setup()
    from django.db import connection

    own = str(connection.settings_dict["NAME"])
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    address = os.environ.get("DATABASE_URL", "")
    address = address.replace(f"/{own}", f"/{name}") if address else f"sqlite:///{name}"
    try:
        yield {**os.environ, "DATABASE_URL": address, "DEBUG": "0"}
    finally:
        connection.creation.destroy_test_db(own, verbosity=0)


def sessions(count: int) -> list[str]:
    """The cookies of the sessions of so many people, made for this."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from profiles.models import User

    now = timezone.now()
    User.objects.bulk_create(
        User(email=f"p{number}@bench.example", name=f"Person {number}", conduct_accepted_at=now, password="!")
        for number in range(count)
    )
    store, rows = SessionStore(), []
    for person in User.objects.all():
        held = {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
        key = store._get_new_session_key()
        rows.append(Session(session_key=key, session_data=store.encode(held), expire_date=store.get_expiry_date()))
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


class Ground:
    """The processes of one round, each started on the same database.

    Attributes:
        sockets: the socket server.
        fleet: the clients.
        poster: whoever posts.
        pages: where pages are answered; the socket server itself in default mode.
    """

    def __init__(self, server: str, environment: dict[str, str], stack: ExitStack) -> None:
        self.sockets, self.port = self._server(server, environment, stack)
        self.fleet = Process("-m", "bench.fleet", str(self.port), environment=environment)
        self.poster = Process("-m", "bench.live", "--be", "poster", environment=environment)
        # Pages are Daphne's too where one process serves all
        self.page_port = self.port if server == "daphne" else self._server("uvicorn", environment, stack)[1]
        for process in (self.fleet, self.poster):
            stack.callback(process.end)
        _until_up(self.port)
        _until_up(self.page_port)

    @staticmethod
    def _server(server: str, environment: dict[str, str], stack: ExitStack) -> tuple[Process, int]:
        listening = socket.socket()
        listening.bind((HOST, 0))
        listening.listen(4096)
        descriptor = listening.fileno()
        command = ("-m", "bench.live", "--be", server, "--descriptor", str(descriptor))
        process = Process(*command, environment=environment, pass_fds=(descriptor,))
        stack.callback(process.end)
        port = listening.getsockname()[1]
        listening.close()
        return process, port

    def post(self, times: int = 1) -> float:
        """Post once, so many times the usual words; the moment of the commit."""
        return float(self.poster.ask("post", times=times)["committed"])


def _until_up(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        asking = HTTPConnection(HOST, port, timeout=30)
        try:
            asking.request("GET", "/health/live")
            if asking.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            asking.close()
    raise RuntimeError("The server did not start")


# Questions


def top() -> int:
    """The number of the newest event, as a page would carry it."""
    from feeds.models import LiveEvent
    from intranet.lib.numbered import number_rows

    return number_rows(LiveEvent)


def connecting(ground: Ground, cookies: list[str], count: int) -> dict[str, Any]:
    """What opening so many sockets costs, and what they cost once they do nothing."""
    # The first socket has the server load what it needs
    ground.fleet.ask("open", cookies=cookies[:20], at=top())
    ground.fleet.ask("leave")
    time.sleep(1)
    cpu, memory = ground.sockets.cpu(), ground.sockets.memory()
    chosen = [cookies[number % (count // 10)] for number in range(count)]
    took = ground.fleet.ask("open", cookies=chosen, at=top())["seconds"]
    return {
        "what": "connect",
        "seconds": round(took, 2),
        "cpu_ms_each": round((ground.sockets.cpu() - cpu) * 1000 / count, 3),
        "kb_each": round((ground.sockets.memory() - memory) / count, 1),
    }


def fanning_out(ground: Ground, count: int, rounds: int, what: str = "fan-out", times: int = 1) -> dict[str, Any]:
    """Posts to everyone, one by one: milliseconds from the commit to the clients, and the server's CPU."""
    halves, lasts = [], []
    cpu = ground.sockets.cpu()
    for _ in range(rounds):
        ground.fleet.ask("expect")
        answer = ground.fleet.ask("wait", since=ground.post(times))
        halves.append(answer["p50"])
        lasts.append(answer["last"])
        time.sleep(0.1)
    cpu = ground.sockets.cpu() - cpu
    return {
        "what": what,
        "half_ms_p50": round(statistics.median(halves), 1),
        "last_ms_p50": round(statistics.median(lasts), 1),
        "last_ms_p95": round(statistics.quantiles(lasts, n=20)[-1], 1),
        "last_ms_best": round(min(lasts), 1),
        "cpu_us_each": round(cpu * 1e6 / rounds / count, 1),
    }


class Reader(threading.Thread):
    """Asks for a page again and again, ten times a second."""

    def __init__(self, port: int, cookie: str) -> None:
        super().__init__(daemon=True)
        self.port, self.cookie, self.times, self.is_over = port, cookie, list[float](), False

    def run(self) -> None:
        while not self.is_over:
            started = time.perf_counter()
            asking = HTTPConnection(HOST, self.port, timeout=30)
            asking.request("GET", "/?stream=everyone", headers={"Cookie": f"sessionid={self.cookie}"})
            answer = asking.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            asking.close()
            self.times.append((time.perf_counter() - started) * 1000)
            time.sleep(0.1)

    def p95(self) -> float:
        """Milliseconds; the list begins anew."""
        times, self.times = self.times, []
        return round(statistics.quantiles(times, n=20)[-1], 1)


def coming_back(ground: Ground, cookies: list[str]) -> dict[str, Any]:
    """All sockets cut at once, while somebody reads pages."""
    reader = Reader(ground.page_port, cookies[0])
    reader.start()
    time.sleep(5)
    quiet = reader.p95()
    cpu = ground.sockets.cpu()
    answer = ground.fleet.ask("cut", at=top(), jitter=JITTER)
    during = reader.p95()
    reader.is_over = True
    cpu = ground.sockets.cpu() - cpu
    return {
        "what": "reconnect",
        "seconds": round(answer["seconds"], 2),
        "back": answer["back"],
        "again": answer["again"],
        "cpu_ms_each": round(cpu * 1000 / answer["back"], 3),
        "page_p95_ms": [quiet, during],
    }


def dawdling(ground: Ground, cookies: list[str], count: int, posts: int) -> Iterator[dict[str, Any]]:
    """Some clients read a byte a second: what the others notice, and what it costs the server."""
    memory = ground.sockets.memory()
    ground.fleet.ask("dawdle", cookies=cookies[:SLOW])
    yield fanning_out(ground, count, posts, "fan-out beside slow clients", LONG)
    time.sleep(12)
    held = {"held_kb": ground.sockets.memory() - memory}
    yield {"what": "slow clients", "were": SLOW, **ground.fleet.ask("count_closed"), **held}


def measure(server: str, count: int, rounds: int, environment: dict[str, str], cookies: list[str]) -> None:
    """Every question, of one server with so many sockets."""

    def tell(line: dict[str, Any]) -> None:
        print(
            json.dumps({"server": server, "sockets": count, "load": round(os.getloadavg()[0], 1), **line}), flush=True
        )

    with ExitStack() as stack:
        ground = Ground(server, environment, stack)
        tell(connecting(ground, cookies, count))
        fanning_out(ground, count, 2)
        tell(fanning_out(ground, count, rounds))
        if count <= 1000:
            tell(coming_back(ground, cookies))
            for line in dawdling(ground, cookies, count, 100):
                tell(line)


def main() -> None:
    options = argparse.ArgumentParser(prog=PREFIX)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--server", choices=("uvicorn", "daphne"), action="append")
    options.add_argument("--sockets", type=int, nargs="+")
    options.add_argument("--be", choices=("uvicorn", "daphne", "poster"), help=argparse.SUPPRESS)
    options.add_argument("--descriptor", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.be == "poster":
        return write_posts()
    if given.be:
        return serve(given.be, given.descriptor)
    # So that its children and its database go with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sizes = given.sockets or ([1000] if given.quick else [1000, 5000])
    with TemporaryDirectory() as folder, a_database(folder) as environment:
        cookies = sessions(max(sizes) // 10)
        for server in given.server or ["uvicorn", "daphne"]:
            for count in sizes:
                measure(server, count, 10 if given.quick else 30, environment, cookies)
    return None


if __name__ == "__main__":
    main()
