"""What scaled mode needs on this machine: PostgreSQL, Redis and nginx, found or installed by apt."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from psycopg import sql

from intranet.lib.environment import kept_secret
from intranet.management.processes import HOST

POSTGRESQL_PORT, REDIS_PORT = 5432, 6379
ROLE = DATABASE = "common_knowledge"
# Seconds a service gets to answer after it was installed
PATIENCE = 30
NGINX_PATHS = f"{os.defpath}:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"


def postgresql() -> str:
    """The address of a database on this machine where we may make what we need.

    Raises:
        CommandError: there is no PostgreSQL, or none that lets us in.
    """
    _provide("PostgreSQL", "postgresql", POSTGRESQL_PORT, "DATABASE_URL")
    password = kept_secret(settings.DATA_DIR / "database_password")
    own = f"postgres://{ROLE}:{quote(password, safe='')}@{HOST}:{POSTGRESQL_PORT}/{DATABASE}"
    for url in (f"postgres://postgres@{HOST}:{POSTGRESQL_PORT}/{DATABASE}", own):
        if _lets_in(url):
            return url
    if not _is_root() or not shutil.which("runuser"):
        raise CommandError(
            f"PostgreSQL answers on port {POSTGRESQL_PORT} but lets nobody in without a password. Say which it is: "
            f"DATABASE_URL=postgres://user:password@{HOST}:{POSTGRESQL_PORT}/{DATABASE}"
        )
    literal = sql.Literal(password).as_string(None)
    making = (
        f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        f"ALTER ROLE {ROLE} LOGIN CREATEDB PASSWORD {literal}"
    )
    # On standard input: a command line is there for everybody to read
    _call(["runuser", "-u", "postgres", "--", "psql", "-q", "-d", "postgres", "-f", "-"], said=making)
    return own


def redis() -> str:
    """The address of Redis on this machine. Raises CommandError where there is none."""
    _provide("Redis", "redis-server", REDIS_PORT, "REDIS_URL")
    return f"redis://{HOST}:{REDIS_PORT}/0"


def nginx() -> str:
    """The path of the program. Raises CommandError where there is none."""
    if found := found_nginx():
        return found
    _install("nginx", "nginx-light", "Install it and start again.")
    # Debian starts a server of its own on port 80, which nobody asked for
    for command in (["service", "nginx", "stop"], ["update-rc.d", "nginx", "disable"]):
        subprocess.run(command, capture_output=True)  # noqa: S603 - nothing in it comes from outside
    if found := found_nginx():
        return found
    raise CommandError("nginx was installed and is not found. Install it by hand and start again.")


def make_database() -> None:
    """Make the database of the settings, where its server has none of that name.

    Raises:
        CommandError: the server cannot be reached, or refuses.
    """
    database = settings.DATABASES["default"]
    access = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"]}
    given = {name: value for name, value in {**access, "password": database["PASSWORD"]}.items() if value}
    try:
        with psycopg.connect(dbname="postgres", autocommit=True, connect_timeout=5, **given) as server:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if not server.execute(query, [database["NAME"]]).fetchone():
                server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database["NAME"])))
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandError(f"The database of DATABASE_URL cannot be reached or made: {reason}") from error


def answers(port: int) -> bool:
    """Whether something listens at a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _provide(name: str, package: str, port: int, variable: str) -> None:
    if answers(port):
        return
    _install(name, package, f"Install and start it, or say with {variable} where there is one.")
    # In a container nothing starts what was installed
    _call(["service", package, "start"])
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        if time.monotonic() > deadline:
            raise CommandError(f"{name} was installed and does not answer on port {port}. See its log.")
        time.sleep(0.2)


def _install(name: str, package: str, otherwise: str) -> None:
    if not _is_root() or not shutil.which("apt-get"):
        raise CommandError(f"There is no {name} on this machine. {otherwise}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], environment=environment)


def _call(command: list[str], *, said: str = "", environment: dict[str, str] | None = None) -> None:
    ended = subprocess.run(  # noqa: S603 - nothing in it comes from outside
        command, input=said, env=environment, capture_output=True, text=True
    )
    if ended.returncode:
        reason = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
        raise CommandError(f"“{' '.join(command[:4])} …” failed: {' '.join(reason)}")


def _lets_in(url: str) -> bool:
    try:
        with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", connect_timeout=5):
            return True
    except psycopg.Error:
        return False


def found_nginx() -> str | None:
    """The path of nginx, which may not be on the PATH of people; None where there is none."""
    return shutil.which("nginx") or shutil.which("nginx", path=NGINX_PATHS)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
