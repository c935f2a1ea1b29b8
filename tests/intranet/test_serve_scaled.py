"""The one command that serves all of scaled mode: what stands in front, what runs behind, how it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as service
from django.db import connection

from intranet.management import local
from tests.intranet.test_serve import PATIENCE, answers, environment, free_port, running, until

ROOT = Path(__file__).resolve().parents[2]
IS_SCALED = connection.vendor == "postgresql" and bool(service.REDIS_URL) and bool(local.found_nginx())
scaled = pytest.mark.skipif(not IS_SCALED, reason="scaled mode only: DATABASE_URL, REDIS_URL and nginx")


class Served:
    """`manage.py serve_scaled` in a process of its own."""

    def __init__(self, folder: Path, port: int | str, **values: str) -> None:
        command = [sys.executable, "manage.py", "serve_scaled", f"--port={port}"]
        own = {**environment(folder), "DEBUG": "0", "WORKERS": "1", "STATIC_ROOT": str(folder / "static"), **values}
        # In a pipe that is read all the time: its processes write there too
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line

    def family(self) -> set[int]:
        """Everything that it started, and what those started."""
        found, new = set(), {self.process.pid}
        while new:
            found |= new
            new = {child for pid in new for child in _children(pid)} - found
        return found - {self.process.pid}

    def ended(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for thread in Path(f"/proc/{pid}/task").iterdir()
            for child in (thread / "children").read_text().split()
        ]
    except OSError:
        return []


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(port: int | str, **values: str) -> Served:
        started.append(Served(tmp_path, port, **values))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.ended()


@pytest.fixture
def own_database() -> Iterator[str]:
    """The address of a database that is not there yet."""
    own = connection.settings_dict
    name = f"{own['NAME']}_served"
    login = f"{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT'] or 5432}"
    yield f"postgres://{login}/{name}"
    with psycopg.connect(f"postgres://{login}/postgres", autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def asked(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=PATIENCE) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


@scaled
@pytest.mark.timeout(300)
def test_it_serves_everything_behind_one_address_and_ctrl_c_leaves_nothing(
    serve: Callable[..., Served], own_database: str, tmp_path: Path
) -> None:
    port = free_port()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    served = serve(port, DATABASE_URL=own_database, REDIS_URL=service.REDIS_URL, TMPDIR=str(temporary))
    # It makes a database and starts eight processes
    for _ in range(4):
        with suppress(AssertionError):
            until(lambda: "Metrics are at" in served.said or served.process.poll() is not None)
    assert answers(port), served.said
    _, headers, page = asked(f"http://127.0.0.1:{port}/sign-in/", **{"Accept-Encoding": "gzip"})
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"]) and headers["server"] == "nginx"
    _, _, page = asked(f"http://127.0.0.1:{port}/sign-in/")
    [style] = re.findall(rb'href="(/static/css/[^"]+\.[0-9a-f]{12}\.css)"', page)[:1]
    _, headers, _ = asked(f"http://127.0.0.1:{port}{style.decode()}", **{"Accept-Encoding": "gzip"})
    assert "max-age=31536000" in headers["cache-control"] and headers["content-encoding"] == "gzip"
    metrics = re.search(r"http://\S+/metrics", served.said)
    assert metrics
    told = asked(metrics[0])[2].decode()
    assert 'ck_requests_total{method="GET",route="account_login",status="200"} 2.0' in told
    assert 'ck_part_up{part="database"} 1.0' in told and 'ck_part_up{part="cache"} 1.0' in told
    family = served.family()
    assert len(family) >= 8, "nginx and its workers, pages and their worker, sockets, jobs, schedule, metrics"
    served.process.send_signal(signal.SIGINT)
    assert served.ended() == 0, served.said
    assert not any(running(pid) for pid in family)
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not local.found_nginx(), reason="nginx is not installed")
def test_a_taken_port_is_one_sentence(serve: Callable[..., Served]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        served = serve(port)
        assert served.ended() == 1
    assert f"make serve PORT={port + 1}" in served.said and len(served.said.splitlines()) == 1


@pytest.mark.skipif(not local.found_nginx(), reason="nginx is not installed")
def test_a_database_that_is_not_there_is_one_sentence(serve: Callable[..., Served]) -> None:
    values = {"DATABASE_URL": "postgres://nobody:secret@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}
    served = serve(free_port(), **values, SEARCH_ENGINE=service.SEARCH_ENGINE)
    assert served.ended() == 1
    assert "DATABASE_URL cannot be reached" in served.said and "secret" not in served.said
    assert len(served.said.splitlines()) == 1
