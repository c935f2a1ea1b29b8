"""Queries compiled once: for a page that everybody opens, making the SQL of a deep query costs more than running it.

    unread = Compiled(lambda user: Notification.objects.visible_to(user).unread().values_list("pk"))
    unread.rows(user=User)          # `user.pk` is what the query was made with

The queryset is built as everywhere else, by the same rules, with parameters in place of values; what is kept is its
SQL. Whatever differs between two runs must therefore be a parameter: an argument, or a value that is asked for when
the query runs (`AtRun`, as `Today`).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorDebugWrapper
from django.db.models.expressions import Expression
from django.utils import timezone

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

    def value(self, values: dict[str, Any]) -> Any:
        """What the database is given for it."""
        return values[self.name]


class IdsParameter(Parameter):
    """Any number of ids, to the right of `__in`."""

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return "(SELECT unnest(%s::bigint[]))", [self]

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return "(SELECT value FROM json_each(%s))", [self]

    def value(self, values: dict[str, Any]) -> Any:
        ids = list(values[self.name])
        return json.dumps(ids) if connection.vendor == "sqlite" else ids


class AtRun(Expression):
    """A value asked for each time the query runs, compiled or not."""

    def __init__(self, ask: Callable[[], Any], output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.ask = ask

    def as_sql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        return "%s", [self if _is_compiling.get() else self.value({})]

    def value(self, values: dict[str, Any]) -> Any:
        return self.output_field.get_db_prep_value(self.ask(), connection, prepared=False)


def now() -> AtRun:
    """This moment, for queries."""
    return AtRun(timezone.now, models.DateTimeField())


def today() -> AtRun:
    """The day it is here, for queries."""
    return AtRun(timezone.localdate, models.DateField())


@contextmanager
def compiling() -> Iterator[None]:
    """Within it, what a query asks for when it runs stays in its parameters: `bound` puts the values in."""
    token = _is_compiling.set(True)
    try:
        yield
    finally:
        _is_compiling.reset(token)


def bound(params: Any, values: dict[str, Any]) -> list[Any]:
    """The parameters of SQL made within `compiling`, with their values."""
    return [param.value(values) if isinstance(param, Parameter | AtRun) else param for param in params]


class Compiled:
    """A query whose SQL is made at its first run in this process.

    Args:
        build: makes the queryset (of `values_list`) from its parameters. An argument called `ids`, or ending in
            `_ids`, is a list of ids; one called `user` is somebody known by `pk` alone; every other is an id, unless
            `fields` says what it is.
        fields: the types of arguments that are something else.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, Any]], **fields: models.Field[Any, Any]) -> None:
        self.build, self.fields = build, fields
        self._made: dict[str, tuple[str, tuple[Any, ...], Any]] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """What the query finds now."""
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = self._compile()
        sql, params, compiler = made
        given = {name: value.pk if name == "user" else value for name, value in values.items()}
        with connection.cursor() as cursor:
            _execute(cursor, sql, bound(params, given))
            found = cursor.fetchall()
        return list(compiler.results_iter(results=[found], tuple_expected=True))

    def row(self, **values: Any) -> tuple[Any, ...] | None:
        """The first of them; None where there is none."""
        return next(iter(self.rows(**values)), None)

    def _compile(self) -> tuple[str, tuple[Any, ...], Any]:
        arguments = {name: argument(name, self.fields.get(name)) for name in inspect.signature(self.build).parameters}
        with compiling():
            compiler = self.build(**arguments).query.get_compiler(connection=connection)
            sql, params = compiler.as_sql()
        return sql, params, compiler


def _execute(cursor: Any, sql: str, params: list[Any]) -> None:
    """Run a query that will be run again: PostgreSQL plans it at its first run on each connection, and keeps that."""
    if connection.vendor != "postgresql":
        cursor.execute(sql, params)
        return

    def prepared(sql: str, params: Any, many: bool, context: dict[str, Any]) -> None:
        with connection.wrap_database_errors:
            cursor.cursor.execute(sql, params, prepare=True)

    # Django passes no `prepare` on; whoever counts or logs queries is told all the same
    log = cursor.debug_sql(sql, params) if isinstance(cursor, CursorDebugWrapper) else nullcontext()
    with log:
        cursor._execute_with_wrappers(sql, params, many=False, executor=prepared)


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
    return IdsParameter(name) if name == "ids" or name.endswith("_ids") else Parameter(name)
