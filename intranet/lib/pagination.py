"""Keyset pagination: pages whose cost does not grow with the table, and which never repeat or skip a row."""

import base64
import binascii
import datetime as dt
import json
import math
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connections, models
from django.db.models import Q

Row = TypeVar("Row")

LONGEST_CURSOR = 4_000


class BadCursor(ValueError):
    """A cursor that this list never gave out; views answer 404."""


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """Some rows in order, and the cursors of the pages around them (None where there is nothing more)."""

    items: list[Row]
    next_cursor: str | None
    previous_cursor: str | None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class _Column(NamedTuple):
    """One part of a key: where its value is found on a row, and which way it sorts."""

    path: str
    descending: bool
    field: "models.Field[Any, Any]"


class _Position(NamedTuple):
    """A place between two rows, and which way to read from it."""

    backward: bool
    inclusive: bool
    values: list[Any]


def keyset_page(
    queryset: models.QuerySet[Any, Row],
    *,
    key: Sequence[str] = ("-created_at", "-pk"),
    cursor: str | None,
    size: int = 20,
    read: Callable[[models.QuerySet[Any, Any], bool, int], list[Row]] | None = None,
) -> KeysetPage[Row]:
    """One page of `queryset` in the order of `key`, read with a single query.

    `key` names fields, annotations or paths over relations (select those, or reading the cursor costs a
    query), each with "-" for descending; none may be null, and the last must be unique, as "pk" is. An index
    over the same fields keeps every page equally fast. `cursor` is None or "" for the first page, else what a
    page gave out. `read` finds the first rows in that order by other means: it is given the rows to choose from,
    whether the order is turned round, and how many are wanted; that no two of them are level is its own affair.
    Raises BadCursor.
    """
    columns = [_column(queryset, name) for name in key]
    if not read and (not columns[-1].field.unique or "__" in columns[-1].path):
        raise ValueError(f"{key[-1]} is not unique, so rows that tie could be lost between pages")
    position = _decode(cursor, columns, queryset.db) if cursor else None
    backward = position is not None and position.backward
    rows = queryset if position is None else queryset.filter(_beyond(columns, position))
    if read:
        found = read(rows, backward, size + 1)
    else:
        found = list(rows.order_by(*(_order(column, backward) for column in columns))[: size + 1])
    items, more = found[:size], len(found) > size
    if backward:
        items.reverse()
    return _page(items, more, columns, position)


def cursor_at(queryset: models.QuerySet[Any, Any], row: Any, *, key: Sequence[str], inclusive: bool = False) -> str:
    """The cursor of the page of `queryset` that begins after `row`, or with it where `inclusive`."""
    return _encode_row(row, [_column(queryset, name) for name in key], False, inclusive=inclusive)


def _page(items: list[Row], more: bool, columns: list[_Column], position: _Position | None) -> KeysetPage[Row]:
    if position is None:
        return KeysetPage(items, _encode_row(items[-1], columns, False) if more else None, None)
    if not items:
        # The rows that this page was promised have gone since. The way back starts with the row last seen.
        back = _encode(_Position(not position.backward, not position.inclusive, position.values))
        return KeysetPage([], back if position.backward else None, None if position.backward else back)
    earlier = _encode_row(items[0], columns, True) if more or not position.backward else None
    later = _encode_row(items[-1], columns, False) if more or position.backward else None
    return KeysetPage(items, later, earlier)


def _column(queryset: models.QuerySet[Any], name: str) -> _Column:
    path = name.removeprefix("-")
    annotation = queryset.query.annotations.get(path)
    if annotation is not None:
        return _Column(path, name.startswith("-"), annotation.output_field)
    model = queryset.model
    *relations, last = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    try:
        field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    except FieldDoesNotExist as error:
        raise ValueError(f"{name} is neither a field nor an annotation of {queryset.model.__name__}") from error
    return _Column(path, name.startswith("-"), field)


def _order(column: _Column, backward: bool) -> str:
    return ("-" if column.descending != backward else "") + column.path


def _beyond(columns: list[_Column], position: _Position) -> Q:
    """Rows past the position: beyond it in the first column, or level there and beyond in the next."""
    reached = Q()
    tied = Q()
    for column, value in zip(columns, position.values, strict=True):
        past = "lt" if column.descending != position.backward else "gt"
        reached |= tied & Q((f"{column.path}__{past}", value))
        tied &= Q((column.path, value))
    if position.inclusive:
        reached |= tied
    # Implied by the rest, and what lets the database start reading its index at the right place.
    first = columns[0]
    past = "lte" if first.descending != position.backward else "gte"
    return Q((f"{first.path}__{past}", position.values[0])) & reached


def _encode_row(row: Any, columns: list[_Column], backward: bool, *, inclusive: bool = False) -> str:
    values = []
    for column in columns:
        value: Any = row
        for name in column.path.split("__"):
            value = getattr(value, name)
        if value is None:
            raise ValueError(f"{column.path} is null, which a key may not be")
        values.append(value)
    return _encode(_Position(backward, inclusive, values))


def _encode(position: _Position) -> str:
    text = json.dumps([position.backward, position.inclusive, *position.values], default=_plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _plain(value: Any) -> str | int:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a key")


def _decode(cursor: str, columns: list[_Column], using: str) -> _Position:
    """The position a cursor stands for. Nothing in it is trusted: every value must fit its field."""
    if len(cursor) > LONGEST_CURSOR:
        raise BadCursor("The cursor is too long")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        backward, inclusive, *values = json.loads(raw)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise BadCursor("The cursor cannot be read") from error
    if not (isinstance(backward, bool) and isinstance(inclusive, bool) and len(values) == len(columns)):
        raise BadCursor("The cursor belongs to another list")
    return _Position(
        backward,
        inclusive,
        [_value(column, value, using) for column, value in zip(columns, values, strict=True)],
    )


def _value(column: _Column, value: Any, using: str) -> Any:
    field = column.field
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if not isinstance(value, bool | int | float | str) or isinstance(value, bool) != isinstance(
        field, models.BooleanField
    ):
        raise BadCursor(f"{column.path} is of another kind")
    try:
        result = field.to_python(value)
        _check_storable(field, result, using)
        # An extreme time cannot be moved to another zone, which is what the database is about to do.
        return result.astimezone(dt.UTC) if isinstance(result, dt.datetime) else result
    except (ValidationError, ValueError, TypeError, ArithmeticError) as error:
        raise BadCursor(f"{column.path} does not fit") from error


def _check_storable(field: "models.Field[Any, Any]", value: Any, using: str) -> None:
    if value is None or (isinstance(value, dt.datetime) and value.tzinfo is None):
        raise ValueError("not a complete value")
    if isinstance(value, str) and "\0" in value.encode().decode():
        raise ValueError("not storable text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    if isinstance(value, Decimal):
        field.run_validators(value)
    if isinstance(value, int) and not isinstance(value, bool):
        low, high = connections[using].ops.integer_field_range(field.get_internal_type())
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError("out of range")
