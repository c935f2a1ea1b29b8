"""The one command that serves everything: the port it is given, the data it keeps, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Seconds until what does not come is given up; nothing here depends on how fast it comes
PATIENCE = 60
# Somebody has an account, so that there is no demonstration to load; a task waits for the worker
SOMEBODY = """
import django; django.setup()
from django.core.management import call_command
from profiles.models import User
from profiles.tasks import update_search_index
call_command("migrate", verbosity=0)
User.objects.create_user("olga@example.gov.example", name="Olga Only")
update_search_index.enqueue()
"""


def environment(folder: Path) -> dict[str, str]:
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**plain, "DJANGO_SETTINGS_MODULE": "intranet.settings", "DATA_DIR": str(folder), "DEBUG": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=PATIENCE) as answer:
        return bool(answer.read() == b"ok")
    return False


def running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    with suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:4]
    return False


def hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Served:
    """`manage.py serve` in a process of its own."""

    def __init__(self, folder: Path, port: int | str) -> None:
        command = [sys.executable, "manage.py", "serve", f"--port={port}"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Where the tests were started in the background, a shell had them ignore Ctrl+C, and their children too
            preexec_fn=hear_ctrl_c,
        )

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def ended(self) -> tuple[int, str, str]:
        """Exit code, standard output and standard error, once it has ended."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@pytest.fixture
def serve() -> Iterator[Callable[[Path, int | str], Served]]:
    started: list[Served] = []

    def start(folder: Path, port: int | str) -> Served:
        started.append(Served(folder, port))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a copy of the service in which one person has an account."""
    made = tmp_path_factory.mktemp("served")
    subprocess.run([sys.executable, "-c", SOMEBODY], cwd=ROOT, env=environment(made), check=True)
    return made


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "8000.0"])
def test_what_is_no_port_is_one_sentence(serve: Callable[..., Served], tmp_path: Path, port: str) -> None:
    code, out, err = serve(tmp_path, port).ended()
    assert code == 1 and out == ""
    assert "is not a port" in err and "PORT=8001" in err and len(err.splitlines()) == 1


def test_a_taken_port_is_one_sentence_and_nothing_is_begun(serve: Callable[..., Served], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = serve(tmp_path, port).ended()
    assert code == 1 and out == ""
    assert f"Port {port} cannot be used" in err and f"PORT={port + 1}" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "db.sqlite3").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_serves_what_is_there_and_ctrl_c_ends_it_with_all_beside_it(
    serve: Callable[..., Served], folder: Path
) -> None:
    port = free_port()
    served = serve(folder, port)
    until(lambda: answers(port))
    until(lambda: (folder / "search" / "CURRENT").exists())
    workers = served.workers
    assert len(workers) == 2, "the job worker and the schedule"
    with socket.create_connection(("127.0.0.1", port)) as unfinished:
        unfinished.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        served.process.send_signal(signal.SIGINT)
        code, out, _ = served.ended()
    assert code == 0
    assert f"http://127.0.0.1:{port}/" in out
    assert "Loading the demonstration" not in out, "there is somebody already"
    until(lambda: not any(running(worker) for worker in workers))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_second_start_keeps_everything_and_a_killed_server_takes_along_what_ran_beside_it(
    serve: Callable[..., Served], folder: Path
) -> None:
    secret = (folder / "secret_key").read_bytes()
    port = free_port()
    served = serve(folder, port)
    until(lambda: answers(port))
    workers = served.workers
    assert len(workers) == 2, "the job worker and the schedule"
    assert all(running(worker) for worker in workers)
    served.process.kill()
    served.process.wait(PATIENCE)
    until(lambda: not any(running(worker) for worker in workers))
    assert (folder / "secret_key").read_bytes() == secret
    tell = "import django; django.setup(); from profiles.models import User; print(*User.objects.all())"
    there = subprocess.run(
        [sys.executable, "-c", tell], cwd=ROOT, env=environment(folder), check=True, capture_output=True, text=True
    )
    assert there.stdout == "Olga Only\n"
