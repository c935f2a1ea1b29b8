"""Reads a register of organisations in the format of GOV.UK's organisations API; writes nothing.

Source: the API's documentation at https://www.gov.uk/api/organisations (Open Government Licence v3.0). Its pages
are joined under `results`.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_datetime

from profiles.models import Department, DepartmentKind

KINDS = {str(kind.label).lower(): kind for kind in DepartmentKind}
LIMITS = {
    name: getattr(Department._meta.get_field(name), "max_length", 0)
    for name in ("name", "abbreviation", "slug", "register_id")
}


class RegisterError(Exception):
    """The file cannot be imported; the message names the record."""


@dataclass(frozen=True)
class Entry:
    """One organisation as the register has it. Parents and successors are ids of other entries."""

    register_id: str
    slug: str
    name: str
    abbreviation: str
    kind: DepartmentKind
    website: str
    is_closed: bool
    closed_on: datetime.date | None
    closed_reason: str
    parents: tuple[str, ...]
    successors: tuple[str, ...]


@dataclass
class Register:
    """All entries by id, parents before children, and what was odd but harmless."""

    entries: dict[str, Entry]
    notes: list[str] = field(default_factory=list)


def read(path: Path) -> Register:
    """Read and check a register file.

    Raises:
        RegisterError: not readable, not JSON, a record without a needed field, a parent that does not exist,
            a loop of parents, or two records with one slug.
    """
    register = Register({})
    by_id: dict[str, Entry] = {}
    for number, record in enumerate(_records(path), start=1):
        entry = _entry(record, number)
        if entry.register_id in by_id:
            raise RegisterError(f"{entry.name}: its id stands in the file twice.")
        by_id[entry.register_id] = entry
    slugs: dict[str, Entry] = {}
    for entry in by_id.values():
        twin = slugs.setdefault(entry.slug, entry)
        if twin is not entry:
            raise RegisterError(f"{entry.name}: its slug “{entry.slug}” is also that of {twin.name}.")
    named = {id_ for entry in by_id.values() for id_ in entry.successors}
    known = {id_: _with_known_references(entry, by_id, named, register.notes) for id_, entry in by_id.items()}
    register.entries = {entry.register_id: entry for entry in _parents_first(known)}
    return register


def _records(path: Path) -> list[Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RegisterError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise RegisterError(f"{path} is not a text file in UTF-8 with JSON in it.") from error
    except json.JSONDecodeError as error:
        raise RegisterError(f"{path} is not valid JSON: line {error.lineno}, {error.msg}.") from error
    records = data.get("results") if isinstance(data, dict) else data
    if not isinstance(records, list) or not records:
        raise RegisterError(f"{path} has no list of organisations under “results”.")
    return records


def _entry(record: Any, number: int) -> Entry:
    title = record.get("title") if isinstance(record, dict) else None
    if not isinstance(title, str) or not title.strip():
        raise RegisterError(f"Record {number} has no “title”.")
    try:
        details = record["details"]
        status, closed_at = details["govuk_status"], details.get("closed_at")
        closed_on = parse_datetime(closed_at) if closed_at else None
        if closed_at and not closed_on:
            raise ValueError(f"“closed_at” is {closed_at!r}, which is not a time")
        entry = Entry(
            register_id=_text(record, "id"),
            slug=_text(details, "slug"),
            name=" ".join(_repaired(title).split()),
            abbreviation=str(details.get("abbreviation") or "").strip(),
            kind=_kind(_text(record, "format")),
            website=str(record.get("web_url") or ""),
            is_closed=status == "closed",
            closed_on=closed_on.date() if closed_on and status == "closed" else None,
            closed_reason=str(details.get("govuk_closed_status") or "") if status == "closed" else "",
            parents=_references(record, "parent_organisations"),
            successors=_references(record, "superseding_organisations"),
        )
    except KeyError as error:
        raise RegisterError(f"{title} (record {number}) has no “{error.args[0]}”.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise RegisterError(f"{title} (record {number}) cannot be read: {error}.") from error
    for name, limit in LIMITS.items():
        if len(getattr(entry, name)) > limit:
            raise RegisterError(f"{title} (record {number}): its {name} is longer than {limit} characters.")
    return entry


def _repaired(title: str) -> str:
    """`title`; where the register read UTF-8 as Latin-1 on its way, what it was: control characters tell."""
    if not any("\x80" <= letter <= "\x9f" for letter in title):
        return title
    try:
        return title.encode("latin-1").decode()
    except UnicodeError:
        return title


def _text(holder: Any, name: str) -> str:
    value = holder[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"“{name}” is empty or not text")
    return value.strip()


def _kind(label: str) -> DepartmentKind:
    if label.lower() not in KINDS:
        raise ValueError(f"its format “{label}” is not one this service knows")
    return KINDS[label.lower()]


def _references(record: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(reference, "id") for reference in record[name]))


def _with_known_references(entry: Entry, by_id: dict[str, Entry], named: set[str], notes: list[str]) -> Entry:
    """The entry without references that lead out of the file.

    A parent that no record describes is an error, unless a record names it as its successor (`named`): then
    the organisation is real, and the register left its record out.
    """
    parents = tuple(id_ for id_ in entry.parents if id_ in by_id)
    successors = tuple(id_ for id_ in entry.successors if id_ in by_id)
    for missing in [id_ for id_ in entry.parents if id_ not in by_id]:
        if missing not in named:
            raise RegisterError(f"{entry.name}: its parent {missing} does not exist in the file.")
        notes.append(f"{entry.name}: its parent {missing} is not in the file; left without it.")
    for missing in [id_ for id_ in entry.successors if id_ not in by_id]:
        notes.append(f"{entry.name}: its successor {missing} is not in the file; left without it.")
    return replace(entry, parents=parents, successors=successors)


def _parents_first(by_id: dict[str, Entry]) -> list[Entry]:
    """The entries so that every parent comes before its children."""
    order = TopologicalSorter({id_: entry.parents for id_, entry in by_id.items()})
    try:
        return [by_id[id_] for id_ in order.static_order()]
    except CycleError as error:
        names = " → ".join(by_id[id_].name for id_ in error.args[1])
        raise RegisterError(f"The parents of {by_id[error.args[1][0]].name} form a loop: {names}.") from error
