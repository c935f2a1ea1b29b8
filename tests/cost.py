"""How much work something is beside something harmless of its size: counted, so that a busy machine changes nothing.

Work is calls, of functions in Python and of built-in ones. What goes on for long inside one call, as a regular
expression that goes back and forth, is not seen here: the time-out of each test ends that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

# Calls below which a count says nothing
LEAST = 1_000


def counted(call: Callable[[], T]) -> tuple[T, int]:
    """What `call` returns, and how many calls it took in this thread."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        returned = call()
    finally:
        sys.setprofile(before)
    return returned, calls


def at_most(times: float, harmless: Callable[[], object], call: Callable[[], T]) -> T:
    """What `call` returns, once it is seen to be at most so many times the work that `harmless` is."""
    allowed = times * max(counted(harmless)[1], LEAST)
    returned, spent = counted(call)
    assert spent <= allowed, f"{spent:,} calls, where {allowed:,.0f} are allowed"
    return returned


def prose(length: int) -> str:
    """Ordinary words, with the marks people write them with."""
    piece = (
        "A minister **decides** on advice, and [advice](/knowledge/a/) is short. Say what you want first.\n\n"
        "- One reason\n- Another\n\n"
    )
    return (piece * (length // len(piece) + 1))[:length]
