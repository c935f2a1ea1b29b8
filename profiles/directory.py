"""What the pages of departments, communities and topics show, read for one reader in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import Prefetch, QuerySet

from profiles.models import (
    Community,
    CommunityMembership,
    Department,
    DepartmentName,
    DepartmentParent,
    Expertise,
    Membership,
    Role,
    RoleGrant,
    Topic,
    TopicAlias,
    User,
)

# People and departments shown on a page before a link leads to all of them
FIRST = 12
MAX_CLOSED_PARTS = 100
MAX_SUGGESTIONS = 8
# Seconds for which a list may show an older number of people: counting a whole service takes long
COUNT_KEPT = 300


def departments(reader: Any, *, q: str = "", kind: str = "", closed: bool = False) -> QuerySet[Department]:
    """Open departments that stand under no other; with a text or a kind, those anywhere that fit.

    Args:
        q: part of a name or abbreviation, today's or a former one.
        closed: closed departments instead.
    """
    found = Department.objects.visible_to(reader).for_list()
    found = found.closed() if closed else found.open()
    if q:
        found = found.called_like(q)
    if kind:
        found = found.filter(kind=kind)
    return found if q or kind or closed else found.roots()


def number_of_people(shown: Iterable[Department]) -> dict[int, int]:
    """How many people belong to each department or below it, by its id; a few minutes old at most."""
    rows = {f"people-below-{row.pk}": row for row in shown}
    known = cache.get_many(rows)
    if missing := [row for name, row in rows.items() if name not in known]:
        counted = Membership.objects.people_below(missing)
        new = {f"people-below-{row.pk}": counted.get(row.pk, 0) for row in missing}
        cache.set_many(new, COUNT_KEPT)
        known.update(new)
    return {row.pk: known[name] for name, row in rows.items()}


@dataclass(slots=True)
class Part:
    """A department in the tree under another, and what stands under it."""

    department: Department
    is_main: bool
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DepartmentPage:
    """What a department's page shows beside its own row."""

    parents: list[Department]
    former_names: list[DepartmentName]
    successors: list[Department]
    predecessors: list[Department]
    parts: list[Part]
    closed_parts: list[Department]
    leads: list[Membership]
    people: list[User]
    people_count: int


def department_page(department: Department, reader: Any) -> DepartmentPage:
    known = Department.objects.visible_to(reader)
    below = Membership.objects.current().below(department)
    people = User.objects.visible_to(reader).with_department().filter(pk__in=below.values("user_id"))
    leads = Membership.objects.visible_to(reader).current().leads().filter(department=department)
    closed = known.closed().filter(parent_rows__parent=department, parent_rows__until_on__isnull=True)
    return DepartmentPage(
        parents=list(known.parents_of(department)),
        former_names=list(department.former_names()),
        successors=list(known.filter(predecessor_rows__predecessor=department).order_by("name", "pk")),
        predecessors=list(known.filter(successor_rows__successor=department).order_by("name", "pk")),
        parts=_parts(department, known.open()),
        closed_parts=list(closed.order_by("name", "pk")[:MAX_CLOSED_PARTS]),
        leads=list(leads.with_person().order_by("user__name", "pk")),
        people=list(people.order_by("name", "pk")[:FIRST]),
        people_count=number_of_people([department])[department.pk],
    )


def _parts(department: Department, known: QuerySet[Department]) -> list[Part]:
    """Two levels of `known` under `department`, each level one query."""
    first = _below([department.pk], known).get(department.pk, [])
    second = _below([part.department.pk for part in first], known)
    for part in first:
        part.parts = second.get(part.department.pk, [])
    return first


def _below(parents: list[int], known: QuerySet[Department]) -> dict[int, list[Part]]:
    rows = DepartmentParent.objects.filter(parent__in=parents, until_on__isnull=True, department__in=known)
    found: dict[int, list[Part]] = {}
    for row in rows.select_related("department").order_by("department__name", "pk"):
        found.setdefault(row.parent_id, []).append(Part(row.department, row.is_main))
    return found


def communities(reader: Any, *, q: str = "", mine: bool = False) -> QuerySet[Community]:
    """Communities that `reader` may know of; only those they joined with `mine`."""
    found = Community.objects.visible_to(reader).for_list(reader)
    if mine:
        found = found.joined_by(reader)
    if q:
        found = found.called_like(q)
    known = Topic.objects.visible_to(reader).order_by("name", "pk")
    return found.prefetch_related(Prefetch("topics", queryset=known, to_attr="shown_topics"))


@dataclass(frozen=True, slots=True)
class CommunityPage:
    """What a community's page shows beside its own row; `members` stay empty for who may not read it."""

    topics: list[Topic]
    owners: list[CommunityMembership]
    members: list[CommunityMembership]
    member_count: int
    own: CommunityMembership | None
    may_read: bool

    @property
    def is_member(self) -> bool:
        return bool(self.own and self.own.joined_at)

    @property
    def has_asked(self) -> bool:
        return bool(self.own and not self.own.joined_at)


def community_page(community: Community, reader: Any) -> CommunityPage:
    own = CommunityMembership.objects.filter(community=community, user_id=reader.pk).first()
    may_read = community.is_open or bool(own and own.joined_at)
    members = community.memberships.current().visible_to(reader).order_by("user__name", "pk")
    return CommunityPage(
        topics=list(Topic.objects.visible_to(reader).filter(community_rows__community=community).order_by("name")),
        owners=list(members.owners()),
        members=list(members[:FIRST]) if may_read else [],
        member_count=members.count(),
        own=own,
        may_read=may_read,
    )


def topics(reader: Any, *, q: str = "") -> QuerySet[Topic]:
    """Adopted topics that stand under no other, each with those under it; with a text, those anywhere that fit."""
    known = Topic.objects.visible_to(reader).adopted()
    if q:
        return known.called_like(q).select_related("parent")
    nested = Prefetch("children", queryset=known.order_by("name", "pk"), to_attr="shown_children")
    return known.exclude(parent__in=known).prefetch_related(nested)


@dataclass(frozen=True, slots=True)
class TopicPage:
    """What a topic's page shows beside its own row."""

    parent: Topic | None
    children: list[Topic]
    aliases: list[TopicAlias]
    stewards: list[User]
    experts: list[User]
    communities: list[Community]


def topic_page(topic: Topic, reader: Any) -> TopicPage:
    known = Topic.objects.visible_to(reader)
    people = User.objects.visible_to(reader).with_department().order_by("name", "pk")
    grants = RoleGrant.objects.filter(topic=topic, role=Role.TOPIC_STEWARD, ended_at__isnull=True)
    return TopicPage(
        parent=known.filter(pk=topic.parent_id).first() if topic.parent_id else None,
        children=list(known.filter(parent=topic).order_by("name", "pk")),
        aliases=list(topic.aliases.order_by("name", "pk")),
        stewards=list(people.filter(pk__in=grants.values("user_id"))),
        experts=list(people.filter(pk__in=Expertise.objects.filter(topic=topic).values("user_id"))[:FIRST]),
        communities=list(Community.objects.visible_to(reader).about(topic).order_by("name", "pk")[:FIRST]),
    )


def suggested_topics(reader: Any, typed: str) -> list[str]:
    """What the topics field may be completed to: what stands in it, its last name completed.

    Args:
        typed: what the whole field holds; the name being typed is the last one.
    """
    *before, last = [part.strip() for part in typed[-1_000:].split(",")]
    if not last:
        return []
    found = Topic.objects.visible_to(reader).called_like(last).exclude(name__in=before).order_by("name", "pk")
    known = [*found.adopted()[:50], *found.suggested()[:50]]
    known.sort(key=lambda topic: not topic.name.lower().startswith(last.lower()))
    return [", ".join([*before, typed_name(topic.name)]) for topic in known[:MAX_SUGGESTIONS]]


def typed_name(name: str) -> str:
    """A topic's name as it stands in the field."""
    return f'"{name}"' if "," in name else name
