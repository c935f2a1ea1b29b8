"""What each page costs, at several sizes of service: processor time, latency, queries, bytes; beside a bare view.

    python -m bench.pages [--quick] [--sizes 500/10000,50000/1000000] [--searched 5000/100000] [--only WORD]

Databases are made by load_scale where they are missing (BENCH_DATABASE_SERVER says where) and kept. The pages are
served by one worker as scaled mode serves them and asked over one keep-alive connection, signed in. Milliseconds of
processor time are those of the worker, of PostgreSQL's processes for this database and of a Redis that nobody else
uses.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench import serving
from bench.counting import ANSWER
from bench.measure import Meter, Report, arguments, percentile
from bench.serving import Browser, Size

SIZES, QUICK_SIZES = "500/10000,50000/1000000,500000/5000000", "500/10000"
# Where searching is measured besides the smallest: what the index costs is no matter of the database
SEARCHED = "5000/100000"
# A search index of a larger service is built where asked: it takes long
SOON_BUILT = 20_000
SEARCH = "search"
SAID = "Measured: what it costs to say something"


def main() -> None:
    options = _options()
    report = Report("pages", options.out, seed=options.seed)
    for size in _sizes(options.sizes):
        _measure_size(report, size, options, is_searched=size.posts <= SOON_BUILT)
    _compare(report)
    for size in _sizes(options.searched):
        _measure_size(report, size, options, is_searched=True, only=SEARCH)


def _sizes(text: str) -> list[Size]:
    return [Size.parse(each) for each in text.split(",") if each]


def _options() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument(
        "--sizes", help=f"people/posts, with commas between; {SIZES} without, or the first with --quick"
    )
    parser.add_argument(
        "--searched", help=f"where the search page alone is measured; {SEARCHED} where nothing is chosen"
    )
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--requests", type=int, help="at most so many of each page; 200, or 40 with --quick")
    parser.add_argument("--seconds", type=float, help="at most so long on each page; 8, or 2 with --quick")
    parser.add_argument("--fresh", action="store_true", help="make the databases anew")
    options = parser.parse_args()
    if options.searched is None:
        options.searched = "" if options.quick or options.sizes or options.only else SEARCHED
    options.sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    options.requests = options.requests or (40 if options.quick else 200)
    options.seconds = options.seconds or (2.0 if options.quick else 8.0)
    return options


def _measure_size(
    report: Report, size: Size, options: argparse.Namespace, *, is_searched: bool, only: str = ""
) -> None:
    """The bare view and the pages of one size of service."""
    with serving.service(size, seed=options.seed, fresh=options.fresh, index=is_searched) as made:
        with serving.bare_server(made.env) as (port, pid):
            bare = _measure(lambda b: b.ask("/"), Browser(port), Meter({"app": pid}), options)
            report.add("bare view", size=str(size), **bare)
        with serving.page_server(made.env) as (port, pid):
            told = serving.subjects(made.env)
            meter = Meter({"app": pid, "redis": made.redis}, size.database)
            for name, key, ask in _asked(told):
                if options.only not in name or only not in name or (name.startswith(SEARCH) and not is_searched):
                    continue
                browser = Browser(port, {told["session_cookie"]: key, told["csrf_cookie"]: told["csrf"]})
                measured = _measure(ask, browser, meter, options)
                report.add(name, size=str(size), **measured, times_bare=measured["total_ms"] / bare["total_ms"])
                browser.close()


def _asked(told: dict[str, Any]) -> Iterator[tuple[str, str, Callable[[Browser], Any]]]:
    """What is measured: its name, the session of who asks, and how."""
    for name, (key, path) in told["pages"].items():
        yield name, key, lambda browser, path=path: browser.ask(path)
    yield "create a post", told["sessions"]["fifty"], lambda browser: serving.say(browser, told, SAID)


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
        if len(lines) > 1 and name != "bare view" and not name.startswith(SEARCH):
            ratio = lines[-1]["total_ms"] / lines[0]["total_ms"]
            report.add("ratio", page=name, smallest=lines[0]["size"], largest=lines[-1]["size"], ratio=ratio)


if __name__ == "__main__":
    main()
