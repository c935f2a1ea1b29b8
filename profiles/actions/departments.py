"""What is done to departments: founding, renaming, moving, closing. Dates are kept, nothing is deleted."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from profiles.actions import audit, search
from profiles.models import (
    UNITS,
    Audience,
    AudienceKind,
    Department,
    DepartmentAncestor,
    DepartmentKind,
    DepartmentName,
    DepartmentParent,
    DepartmentSuccessor,
    MailDomain,
    User,
)
from profiles.signals import rights_changed


class DepartmentLoop(Exception):
    """A department would come to stand above itself."""


class DomainTaken(Exception):
    """A mail domain signs people up into another department."""


@transaction.atomic
def found(
    *,
    name: str,
    by: User | None,
    slug: str = "",
    kind: str = DepartmentKind.OTHER,
    name_cy: str = "",
    abbreviation: str = "",
    parent: Department | None = None,
    opened_on: datetime.date | None = None,
    mail_domains: tuple[str, ...] = (),
    **fields: Any,
) -> Department:
    """A new department with its first name, its place in the forest and its audience.

    Args:
        by: the actor; None for the service itself (an import).
        parent: its main parent; others are added with `move`.
        fields: further columns of Department (register_id, description, website).
    """
    department = Department.objects.create(
        slug=slug or _free_slug(name),
        name=name,
        name_cy=name_cy,
        abbreviation=abbreviation,
        kind=kind,
        opened_on=opened_on,
        **fields,
    )
    DepartmentName.objects.create(
        department=department, name=name, name_cy=name_cy, abbreviation=abbreviation, from_on=opened_on
    )
    Audience.objects.create(kind=AudienceKind.DEPARTMENT, department=department)
    DepartmentAncestor.objects.create(department=department, ancestor=department, depth=0)
    if parent:
        _place(department, parents=[parent], on=opened_on)
    _label(department)
    MailDomain.objects.bulk_create(MailDomain(department=department, domain=d.lower()) for d in mail_domains)
    audit.record(action="department.founded", by=by, obj=department)
    search.changed(department)
    return department


@transaction.atomic
def describe(
    *,
    department: Department,
    kind: str,
    description: str,
    website: str,
    opened_on: datetime.date | None,
    by: User | None,
) -> None:
    """Correct what is known of `department` beside its name and place. No change writes nothing."""
    after = {"kind": kind, "description": description, "website": website, "opened_on": opened_on}
    changed = [name for name, value in after.items() if getattr(department, name) != value]
    if not changed:
        return
    for name in changed:
        setattr(department, name, after[name])
    department.save(update_fields=changed)
    _label(department)
    audit.record(action="department.changed", by=by, obj=department, details={"fields": changed})
    search.changed(department)


@transaction.atomic
def set_mail_domains(*, department: Department, domains: Iterable[str], by: User | None) -> None:
    """Make `domains` those whose people sign up into `department`. No change writes nothing.

    Raises:
        DomainTaken: one of them signs people up into another department.
    """
    after = {domain.strip().lower() for domain in domains if domain.strip()}
    before = set(department.mail_domains.values_list("domain", flat=True))
    if after == before:
        return
    taken = MailDomain.objects.filter(domain__in=after - before).select_related("department").first()
    if taken:
        raise DomainTaken(f"{taken.domain} belongs to {taken.department.name}.")
    department.mail_domains.exclude(domain__in=after).delete()
    MailDomain.objects.bulk_create(MailDomain(department=department, domain=d) for d in sorted(after - before))
    audit.record(
        action="department.mail-domains-changed",
        by=by,
        obj=department,
        details={"before": sorted(before), "after": sorted(after)},
    )


@transaction.atomic
def rename(
    *,
    department: Department,
    name: str,
    by: User | None,
    name_cy: str = "",
    abbreviation: str = "",
    on: datetime.date | None = None,
) -> None:
    """Give `department` another name from `on` (today); the old one stays as a dated row."""
    on = on or timezone.localdate()
    before = {"name": department.name, "name_cy": department.name_cy, "abbreviation": department.abbreviation}
    after = {"name": name, "name_cy": name_cy, "abbreviation": abbreviation}
    current = department.names.filter(until_on__isnull=True).first()
    if current and current.from_on == on:
        # Corrected on the day it began: the wrong name never was
        department.names.filter(pk=current.pk).update(**after)
    else:
        department.names.filter(until_on__isnull=True).update(until_on=on)
        DepartmentName.objects.create(department=department, from_on=on, **after)
    for field, value in after.items():
        setattr(department, field, value)
    department.save(update_fields=list(after))
    _label(department)
    audit.record(action="department.renamed", by=by, obj=department, details={"before": before, "after": after})
    search.changed_throughout(department)


@transaction.atomic
def move(
    *, department: Department, parents: list[Department], by: User | None, on: datetime.date | None = None
) -> None:
    """Put `department` under `parents`, the first of them its main one; none makes it a root.

    Raises:
        DepartmentLoop: a parent is the department itself or stands below it.
    """
    before = list(department.parent_rows.filter(until_on__isnull=True).values_list("parent__slug", flat=True))
    _place(department, parents=parents, on=on or timezone.localdate())
    _label(department)
    after = [parent.slug for parent in parents]
    audit.record(action="department.moved", by=by, obj=department, details={"before": before, "after": after})
    search.changed_throughout(department)
    people = User.objects.filter(memberships__department__ancestor_rows__ancestor=department).distinct()
    rights_changed.send(sender=Department, user_ids=list(people.values_list("pk", flat=True)))


@transaction.atomic
def close(
    *,
    department: Department,
    by: User | None,
    on: datetime.date | None = None,
    reason: str = "",
    successors: tuple[Department, ...] = (),
) -> None:
    """Close `department`; its page, people's history and content stay, pointing at `successors`.

    Args:
        on: the day it closes; None when nobody knows it.
        reason: the register's word for why ("merged", "changed_name" …).
    """
    department.is_closed, department.closed_on, department.closed_reason = True, on, reason
    department.save(update_fields=["is_closed", "closed_on", "closed_reason"])
    set_successors(department=department, successors=successors)
    details = {"on": str(on or ""), "reason": reason, "successors": [s.slug for s in successors]}
    audit.record(action="department.closed", by=by, obj=department, details=details)
    search.changed(department)


@transaction.atomic
def reopen(*, department: Department, by: User | None) -> None:
    """Take a closure back: it was reported in error, or the department was founded again."""
    department.is_closed, department.closed_on, department.closed_reason = False, None, ""
    department.save(update_fields=["is_closed", "closed_on", "closed_reason"])
    audit.record(action="department.reopened", by=by, obj=department)
    search.changed(department)


def set_successors(*, department: Department, successors: tuple[Department, ...]) -> None:
    """Make `successors` the departments that took over; used by `close` and by imports."""
    department.successor_rows.exclude(successor__in=successors).delete()
    for successor in successors:
        DepartmentSuccessor.objects.get_or_create(predecessor=department, successor=successor)


def _free_slug(name: str) -> str:
    stem = slugify(name)[:150] or "department"
    slug, number = stem, 1
    while Department.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{stem}-{number}"
    return slug


def _place(department: Department, *, parents: list[Department], on: datetime.date | None) -> None:
    below = DepartmentAncestor.objects.filter(ancestor=department, department__in=parents)
    if below.exists() or department in parents:
        raise DepartmentLoop(f"{department.name} cannot stand under itself or under a part of it.")
    rows = department.parent_rows.filter(until_on__isnull=True)
    rows.exclude(parent__in=parents).update(until_on=on or timezone.localdate())
    rows.update(is_main=False)
    for index, parent in enumerate(parents):
        row, made = DepartmentParent.objects.get_or_create(
            department=department,
            parent=parent,
            until_on=None,
            defaults={"from_on": on, "is_main": index == 0},
        )
        if not made and index == 0:
            row.is_main = True
            row.save(update_fields=["is_main"])
    department.parent = parents[0] if parents else None
    department.save(update_fields=["parent"])
    _flatten(department)


def _flatten(department: Department) -> None:
    """Rewrite the ancestors of `department` and of all below it after its main parent changed."""
    below = {row.department_id: row.depth for row in DepartmentAncestor.objects.filter(ancestor=department)}
    DepartmentAncestor.objects.filter(department_id__in=below).exclude(ancestor_id__in=below).delete()
    if department.parent_id is None:
        return
    above = DepartmentAncestor.objects.filter(department_id=department.parent_id)
    DepartmentAncestor.objects.bulk_create(
        DepartmentAncestor(department_id=child, ancestor_id=row.ancestor_id, depth=depth + 1 + row.depth)
        for row in above
        for child, depth in below.items()
    )


def _label(department: Department) -> None:
    """Rewrite the labels of `department` and of all below it after a name or a main parent changed."""
    subtree = list(Department.objects.subtree_of(department))
    rows = DepartmentAncestor.objects.filter(department__in=subtree, depth__gt=0).exclude(ancestor__kind__in=UNITS)
    # Nearest last, so that it is the one that stays
    organisation = {row.department_id: row.ancestor for row in rows.select_related("ancestor").order_by("-depth")}
    for row in subtree:
        above = organisation.get(row.pk) if row.kind in UNITS else None
        row.label = f"{row.name}, {above.abbreviation or above.name}" if above else row.name
    Department.objects.bulk_update(subtree, ["label"])
    department.refresh_from_db(fields=["label"])
