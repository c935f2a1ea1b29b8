"""manage.py serve: the whole service in one command, for a laptop: pages, sockets and the job worker."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from intranet.asgi import application
from intranet.lib.daphne_server import BoundedServer
from intranet.management import processes
from intranet.management.processes import HOST

# Seconds that open requests get when the server is told to stop
GRACE = 5
WORKER = ("db_worker", "--interval", "0.3", "--no-startup-delay", "--no-reload")


class Command(BaseCommand):
    help = "Migrate, load the demonstration service once (with DEBUG), and serve everything on one address."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000", help="the port to serve on (8000)")

    def handle(self, *, port: str, **options: Any) -> None:
        number = processes.free_port(port, make="run")
        call_command("migrate", verbosity=0)
        if settings.DEBUG:
            call_command("load_demo", once=True)
        self.stdout.write(f"\n{settings.SITE_NAME} is at http://{HOST}:{number}/  (stop it with Ctrl+C)\n\n")
        self.stdout.flush()
        also = [processes.start([sys.executable, sys.argv[0], *command]) for command in (WORKER, ("run_schedule",))]
        with processes.beside(also, GRACE):
            _serve(number, also)


def _serve(port: int, beside: list[subprocess.Popen[bytes]]) -> None:
    from twisted.internet import reactor

    def give_up() -> None:
        for process in beside:
            process.kill()
        os._exit(0)

    def bound_the_stop() -> None:
        for process in beside:
            process.terminate()
        # Daphne waits for its threads without limit; one that hangs must not keep the address
        timer = threading.Timer(GRACE, give_up)
        timer.daemon = True
        timer.start()

    reactor.addSystemEventTrigger("before", "shutdown", bound_the_stop)  # type: ignore[attr-defined, arg-type]
    endpoints = build_endpoint_description_strings(host=HOST, port=port)
    BoundedServer(application, endpoints=endpoints, server_name="", ready_callable=None).run()
