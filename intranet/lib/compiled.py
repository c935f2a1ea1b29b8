"""Queries compiled once: for a page that everybody opens, making the SQL of a deep query costs more than running it.

    unread = Compiled(lambda user: Notification.objects.visible_to(user).unread().values_list("pk"))
    unread.rows(user=User)          # `user.pk` is what the query was made with

The queryset is built as everywhere else, by the same rules, with parameters in place of values; what is kept is its
SQL. Whatever differs between two runs must therefore be a parameter: an argument, or a value that is asked for when
the query runs (`AtRun`, as `today`).
"""

from __future__ import annotations

import datetime
import inspect
import json
import re
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.utils import CursorDebugWrapper
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable, get_related_populators  # type: ignore[attr-defined]
from django.utils import timezone
from psycopg import RawCursor
from psycopg.sql import Literal
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.numeric import Int8

from intranet.lib.among import array_literal

# What an address calls by a longer number is not there; a database would refuse to be asked for it
LARGEST_ID = 2**63 - 1

_is_compiling: ContextVar[bool] = ContextVar("is_compiling", default=False)


class Parameter(Expression):
    """A value that a compiled query is given when it runs.

    Args:
        name: the argument that brings it.
        output_field: its type; an id unless said otherwise.
    """

    def __init__(self, name: str, output_field: models.Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=output_field or models.BigIntegerField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return "%s", [self]

    def value(self, values: dict[str, Any], connection: Any) -> Any:
        """What the database is given for it."""
        value = values[self.name]
        if type(value) is int and connection.vendor == "postgresql":
            # Of one type, whatever its size: PostgreSQL keeps a plan for each combination of types
            return Int8(value)
        return self.output_field.get_db_prep_value(value, connection, prepared=False)

    @property
    def place(self) -> Hashable:
        """Equal for parameters that always have the same value."""
        return type(self), self.name


class IdsParameter(Parameter):
    """Any number of ids, to the right of `__in`."""

    item_type = "bigint"

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return f"(SELECT unnest(%s::{self.item_type}[]))", [self]

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return "(SELECT value FROM json_each(%s))", [self]

    def value(self, values: dict[str, Any], connection: Any) -> Any:
        items = list(values[self.name])
        return json.dumps(items) if connection.vendor == "sqlite" else self.array(items)

    def array(self, items: list[Any]) -> Any:
        """The items as PostgreSQL is given them."""
        return array_literal(items)


class TextsParameter(IdsParameter):
    """Any number of texts, likewise."""

    item_type = "text"

    def array(self, items: list[Any]) -> Any:
        return items


class AtRun(Expression):
    """A value asked for each time the query runs, compiled or not."""

    def __init__(self, ask: Callable[[], Any], output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.ask = ask

    def as_sql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return "%s", [self if _is_compiling.get() else self.value({}, connection)]

    def value(self, values: dict[str, Any], connection: Any) -> Any:
        """What the database is given for it."""
        return self.output_field.get_db_prep_value(self.ask(), connection, prepared=False)

    @property
    def place(self) -> Hashable:
        """Equal for what is asked the same."""
        return type(self), self.ask, type(self.output_field)


def now() -> AtRun:
    """This moment, for queries."""
    return AtRun(timezone.now, models.DateTimeField())


def today() -> AtRun:
    """The day it is here, for queries."""
    return AtRun(_today, models.DateField())


def _today() -> datetime.date:
    return _day_of(int(time.time() // 60), timezone.get_current_timezone())


@lru_cache(maxsize=2)
def _day_of(minute: int, zone: datetime.tzinfo) -> datetime.date:
    """The day of a minute since 1970, everywhere in the same minute: each page asks for it several times."""
    return datetime.datetime.fromtimestamp(minute * 60, zone).date()


@contextmanager
def compiling() -> Iterator[None]:
    """Within it, what a query asks for when it runs stays in its parameters: `bound` puts the values in."""
    token = _is_compiling.set(True)
    try:
        yield
    finally:
        _is_compiling.reset(token)


def bound(params: Any, values: dict[str, Any], connection: Any) -> list[Any]:
    """The parameters of SQL made within `compiling`, with their values."""
    return [param.value(values, connection) if isinstance(param, Parameter | AtRun) else param for param in params]


class Compiled:
    """A query whose SQL is made at its first run in this process.

    Args:
        build: makes the queryset from its parameters: of `values_list` for `rows`, of whole rows for `instances`. An
            argument called `ids`, or ending in `_ids`, is a list of ids; one ending in `_keys` a list of texts; one
            called `user` is somebody known by `pk` alone; every other is an id, unless `fields` says what it is.
        names: of its arguments, where `build` takes any.
        wrap: makes other SQL of the query's: given that with its parameters, and the arguments of `build` by name, it
            answers with SQL and parameters. Columns it adds come last.
        fields: the types of arguments that are something else.
    """

    def __init__(
        self,
        build: Callable[..., models.QuerySet[Any, Any]],
        names: Iterable[str] | None = None,
        wrap: Callable[..., tuple[str, Any]] | None = None,
        **fields: models.Field[Any, Any],
    ) -> None:
        self.build, self.wrap, self.fields = build, wrap, fields
        self.names = tuple(names or inspect.signature(build).parameters)
        self._made: dict[str, _Made] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """What the query finds now."""
        connection = connections[DEFAULT_DB_ALIAS]
        return self._found(self._compiled(connection), values, connection)

    def row(self, **values: Any) -> tuple[Any, ...] | None:
        """The first of them; None where there is none."""
        return next(iter(self.rows(**values)), None)

    def instances(self, **values: Any) -> list[Any]:
        """What the query finds now as instances of its model, with what `select_related` brings and nothing prefetched.

        Raises:
            TypeError: the query is one of values.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        made = self._compiled(connection)
        if made.instance is None:
            raise TypeError("A query of values makes no instances")
        return [made.instance(row) for row in self._found(made, values, connection)]

    def instance(self, **values: Any) -> Any:
        """The first of them; None where there is none."""
        return next(iter(self.instances(**values)), None)

    def _compiled(self, connection: Any) -> _Made:
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = self._compile(connection)
        return made

    @staticmethod
    def _found(made: _Made, values: dict[str, Any], connection: Any) -> list[tuple[Any, ...]]:
        given = {name: value.pk if name == "user" else value for name, value in values.items()}
        found = _fetch(connection, made.sql, bound(made.params, given, connection))
        return made.converted(found, connection) if made.converters else found

    def _compile(self, connection: Any) -> _Made:
        arguments = {name: argument(name, self.fields.get(name)) for name in self.names}
        with compiling():
            found = self.build(**arguments)
            compiler = found.query.get_compiler(connection=connection)
            sql, params = compiler.as_sql()
            if self.wrap:
                sql, params = self.wrap(sql, params, **arguments)
        columns = [column for column, *_ in compiler.select[: compiler.col_count]]
        if connection.vendor == "postgresql":
            sql, params = _numbered(sql, params, connection)
        instance = _instance_maker(compiler) if found._iterable_class is ModelIterable else None
        return _Made(sql, params, compiler.get_converters(columns), instance)


class _Made(NamedTuple):
    """A query's SQL, its parameters in their places, and what makes values of its columns and instances of its rows."""

    sql: str
    params: tuple[Any, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]
    instance: Callable[[tuple[Any, ...]], Any] | None

    def converted(self, rows: list[tuple[Any, ...]], connection: Any) -> list[tuple[Any, ...]]:
        return [self._row(list(row), connection) for row in rows]

    def _row(self, row: list[Any], connection: Any) -> tuple[Any, ...]:
        for place, (steps, column) in self.converters.items():
            for step in steps:
                row[place] = step(row[place], column, connection)
        return tuple(row)


def _instance_maker(compiler: Any) -> Callable[[tuple[Any, ...]], Any]:
    """What makes an instance of a row, as a queryset that is gone through does."""
    info = compiler.klass_info
    model, first, end = info["model"], info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in compiler.select[first:end]]
    annotations = compiler.annotation_col_map.items()
    related = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)

    def instance(row: tuple[Any, ...]) -> Any:
        made = model.from_db(DEFAULT_DB_ALIAS, names, row[first:end])
        for populator in related:
            populator.populate(row, made)
        for name, place in annotations:
            setattr(made, name, row[place])
        return made

    return instance


def keep_plans(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Let a new connection keep a plan of each compiled query: psycopg would give up the oldest beyond a hundred."""
    if connection.vendor == "postgresql":
        connection.connection.prepared_max = None


def _numbered(sql: str, params: Iterable[Any], connection: Any) -> tuple[str, tuple[Any, ...]]:
    """SQL with the placeholders of PostgreSQL itself, one for each value that differs between runs.

    What is the same at every run is written into it: a plan that is kept can then count on it, and choose an index
    that holds those rows only.
    """
    places: dict[Hashable, Any] = {}
    values = iter(params)
    # To quote a value takes a connection that is there
    connection.ensure_connection()

    def written(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = next(values)
        if not isinstance(value, Parameter | AtRun):
            return Literal(value).as_string(connection.connection)
        places.setdefault(value.place, value)
        return f"${list(places).index(value.place) + 1}"

    return re.sub(r"%[s%]", written, sql), tuple(places.values())


def _fetch(connection: Any, sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    """Run a query that will be run again: PostgreSQL plans it at its first run on each connection, and keeps that."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())
    found: list[tuple[Any, ...]] = []

    def prepared(sql: str, params: Any, many: bool, context: dict[str, Any]) -> None:
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            # Django passes no `prepare` on
            found.extend(_cursor_of(connection.connection).execute(sql, params, prepare=True).fetchall())

    if connection.execute_wrappers or connection.queries_logged:
        # Whoever counts or logs queries is told all the same
        with connection.cursor() as cursor:
            log = cursor.debug_sql(sql, params) if isinstance(cursor, CursorDebugWrapper) else nullcontext()
            with log:
                cursor._execute_with_wrappers(sql, params, many=False, executor=prepared)
    else:
        connection.ensure_connection()
        prepared(sql, params, False, {})
    return found


def _cursor_of(connection: Any) -> RawCursor[tuple[Any, ...]]:
    """The cursor of a psycopg connection that runs all its compiled queries: to make one costs as much as a query."""
    cursor: RawCursor[tuple[Any, ...]] | None = getattr(connection, "compiled_cursor", None)
    if cursor is None:
        cursor = connection.compiled_cursor = RawCursor(connection)
        # Times in the connection's zone, which is UTC: Django's own loader says the same, at five times the cost
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
    return cursor


class Someone:
    """A person of a compiled query: the rules ask for nothing but `pk`."""

    is_authenticated = True

    def __init__(self, pk: Any) -> None:
        self.pk = pk


def argument(name: str, field: models.Field[Any, Any] | None = None) -> Any:
    """The parameter that stands for the argument `name` of a compiled query."""
    if field:
        return Parameter(name, field)
    if name == "user":
        return Someone(Parameter("user"))
    if name.endswith("_keys"):
        return TextsParameter(name)
    return IdsParameter(name) if name == "ids" or name.endswith("_ids") else Parameter(name)
