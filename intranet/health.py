"""Which of the parts that a host depends on answer: asked by its health page and its metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection

from profiles import indexing

logger = logging.getLogger(__name__)

# Seconds the oldest change may wait for the search index before that is told
SEARCH_BEHIND = 10.0


def parts() -> dict[str, str | int]:
    """The state of each part, "ok" or "failed"; of search "behind" too, and how many changes wait for its index."""
    states: dict[str, str | int] = {name: _state(check) for name, check in CHECKS.items()}
    lag: list[indexing.Lag] = []
    states["search"] = _state(lambda: lag.append(indexing.lag()))
    if lag:
        states["search_lag"] = lag[0].changes
        if lag[0].seconds > SEARCH_BEHIND:
            states["search"] = "behind"
    return states


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:
        # Whatever the client of a part raises: it failed
        logger.warning("health: %s", error)
        return "failed"
    return "ok"


def _query() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _keep() -> None:
    cache.set("health", 1, 10)
    if cache.get("health") != 1:
        raise OSError("the cache does not keep what it is given")


CHECKS: dict[str, Callable[[], None]] = {"database": _query, "cache": _keep}
