"""manage.py serve_scaled: all of scaled mode on this machine, behind nginx, for trying it and for measuring."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from intranet.lib.search import ENGINES
from intranet.management import local, parts, processes, proxy
from intranet.management.processes import HOST

ADDRESSES = ("PAGES_ADDRESS", "SOCKETS_ADDRESS", "METRICS_ADDRESS")
# Seconds everything gets to start, and open requests to end
PATIENCE, GRACE = 90, 12


class Command(BaseCommand):
    help = "Find or install PostgreSQL, Redis and nginx, and serve everything on one address as a department would."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000", help="the port to serve on (8000)")

    def handle(self, *, port: str, **options: Any) -> None:
        number = processes.free_port(port, make="serve")
        nginx = local.nginx()
        if found := _found():
            # Settings are read once, at the start
            os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **found})  # noqa: S606
        for asking in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asking, _stop)
        with suppress(KeyboardInterrupt):
            local.make_database()
            call_command("migrate", verbosity=0)
            call_command("collectstatic", interactive=False, verbosity=0)
            if settings.DEBUG:
                call_command("load_demo", once=True)
            with tempfile.TemporaryDirectory(prefix="ck-serve-") as run:
                self._serve(nginx, number, Path(run))

    def _serve(self, nginx: str, port: int, run: Path) -> None:
        addresses = {name: _free(getattr(settings, name)) for name in ADDRESSES}
        own = {**os.environ, **addresses, "METRICS_DIR": str(run / "metrics"), "TRUSTED_PROXIES": "1"}
        running: list[subprocess.Popen[bytes]] = []
        with processes.beside(running, GRACE):
            proxied = proxy.configuration(run, port, [addresses["PAGES_ADDRESS"]], [addresses["SOCKETS_ADDRESS"]])
            # First: it is asked to end first, and passes on what was begun
            running.append(processes.start(proxy.command(nginx, proxied)))
            for part, (command, _) in parts.PARTS.items():
                address = addresses.get(f"{part.upper()}_ADDRESS", "")
                counting = str(parts.counting_folder(part, address, run / "metrics"))
                running.append(
                    processes.start(command(address), environment={**own, "PROMETHEUS_MULTIPROC_DIR": counting})
                )
            _wait(running, [port, *(int(parts.split(address)[1]) for address in addresses.values())])
            self.stdout.write(f"\n{settings.SITE_NAME} is at http://{HOST}:{port}/  (stop it with Ctrl+C)\n")
            self.stdout.write(f"Metrics are at http://{addresses['METRICS_ADDRESS']}/metrics\n\n")
            self.stdout.flush()
            while True:
                _check(running)
                time.sleep(0.5)


def _stop(*args: Any) -> None:
    raise KeyboardInterrupt


def _found() -> dict[str, str]:
    """What of scaled mode the environment does not say, and this machine has."""
    found = {}
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        found["DATABASE_URL"] = local.postgresql()
    if not settings.REDIS_URL:
        found["REDIS_URL"] = local.redis()
    if settings.SEARCH_ENGINE != "tantivy" and "tantivy" in ENGINES:
        found["SEARCH_ENGINE"] = "tantivy"
    return found


def _free(address: str) -> str:
    """The address, or one with another port where that one is taken."""
    host, port = parts.split(address)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            probe.bind((HOST, 0))
        return f"{HOST}:{probe.getsockname()[1]}"


def _wait(running: list[subprocess.Popen[bytes]], ports: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not all(local.answers(port) for port in ports):
        _check(running)
        if time.monotonic() > deadline:
            raise CommandError(f"Not everything answered within {PATIENCE} seconds. See the lines above.")
        time.sleep(0.2)


def _check(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        if process.poll() is not None:
            name = " ".join(str(process.args).split()[:6])
            raise CommandError(f"A part ended, so everything was stopped: {name} … See the lines above.")
