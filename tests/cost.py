"""What something costs beside something harmless of the same size, measured a moment before on the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds below which a measurement says nothing
LEAST = 0.01


def processor_time(call: Callable[[], object]) -> float:
    """The seconds of processor time that `call` takes; waiting costs none."""
    began = time.process_time()
    call()
    return time.process_time() - began


def at_most(times: float, harmless: Callable[[], object], call: Callable[[], T]) -> T:
    """What `call` returns, once it is seen to cost at most so many times what `harmless` costs."""
    allowed = times * max(processor_time(harmless), LEAST)
    returned: list[T] = []
    spent = processor_time(lambda: returned.append(call()))
    assert spent <= allowed, f"{spent:.2f} s of processor time, where {allowed:.2f} s are allowed"
    return returned[0]


def prose(length: int) -> str:
    """Ordinary words, with the marks people write them with."""
    piece = (
        "A minister **decides** on advice, and [advice](/knowledge/a/) is short. Say what you want first.\n\n"
        "- One reason\n- Another\n\n"
    )
    return (piece * (length // len(piece) + 1))[:length]
