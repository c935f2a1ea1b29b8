"""What the pages of departments, communities and topics show, read for one reader in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from intranet.lib.compiled import Compiled
from intranet.lib.pagination import KeysetPage
from profiles.counts import number_of_members
from profiles.listing import Person, everybody, first_page, in_community, knowing, persons
from profiles.models import (
    Community,
    CommunityMembership,
    Department,
    Role,
    RoleGrant,
    Topic,
    TopicAlias,
)

# People and departments shown on a page before a link leads to all of them
FIRST = 12
MAX_CLOSED_PARTS = 100
MAX_SUGGESTIONS = 8


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
    owners: list[Person]
    members: list[Person]
    member_count: int
    own: CommunityMembership | None
    may_read: bool

    @property
    def is_member(self) -> bool:
        return bool(self.own and self.own.joined_at)

    @property
    def has_asked(self) -> bool:
        return bool(self.own and not self.own.joined_at)


def _members(user: Any, community_id: Any, *, is_owner: bool) -> Any:
    return in_community(community_id, user).narrowed(Q(is_owner=is_owner)).first(FIRST)


_OWNERS = Compiled(lambda user, community_id: _members(user, community_id, is_owner=True))
_MEMBERS = Compiled(lambda user, community_id: _members(user, community_id, is_owner=False))


def community_page(community: Community, reader: Any) -> CommunityPage:
    own = CommunityMembership.objects.filter(community=community, user_id=reader.pk).first()
    may_read = community.is_open or bool(own and own.joined_at)
    return CommunityPage(
        topics=list(Topic.objects.visible_to(reader).filter(community_rows__community=community).order_by("name")),
        owners=persons(_OWNERS.rows(user=reader, community_id=community.pk)),
        members=persons(_MEMBERS.rows(user=reader, community_id=community.pk)) if may_read else [],
        member_count=number_of_members([community])[community.pk],
        own=own,
        may_read=may_read,
    )


_FIRST_MEMBERS = Compiled(lambda user, community_id: in_community(community_id, user).first())


def community_members(community: Community, reader: Any, *, cursor: str | None) -> KeysetPage[Person]:
    """A page of the members of `community`, by name.

    Raises:
        BadCursor: this list never gave it out.
    """
    if cursor:
        return in_community(community.pk, reader).page(cursor)
    return first_page(_FIRST_MEMBERS.rows(user=reader, community_id=community.pk))


def owner_ids(community: Community) -> set[int]:
    """The ids of the people who look after `community`."""
    return set(community.memberships.current().filter(is_owner=True).values_list("user_id", flat=True))


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
    stewards: list[Person]
    experts: list[Person]
    communities: list[Community]


def _stewards(user: Any, topic_id: Any) -> Any:
    grants = RoleGrant.objects.filter(topic_id=topic_id, role=Role.TOPIC_STEWARD, ended_at__isnull=True)
    return everybody(user).narrowed(Q(pk__in=grants.values("user_id"))).first(FIRST)


_STEWARDS = Compiled(_stewards)
_EXPERTS = Compiled(lambda user, topic_id: knowing(topic_id, user).first(FIRST))


def topic_page(topic: Topic, reader: Any) -> TopicPage:
    known = Topic.objects.visible_to(reader)
    return TopicPage(
        parent=known.filter(pk=topic.parent_id).first() if topic.parent_id else None,
        children=list(known.filter(parent=topic).order_by("name", "pk")),
        aliases=list(topic.aliases.order_by("name", "pk")),
        stewards=persons(_STEWARDS.rows(user=reader, topic_id=topic.pk)),
        experts=persons(_EXPERTS.rows(user=reader, topic_id=topic.pk)),
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
