"""The first rows of many short lists at once: what somebody follows is a thousand of them.

Walking a table in order and dropping what is not asked for takes the longer, the larger the table and the rarer the
rows. Here each source – one author, one topic – is read by its own index, and only as far as it can matter: first the
head of every source; then, of the sources whose heads are among the first rows, as many as are wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import RawSQL


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
    ctes: list[str] = []
    params: list[Any] = []
    way, within, last = ("DESC", ">=", "min(at)") if order.descending != backward else ("ASC", "<=", "max(at)")
    by = f"at {way}, id {way}"
    for number, leg in enumerate(legs):
        ids, ids_params = _sql(leg.ids)
        head, head_params = _probe(rows, leg, order, backward=backward, size=1)
        ctes.append(
            f"heads{number} AS MATERIALIZED (SELECT source.id AS source, head.* FROM "
            f"(SELECT DISTINCT id FROM ({ids}) AS known(id)) AS source CROSS JOIN LATERAL ({head}) AS head(id, at))"
        )
        params += [*ids_params, *head_params]
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
    union = " UNION ".join(f"SELECT id, at FROM found{number}" for number in range(len(legs)))
    return f"WITH {', '.join(ctes)} SELECT id FROM ({union}) AS merged ORDER BY {by} LIMIT {size}", params


def ordered(rows: Any, *, backward: bool, prefix: str = "", order: Order = NEWEST) -> Any:
    """`rows` in their order or turned round; `prefix` as of a leg."""
    key = (f"{prefix}{order.column}", f"{prefix}content_object_id" if prefix else order.id)
    return rows.order_by(*(f"-{name}" if order.descending != backward else name for name in key))


def can_merge() -> bool:
    """Whether the database can read list by list; elsewhere the rows are filtered, which small ones bear."""
    return connection.vendor == "postgresql"


def _probe(rows: models.QuerySet[Any, Any], leg: Leg, order: Order, *, backward: bool, size: int) -> tuple[str, Any]:
    # Ids are looked up as they stand: converting one would keep its index from being used
    source = RawSQL("source.id", (), output_field=models.BigIntegerField())
    reached = rows.filter(**{leg.column: source}, **leg.also)
    first = ordered(reached, backward=backward, prefix=leg.prefix, order=order)
    return _sql(first.values_list(order.id, order.column)[:size])


def _sql(queryset: models.QuerySet[Any, Any]) -> tuple[str, Any]:
    return queryset.query.get_compiler(connection=connection).as_sql()
