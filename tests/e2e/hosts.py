"""Web hosts of scaled mode, each a page server and a socket server of its own, that share only PostgreSQL and Redis.

Between a host and Redis stands a `Gate`, which can be shut: what is sent stays where it is, as when Redis hangs.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings as service
from django.db import connection

from intranet.management import parts, processes

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
IS_SCALED = connection.vendor == "postgresql" and bool(service.REDIS_URL)


def free_address() -> str:
    """An address that stays free while its server restarts: below the ports that clients are given."""
    while True:
        address = "127.0.0.1", random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(address)
            return "{}:{}".format(*address)


class Gate:
    """Passes connections on to an address, while it is open.

    Args:
        target: host and port.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.opened = threading.Event()
        self.opened.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._all: list[socket.socket] = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self.target)
                self._all += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.opened.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.opened.set()
        for each in self._all:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@dataclass
class Host:
    """One web host.

    Attributes:
        folder: its DATA_DIR.
        redis_url: how it reaches Redis.
    """

    folder: Path
    redis_url: str

    def __post_init__(self) -> None:
        self.pages, self.sockets = free_address(), free_address()
        self.log = self.folder / "host.log"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._read = 0

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://{self.pages}"

    @property
    def sockets_url(self) -> str:
        return f"http://{self.sockets}"

    def start(self) -> None:
        """Start both servers; `wait` says when they answer."""
        for part, address in (("pages", self.pages), ("sockets", self.sockets)):
            command, _ = parts.PARTS[part]
            counting = parts.counting_folder(part, address, self.folder / "metrics")
            environment = {**self._environment(), "PROMETHEUS_MULTIPROC_DIR": str(counting)}
            with self.log.open("ab") as log:
                self._running[part] = subprocess.Popen(
                    command(address), cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
                    preexec_fn=processes.end_with_parent,
                )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        database = connection.settings_dict
        login = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT'] or 5432}"
        return {
            **os.environ,
            "DATABASE_URL": f"postgres://{login}/{database['NAME']}",
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(self.folder),
            "SECRET_KEY": service.SECRET_KEY,
            "DEBUG": "0",
            "WORKERS": "1",
            "LOG_FORMAT": "json",
            "TRUSTED_PROXIES": "1",
            "PGAPPNAME": self.folder.name,
        }

    def wait(self) -> None:
        """Until both servers answer."""
        deadline = time.monotonic() + PATIENCE
        for address in (self.pages, self.sockets):
            while not _answers(address):
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)

    def stop(self) -> None:
        """As a host is stopped: open requests are finished, and what has not ended by then is killed."""
        self.check()
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # What a server says while its sockets are torn from it is not about serving
        self._read = self.log.stat().st_size

    def check(self) -> None:
        """That nothing failed in it while it served."""
        written = self.log.read_bytes()[self._read :].decode()
        assert "Traceback" not in written, written

    def kill(self) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(address: str) -> bool:
    asking = HTTPConnection(address, timeout=PATIENCE)
    try:
        asking.request("GET", "/health/live")
        return asking.getresponse().status == 200
    except OSError:
        return False
    finally:
        asking.close()


@contextmanager
def hosts(folder: Path, number: int, gate: Gate) -> Iterator[list[Host]]:
    """Hosts that run, and reach Redis through `gate`."""
    with ExitStack() as stack:
        stack.callback(_end_sessions)
        started = []
        for each in range(number):
            own = folder / f"host-{each}"
            own.mkdir()
            host = Host(own, f"redis://127.0.0.1:{gate.port}{urlsplit(service.REDIS_URL).path}")
            stack.callback(host.kill)
            host.start()
            started.append(host)
        for host in started:
            host.wait()
        yield started
        for host in started:
            host.check()


def _end_sessions() -> None:
    """PostgreSQL drops no database while a killed server is still known to it."""
    with connection.cursor() as cursor:
        # Those of this worker's own database: another worker may have hosts too
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name LIKE 'host-%' AND datname = current_database()"
        )
