"""What an announcement to everybody costs: its author, the people who are told, and everybody else's pages meanwhile.

    python -m bench.announcement [--quick] [--size 500000/5000000] [--out FILE]

A job worker tells people at the pace that settings allow (ANNOUNCEMENT_BATCH, ANNOUNCEMENT_RATE) while one reader goes
on opening home. What is made is taken back at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from bench import serving
from bench.measure import Meter, Report, arguments, percentile, progress
from bench.serving import Browser, Size

# Seconds of quiet that what comes after is compared with
QUIET = 8.0
SAID = "Measured: an announcement to everybody"
# The delivery of the newest post that says so, in SQL
DELIVERY = """
    FROM feeds_announcementdelivery
    WHERE post_id = (SELECT max(id) FROM feeds_post WHERE id > (SELECT max(id) - 100 FROM feeds_post) AND body = %s)
"""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", type=Size.parse, help="people/posts; 500000/5000000, or 500/10000 with --quick")
    options = parser.parse_args()
    size = options.size or Size.parse("500/10000" if options.quick else "500000/5000000")
    report = Report("announcement", options.out, seed=options.seed)
    with serving.service(size, seed=options.seed) as made, serving.page_server(made.env) as (port, pages):
        _measure(report, size, made.env, port, pages)


def _measure(report: Report, size: Size, env: dict[str, str], port: int, pages: int) -> None:
    told = serving.subjects(env)
    cookies = {told["session_cookie"]: told["sessions"]["fifty"], told["csrf_cookie"]: told["csrf"]}
    author, reader = Browser(port, cookies), Browser(port, cookies)
    meter = Meter({"app": pages})
    with serving.worker("jobs", env):
        # Meanwhile the worker is up, and what was never asked for is in somebody's memory
        _read_for(QUIET, reader, meter)
        serving.say(author, told, SAID)
        quiet = _read_for(QUIET, reader, meter)
        report.add("home, nobody is told anything", size=str(size), **quiet)
        began = time.perf_counter()
        serving.say(author, told, SAID, kind="announcement")
        report.add("published", size=str(size), author_ms=(time.perf_counter() - began) * 1000)
        progress("Telling people …")
        busy = _read_while(lambda: not _ask(size, "finished_at"), reader, meter)
        took = time.perf_counter() - began
    report.add("home, while people are told", size=str(size), **busy)
    people = int(_ask(size, "told"))
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


def _ask(size: Size, column: str) -> Any:
    with psycopg.connect(f"{serving.server()}/{size.database}") as connection:
        row = connection.execute(f"SELECT {column} {DELIVERY}", [SAID]).fetchone()
        return row[0] if row else None


if __name__ == "__main__":
    main()
