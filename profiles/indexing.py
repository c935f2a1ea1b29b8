"""Keeps the search index in step with the numbered changes; the engine itself is in `intranet.lib.search`."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from intranet.lib.compiled import Compiled
from intranet.lib.numbered import number_rows, rows_after
from intranet.lib.search import engine
from intranet.lib.search.protocol import Document, Removal, SearchUnavailable
from intranet.lib.search.registry import all_documents, registered
from profiles.models import SearchChange

logger = logging.getLogger(__name__)

BATCH = 500
# What nudges about changes name
CHANNEL = "search"
# The share of deleted documents in an index above which it is built anew, so that their words leave the disk
MOST_DELETED = 0.1


def catch_up() -> int:
    """Apply every change the index does not hold yet, in batches of one commit each.

    A lost or corrupt index is rebuilt instead. Any number of workers may do either at once.

    Returns:
        The number of the last change the index now holds.
    """
    try:
        return _follow()
    except SearchUnavailable as error:
        logger.warning("search: %s It is built anew.", error)
        return rebuild()


def rebuild() -> int:
    """Build the whole index beside the old one and switch to it; pages go on searching the old one meanwhile.

    Returns:
        The number of the last change it holds, those made while it was built included.
    """
    upto = number_rows(SearchChange)
    engine().rebuild(all_documents(), upto=upto)
    return _follow()


def purge() -> bool:
    """Build the index anew where many of its documents are deleted ones; for quiet times. Raises SearchUnavailable.

    Engines drop deleted words when they merge segments, which large ones rarely are.
    """
    status = engine().status()
    if status["deleted"] <= MOST_DELETED * status["documents"]:
        return False
    rebuild()
    return True


class Pending(NamedTuple):
    """What changed since the index last looked: ids by kind.

    Attributes:
        changed: all of it.
        taken_back: of which the index still holds words that nobody may find any more.
    """

    changed: dict[str, set[int]]
    taken_back: dict[str, set[int]]


def pending() -> Pending:
    """What the index does not hold yet, in one query. Raises SearchUnavailable."""
    found = Pending(defaultdict(set), defaultdict(set))
    for kind, object_id, takes_back in _AHEAD.rows(applied=engine().applied()):
        if kind in registered():
            found.changed[kind].add(object_id)
            if takes_back:
                found.taken_back[kind].add(object_id)
    return found


@dataclass(frozen=True)
class Lag:
    """How far the index of this host is behind.

    Attributes:
        changes: written and not applied yet.
        seconds: since the oldest of them was written, 0 where there is none.
    """

    changes: int
    seconds: float


def lag() -> Lag:
    """How far the index is behind now, in one query. Raises SearchUnavailable."""
    waiting = _ahead(engine().applied()).aggregate(changes=Count("pk"), oldest=Min("at"))
    since = waiting["oldest"]
    return Lag(waiting["changes"], (timezone.now() - since).total_seconds() if since else 0.0)


def _ahead(applied: Any) -> QuerySet[SearchChange]:
    return SearchChange.objects.filter(Q(number__gt=applied) | Q(number__isnull=True))


_AHEAD = Compiled(lambda applied: _ahead(applied).values_list("kind", "object_id", "takes_back"))


def _follow() -> int:
    """Apply what follows the index's own number, asked for each time: a rebuild may set it back."""
    while rows := rows_after(SearchChange, number := engine().applied(), BATCH):
        if rows[0].number != number + 1:
            raise SearchUnavailable("The index stood still for longer than changes are kept.")
        engine().apply(_changes(rows), upto=rows[-1].number or number, after=number)
    return number


def _changes(rows: list[SearchChange]) -> Iterator[Document | Removal]:
    ids: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        ids[row.kind].add(row.object_id)
    for kind, changed in ids.items():
        searchable = registered().get(kind)
        if searchable is None:
            # Written by another version of the service, or by mistake: it must not hold up the others
            logger.error("search: %s changes of the unknown kind %r are left out", len(changed), kind)
            continue
        found = set()
        for document in searchable.documents(changed):
            found.add(document.id)
            yield document
        for gone in changed - found:
            yield Removal(kind, gone)
