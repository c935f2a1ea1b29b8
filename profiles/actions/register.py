"""Brings the departments in line with a register: founds, renames, closes, reopens and moves what differs."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from profiles.actions import audit, departments, search
from profiles.models import Department
from profiles.register import Entry, Register


@dataclass
class Report:
    """What an import did, as names of departments; `gone` are those the register no longer has, left alone."""

    created: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return not (self.created or self.renamed or self.closed or self.reopened or self.moved or self.changed)


@transaction.atomic
def follow(*, register: Register, dry_run: bool = False) -> Report:
    """Make the departments what `register` says, in one transaction.

    Departments are matched by the register's id, else (one that was never imported) by slug. A new main parent
    is the first named; a main parent that is still among the parents stays the main one.

    Args:
        dry_run: do it all, report, and take it back.
    """
    report = Report()
    known = {row.register_id: row for row in Department.objects.all() if row.register_id}
    unmatched = {row.slug: row for row in Department.objects.filter(register_id__isnull=True)}
    report.gone = sorted(row.name for id_, row in known.items() if id_ not in register.entries)
    for entry in register.entries.values():
        row = known.get(entry.register_id) or unmatched.get(entry.slug)
        if row is None:
            known[entry.register_id] = _found(entry, known)
            report.created.append(entry.name)
        else:
            known[entry.register_id] = row
            _follow_one(row, entry, known, report)
    for entry in register.entries.values():
        _follow_closure(known[entry.register_id], entry, known, report)
    touched = {*report.created, *report.renamed, *report.closed, *report.reopened, *report.moved, *report.changed}
    report.unchanged = len(register.entries) - len(touched)
    if dry_run:
        transaction.set_rollback(True)
    return report


def _found(entry: Entry, known: dict[str, Department]) -> Department:
    parents = [known[id_] for id_ in entry.parents]
    department = departments.found(
        name=entry.name,
        by=None,
        slug=entry.slug,
        kind=entry.kind,
        abbreviation=entry.abbreviation,
        parent=parents[0] if parents else None,
        register_id=entry.register_id,
        website=entry.website,
    )
    if len(parents) > 1:
        departments.move(department=department, parents=parents, by=None)
    return department


def _follow_one(row: Department, entry: Entry, known: dict[str, Department], report: Report) -> None:
    if (row.name, row.abbreviation) != (entry.name, entry.abbreviation):
        report.renamed.append(f"{row.name} → {entry.name}" if row.name != entry.name else entry.name)
        departments.rename(
            department=row, name=entry.name, name_cy=row.name_cy, abbreviation=entry.abbreviation, by=None
        )
    parents = [known[id_] for id_ in entry.parents]
    current = set(row.parent_rows.filter(until_on__isnull=True).values_list("parent_id", flat=True))
    if current != {parent.pk for parent in parents}:
        parents.sort(key=lambda parent: parent.pk != row.parent_id)
        departments.move(department=row, parents=parents, by=None)
        report.moved.append(entry.name)
    facts = {"register_id": entry.register_id, "kind": entry.kind, "website": entry.website}
    if any(getattr(row, name) != value for name, value in facts.items()):
        for name, value in facts.items():
            setattr(row, name, value)
        row.save(update_fields=list(facts))
        audit.record(action="department.changed", by=None, obj=row, details={"kind": entry.kind})
        search.changed(row)
        report.changed.append(entry.name)


def _follow_closure(row: Department, entry: Entry, known: dict[str, Department], report: Report) -> None:
    successors = tuple(known[id_] for id_ in entry.successors)
    before = (row.is_closed, row.closed_on, row.closed_reason, set(row.successors.values_list("pk", flat=True)))
    after = (entry.is_closed, entry.closed_on, entry.closed_reason, {successor.pk for successor in successors})
    if before == after:
        return
    if entry.is_closed:
        departments.close(
            department=row, on=entry.closed_on, reason=entry.closed_reason, successors=successors, by=None
        )
    else:
        departments.reopen(department=row, by=None)
        departments.set_successors(department=row, successors=successors)
    if entry.name not in report.created:
        changes = report.closed if entry.is_closed else report.reopened if before[0] else report.changed
        changes.append(entry.name)
