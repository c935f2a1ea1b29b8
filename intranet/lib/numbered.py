"""Numbered rows: an outbox whose readers follow numbers and miss nothing.

A sequence or an identity column will not do: the transaction that took 7 may commit after the one that took
8, and a reader who has seen 8 never looks for 7 again. So a row is written without a number, in the
transaction of what it is about, and is numbered after that transaction has committed, by whoever comes first.
A row that commits late gets a late number.
"""

import hashlib
from functools import cache
from typing import TypeVar

from django.db import connection, models, transaction
from django.db.models import Q

from intranet.lib.compiled import Compiled

BATCH = 1000


class NumberedRow(models.Model):
    """A row that is given its place in the order of things after it has committed.

    Nothing may cascade into deleting such a row: use `prune`, which never lets numbers start again.
    """

    number = models.BigIntegerField(null=True, unique=True, editable=False)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=NumberedRow)


def unnumbered_index(name: str) -> models.Index:
    """The index that lets a reader learn at no cost that every row has its number."""
    return models.Index(fields=["id"], condition=Q(number__isnull=True), name=name)


def number_rows(model: type[Row], limit: int = BATCH) -> int:
    """Give numbers to at most `limit` committed rows that have none, in the order of their keys.

    Returns the highest number, 0 when no row has one. Best called outside a transaction: inside one, others
    who want to number wait until it ends.
    """
    _number(model, limit)
    return highest(model)


def rows_after(model: type[Row], number: int, limit: int = BATCH) -> list[Row]:
    """The next rows for a reader who has seen everything up to `number`, in order.

    Fewer than `limit` rows mean that the reader has reached the end.
    """
    _number(model, max(limit, BATCH))
    return _after(model, limit).instances(number=number)


def highest(model: type[NumberedRow]) -> int:
    """The highest number given so far, 0 when there is none. Gives no numbers and takes no lock."""
    row = _top(model).row()
    return row[0] if row else 0


def prune(rows: models.QuerySet[Row]) -> int:
    """Delete old rows and return how many went.

    The highest row stays, so that numbers never start again, and so does a row that nobody can have read yet.
    """
    top = highest(rows.model)
    deleted, _ = rows.filter(number__isnull=False, number__lt=top).delete()
    return deleted


def _number(model: type[Row], limit: int) -> None:
    if _unnumbered(model).row():
        with transaction.atomic():
            _wait_for_turn(model)
            _assign(model, limit)


# What every reader asks, twice a second and at each nudge


@cache
def _unnumbered(model: type[NumberedRow]) -> Compiled:
    return Compiled(lambda: model._default_manager.filter(number__isnull=True).values_list("pk")[:1])


@cache
def _top(model: type[NumberedRow]) -> Compiled:
    numbered = Q(number__isnull=False)
    return Compiled(lambda: model._default_manager.filter(numbered).order_by("-number").values_list("number")[:1])


@cache
def _after(model: type[NumberedRow], limit: int) -> Compiled:
    return Compiled(lambda number: model._default_manager.filter(number__gt=number).order_by("number")[:limit])


def _wait_for_turn(model: type[NumberedRow]) -> None:
    """Hold everyone else's numbering of this table until the transaction ends.

    SQLite needs nothing: its transactions are opened as IMMEDIATE, so there is one writer at a time.
    """
    if connection.vendor == "postgresql":
        name = hashlib.sha256(f"numbered:{model._meta.db_table}".encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])


def _assign(model: type[Row], limit: int) -> None:
    quote = connection.ops.quote_name
    table, number, key = (quote(name) for name in (model._meta.db_table, "number", model._meta.pk.column))
    # One statement, for a reader may come upon a thousand rows; every name in it is the model's own. Read committed
    # gives each statement its own view, so that this one sees what the holder of the lock before us gave
    numbering = f"""
        UPDATE {table} SET {number} = (SELECT COALESCE(MAX({number}), 0) FROM {table}) + fresh.place
        FROM (SELECT {key} AS fresh_key, ROW_NUMBER() OVER (ORDER BY {key}) AS place
              FROM {table} WHERE {number} IS NULL ORDER BY {key} LIMIT %s) AS fresh
        WHERE {table}.{key} = fresh.fresh_key
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(numbering, [limit])
