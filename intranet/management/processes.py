"""What the commands that serve have in common: a free port, and processes that do not outlive them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from django.core.management.base import CommandError

HOST = "127.0.0.1"
PR_SET_PDEATHSIG = 1


def free_port(port: str, *, make: str) -> int:
    """The port as a number.

    Args:
        make: the target of make that was asked for, so that the message can say what to type.

    Raises:
        CommandError: it is no port, or taken.
    """
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"“{port}” is not a port. Choose one from 1 to 65535: make {make} PORT=8001")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}): another program has it, perhaps another copy of "
                f"this service. Stop that, or choose another port: make {make} PORT={int(port) % 65535 + 1}"
            ) from error
    return int(port)


def start(command: Sequence[str], *, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process in a session of its own: Ctrl+C is for whoever started it, who then asks it to finish.

    On Linux it is asked to end, too, when whoever started it is killed.
    """
    on_linux = sys.platform == "linux"
    return subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
        command, start_new_session=True, env=environment, preexec_fn=end_with_parent if on_linux else None
    )


def end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def beside(processes: Sequence[subprocess.Popen[bytes]], grace: float) -> Iterator[None]:
    """Ends the processes afterwards, and what they started: asked first, made to after `grace` seconds."""
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + grace
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.01))
            # A session of its own: the group is named after it
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
