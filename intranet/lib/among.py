"""The lookup `among`: `pk__among=ids` is `pk__in=ids` with all the ids in one parameter.

For thousands of ids: Django's `in` makes each a parameter, and to write them into the statement takes longer than
the database takes to answer it.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Field, ForeignKey, Lookup


@ForeignKey.register_lookup
@Field.register_lookup
class Among(Lookup[Any]):
    """Whether an integer column is one of many numbers."""

    lookup_name = "among"
    prepare_rhs = False

    def __init__(self, lhs: Any, rhs: Iterable[int]) -> None:
        super().__init__(lhs, sorted(rhs))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """For SQLite: a JSON array, read as a table."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, json.dumps(self.rhs)]  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*parameters, array_literal(self.rhs)]


def array_literal(ids: Iterable[int]) -> str:
    """Ids as PostgreSQL writes an array: psycopg would look at each of them by itself."""
    return f"{{{','.join(map(str, ids))}}}"
