"""Rows of other tables as one value of a query: a page reads what belongs to a thing together with the thing.

    rows = nested(Membership.objects.filter(user_id=OuterRef("pk")).order_by("pk"), "department__name", "started_on")

The value is JSON as text: it is compared as a key as it stands, and `unnested` is asked only where it is shown.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery, TextField
from django.db.models.functions import JSONArray


class _Nested(Subquery):
    template = "(SELECT COALESCE(json_agg(nested)::text, '[]') FROM (%(subquery)s) AS rows_of)"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        kwargs["template"] = "(SELECT json_group_array(json(nested)) FROM (%(subquery)s) AS rows_of)"
        return self.as_sql(compiler, connection, **kwargs)


def nested(rows: QuerySet[Any, Any], *columns: Any) -> Subquery:
    """`rows` in their order, with the values of `columns` each. A database's JSON knows no dates: they come as text."""
    return _Nested(rows.values(nested=JSONArray(*columns)))


class _Counted(Subquery):
    template = "(SELECT count(*) FROM (%(subquery)s) AS rows_of)"
    output_field = IntegerField()


def counted(rows: QuerySet[Any, Any]) -> Subquery:
    """How many `rows` there are; a slice of them is counted no further than it goes."""
    return _Counted(rows)


def unnested(value: str) -> list[list[Any]]:
    """The rows that `nested` put into a value; what was true or false is 1 or 0 on SQLite."""
    found: list[list[Any]] = json.loads(value)
    return found
