"""The next release takes the place of the one that serves: the link is moved and the page server told to reload."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from intranet.management import local, processes, proxy
from tests.intranet.test_serve import ROOT, environment, free_port, until

SHARED = ("profiles", "knowledge", "feeds", "templates", "build", "deploy")
SAYS = 'HttpResponse("ok"'


def release(folder: Path, name: str) -> Path:
    """A release whose health page says its name; it shares with the others what it does not change."""
    made = folder / name
    shutil.copytree(ROOT / "intranet", made / "intranet", ignore=shutil.ignore_patterns("__pycache__", "frontend"))
    shutil.copy(ROOT / "manage.py", made)
    for each in SHARED:
        (made / each).symlink_to(ROOT / each)
    views = made / "intranet" / "views.py"
    assert SAYS in views.read_text()
    views.write_text(views.read_text().replace(SAYS, f'HttpResponse("{name}"'))
    return made


def point(link: Path, to: Path) -> None:
    """As `ln -sfn` does, at one stroke."""
    new = link.with_suffix(".new")
    new.symlink_to(to)
    new.replace(link)


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Names release "one"."""
    made = tmp_path / "current"
    point(made, release(tmp_path, "one"))
    return made


@pytest.fixture
def pages(link: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The page server, started as systemd does, and the address of its health page."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, str(link / "manage.py"), "run", "pages", "--address", address]
    own = {**environment(tmp_path / "data"), "DEBUG": "0", "WORKERS": "2", "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, cwd=link, env=own)
    yield process, f"http://{address}/health/live"
    process.terminate()
    process.wait(30)


def said(url: str) -> str:
    with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())
    return "nothing"


def test_new_workers_serve_the_release_that_the_link_names_by_then(
    pages: tuple[subprocess.Popen[bytes], str], link: Path, tmp_path: Path
) -> None:
    process, url = pages
    until(lambda: said(url) == "one")
    point(link, release(tmp_path, "two"))
    process.send_signal(signal.SIGHUP)
    until(lambda: said(url) == "two")
    # Both workers have been replaced, and the server is still the one that was started
    until(lambda: {said(url) for _ in range(20)} == {"two"})
    assert process.poll() is None


@pytest.mark.skipif(not local.found_nginx(), reason="nginx is not installed")
def test_nobody_who_asks_meanwhile_is_refused(
    pages: tuple[subprocess.Popen[bytes], str], link: Path, tmp_path: Path
) -> None:
    process, url = pages
    until(lambda: said(url) == "one")
    port, run, nginx = free_port(), tmp_path / "nginx", local.found_nginx()
    run.mkdir()
    main = proxy.configuration(run, port, [url.split("/")[2]], ["127.0.0.1:1"])
    with processes.beside([processes.start(proxy.command(str(nginx), main))], 5):
        front = f"http://127.0.0.1:{port}/health/live"
        until(lambda: said(front) == "one")
        point(link, release(tmp_path, "two"))
        process.send_signal(signal.SIGHUP)
        heard = ["one"]
        # Until both workers have been replaced, and a while longer
        until(lambda: heard.append(said(front)) or heard[-50:] == ["two"] * 50)
    assert set(heard) == {"one", "two"}
