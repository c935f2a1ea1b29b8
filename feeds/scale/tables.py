"""Writes rows by the million: COPY into bare tables on PostgreSQL, batches on SQLite."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import islice
from typing import Any

from django.db import connection, models
from tqdm import tqdm

BATCH = 5_000
Row = tuple[int | str | None, ...]


class Table:
    """A model's table with the columns that vary, and those that are the same in every row.

    Columns that are neither take the field's own default; a field whose default is a call must be given.
    """

    def __init__(self, model: type[models.Model], *varying: str, **constant: Any) -> None:
        given = {*varying, *constant}
        fields = {field.attname: field for field in model._meta.concrete_fields if field.attname != "id"}
        unknown = given - {*fields, "id"}
        if unknown:
            raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
        for name, field in fields.items():
            if name not in given:
                constant[name] = _default(field)
        self.model, self.name = model, model._meta.db_table
        columns = {"id": "id", **{name: field.column for name, field in fields.items()}}
        self.columns = [columns[name] for name in (*varying, *constant)]
        self.constants: Row = tuple(constant.values())
        self.texts = [
            field.column for field in model._meta.concrete_fields if not field.null and field.column in self.columns
        ]


def _default(field: models.Field[Any, Any]) -> Any:
    if field.has_default() and callable(field.default) and field.default not in (list, dict):
        raise ValueError(f"{field} needs a value: its default is made at the moment of writing")
    value = field.get_default()
    if isinstance(value, list | dict):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value


class Writer:
    """Writes tables in one transaction, with a progress bar over all of them.

    Args:
        expected: about how many rows there will be; None shows no bar.
    """

    def __init__(self, expected: int | None) -> None:
        self._bar = tqdm(
            total=expected,
            unit=" rows",
            unit_scale=True,
            dynamic_ncols=True,
            disable=expected is None,
            mininterval=0.5,
        )
        self.written: dict[str, int] = {}

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        """Stream `rows`, the varying columns of each, into the table."""
        self._bar.set_description(table.name)
        count = 0
        put = self._copied if connection.vendor == "postgresql" else self._inserted
        for number in put(table, iter(rows)):
            count += number
            self._bar.update(number)
        self.written[table.name] = self.written.get(table.name, 0) + count

    def run(self, name: str, sql: str, *parameters: Any) -> None:
        """Rows that the database makes of rows it has."""
        self._bar.set_description(name)
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            count = max(cursor.rowcount, 0)
        self._bar.update(count)
        self.written[name] = self.written.get(name, 0) + count

    def say(self, what: str) -> None:
        self._bar.set_description(what)

    def close(self) -> None:
        self._bar.close()

    def _copied(self, table: Table, rows: Iterator[Row]) -> Iterator[int]:
        columns, texts = (", ".join(f'"{name}"' for name in names) for names in (table.columns, table.texts))
        # In CSV nothing at all is NULL, and in a column that cannot be NULL it is the empty text
        statement = f'COPY "{table.name}" ({columns}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({texts}))'
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            while batch := list(islice(rows, BATCH)):
                text = StringIO()
                csv.writer(text).writerows(row + table.constants for row in batch)
                copy.write(text.getvalue())
                yield len(batch)

    def _inserted(self, table: Table, rows: Iterator[Row]) -> Iterator[int]:
        columns, places = ", ".join(f'"{name}"' for name in table.columns), ", ".join(["%s"] * len(table.columns))
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})'  # noqa: S608
        with connection.cursor() as cursor:
            while batch := list(islice(rows, BATCH)):
                cursor.executemany(statement, [row + table.constants for row in batch])
                yield len(batch)


@contextmanager
def bare(kinds: Iterable[type[models.Model]], writer: Writer) -> Iterator[None]:
    """On PostgreSQL: these tables without indexes and constraints but their keys while they are written.

    All come back afterwards, and the database checks every row against them at once, which is what makes it fast.
    Inside the caller's transaction: after a fault everything is as it was.
    """
    if connection.vendor != "postgresql":
        yield
        return
    tables = [model._meta.db_table for model in kinds]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '256MB'; SET LOCAL jit = off")
        # What the transaction wrote so far must not wait for its checks: they are about to go
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        constraints, indexes = _constraints(cursor, tables), _indexes(cursor, tables)
        for table, name, _ in constraints:
            cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        for _, name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for table, name, definition in indexes:
            writer.say(f"{table}: {name}")
            cursor.execute(definition)
        for table, name, definition in constraints:
            writer.say(f"{table}: {name}")
            cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')


def _constraints(cursor: Any, tables: list[str]) -> list[tuple[str, str, str]]:
    """(table, name, definition): uniqueness first, for a foreign key may lean on it."""
    cursor.execute(
        "SELECT r.relname, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " JOIN pg_class r ON r.oid = c.conrelid"
        " WHERE r.relname = ANY(%s) AND r.relnamespace = current_schema()::regnamespace AND c.contype IN ('f', 'u')"
        " ORDER BY c.contype DESC, r.relname, c.conname",
        [tables],
    )
    return list(cursor.fetchall())


def _indexes(cursor: Any, tables: list[str]) -> list[tuple[str, str, str]]:
    """(table, name, definition) of those that no constraint owns."""
    cursor.execute(
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND schemaname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_constraint c"
        " WHERE c.conindid = format('%%I.%%I', schemaname, indexname)::regclass) ORDER BY tablename, indexname",
        [tables],
    )
    return list(cursor.fetchall())


def advance_sequences(kinds: Iterable[type[models.Model]]) -> None:
    """Let new rows be numbered after those that were written with their numbers."""
    if connection.vendor != "postgresql":
        # SQLite's AUTOINCREMENT follows the largest key by itself
        return
    with connection.cursor() as cursor:
        for model in kinds:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'),"  # noqa: S608
                f' greatest((SELECT max(id) FROM "{table}"), 1))'
            )


def analyze(kinds: Iterable[type[models.Model]]) -> None:
    """Let the planner know what is there; outside a transaction, index-only scans too."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("ANALYZE")
            return
        verb = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
        cursor.execute(f"{verb} {', '.join(model._meta.db_table for model in kinds)}")
