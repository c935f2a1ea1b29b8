"""Tells the search index what changed, in the transaction that changed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import models, transaction

from intranet.lib.live import nudge
from intranet.lib.search.registry import registered
from profiles.indexing import CHANNEL
from profiles.models import SearchChange
from profiles.tasks import update_search_index

BATCH = 1000
_together: ContextVar[bool] = ContextVar("together", default=False)


@transaction.atomic(savepoint=False)
def changed(*objects: models.Model, takes_back: bool = False) -> None:
    """Write a numbered change for each searchable object, and the task that brings the index up to date.

    The kind of an object is its model's name: "article", "post", "user", "department", "community", "topic".

    Args:
        takes_back: words were removed that must not be found any more, not even until the index follows.
    """
    _write([(obj._meta.model_name or "", obj.pk) for obj in objects], takes_back=takes_back)


@transaction.atomic(savepoint=False)
def changed_throughout(*objects: models.Model) -> None:
    """As `changed`, where other documents repeat what changed: a name, a place in the forest of departments."""
    for obj in objects:
        kind = obj._meta.model_name or ""
        repeating = [(each.kind, id_) for each in registered().values() for id_ in each.repeating(kind, obj.pk)]
        _write([(kind, obj.pk), *repeating])


@contextmanager
def together() -> Iterator[None]:
    """One task for all the changes made inside: for imports and other long writes in one transaction."""
    token = _together.set(True)
    try:
        yield
    finally:
        _together.reset(token)
    _tell()


def _write(changes: list[tuple[str, int]], *, takes_back: bool = False) -> None:
    rows = (SearchChange(kind=kind, object_id=id_, takes_back=takes_back) for kind, id_ in changes)
    SearchChange.objects.bulk_create(rows, BATCH)
    _tell()


def _tell() -> None:
    if _together.get():
        return
    if settings.SEARCH_FOLLOWED:
        # A job would reach the index of one host alone
        transaction.on_commit(lambda: nudge(CHANNEL))
    else:
        update_search_index.enqueue()
