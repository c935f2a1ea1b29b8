"""What the service is meant to cost, beside what it was measured to cost.

Goals in time are those of a machine on which the bare view costs `BARE` milliseconds: a figure that a processor makes
is stated as measured, and as it would be there.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Line = dict[str, Any]
BARE = 0.26
FEED, SEARCHED = "home, follows 50", "search, common word"


class Goal(NamedTuple):
    """What a figure of a bench shall not exceed.

    Attributes:
        bench: which one measures it.
        where: what else its lines hold; every line that fits counts, and the worst is told.
        is_processor: a faster machine makes it smaller.
        is_least: it shall not fall below instead.
    """

    what: str
    limit: float
    unit: str
    bench: str
    figure: str
    where: Line
    is_processor: bool = False
    is_least: bool = False

    def lines(self, lines: list[Line]) -> list[Line]:
        """The lines that say whether it is met."""
        wanted = {"bench": self.bench, **self.where}
        return [line for line in lines if self.figure in line and wanted.items() <= line.items()]


def _page(what: str, limit: float, page: str, figure: str = "total_ms") -> Goal:
    return Goal(what, limit, "ms", "pages", figure, {"what": page}, is_processor=True)


def _live(what: str, limit: float, unit: str, figure: str, server: str = "uvicorn", /, **where: Any) -> Goal:
    return Goal(what, limit, unit, "live", figure, {"server": server, **where}, is_processor=unit in ("ms", "µs"))


GOALS = (
    _page("feed of who follows 50 things", 1.2, FEED),
    _page("the same, p50", 1.5, FEED, "p50_ms"),
    _page("thread with 20 comments", 1.5, "thread, 20 comments"),
    _page("article", 1.5, "article"),
    _page("search, rare word", 2.5, "search, rare word"),
    _page("search, common word", 6, SEARCHED),
    _page("profile", 1.2, "profile"),
    _page("create a post", 2.5, "create a post"),
    Goal("each page, largest ÷ smallest service", 1.5, "", "pages", "ratio", {"what": "ratio"}),
    Goal(
        "announcement, its author waits",
        200,
        "ms",
        "announcement",
        "author_ms",
        {"what": "published"},
        is_processor=True,
    ),
    Goal("announcement, pages meanwhile ÷ before", 1.25, "", "announcement", "p50_times_quiet", {"what": "told"}),
    Goal("found after a write, p95", 1000, "ms", "findable", "p95_ms", {"what": "found after"}),
    _live("last of 1,000 sockets", 30, "ms", "last_ms_p50", what="fan-out", sockets=1000),
    _live("last of 5,000 sockets", 120, "ms", "last_ms_p50", what="fan-out", sockets=5000),
    _live("last of 5,000 sockets, Daphne", 300, "ms", "last_ms_p50", "daphne", what="fan-out", sockets=5000),
    _live("each delivery to 5,000 sockets", 25, "µs", "cpu_us_each", what="fan-out", sockets=5000),
    _live("connect a socket", 1, "ms", "cpu_ms_each", what="connect"),
    _live("an idle socket", 40, "kB", "kb_each", what="connect"),
    _live("1,000 cut sockets are back", 5, "s", "seconds", what="reconnect", sockets=1000),
    _live("pages meanwhile ÷ before, p95", 2, "", "page_p95_times_quiet", what="reconnect", sockets=1000),
    Goal("home usable over a slow line", 2000, "ms", "browser", "answered_ms", {"what": "home"}),
    Goal("HTML, CSS and JavaScript of a page", 90_000, "bytes", "browser", "text_bytes", {}),
    Goal("layout shift", 0.02, "", "browser", "cls", {}),
    Goal("Lighthouse, performance", 98, "of 100", "lighthouse", "score", {}, is_least=True),
)


def rows(lines: list[Line]) -> Iterator[tuple[str, ...]]:
    """A row for each goal: what, goal, measured, at a bare view of `BARE`, where, and whether it is met."""
    bare = [line["total_ms"] for line in lines if line["bench"] == "pages" and line["what"] == "bare view"]
    for goal in GOALS:
        limit = f"{'≥' if goal.is_least else '≤'} {_said(goal.limit, goal.unit)}"
        found = goal.lines(lines)
        yield (goal.what, limit, *(_judged(goal, found, bare) if found else ("–", "–", "–", "not measured")))


def _judged(goal: Goal, found: list[Line], bare: list[float]) -> tuple[str, ...]:
    scaled = _scale(goal, statistics.median(bare) if bare else None)
    over = {number: _times_over(goal, scaled(line)) for number, line in enumerate(found)}
    worst = max(over, key=lambda number: over[number])
    line, missed = found[worst], sum(times > 1 for times in over.values())
    verdict = f"{over[worst]:.3g} times the goal" if missed else "met"
    return (
        _said(line[goal.figure], goal.unit),
        _said(scaled(line), goal.unit) if goal.is_processor and (bare or "times_bare" in line) else "–",
        ", ".join(str(line[key]) for key in ("page", "what", "size", "server", "sockets") if _names(goal, line, key)),
        verdict + (f"; {missed} of {len(found)} are over" if missed and len(found) > 1 else ""),
    )


def _scale(goal: Goal, bare: float | None) -> Callable[[Line], float]:
    """What a figure would be where the bare view costs `BARE`: of a page by the bare view measured beside it."""

    def scaled(line: Line) -> float:
        beside = line["total_ms"] / line["times_bare"] if "times_bare" in line else bare
        return float(line[goal.figure] * BARE / beside if goal.is_processor and beside else line[goal.figure])

    return scaled


def _times_over(goal: Goal, figure: float) -> float:
    return goal.limit / figure if goal.is_least and figure else figure / goal.limit


def _names(goal: Goal, line: Line, key: str) -> bool:
    """Whether a key tells which line it was, which the goal does not."""
    return key in line and key not in goal.where


def _said(value: float, unit: str) -> str:
    figure = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{figure} {unit}".strip()
