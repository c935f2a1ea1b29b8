"""Starts what is measured: databases made by load_scale, a Redis of its own, page servers as scaled mode runs them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import psycopg
from psycopg import sql

from bench.measure import ROOT, progress, wait_until

# How the names of databases begin that benches make
PREFIX = "ck_bench"
# What load_scale and a disk make of it, about
POSTS_A_MINUTE, POSTS_A_GIGABYTE = 150_000, 400_000
NO_SERVER = "BENCH_DATABASE_SERVER=postgres://user:password@127.0.0.1:5432 says where databases can be made."


class Size(NamedTuple):
    """How large a service is."""

    people: int
    posts: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """ "50000/1000000" is 50,000 people and 1,000,000 posts."""
        people, _, posts = text.partition("/")
        return cls(int(people), int(posts))

    def __str__(self) -> str:
        return f"{self.people}/{self.posts}"

    @property
    def database(self) -> str:
        return f"{PREFIX}_{self.people}_{self.posts}"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@cache
def server() -> str:
    """Where databases are made: what BENCH_DATABASE_SERVER says, or what `make serve` finds or installs.

    A server on another machine does too, but the processor time of its processes is not seen.
    """
    found = os.environ.get("BENCH_DATABASE_SERVER", "").rstrip("/")
    try:
        if not found:
            said = manage("shell", "-v0", "-c", "from intranet.management import local; print(local.postgresql())")
            found = said.strip().rpartition("/")[0]
        psycopg.connect(f"{found}/postgres", connect_timeout=5).close()
    except (RuntimeError, psycopg.Error) as error:
        sys.exit(f"{str(error).strip().splitlines()[0]}. {NO_SERVER}")
    return found


def environment(database: str, redis_url: str, data: Path) -> dict[str, str]:
    """The variables under which everything of a service runs; the folder of its data is made."""
    data.mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if key not in {"DEBUG", "HTTPS"}}
    return {
        **kept,
        "DATABASE_URL": f"{server()}/{database}",
        "REDIS_URL": redis_url,
        "DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "WORKERS": "1",
        "LOG_LEVEL": "WARNING",
        # A worker that helps and ends would take its processor time with it, uncounted
        "PGOPTIONS": "-c max_parallel_workers_per_gather=0",
    }


def manage(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a management command and return what it says.

    Args:
        env: its variables; those of this process without.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed")
    return done.stdout


class Service(NamedTuple):
    """A service that is measured.

    Attributes:
        env: the variables everything of it runs under.
        place: a folder for what a run leaves behind.
        redis: the process of its Redis.
    """

    env: dict[str, str]
    place: Path
    redis: int


@contextmanager
def service(size: Size, *, seed: int, fresh: bool = False, index: bool = False) -> Iterator[Service]:
    """What a service of a size stands on: its database, left as it was found, and a Redis of its own.

    Args:
        fresh: make the database anew.
        index: build the search index too.
    """
    with workplace() as place, redis_server() as (redis_url, redis):
        env = environment(size.database, redis_url, place / "data")
        prepare(size, env, seed=seed, fresh=fresh)
        with as_found(size.database):
            if index:
                progress("Building the search index …")
                manage("rebuild_search", env=env)
            yield Service(env, place, redis)


def prepare(size: Size, env: dict[str, str], *, seed: int, fresh: bool = False) -> None:
    """Make the database of a size unless it is there, and bring its tables up to date."""
    with psycopg.connect(f"{server()}/postgres", autocommit=True) as connection:
        name = sql.Identifier(size.database)
        if fresh:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [size.database]).fetchone()
        if not found:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    manage("migrate", "--verbosity", "0", env=env)
    with psycopg.connect(f"{server()}/{size.database}", autocommit=True) as connection:
        # As the server itself does soon after: of what has just been changed it knows nothing yet
        connection.execute("VACUUM (ANALYZE)")
        is_empty = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM profiles_user)").fetchone()
    if is_empty and is_empty[0]:
        _load(size, env, seed)


def _load(size: Size, env: dict[str, str], seed: int) -> None:
    minutes, gigabytes = size.posts / POSTS_A_MINUTE, size.posts / POSTS_A_GIGABYTE
    progress(
        f"Loading {size.people:,} people and {size.posts:,} posts into {size.database}, where they stay for the next "
        f"time: {max(1, minutes):,.0f} minutes and {max(0.1, gigabytes):,.1f} GB, about …"
    )
    began = time.monotonic()
    # Verbose, it shows how far it is wherever its lines go
    numbers = ("--people", str(size.people), "--posts", str(size.posts), "--seed", str(seed))
    manage("load_scale", *numbers, "--verbosity", "2", env=env)
    progress(f"Loaded in {time.monotonic() - began:,.0f} seconds.")


# Single-column keys of all tables: name, column, whether it is a number that grows
KEYS = """
    SELECT c.relname, a.attname, a.atttypid IN ('bigint'::regtype, 'integer'::regtype)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indisprimary AND i.indnatts = 1 AND c.relnamespace = 'public'::regnamespace
"""
# Two benches in one database would take back what the other has made
LOCK = 8_030_1966


@contextmanager
def as_found(database: str) -> Iterator[None]:
    """Take back, at the end, every row that was written meanwhile: rows of before are read by benches, not changed."""
    with psycopg.connect(f"{server()}/{database}", autocommit=True) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            sys.exit(f"Another bench measures with {database}: wait for its end.")
        tables = connection.execute(KEYS).fetchall()
        before = {table: _newest(connection, *table) for table in tables}
        try:
            yield
        finally:
            # What refers to each other may be deleted in any order: it is looked at in the end
            with connection.transaction():
                for (table, column, grows), last in before.items():
                    query = "DELETE FROM {} WHERE {} > %s" if grows else "DELETE FROM {} WHERE {} <> ALL(%s)"
                    connection.execute(sql.SQL(query).format(sql.Identifier(table), sql.Identifier(column)), [last])


def _newest(connection: psycopg.Connection[Any], table: str, column: str, grows: bool) -> Any:
    """The highest key of a table, or all keys where they have no order."""
    query = "SELECT coalesce(max({column}), 0) FROM {table}" if grows else "SELECT array_agg({column}) FROM {table}"
    where = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
    row = connection.execute(sql.SQL(query).format(**where)).fetchone()
    return row[0] if row and row[0] is not None else []


def subjects(env: dict[str, str]) -> dict[str, Any]:
    """What `bench.subjects` tells of the service of an environment: pages, and the cookies of who asks for them."""
    command = [sys.executable, "-m", "bench.subjects"]
    told = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(told)
    return found


@contextmanager
def beside(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process while it is needed."""
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(command: list[str], env: dict[str, str], port: int) -> Iterator[int]:
    """A server while it is needed; yields the process it began with, once its port answers."""
    with beside(command, env) as process:
        wait_until(lambda: process.poll() is not None or _answers(port), f"{' '.join(command[:4])} …")
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended at once")
        yield process.pid


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def redis_server() -> Iterator[tuple[str, int]]:
    """A Redis that nobody else uses: its address and its process."""
    binary, port = shutil.which("redis-server"), free_port()
    if binary is None:
        sys.exit("A bench starts a Redis of its own, and there is no redis-server here: apt-get install redis-server")
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(command, dict(os.environ), port) as pid:
        yield f"redis://127.0.0.1:{port}/0", pid


@contextmanager
def page_server(env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The pages with one worker, started as scaled mode starts them: port and process."""
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "run", "pages", "--address", f"127.0.0.1:{port}"]
    with running(command, env, port) as pid:
        yield port, pid


@contextmanager
def bare_server(env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The bare view under the same server with the same flags: port and process."""
    port = free_port()
    said = manage(
        "shell", "-v0", "-c",
        f"from intranet.management import parts; print('\\n'.join(parts.pages('127.0.0.1:{port}')))", env=env,
    )  # fmt: skip
    command = [*said.strip().splitlines()[:-1], "bench.bare:application"]
    bare = {key: value for key, value in env.items() if key != "DJANGO_SETTINGS_MODULE"}
    with running(command, bare, port) as pid:
        yield port, pid


@contextmanager
def socket_server(env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The sockets, started as scaled mode starts them: port and process."""
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "run", "sockets", "--address", f"127.0.0.1:{port}"]
    with running(command, env, port) as pid:
        yield port, pid


def worker(part: str, env: dict[str, str]) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A part of scaled mode that listens nowhere: "jobs", "search"."""
    return beside([sys.executable, str(ROOT / "manage.py"), "run", part], env)


@contextmanager
def behind_nginx(size: Size, *, seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Pages, sockets and files behind nginx with the files of deploy/nginx: its port, and what `subjects` tells."""
    with service(size, seed=seed, index=True) as made:
        static, run = made.place / "static", made.place / "nginx"
        static.mkdir()
        run.mkdir()
        # nginx reads the files as somebody else where it is started by root
        made.place.chmod(0o755)
        env = {**made.env, "STATIC_ROOT": str(static), "TRUSTED_PROXIES": "1"}
        manage("collectstatic", "--no-input", "--verbosity", "0", env=env)
        with (
            page_server(env) as (pages, _),
            socket_server(env) as (sockets, _),
            _nginx(env, run, pages, sockets) as port,
        ):
            yield port, subjects(env)


@contextmanager
def _nginx(env: dict[str, str], run: Path, pages: int, sockets: int) -> Iterator[int]:
    port = free_port()
    script = (
        "from pathlib import Path; from intranet.management import local, proxy; "
        f"main = proxy.configuration(Path({str(run)!r}), {port}, ['127.0.0.1:{pages}'], ['127.0.0.1:{sockets}']); "
        "print('\\n'.join(proxy.command(local.nginx(), main)))"
    )
    said = manage("shell", "-v0", "-c", script, env=env)
    with running(said.strip().splitlines(), dict(os.environ), port):
        yield port


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for what a run leaves behind; a run that is told to end takes it away too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="ck-bench-") as folder:
        yield Path(folder)


class Browser:
    """One keep-alive connection with one person's cookies."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in (cookies or {}).items())}

    def ask(self, path: str, *, body: bytes | None = None, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer, read to its end."""
        sent = {**self.headers, **{key.replace("_", "-"): value for key, value in headers.items()}}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request("POST" if body is not None else "GET", path, body=body, headers=sent)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def close(self) -> None:
        self._connection.close()


def say(
    browser: Browser, told: dict[str, Any], body: str, *, kind: str = "update"
) -> tuple[http.client.HTTPResponse, bytes]:
    """Have a person post something to everybody.

    Args:
        told: what `subjects` tells.

    Raises:
        RuntimeError: it was refused.
    """
    form = {
        "csrfmiddlewaretoken": told["csrf"],
        "idempotency_key": str(uuid.uuid4()),
        "body": body,
        "kind": kind,
        "audience": told["everyone"],
        "marking": "official",
    }
    answer, content = browser.ask("/posts/", body=urlencode(form).encode())
    if answer.status >= 400:
        raise RuntimeError(f"The answer was {answer.status}")
    return answer, content
