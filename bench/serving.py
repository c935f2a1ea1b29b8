"""Starts what is measured: databases made by load_scale, a Redis of its own, page servers as scaled mode runs them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import psycopg
from psycopg import sql

from bench.measure import ROOT, progress, wait_until

# Where databases are made; their names begin with `PREFIX`
SERVER = os.environ.get("BENCH_DATABASE_SERVER", "postgres://postgres@127.0.0.1:5432")
PREFIX = "ck_bench"


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


def environment(size: Size, redis_url: str, data: Path, **more: str) -> dict[str, str]:
    """The variables under which everything of one size runs."""
    kept = {key: value for key, value in os.environ.items() if key not in {"DEBUG", "HTTPS", "DATABASE_URL"}}
    return {
        **kept,
        "DATABASE_URL": f"{SERVER}/{size.database}",
        "REDIS_URL": redis_url,
        "DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "WORKERS": "1",
        "LOG_LEVEL": "WARNING",
        # A worker that helps and ends would take its processor time with it, uncounted
        "PGOPTIONS": "-c max_parallel_workers_per_gather=0",
        **more,
    }


def manage(*arguments: str, env: dict[str, str]) -> str:
    """Run a management command and return what it says.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed")
    return done.stdout


def prepare(size: Size, env: dict[str, str], *, seed: int, fresh: bool = False) -> None:
    """Make the database of a size unless it is there, and bring its tables up to date."""
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        name = sql.Identifier(size.database)
        if fresh:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [size.database]).fetchone()
        if not found:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    manage("migrate", "--verbosity", "0", env=env)
    with psycopg.connect(f"{SERVER}/{size.database}", autocommit=True) as connection:
        # As the server itself does soon after: of what has just been changed it knows nothing yet
        connection.execute("VACUUM (ANALYZE)")
        is_empty = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM profiles_user)").fetchone()
    if is_empty and is_empty[0]:
        progress(f"Loading {size.people:,} people and {size.posts:,} posts into {size.database} …")
        manage("load_scale", "--people", str(size.people), "--posts", str(size.posts), "--seed", str(seed), env=env)


def subjects(env: dict[str, str]) -> dict[str, Any]:
    """What `bench.subjects` tells of the service of an environment: pages, and the cookies of who asks for them."""
    command = [sys.executable, "-m", "bench.subjects"]
    told = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(told)
    return found


@contextmanager
def running(command: list[str], env: dict[str, str], port: int) -> Iterator[int]:
    """A server while it is needed; yields the process it began with, once its port answers."""
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), f"{' '.join(command[:4])} …")
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended at once")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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
        raise RuntimeError("There is no redis-server on this machine: apt-get install redis-server")
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
def workplace() -> Iterator[Path]:
    """A folder for what a run leaves behind."""
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


def database_of(env: dict[str, str]) -> str:
    return urlsplit(env["DATABASE_URL"]).path.strip("/")


def plain(values: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


# The posts that say something and were made lately, in SQL
MADE = "(SELECT id FROM feeds_post WHERE id > (SELECT max(id) - 10000 FROM feeds_post) AND body = %s)"


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


def forget(size: Size, body: str, also: Iterable[str] = ()) -> None:
    """Take back the posts that say `body`, and what hangs on them in the tables `also` of feeds."""
    with psycopg.connect(f"{SERVER}/{size.database}") as connection:
        for table in (*also, "liveevent"):
            connection.execute(f"DELETE FROM feeds_{table} WHERE post_id IN {MADE}", [body])
        connection.execute(f"DELETE FROM feeds_post WHERE id IN {MADE}", [body])
