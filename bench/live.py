"""Live updates under load: time from a commit to the last of many sockets, and what they cost.

    python -m bench.live [--quick] [--server uvicorn|daphne] [--sockets N …] [--out FILE]

A socket server and a server of pages as scaled mode starts them, the clients (`bench.fleet`) and whoever posts are
processes of their own, on a database and a Redis made for this. Daphne, the default mode's, stands on the same and
answers pages too, as it does there. Sockets are those of a tenth as many people. CPU is the socket server's own, its
threads' together; memory is resident.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any

import django
import psycopg
from psycopg import sql

from bench import serving
from bench.measure import PROC, Report, arguments, percentile, seconds

HOST = "127.0.0.1"
WORDS = "The review of how we answer letters from the public has found **three things** worth sharing. "
BODY = "\n\n".join([WORDS * 3] * 3)
SLOW = 50
# Times the usual words in a post that slow clients cannot swallow, and how many of them
LONG, LONG_POSTS = 8, 100
# Seconds over which the browser's first attempts to come back are spread
JITTER = 2.0
DATABASE = f"{serving.PREFIX}_live_{os.getpid()}"


# Processes


class Process:
    """A child process that answers each JSON line with one."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, *command], stdin=pipe, stdout=pipe, env=env, text=True)

    def ask(self, do: str, **told: Any) -> Any:
        """Have it do something, and wait for the answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **told}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process that was asked to {do} ended")
        return json.loads(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def serve_by_daphne(port: int) -> None:
    """Be the server of the default mode."""
    from daphne.endpoints import build_endpoint_description_strings

    from intranet.asgi import application
    from intranet.lib.daphne_server import BoundedServer

    BoundedServer(application, endpoints=build_endpoint_description_strings(host=HOST, port=port)).run()


def write_posts() -> None:
    """Be whoever posts: through the service's own action; the moment of the commit is the answer."""
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
def own_ground() -> Iterator[dict[str, str]]:
    """A database and a Redis made for this, and the variables of processes that use them, this one too."""
    with serving.workplace() as place, serving.redis_server() as (redis_url, _):
        env = serving.environment(DATABASE, redis_url, place / "data")
        with psycopg.connect(f"{serving.server()}/postgres", autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            try:
                serving.manage("migrate", "--verbosity", "0", env=env)
                os.environ.update(env)
                django.setup()
                with _connected():
                    yield env
            finally:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))


@contextmanager
def _connected() -> Iterator[None]:
    from django.db import connection

    try:
        yield
    finally:
        connection.close()
        connection.close_pool()


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
        sockets: the process of the socket server.
        fleet: the clients.
        poster: whoever posts.
        page_port: where pages are answered; by the socket server itself in default mode.
    """

    def __init__(self, server: str, env: dict[str, str], stack: ExitStack) -> None:
        if server == "daphne":
            self.page_port = port = serving.free_port()
            command = [sys.executable, "-m", "bench.live", "--be", "daphne", "--port", str(port)]
            self.sockets = stack.enter_context(serving.running(command, env, port))
        else:
            port, self.sockets = stack.enter_context(serving.socket_server(env))
            self.page_port, _ = stack.enter_context(serving.page_server(env))
        self.fleet = Process("-m", "bench.fleet", str(port), env=env)
        self.poster = Process("-m", "bench.live", "--be", "poster", env=env)
        for process in (self.fleet, self.poster):
            stack.callback(process.end)

    def post(self, times: int = 1) -> float:
        """Post once, so many times the usual words; the moment of the commit."""
        return float(self.poster.ask("post", times=times)["committed"])

    def cpu(self) -> float:
        """Seconds of processor time the socket server has used so far."""
        return seconds([self.sockets])

    def memory(self) -> int:
        """Resident kilobytes of the socket server."""
        status = (PROC / str(self.sockets) / "status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


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
    cpu, memory = ground.cpu(), ground.memory()
    chosen = [cookies[number % (count // 10)] for number in range(count)]
    took = ground.fleet.ask("open", cookies=chosen, at=top())["seconds"]
    return {
        "seconds": took,
        "cpu_ms_each": (ground.cpu() - cpu) * 1000 / count,
        "kb_each": (ground.memory() - memory) / count,
    }


def fanning_out(ground: Ground, count: int, rounds: int, times: int = 1) -> dict[str, Any]:
    """Posts to everyone, one by one: milliseconds from the commit to the clients, and the server's CPU."""
    halves, lasts = [], []
    cpu = ground.cpu()
    for _ in range(rounds):
        ground.fleet.ask("expect")
        answer = ground.fleet.ask("wait", since=ground.post(times))
        halves.append(answer["p50"])
        lasts.append(answer["last"])
        time.sleep(0.1)
    cpu = ground.cpu() - cpu
    return {
        "half_ms_p50": statistics.median(halves),
        "last_ms_p50": statistics.median(lasts),
        "last_ms_p95": percentile(lasts, 0.95),
        "last_ms_best": min(lasts),
        "cpu_us_each": cpu * 1e6 / rounds / count,
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
        return percentile(times, 0.95)


def coming_back(ground: Ground, cookies: list[str]) -> dict[str, Any]:
    """All sockets cut at once, while somebody reads pages."""
    reader = Reader(ground.page_port, cookies[0])
    reader.start()
    time.sleep(5)
    quiet = reader.p95()
    cpu = ground.cpu()
    answer = ground.fleet.ask("cut", at=top(), jitter=JITTER)
    during = reader.p95()
    reader.is_over = True
    cpu = ground.cpu() - cpu
    return {
        **answer,
        "cpu_ms_each": cpu * 1000 / answer["back"],
        "page_p95_quiet_ms": quiet,
        "page_p95_ms": during,
        "page_p95_times_quiet": during / quiet,
    }


def slow_clients(ground: Ground, before: int) -> dict[str, Any]:
    """What became of the clients that read a byte a second, and what they cost since the server held `before` kB."""
    closed = ground.fleet.ask("count_closed")
    codes = " ".join(map(str, closed.pop("codes")))
    return {"were": SLOW, **closed, "codes": codes, "held_kb": ground.memory() - before}


def measure(report: Report, server: str, count: int, rounds: int, env: dict[str, str], cookies: list[str]) -> None:
    """Every question, of one server with so many sockets."""

    def tell(what: str, figures: dict[str, Any]) -> None:
        report.add(what, server=server, sockets=count, load=os.getloadavg()[0], **figures)

    with ExitStack() as stack:
        ground = Ground(server, env, stack)
        tell("connect", connecting(ground, cookies, count))
        fanning_out(ground, count, 2)
        tell("fan-out", fanning_out(ground, count, rounds))
        if count > 1000:
            return
        tell("reconnect", coming_back(ground, cookies))
        before = ground.memory()
        ground.fleet.ask("dawdle", cookies=[cookies[number % len(cookies)] for number in range(SLOW)])
        tell("fan-out beside slow clients", fanning_out(ground, count, LONG_POSTS, LONG))
        time.sleep(12)
        tell("slow clients", slow_clients(ground, before))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--server", choices=("uvicorn", "daphne"), action="append", help="both without")
    parser.add_argument("--sockets", type=int, nargs="+", help="1000 and 5000, or 1000 with --quick")
    parser.add_argument("--be", choices=("daphne", "poster"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be == "poster":
        return write_posts()
    if options.be:
        return serve_by_daphne(options.port)
    # A file for each socket: those started here may open as many as we may
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    report = Report("live", options.out, seed=options.seed)
    sizes = options.sockets or ([1000] if options.quick else [1000, 5000])
    with own_ground() as env:
        cookies = sessions(max(sizes) // 10)
        for server in options.server or ["uvicorn", "daphne"]:
            for count in sizes:
                measure(report, server, count, 10 if options.quick else 30, env, cookies)
    return None


if __name__ == "__main__":
    main()
