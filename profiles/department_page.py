"""A department's page: what it shows beside the people, read in one query, and the fragments made of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from django.db import models
from django.db.models import OuterRef, Q
from django.utils.safestring import SafeString, mark_safe

from intranet.lib.compiled import Compiled
from intranet.lib.kept import kept
from intranet.lib.nested import nested, unnested
from profiles.counts import number_of_people
from profiles.listing import Person, in_department, persons
from profiles.models import Department, DepartmentName, DepartmentParent, MailDomain, Membership, User
from profiles.permissions import Permission, holds_over

# People shown on the page before a link leads to all of them
FIRST = 12
MAX_CLOSED_PARTS = 100

COLUMNS = (
    *("pk", "slug", "kind", "name", "name_cy", "abbreviation", "label", "description", "website"),
    *("opened_on", "closed_on", "is_closed"),
)
LINK = ("name", "slug")
LEAD = ("user_id", "user__name", "user__photo_key", "user__job_title", "role_title")
# After the columns, in this order
LISTS = ("parents", "former", "successors", "predecessors", "parts", "parts_of_parts", "closed", "leads", "domains")


@dataclass(slots=True)
class Part:
    """A department in the tree under another, and what stands under it."""

    department: Department
    is_main: bool
    parts: list[Part] = field(default_factory=list)


class DepartmentPage(NamedTuple):
    """A department as its page shows it to one reader.

    Attributes:
        may_manage: whether the reader looks after its people.
        seen: everything the fragments show.
    """

    department: Department
    may_manage: bool
    people: list[Person]
    people_count: int
    seen: tuple[Any, ...]

    @property
    def parents(self) -> list[Department]:
        return _links(unnested(self.seen[len(COLUMNS)]))

    def fragment(self, template: str) -> SafeString:
        """A part of the page, from those kept or made now."""
        # Whether it is closed today is not in its row alone
        key = (self.department.has_closed, self.may_manage, *self.seen)
        return mark_safe(kept(template, key, partial(_context, self)))


def department_page(user: User, slug: str) -> DepartmentPage | None:
    """The page of the department called `slug` as `user` may see it; None where they may not, or there is none."""
    row = _PAGE.row(user=user, slug=slug)
    if row is None:
        return None
    may_manage, *seen = row
    department = Department(**dict(zip(COLUMNS, seen, strict=False)))
    people = persons(_PEOPLE.rows(user=user, department_id=department.pk))
    count = number_of_people([department])[department.pk]
    return DepartmentPage(department, bool(may_manage), people, count, tuple(seen))


_PEOPLE = Compiled(lambda user, department_id: in_department(department_id, user).first(FIRST))


def _page(user: Any, slug: Any) -> Any:
    known: Any = Department.objects.visible_to(user)
    own = OuterRef("pk")
    under = DepartmentParent.objects.filter(until_on__isnull=True, department__in=known.open())
    closed = known.closed().filter(parent_rows__parent=own, parent_rows__until_on__isnull=True)
    second = under.filter(
        parent__in=known.open(), parent__parent_rows__parent=own, parent__parent_rows__until_on__isnull=True
    )
    former = DepartmentName.objects.filter(department=own, until_on__isnull=False).order_by("-until_on", "-pk")
    leads = Membership.objects.visible_to(user).current().leads().filter(department=own)
    lists = (
        nested(known.parents_of(own), *LINK),
        nested(former, "name", "name_cy", "from_on", "until_on"),
        nested(known.filter(predecessor_rows__predecessor=own).order_by("name", "pk"), *LINK),
        nested(known.filter(successor_rows__successor=own).order_by("name", "pk"), *LINK),
        nested(_parts(under.filter(parent=own)), *PART),
        nested(_parts(second), *PART),
        nested(closed.order_by("name", "pk")[:MAX_CLOSED_PARTS], *LINK),
        nested(leads.order_by("user__name", "pk"), *LEAD),
        nested(MailDomain.objects.filter(department=own).order_by("domain"), "domain"),
    )
    may_manage = Q(holds_over(user, Permission.MANAGE_PEOPLE, Department.objects.filter(slug=slug).values("pk")))
    return known.filter(slug=slug).values_list(may_manage, *COLUMNS, *lists)


PART = ("parent_id", "department_id", "is_main", "department__name", "department__slug")
_PAGE = Compiled(_page, slug=models.CharField())


def _parts(rows: Any) -> Any:
    return rows.order_by("department__name", "pk")


def _context(shown: DepartmentPage) -> dict[str, Any]:
    """What the templates of the fragments are given, made of `shown.seen` alone."""
    lists = dict(zip(LISTS, map(unnested, shown.seen[len(COLUMNS) :]), strict=True))
    return {
        "department": shown.department,
        "may_manage": shown.may_manage,
        **{name: _links(lists[name]) for name in ("parents", "successors", "predecessors", "closed")},
        "former": [_former(*row) for row in lists["former"]],
        "parts": _tree(lists["parts"], lists["parts_of_parts"]),
        "leads": [(_person(*row[:-1]), row[-1]) for row in lists["leads"]],
        "domains": [domain for (domain,) in lists["domains"]],
    }


def _links(rows: list[list[Any]]) -> list[Department]:
    return [Department(name=name, slug=slug) for name, slug in rows]


def _former(name: str, name_cy: str, from_on: str | None, until_on: str) -> DepartmentName:
    since = datetime.date.fromisoformat(from_on) if from_on else None
    return DepartmentName(name=name, name_cy=name_cy, from_on=since, until_on=datetime.date.fromisoformat(until_on))


def _tree(first: list[list[Any]], second: list[list[Any]]) -> list[Part]:
    below: dict[int, list[Part]] = {}
    for parent, _, is_main, name, slug in second:
        below.setdefault(parent, []).append(Part(Department(name=name, slug=slug), bool(is_main)))
    return [
        Part(Department(name=name, slug=slug), bool(is_main), below.get(pk, [])) for _, pk, is_main, name, slug in first
    ]


def _person(pk: int, name: str, photo_key: str, job_title: str) -> User:
    return User(pk=pk, name=name, photo_key=photo_key, job_title=job_title)
