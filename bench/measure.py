"""What all benches share: processor time of whole process trees, percentiles, and JSON lines that say where from.

Processor time, not the clock, is what is compared: the machine may have other work to do.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
# What can stand in a cell of a table
Figure = str | int | float | None


def arguments(about: str | None) -> argparse.ArgumentParser:
    """A parser with what every bench takes.

    Args:
        about: the docstring of the bench.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a first look: small, and few of everything")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="add the lines to this file")
    return parser


class Report:
    """Writes what was measured: a JSON line each, with machine, Python, commit, date and seed.

    Args:
        bench: which file measured it.
        out: a file the lines are added to, beside standard output.
    """

    def __init__(self, bench: str, out: Path | None = None, *, seed: int = 1) -> None:
        self._facts = {"bench": bench, "seed": seed, **machine()}
        self._out = out
        self.lines: list[dict[str, Any]] = []

    def add(self, what: str, **measured: Figure) -> dict[str, Any]:
        """Write one line; floats are rounded to four digits that count.

        Raises:
            TypeError: a figure is no figure, or is called what every line says of where it comes from.
        """
        for key, value in measured.items():
            if key in self._facts or key == "at" or not isinstance(value, Figure):
                raise TypeError(f"“{key}” cannot be {value!r} in a line of a bench")
        facts = {key: significant(value) for key, value in measured.items()}
        line = {"what": what, **facts, **self._facts, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        text = json.dumps(line, ensure_ascii=False)
        print(text, flush=True)
        if self._out:
            with self._out.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
        self.lines.append(line)
        return line


@cache
def machine() -> dict[str, Any]:
    """What the figures depend on besides the code, and which code it was."""
    cores = [line for line in _read(PROC / "cpuinfo").splitlines() if line.startswith("model name")]
    memory = next((line.split()[1] for line in _read(PROC / "meminfo").splitlines() if "MemTotal" in line), "0")
    changed = _run("git", "status", "--porcelain", "--untracked-files=no")
    return {
        "machine": cores[0].partition(":")[2].strip() if cores else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory) / 1024 / 1024),
        "python": platform.python_version(),
        "commit": _run("git", "rev-parse", "--short=9", "HEAD") + ("+" if changed else ""),
    }


def significant(value: Any, digits: int = 4) -> Any:
    """A float with so many digits that count; anything else as it is."""
    if not isinstance(value, float) or not math.isfinite(value) or value == 0:
        return value
    return round(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


# Processor time


def tree(pid: int) -> list[int]:
    """A process with all below it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def backends(database: str) -> list[int]:
    """The PostgreSQL processes on this machine that serve one database."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            title = _read(entry / "cmdline").replace("\0", " ")
            if title.startswith("postgres:") and f" {database} " in title:
                found.append(int(entry.name))
    return found


def seconds(pids: Iterable[int]) -> float:
    """Processor time that processes took so far, of the user and of the system, all their threads together."""
    return sum(map(_seconds, pids))


def _seconds(pid: int) -> float:
    precise = [_read(task / "schedstat").split() for task in (PROC / str(pid) / "task").glob("*")]
    if precise and all(len(parts) == 3 for parts in precise):
        # Nanoseconds, where the kernel counts them; threads that ended are in no list, but servers keep theirs
        total = sum(int(parts[0]) for parts in precise) / 1e9
        if total:
            return total
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) / TICK if stat else 0.0


class Meter:
    """Processor time of the parts of a service around a block of work.

    Args:
        trees: name of a part -> the process it began with.
        database: whose PostgreSQL processes are counted too, as the part "database".
    """

    def __init__(self, trees: dict[str, int], database: str = "") -> None:
        self._trees, self._database = trees, database
        self.spent: dict[str, float] = {}

    def _now(self) -> dict[str, dict[int, float]]:
        parts = {name: {pid: _seconds(pid) for pid in tree(root)} for name, root in self._trees.items()}
        if self._database:
            parts["database"] = {pid: _seconds(pid) for pid in backends(self._database)}
        return parts

    @contextmanager
    def measure(self) -> Iterator[None]:
        """After the block, `spent` has the seconds of each part. One that ended meanwhile counts for nothing."""
        before = self._now()
        yield
        after = self._now()
        self.spent = {
            name: sum(now - before.get(name, {}).get(pid, 0.0) for pid, now in pids.items())
            for name, pids in after.items()
        }


def wait_until(ready: Any, what: str, *, limit: float = 30) -> None:
    """Ask `ready` until it says yes.

    Raises:
        TimeoutError: it did not within `limit` seconds; `what` says what was awaited.
    """
    end = time.monotonic() + limit
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {limit:.0f} seconds")
        time.sleep(0.05)


def progress(text: str) -> None:
    """What is going on, for whoever waits; not part of the result."""
    print(text, file=sys.stderr, flush=True)


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may have blanks in it: state, parent …"""
    return _read(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
