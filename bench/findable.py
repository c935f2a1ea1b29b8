"""How long after a post was made it is found, where a worker follows the changes as in scaled mode.

    python -m bench.findable [--quick] [--size 5000/100000] [--posts 50] [--out FILE]

From the answer to whoever posts, until the search page of another person shows it. That page is asked for every few
milliseconds, so that a figure is late by what one such request takes. The service's own worker follows beside it,
with an index that it alone writes.
"""

from __future__ import annotations

import random
import time
from typing import Any

from bench import serving
from bench.measure import Report, arguments, percentile
from bench.serving import Browser, Size

BETWEEN_LOOKS = 0.005
# Seconds after which something is lost rather than late
LIMIT = 30.0


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", type=Size.parse, help="people/posts; 5000/100000, or 500/10000 with --quick")
    parser.add_argument("--posts", type=int, help="how many are made; 50, or 10 with --quick")
    options = parser.parse_args()
    size = options.size or Size.parse("500/10000" if options.quick else "5000/100000")
    posts = options.posts or (10 if options.quick else 50)
    report = Report("findable", options.out, seed=options.seed)
    with serving.service(size, seed=options.seed, index=True) as made, serving.page_server(made.env) as (port, _):
        told = serving.subjects(made.env)
        author, reader = (_signed_in(port, told, local) for local in ("fifty", "five"))
        with serving.worker("search", made.env):
            # Until the worker is up, and what was never asked for is in somebody's memory
            _taken(author, reader, told, "first")
            chance = random.Random(options.seed)
            taken = []
            for number in range(posts):
                # At any moment between two looks of the worker
                time.sleep(chance.random() / 2)
                taken.append(_taken(author, reader, told, str(number)) * 1000)
    figures = {"p50_ms": percentile(taken, 0.5), "p95_ms": percentile(taken, 0.95), "most_ms": max(taken)}
    report.add("found after", size=str(size), **figures, posts=posts)


def _signed_in(port: int, told: dict[str, Any], local: str) -> Browser:
    return Browser(port, {told["session_cookie"]: told["sessions"][local], told["csrf_cookie"]: told["csrf"]})


def _taken(author: Browser, reader: Browser, told: dict[str, Any], mark: str) -> float:
    """Seconds from the answer to `author` until `reader` finds it."""
    word = f"findable{mark}"
    # The word that is asked for stands on the page anyway
    serving.say(author, told, f"{word} shows here")
    began = time.monotonic()
    while b"shows here" not in reader.ask(f"/search/?q={word}")[1]:
        if time.monotonic() - began > LIMIT:
            raise TimeoutError(f"What was posted is not found after {LIMIT:.0f} seconds")
        time.sleep(BETWEEN_LOOKS)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
