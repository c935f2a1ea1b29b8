"""The parts of scaled mode, and the command that starts each: for systemd, compose and `make serve` alike.

Pages are answered by granian's WSGI workers; a page over ASGI costs several times its price. The sockets have a
server of their own, and jobs, schedule, search index and metrics a process each.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

MANAGE = str(settings.BASE_DIR / "manage.py")
# The folder of the release as manage.py was called, which may be a link that comes to name another release
CALLED_IN = Path(sys.argv[0]).absolute().parent
RELEASE = CALLED_IN if CALLED_IN.resolve() == settings.BASE_DIR else settings.BASE_DIR
# Lines of the servers themselves go where the service's own go, in the same format
LOGGING = str(settings.BASE_DIR / "deploy" / "logging.json")
# Connections that may wait to be taken; with less a burst is refused by the kernel
BACKLOG = "2048"
# Seconds that open requests get when a server is told to stop
GRACE = "10"
# A frame of ours is at most 16 kB, and one that is longer is to be told so
MAX_FRAME = str(64 * 1024)


def pages(address: str) -> list[str]:
    """Workers that are processes, with few threads each: more would only wait for each other's turn.

    SIGHUP puts new workers in the place of the old ones, which finish what they have begun. The new ones follow
    RELEASE to where the application is by then: it is named by its file, which comes before the folder of the start.
    """
    host, port = split(address)
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", port),
        *("--workers", str(settings.WORKERS), "--blocking-threads", str(settings.THREADS)),
        *("--http", "1", "--no-ws", "--backlog", BACKLOG, "--respawn-failed-workers"),
        *("--workers-kill-timeout", GRACE, "--log-level", "warning", "--log-config", LOGGING),
        *("--working-dir", str(RELEASE), f"{RELEASE / 'intranet' / 'wsgi.py'}:application"),
    ]


def sockets(address: str) -> list[str]:
    """One process per address: each has a hub of its own."""
    host, port = split(address)
    return [
        *(sys.executable, "-m", "uvicorn", "--host", host, "--port", port, "--app-dir", str(settings.BASE_DIR)),
        *("--ws", "intranet.lib.uvicorn_server:SocketProtocol", "--ws-max-size", MAX_FRAME),
        *("--loop", "uvloop", "--lifespan", "off"),
        # Each socket would keep hundreds of kilobytes for it, and each frame be compressed once per socket
        *("--ws-per-message-deflate", "false"),
        *("--backlog", BACKLOG, "--timeout-graceful-shutdown", GRACE, "--no-proxy-headers", "--no-server-header"),
        *("--no-access-log", "--log-level", "warning", "--log-config", LOGGING, "intranet.asgi:application"),
    ]


def _command(*arguments: str) -> Callable[[str], list[str]]:
    return lambda address: [sys.executable, MANAGE, *arguments]


def split(address: str) -> tuple[str, str]:
    """Host and port of an address to listen on; an IPv6 host loses its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port


# What starts each part, and where it listens unless it is told otherwise
PARTS: dict[str, tuple[Callable[[str], list[str]], str]] = {
    "pages": (pages, settings.PAGES_ADDRESS),
    "sockets": (sockets, settings.SOCKETS_ADDRESS),
    "jobs": (_command("db_worker", "--interval", "0.3", "--no-startup-delay", "--no-reload"), ""),
    "schedule": (_command("run_schedule"), ""),
    "search": (_command("follow_search"), ""),
    "metrics": (_command("serve_metrics"), ""),
}


def counting_folder(part: str, address: str, root: Path) -> Path:
    """The folder in `root` where the processes of a part keep what they count, emptied: it begins anew with them."""
    _, port = split(address)
    folder = root / (f"{part}-{port}" if port else part)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
