"""A stamp of rows that belong to another: part of the key of what is kept, for whatever shows those rows."""

from typing import Any

from django.db.models import CharField, F, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat


class Stamp(Subquery):
    """Some columns of the rows that a correlated query finds, joined to one text: equal where they are equal."""

    template = "(SELECT string_agg(stamp, ' ' ORDER BY stamp) FROM (%(subquery)s) AS stamped)"

    def __init__(self, rows: QuerySet[Any, Any], *columns: str) -> None:
        parts = [Coalesce(Cast(F(column), CharField()), Value("")) for column in columns]
        # Concat takes two or more
        joined = [part for column in parts for part in (column, Value("\n"))]
        super().__init__(
            rows.values(stamp=Concat(*joined, output_field=CharField())),
            output_field=CharField(),
        )

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        kwargs["template"] = "(SELECT group_concat(stamp, ' ') FROM (%(subquery)s ORDER BY 1) AS stamped)"
        return self.as_sql(compiler, connection, **kwargs)
