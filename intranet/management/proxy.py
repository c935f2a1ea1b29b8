"""nginx in front of scaled mode on one machine: the department's own files in deploy/nginx, with local addresses."""

from __future__ import annotations

import getpass
import os
import resource
import shutil
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from intranet.management.processes import HOST

FILES = settings.BASE_DIR / "deploy" / "nginx"
# The others are a department's own
SHARED = ("http.conf", "locations.conf", "proxy.conf")
# Left out for a while after it refused, it would leave nobody
SINGLE_HOST = "max_fails=0"
MODULES = "/etc/nginx/modules-enabled/*brotli-static*.conf"
MANY_FILES = 65536
MAIN = """
include {modules};
daemon off;
pid {run}/nginx.pid;
error_log stderr error;
worker_processes auto;
{user}
worker_rlimit_nofile {files};
events {{ worker_connections 16384; }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {run}/body;
    proxy_temp_path {run}/proxy;
    fastcgi_temp_path {run}/unused1;
    uwsgi_temp_path {run}/unused2;
    scgi_temp_path {run}/unused3;
    include http.conf;
    upstream ck_pages {{ {pages} {pages} keepalive 64; }}
    upstream ck_sockets {{ least_conn; {sockets} }}
    server {{
        listen {host}:{port} backlog=2048;
        access_log off;
        set $ck_static {static};
        include locations.conf;
    }}
}}
"""


def configuration(run: Path, port: int, pages: Sequence[str], sockets: Sequence[str], each: str = SINGLE_HOST) -> Path:
    """Write what nginx needs into a folder, and return its main file.

    Args:
        run: the folder, which holds everything it writes too.
        port: where it listens.
        pages, sockets: addresses of page and socket servers.
        each: what is said of every one of them, as in deploy/nginx/site.conf.
    """
    for name in SHARED:
        shutil.copy(FILES / name, run)
    if has_brotli():
        shutil.copy(FILES / "static-brotli.conf.off", run / "static-brotli.conf")
    main = run / "nginx.conf"
    text = MAIN.format(
        modules=MODULES,
        # It reads the static files as whoever started it
        user=f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
        files=min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], MANY_FILES),
        run=run,
        pages=_servers(pages, each),
        sockets=_servers(sockets, each),
        host=HOST,
        port=port,
        static=settings.STATIC_ROOT,
    )
    main.write_text(text)
    return main


def command(nginx: str, main: Path) -> list[str]:
    """What starts nginx with a main file, in the foreground."""
    return [nginx, "-c", str(main), "-e", "stderr"]


def has_brotli() -> bool:
    """Whether nginx can serve what was compressed with Brotli (Debian's libnginx-mod-http-brotli-static)."""
    return any(Path(MODULES).parent.glob(Path(MODULES).name))


def _servers(addresses: Sequence[str], each: str) -> str:
    return " ".join(f"server {address} {each};" for address in addresses)
