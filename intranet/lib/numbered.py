"""Numbered rows: an outbox whose readers follow numbers and miss nothing.

A sequence or an identity column will not do: the transaction that took 7 may commit after the one that took
8, and a reader who has seen 8 never looks for 7 again. So a row is written without a number, in the
transaction of what it is about, and is numbered after that transaction has committed, by whoever comes first.
A row that commits late gets a late number.
"""

import hashlib
from typing import TypeVar

from django.db import connections, models, router, transaction
from django.db.models import Max, Q

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
    using = router.db_for_write(model)
    _number(model, using, limit)
    return _highest(model, using)


def rows_after(model: type[Row], number: int, limit: int = BATCH) -> models.QuerySet[Row]:
    """The next rows for a reader who has seen everything up to `number`, in order.

    Fewer than `limit` rows mean that the reader has reached the end.
    """
    using = router.db_for_write(model)
    _number(model, using, max(limit, BATCH))
    rows = model._default_manager.using(using)
    return rows.filter(number__gt=number).order_by("number")[:limit]


def highest(model: type[NumberedRow]) -> int:
    """The highest number given so far, 0 when there is none. Gives no numbers and takes no lock."""
    return _highest(model, router.db_for_read(model))


def prune(rows: models.QuerySet[Row]) -> int:
    """Delete old rows and return how many went.

    The highest row stays, so that numbers never start again, and so does a row that nobody can have read yet.
    """
    top = highest(rows.model)
    deleted, _ = rows.filter(number__isnull=False, number__lt=top).delete()
    return deleted


def _number(model: type[NumberedRow], using: str, limit: int) -> None:
    if model._default_manager.using(using).filter(number__isnull=True).exists():
        with transaction.atomic(using=using):
            _wait_for_turn(model, using)
            _assign(model, using, limit)


def _highest(model: type[NumberedRow], using: str) -> int:
    return model._default_manager.using(using).aggregate(top=Max("number"))["top"] or 0


def _wait_for_turn(model: type[NumberedRow], using: str) -> None:
    """Hold everyone else's numbering of this table until the transaction ends.

    SQLite needs nothing: its transactions are opened as IMMEDIATE, so there is one writer at a time.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        name = hashlib.sha256(f"numbered:{model._meta.db_table}".encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])


def _assign(model: type[NumberedRow], using: str, limit: int) -> None:
    # Read committed gives each statement its own view, so this sees what the holder of the lock before us
    # gave.
    top = _highest(model, using)
    quote = connections[using].ops.quote_name
    table, number, key = (quote(name) for name in (model._meta.db_table, "number", model._meta.pk.column))
    # One statement, for a reader may come upon a thousand rows; every name in it is the model's own.
    numbering = f"""
        UPDATE {table} SET {number} = %s + fresh.place
        FROM (SELECT {key} AS fresh_key, ROW_NUMBER() OVER (ORDER BY {key}) AS place
              FROM {table} WHERE {number} IS NULL ORDER BY {key} LIMIT %s) AS fresh
        WHERE {table}.{key} = fresh.fresh_key
    """  # noqa: S608
    with connections[using].cursor() as cursor:
        cursor.execute(numbering, [top, limit])
