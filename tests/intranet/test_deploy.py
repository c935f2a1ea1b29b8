"""The files in deploy/: what systemd, a shell and nginx make of them."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from intranet.management import local, processes, proxy
from tests.intranet.test_serve import PATIENCE, ROOT, environment, free_port, until

SYSTEMD = ROOT / "deploy" / "systemd"
PARTS = ["pages", "sockets", "jobs", "schedule", "search", "metrics"]
nginx = pytest.mark.skipif(
    not (local.found_nginx() and shutil.which("openssl")), reason="nginx or openssl is not installed"
)


# systemd


@pytest.mark.parametrize("part", PARTS)
def test_systemd_and_compose_start_each_part_by_the_one_command(part: str) -> None:
    unit = (SYSTEMD / f"common-knowledge-{part}.service").read_text()
    compose = (ROOT / "deploy" / "compose.yaml").read_text()
    # By the link's name, so that a reload follows it
    assert f"/srv/common-knowledge/current/manage.py run {part}\n" in unit and f"[run, {part}]" in compose


def test_a_command_runs_with_the_folders_and_the_environment_of_the_units() -> None:
    script = (SYSTEMD / "ck-manage").read_text()
    given = set(re.findall(r"--property=(\S+=[^\s$\"]+) ", script))
    assert len(given) == 7
    for part in PARTS:
        assert given <= set((SYSTEMD / f"common-knowledge-{part}.service").read_text().splitlines())
    subprocess.run(["sh", "-n", SYSTEMD / "ck-manage"], check=True)


def test_a_shell_reads_the_example_as_systemd_does_and_the_service_starts_with_it(tmp_path: Path) -> None:
    folders = {"/var/lib/common-knowledge": tmp_path / "state", "/run/common-knowledge": tmp_path / "run"}
    example = (SYSTEMD / "environment.example").read_text()
    for folder, own in folders.items():
        assert folder in example
        example = example.replace(folder, str(own))
    copied = tmp_path / "environment"
    copied.write_text(example)
    printing = "from django.conf import settings as s; print(s.DEFAULT_FROM_EMAIL, s.WORKERS, s.PAGES_ADDRESS)"
    script = 'set -eua; . "$1"; exec "$2" manage.py shell --no-imports -c "$3"'
    command = ["sh", "-c", script, "sh", str(copied), sys.executable, printing]
    plain = environment(tmp_path)
    said = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, timeout=PATIENCE)
    assert (said.stderr, said.stdout) == ("", "Common Knowledge <no-reply@intranet.example> 4 10.0.0.11:8001\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_one_more_socket_server_listens_at_the_host_of_the_first(tmp_path: Path) -> None:
    port = free_port()
    own = {**environment(tmp_path), "SOCKETS_ADDRESS": "127.0.0.2:8002", "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "manage.py", "run", "sockets", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=own) as process:
        try:
            until(lambda: _listens("127.0.0.2", port))
            assert not _listens("127.0.0.1", port)
        finally:
            process.terminate()
    template = (SYSTEMD / "common-knowledge-sockets@.service").read_text()
    assert "manage.py run sockets --port %i\n" in template


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


# nginx


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A department's proxy with the shipped files, before hosts that are away.

    Returns:
        Its folder of logs, and the addresses by their scheme.
    """
    plain, secure, logs = free_port(), free_port(), tmp_path / "log"
    (tmp_path / "conf.d").mkdir()
    logs.mkdir()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=intranet.example"]
    subprocess.run([*making, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    for path in proxy.FILES.glob("*.conf"):
        own = {
            "/etc/nginx/conf.d": f"{tmp_path}/conf.d",
            "/var/log/nginx": str(logs),
            "/run/nginx.pid": f"{tmp_path}/nginx.pid",
            "user www-data;": f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
            "worker_processes auto": "worker_processes 1",
            "worker_rlimit_nofile 65536;": "",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ": f"listen 127.0.0.1:{secure} ",
            "/etc/ssl/intranet.example.pem": str(certificate),
            "/etc/ssl/private/intranet.example.key": str(key),
            "10.0.0.1": "127.0.0.1",
        }
        text = path.read_text()
        for shipped, here in own.items():
            text = text.replace(shipped, here)
        (tmp_path / ("conf.d" if path.name == "site.conf" else "") / path.name).write_text(text)
    found = local.found_nginx()
    assert found
    with processes.beside([processes.start([*proxy.command(found, tmp_path / "nginx.conf"), "-g", "daemon off;"])], 5):
        until(lambda: _listens("127.0.0.1", secure))
        yield logs, {"http": f"http://127.0.0.1:{plain}", "https": f"https://127.0.0.1:{secure}"}


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


def status(url: str) -> int:
    trusting = ssl._create_unverified_context()
    opener = urllib.request.build_opener(_Stays, urllib.request.HTTPSHandler(context=trusting))
    asking = urllib.request.Request(url, headers={"Host": "intranet.example"})
    try:
        with opener.open(asking, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@nginx
def test_nothing_that_was_searched_for_and_nobodys_address_is_in_a_log(site: tuple[Path, dict[str, str]]) -> None:
    logs, at = site
    assert status(f"{at['http']}/search/?q=redundancies") == 301
    # No host is there: nginx would tell of that with all of the request
    assert status(f"{at['https']}/search/?q=redundancies") == 502
    # A line is written when its answer has been sent
    until(lambda: len((logs / "common-knowledge.log").read_text().splitlines()) == 2)
    lines = (logs / "common-knowledge.log").read_text().splitlines()
    assert '"status": 301' in lines[0] and '"status": 502' in lines[1]
    for path in logs.iterdir():
        for told in ("redundancies", "search", "client"):
            assert told not in path.read_text(), path


def test_every_server_writes_lines_without_addresses_or_none() -> None:
    for path in proxy.FILES.glob("*.conf"):
        for server in re.findall(r"^server \{$.*?^\}$", path.read_text(), re.M | re.S):
            assert re.search(r"^    access_log \S+ ck;$", server, re.M), path


def test_compose_puts_every_file_in_its_place() -> None:
    compose = (ROOT / "deploy" / "compose.yaml").read_text()
    for name in ("nginx.conf", *proxy.SHARED):
        assert f"- ./nginx/{name}:/etc/nginx/{name}:ro\n" in compose
    assert (proxy.FILES / "compose.conf").read_text().count(" resolve ") == 3
