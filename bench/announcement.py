"""What an announcement to everybody costs: its author, the people who are told, and everybody else's pages meanwhile.

    python -m bench.announcement [--size 50000/1000000] [--out FILE]

A job worker tells people at the pace that settings allow (ANNOUNCEMENT_BATCH, ANNOUNCEMENT_RATE) while one reader goes
on opening home. What is made is taken back at the end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from bench import serving
from bench.measure import ROOT, Meter, Report, percentile, progress
from bench.serving import Browser, Size

# Seconds of quiet that what comes after is compared with
QUIET = 8.0
SAID = "Measured: an announcement to everybody"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=Size.parse, default=Size(50_000, 1_000_000), help="people/posts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="add the lines to this file")
    options = parser.parse_args()
    report = Report("announcement", options.out, seed=options.seed)
    with ExitStack() as stack:
        place = stack.enter_context(serving.workplace())
        redis_url, _ = stack.enter_context(serving.redis_server())
        env = serving.environment(options.size, redis_url, place / "data")
        Path(env["DATA_DIR"]).mkdir(parents=True)
        serving.prepare(options.size, env, seed=options.seed)
        stack.callback(serving.forget, options.size, SAID, ("notification", "announcementdelivery"))
        port, pages = stack.enter_context(serving.page_server(env))
        _measure(report, options.size, env, port, pages)


def _measure(report: Report, size: Size, env: dict[str, str], port: int, pages: int) -> None:
    told = serving.subjects(env)
    cookies = {told["session_cookie"]: told["sessions"]["fifty"], told["csrf_cookie"]: told["csrf"]}
    author, reader = Browser(port, cookies), Browser(port, cookies)
    meter = Meter({"app": pages})
    command = [sys.executable, str(ROOT / "manage.py"), "run", "jobs"]
    worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        # Meanwhile the worker is up, and what was never asked for is in somebody's memory
        _read_for(QUIET, reader, meter)
        serving.say(author, told, SAID)
        quiet = _read_for(QUIET, reader, meter)
        report.add("home, nobody is told anything", size=str(size), **quiet)
        began = time.perf_counter()
        serving.say(author, told, SAID, kind="announcement")
        report.add("published", size=str(size), author_ms=(time.perf_counter() - began) * 1000)
        progress("Telling people …")
        busy = _read_while(lambda: not _finished(size), reader, meter)
        took = time.perf_counter() - began
    finally:
        worker.terminate()
        worker.wait()
    report.add("home, while people are told", size=str(size), **busy)
    people = _told(size)
    report.add(
        "told", size=str(size), people=people, seconds=took, people_per_second=people / took,
        p50_times_quiet=busy["p50_ms"] / quiet["p50_ms"], app_times_quiet=busy["app_ms"] / quiet["app_ms"],
    )  # fmt: skip


def _read_for(seconds: float, browser: Browser, meter: Meter) -> dict[str, float]:
    end = time.monotonic() + seconds
    return _read_while(lambda: time.monotonic() < end, browser, meter)


def _read_while(goes_on: Callable[[], bool], browser: Browser, meter: Meter) -> dict[str, float]:
    """Open home again and again, a breath between: what one page cost, and what its reader waited."""
    taken: list[float] = []
    with meter.measure():
        while goes_on() or not taken:
            began = time.perf_counter()
            answer, _ = browser.ask("/?stream=everyone")
            taken.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"The answer was {answer.status}")
            time.sleep(0.02)
    return {
        "app_ms": meter.spent["app"] * 1000 / len(taken),
        "p50_ms": percentile(taken, 0.5) * 1000,
        "p95_ms": percentile(taken, 0.95) * 1000,
        "requests": len(taken),
    }


def _ask(size: Size, query: str) -> Any:
    with psycopg.connect(f"{serving.SERVER}/{size.database}") as connection:
        row = connection.execute(f"{query} WHERE post_id IN {serving.MADE}", [SAID]).fetchone()
        return row[0] if row else None


def _finished(size: Size) -> bool:
    return bool(_ask(size, "SELECT finished_at FROM feeds_announcementdelivery"))


def _told(size: Size) -> int:
    return int(_ask(size, "SELECT told FROM feeds_announcementdelivery") or 0)


if __name__ == "__main__":
    main()
