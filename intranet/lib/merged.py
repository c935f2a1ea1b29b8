"""The first rows of many short lists at once: what somebody follows is a thousand of them.

Walking a table in order and dropping what is not asked for takes the longer, the larger the table and the rarer the
rows. Here each source – one author, one topic – is read by its own index, and only as far as it can matter: first the
head of every source; then, of the sources whose heads are among the first rows, as many as are wanted.

Many sources, as the parts of a ministry, may well hold a good part of the table. Then the first rows are met soon on a
walk along the table, and no source is read; where the walk finds too few of them, all are read as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, models
from django.db.models import Case, OuterRef, Q, Subquery, When
from django.db.models.expressions import RawSQL
from django.db.models.lookups import IsNull

# From how many sources on the first rows of the table are walked, and how many of them
MANY_SOURCES = 32
WALKED = 500
# Likewise where sources are read from indexes alone, which costs a tenth
VERY_MANY_SOURCES = 100


@dataclass(frozen=True)
class Order:
    """The order of a list: by `column`, ties by `id`.

    Attributes:
        id: the column that says which rows were found; `first_ids` answers with its values.
    """

    column: str
    id: str
    descending: bool = False


NEWEST = Order("created_at", "pk", descending=True)


@dataclass(frozen=True)
class Leg:
    """Rows that are reached through one column.

    Attributes:
        column: the path of that column; an index that begins with it holds the rows in order.
        ids: the values looked for, as a query of one column.
        prefix: the path to the order's columns, with "__" at its end, where another table holds them too.
        also: more conditions on that other table, by path.
    """

    column: str
    ids: models.QuerySet[Any, Any]
    prefix: str = ""
    also: Mapping[str, Any] = field(default_factory=dict)

    def condition(self) -> Q:
        """That a row is reached."""
        return Q((f"{self.column}__in", self.ids))

    def table(self, model: type[models.Model]) -> Any:
        """The rows of the table whose index holds the order: those of `model`, or the others that `prefix` leads to."""
        other: Any = model._meta.get_field(self.prefix.removesuffix("__")).related_model if self.prefix else model
        return other._base_manager.all()

    @property
    def bare(self) -> dict[str, Any]:
        """The conditions of `also`, by what that table calls its columns."""
        return {path.removeprefix(self.prefix): value for path, value in self.also.items()}


def first_ids(
    rows: models.QuerySet[Any, Any], legs: Sequence[Leg], *, backward: bool, size: int, order: Order = NEWEST
) -> tuple[str, Any]:
    """SQL for the ids of the first `size` of `rows` that any of `legs` reaches.

    Args:
        rows: filtered, but in no order.
        backward: in the order turned round.

    Returns:
        The SQL, and its parameters. PostgreSQL alone can run it.
    """
    # Everything that is put together here is SQL that Django made, or a number
    ctes, params = _sources(legs)
    way, within, last = ("DESC", ">=", "min(at)") if order.descending != backward else ("ASC", "<=", "max(at)")
    by = f"at {way}, id {way}"
    # Through another table the database would ask of each row it meets, or read all of that table first
    walks = not any(leg.prefix for leg in legs)
    if walks:
        met, walk_params = _walk(rows, legs, backward=backward, size=size, order=order)
        ctes.append(f"walk AS MATERIALIZED ({met})")
        params += walk_params
    still = f" WHERE (SELECT count(*) FROM walk) < {size}" if walks else ""
    for number, leg in enumerate(legs):
        head, head_params = _probe(rows, leg, order, backward=backward, size=1)
        ctes.append(
            f"heads{number} AS MATERIALIZED (SELECT source.id AS source, head.* FROM sources{number} AS source "
            f"CROSS JOIN LATERAL ({head}) AS head(id, at){still})"
        )
        params += head_params
    heads = " UNION ".join(f"SELECT id, at FROM heads{number}" for number in range(len(legs)))
    # With so many heads on this side of the edge, no source whose head is on the other side has one of the first
    ctes.append(
        f"edge AS MATERIALIZED (SELECT CASE WHEN count(*) = {size} THEN {last} END AS at FROM "
        f"(SELECT at FROM ({heads}) AS heads ORDER BY {by} LIMIT {size}) AS bar)"
    )
    for number, leg in enumerate(legs):
        some, some_params = _probe(rows, leg, order, backward=backward, size=size)
        ctes.append(
            f"found{number} AS (SELECT DISTINCT row.* FROM (SELECT DISTINCT source AS id FROM heads{number}, edge "
            f"WHERE edge.at IS NULL OR heads{number}.at {within} edge.at) AS source "
            f"CROSS JOIN LATERAL ({some}) AS row(id, at))"
        )
        params += some_params
    lists = [*(["walk"] if walks else []), *(f"found{number}" for number in range(len(legs)))]
    union = " UNION ".join(f"SELECT id, at FROM {name}" for name in lists)
    return f"WITH {', '.join(ctes)} SELECT id FROM ({union}) AS merged ORDER BY {by} LIMIT {size}", params


def newest_ids(model: type[models.Model], legs: Sequence[Leg], *, size: int) -> tuple[str, Any]:
    """SQL for the newest `size` rows that any of `legs` reaches, whoever may see them: their ids, and when they are of.

    Read from the indexes alone, at a tenth of what it costs to ask of each row whether it may be seen: first the
    newest few of every source, then of all sources what is as new as the newest `size` of these. Of very many sources
    nothing is read where the newest rows of the table have enough.

    Returns:
        The SQL, and its parameters. PostgreSQL alone can run it.
    """
    numbers, (ctes, params) = range(len(legs)), _sources(legs)
    rows = model._base_manager.all()
    met, more = walk(rows, _reached(model, legs), along=rows, backward=False, size=size)
    many = _number_of_sources(legs)
    ctes.append(f"walk AS MATERIALIZED (SELECT id, at FROM ({met}) AS row(id, at) WHERE {many} >= {VERY_MANY_SOURCES})")
    params += more
    # Of few sources so many each that together they have enough; of many one
    ctes.append(f"depth AS MATERIALIZED (SELECT greatest(1, {2 * size} / greatest(1, {many})) AS each)")
    for number, leg in enumerate(legs):
        head, more = _sql(_of_source(model, leg))
        ctes.append(
            f"heads{number} AS MATERIALIZED (SELECT source.id AS source, head.* FROM sources{number} AS source "
            f"CROSS JOIN LATERAL ({head} LIMIT (SELECT each FROM depth)) AS head(id, at) "
            f"WHERE (SELECT count(*) FROM walk) < {size})"
        )
        params += more
    # One row may be among the newest of several sources, and counts once
    heads = " UNION ".join(f"SELECT id, at FROM heads{number}" for number in numbers)
    ctes.append(
        f"edge AS MATERIALIZED (SELECT CASE WHEN count(*) = {size} THEN min(at) ELSE '-infinity' END AS at FROM "
        f"(SELECT at FROM ({heads}) AS heads ORDER BY at DESC LIMIT {size}) AS bar)"
    )
    since = RawSQL("SELECT at FROM edge", (), output_field=models.DateTimeField())
    for number, leg in enumerate(legs):
        some, more = _sql(_of_source(model, leg).filter(**{f"{NEWEST.column}__gte": since})[:size])
        ctes.append(
            f"found{number} AS (SELECT row.* FROM (SELECT DISTINCT source AS id FROM heads{number} "
            f"WHERE at >= (SELECT at FROM edge)) AS source CROSS JOIN LATERAL ({some}) AS row(id, at))"
        )
        params += more
    union = " UNION ".join(f"SELECT id, at FROM {name}" for name in ("walk", *(f"found{n}" for n in numbers)))
    return (
        f"WITH {', '.join(ctes)} SELECT id, at FROM ({union}) AS merged ORDER BY at DESC, id DESC LIMIT {size}",
        params,
    )


def _sources(legs: Sequence[Leg]) -> tuple[list[str], list[Any]]:
    """The tables `sources0` and on, of what each leg looks for, and their parameters."""
    ctes, params = [], []
    for number, leg in enumerate(legs):
        ids, more = _sql(leg.ids)
        ctes.append(f"sources{number} AS MATERIALIZED (SELECT DISTINCT id FROM ({ids}) AS known(id))")
        params += more
    return ctes, params


def _number_of_sources(legs: Sequence[Leg]) -> str:
    return " + ".join(f"(SELECT count(*) FROM sources{number})" for number in range(len(legs)))


def _reached(model: type[models.Model], legs: Sequence[Leg]) -> Q:
    """That a source of any of `legs`, as the tables `sources0` and on hold them, reaches a row."""
    ways = []
    for number, leg in enumerate(legs):
        way = Q((f"{leg.column.removeprefix(leg.prefix)}__in", ids_of(f"sources{number}")), *leg.bare.items())
        if leg.prefix:
            # One value, not EXISTS: that the database may answer from a list of all rows of the other table
            one = leg.table(model).filter(way, content_object=OuterRef("pk")).values("pk")[:1]
            way = Q(IsNull(Subquery(one), False))
        ways.append(way)
    return reduce(or_, ways)


def _of_source(model: type[models.Model], leg: Leg) -> Any:
    """The rows of one source, newest first, as the index of its leg holds them: their ids and times."""
    source = RawSQL("source.id", (), output_field=models.BigIntegerField())
    rows = leg.table(model).filter(**{leg.column.removeprefix(leg.prefix): source}, **leg.bare)
    row_id = "content_object_id" if leg.prefix else NEWEST.id
    return rows.order_by(f"-{NEWEST.column}", f"-{row_id}").values_list(row_id, NEWEST.column)


def ordered(rows: Any, *, backward: bool, prefix: str = "", order: Order = NEWEST) -> Any:
    """`rows` in their order or turned round; `prefix` as of a leg."""
    key = (f"{prefix}{order.column}", f"{prefix}content_object_id" if prefix else order.id)
    return rows.order_by(*(f"-{name}" if order.descending != backward else name for name in key))


def can_merge() -> bool:
    """Whether the database can read list by list; elsewhere the rows are filtered, which small ones bear."""
    return connection.vendor == "postgresql"


def walk(
    rows: models.QuerySet[Any, Any], condition: Any, *, along: Any, backward: bool, size: int, order: Order = NEWEST
) -> tuple[str, Any]:
    """SQL for the first `size` of `rows` that fit `condition`, among the first `WALKED` of `along`.

    Where these are fewer than `size`, others may stand further on; nothing is found where `along` is short.

    Returns:
        The SQL, and its parameters; its columns are the id and the order's column.
    """
    end = ordered(along, backward=backward, order=order).values(order.column)[WALKED : WALKED + 1]
    within = Q((f"{order.column}__{'gte' if order.descending != backward else 'lte'}", Subquery(end)))
    # In a CASE it is asked of each row that is met; the database could make a join of it, and go through all for each
    fits = Case(When(condition, then=True), default=False, output_field=models.BooleanField())
    first = ordered(rows.filter(within, fits), backward=backward, order=order)
    return _sql(first.values_list(order.id, order.column)[:size])


def met_or_looked_up(
    rows: models.QuerySet[Any, Any],
    condition: Q,
    *,
    ways: Sequence[Q],
    tables: Mapping[str, models.QuerySet[Any, Any]],
    along: Any,
    backward: bool,
    size: int,
    order: Order,
) -> tuple[str, Any]:
    """SQL for the ids of the first `size` of `rows` that fit `condition`.

    Where many fit, the first are met on a walk among the first of `along`; where too few are met, all are looked up.

    Args:
        ways: what fits `condition` fits one of these; each has an index of its own.
        tables: queries for ids, asked once; conditions mean them by `ids_of` and `has_ids`.

    Returns:
        The SQL, and its parameters. PostgreSQL alone can run it.
    """
    way, params = "DESC" if order.descending != backward else "ASC", []
    ctes = {f"{name}(id)": _sql(ids) for name, ids in tables.items()}
    ctes["walk(id, at)"] = walk(rows, condition, along=along, backward=backward, size=size, order=order)
    parts = ["SELECT id, at FROM walk"]
    looked_up = [_sql(rows.filter(fits).values_list(order.id, order.column)) for fits in ways]
    for sql, _ in looked_up:
        parts.append(f"SELECT id, at FROM ({sql}) AS row(id, at) WHERE (SELECT count(*) FROM walk) < {size}")
    for _, more in (*ctes.values(), *looked_up):
        params += more
    asked = ", ".join(f"{name} AS MATERIALIZED ({sql})" for name, (sql, _) in ctes.items())
    found = " UNION ".join(parts)
    return f"WITH {asked} SELECT id FROM ({found}) AS found ORDER BY at {way}, id {way} LIMIT {size}", params


def ids_of(table: str) -> RawSQL:
    """The ids of a table that a query has before it (WITH), to the right of `__in`."""
    # With the table's name: a column that it does not have would be the column of the query around
    return RawSQL(f"SELECT {table}.id FROM {table}", (), output_field=models.BigIntegerField())


def has_ids(table: str) -> RawSQL:
    """That a table of `met_or_looked_up` is not empty."""
    return RawSQL(f"EXISTS(SELECT 1 FROM {table})", (), output_field=models.BooleanField())


def _walk(
    rows: models.QuerySet[Any, Any], legs: Sequence[Leg], *, backward: bool, size: int, order: Order
) -> tuple[str, Any]:
    """The first of `rows` that a leg reaches, as far as a walk meets them; nothing where sources are few."""
    reached = reduce(or_, (Q((f"{leg.column}__in", ids_of(f"sources{number}"))) for number, leg in enumerate(legs)))
    table = rows.model._base_manager.all()
    sql, params = walk(rows, reached, along=table, backward=backward, size=size, order=order)
    many = _number_of_sources(legs)
    return f"SELECT id, at FROM ({sql}) AS row(id, at) WHERE {many} >= {MANY_SOURCES}", params


def _probe(rows: models.QuerySet[Any, Any], leg: Leg, order: Order, *, backward: bool, size: int) -> tuple[str, Any]:
    # Ids are looked up as they stand: converting one would keep its index from being used
    source = RawSQL("source.id", (), output_field=models.BigIntegerField())
    reached = rows.filter(**{leg.column: source}, **leg.also)
    first = ordered(reached, backward=backward, prefix=leg.prefix, order=order)
    return _sql(first.values_list(order.id, order.column)[:size])


def _sql(queryset: models.QuerySet[Any, Any]) -> tuple[str, Any]:
    return queryset.query.get_compiler(connection=connection).as_sql()
