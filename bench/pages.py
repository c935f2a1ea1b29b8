"""What each page costs, at several sizes of service: processor time, latency, queries, bytes; beside a bare view.

    python -m bench.pages [--quick] [--sizes 500/10000,50000/1000000] [--out FILE] [--only WORD]

Databases are made by load_scale where they are missing (BENCH_DATABASE_SERVER says where) and kept. The pages are
served by one worker as scaled mode serves them and asked over one keep-alive connection, signed in. Milliseconds of
processor time are those of the worker, of PostgreSQL's processes for this database and of a Redis that nobody else
uses.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import serving
from bench.counting import ANSWER
from bench.measure import Meter, Report, percentile, progress
from bench.serving import Browser, Size

SIZES, QUICK_SIZES = "500/10000,50000/1000000", "500/10000"
# A search index of a larger service is built where asked: it takes long
SEARCHED = 20_000
SAID = "Measured: what it costs to say something"


def main() -> None:
    options = _options()
    report = Report("pages", options.out, seed=options.seed)
    with serving.workplace() as place, serving.redis_server() as (redis_url, redis_pid):
        bare: dict[str, Any] = {}
        for size in map(Size.parse, options.sizes.split(",")):
            env = serving.environment(size, redis_url, place / size.database)
            Path(env["DATA_DIR"]).mkdir(parents=True)
            serving.prepare(size, env, seed=options.seed, fresh=options.fresh)
            searched = size.posts <= SEARCHED or options.search
            if searched:
                progress("Building the search index …")
                serving.manage("rebuild_search", env=env)
            with serving.bare_server(env) as (port, pid):
                bare = _measure(lambda b: b.ask("/"), Browser(port), Meter({"app": pid}), options)
                report.add("bare view", size=str(size), **bare)
            with serving.page_server(env) as (port, pid):
                meter = Meter({"app": pid, "redis": redis_pid}, size.database)
                _measure_pages(report, size, env, port, meter, bare["total_ms"], options, searched=searched)
            serving.forget(size, SAID)
    _compare(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest size, few requests")
    parser.add_argument("--sizes", help=f"people/posts, with commas between; {SIZES} without")
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--requests", type=int, help="at most so many of each page; 200, or 40 with --quick")
    parser.add_argument("--seconds", type=float, help="at most so long on each page; 8, or 2 with --quick")
    parser.add_argument("--search", action="store_true", help="build the search index of large sizes too")
    parser.add_argument("--fresh", action="store_true", help="make the databases anew")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="add the lines to this file")
    options = parser.parse_args()
    options.sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    options.requests = options.requests or (40 if options.quick else 200)
    options.seconds = options.seconds or (2.0 if options.quick else 8.0)
    return options


def _measure_pages(
    report: Report,
    size: Size,
    env: dict[str, str],
    port: int,
    meter: Meter,
    bare: float,
    options: argparse.Namespace,
    *,
    searched: bool,
) -> None:
    told = serving.subjects(env)
    asks: dict[str, tuple[str, Callable[[Browser], Any]]] = {
        name: (key, lambda browser, path=path: browser.ask(path)) for name, (key, path) in told["pages"].items()
    }
    asks["create a post"] = (told["sessions"]["fifty"], lambda browser: serving.say(browser, told, SAID))
    for name, (key, ask) in asks.items():
        if options.only not in name or (name.startswith("search") and not searched):
            continue
        browser = Browser(port, {told["session_cookie"]: key, told["csrf_cookie"]: told["csrf"]})
        measured = _measure(ask, browser, meter, options)
        report.add(name, size=str(size), **measured, times_bare=measured["total_ms"] / bare)
        browser.close()


def _measure(
    ask: Callable[[Browser], Any], browser: Browser, meter: Meter, options: argparse.Namespace
) -> dict[str, Any]:
    """Requests one after the other until there are enough or it takes too long."""
    status, first = 0, time.monotonic()
    queries, size = _counted(ask, browser)
    # What was never asked for is not yet in anybody's memory
    while time.monotonic() - first < options.seconds / 4:
        ask(browser)
    taken: list[float] = []
    with meter.measure():
        end = time.monotonic() + options.seconds
        while len(taken) < options.requests and (len(taken) < 3 or time.monotonic() < end):
            began = time.perf_counter()
            answer, _ = ask(browser)
            taken.append(time.perf_counter() - began)
            status = answer.status
            if status >= 400:
                raise RuntimeError(f"The answer was {status}")
    spent = {f"{part}_ms": seconds * 1000 / len(taken) for part, seconds in meter.spent.items()}
    return {
        **spent,
        "total_ms": sum(spent.values()),
        "p50_ms": percentile(taken, 0.5) * 1000,
        "p95_ms": percentile(taken, 0.95) * 1000,
        "queries": queries,
        "bytes": size,
        "requests": len(taken),
        "status": status,
    }


def _counted(ask: Callable[[Browser], Any], browser: Browser) -> tuple[int | None, int]:
    """How many queries a request makes, and how long its answer is."""
    browser.headers["X-Bench-Count"] = "1"
    try:
        ask(browser)
        answer, content = ask(browser)
    finally:
        del browser.headers["X-Bench-Count"]
    told = answer.getheader(ANSWER)
    return int(told) if told else None, len(content)


def _compare(report: Report) -> None:
    """The largest size beside the smallest, page by page."""
    pages: dict[str, list[dict[str, Any]]] = {}
    for line in report.lines:
        pages.setdefault(line["what"], []).append(line)
    for name, lines in pages.items():
        if len(lines) > 1 and name != "bare view":
            ratio = lines[-1]["total_ms"] / lines[0]["total_ms"]
            report.add("ratio", page=name, smallest=lines[0]["size"], largest=lines[-1]["size"], ratio=ratio)


if __name__ == "__main__":
    main()
