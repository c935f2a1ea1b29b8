"""What the pages of departments, communities and topics show, read for one reader in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, OuterRef, Prefetch, Q, QuerySet

from intranet.lib.compiled import Compiled
from intranet.lib.nested import nested, unnested
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
from profiles.permissions import Permission, holds_everywhere

# People and departments shown on a page before a link leads to all of them
FIRST = 12
# Owners and stewards: whom to turn to
MAX_RESPONSIBLE = 50
LINK = ("name", "slug")
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
class CommunityHead:
    """A community that one reader may know of, what it is about, and what they may do there.

    Attributes:
        own: their own place in it, or their request for one.
    """

    community: Community
    topics: list[Topic]
    own: CommunityMembership | None
    may_manage: bool

    @property
    def may_read(self) -> bool:
        return self.community.is_open or self.is_member

    @property
    def is_member(self) -> bool:
        return bool(self.own and self.own.joined_at)

    @property
    def has_asked(self) -> bool:
        return bool(self.own and not self.own.joined_at)


@dataclass(frozen=True, slots=True)
class CommunityPage(CommunityHead):
    """What a community's page shows to one reader; `members` stay empty for who may not read it."""

    owners: list[Person]
    members: list[Person]
    member_count: int


def _members(user: Any, community_id: Any, *, is_owner: bool) -> Any:
    return in_community(community_id, user).narrowed(Q(is_owner=is_owner)).first(MAX_RESPONSIBLE if is_owner else FIRST)


_OWNERS = Compiled(lambda user, community_id: _members(user, community_id, is_owner=True))
_MEMBERS = Compiled(lambda user, community_id: _members(user, community_id, is_owner=False))


def _community(user: Any, slug: Any) -> Any:
    place = CommunityMembership.objects.filter(community=OuterRef("pk"), user_id=user.pk)
    about = Topic.objects.visible_to(user).filter(community_rows__community=OuterRef("pk")).order_by("name")
    lists = (nested(place, "is_owner", "joined_at"), nested(about, *LINK))
    may_manage = Q(holds_everywhere(user, Permission.MANAGE_COMMUNITY))
    known: Any = Community.objects.visible_to(user)
    return known.filter(slug=slug).values_list(may_manage, *COMMUNITY, *lists)


COMMUNITY = ("pk", "slug", "name", "description", "kind")
_COMMUNITY = Compiled(_community, slug=CharField())


def community_head(slug: str, reader: Any) -> CommunityHead | None:
    """The community called `slug`; None where `reader` may not know of it, or there is none."""
    row = _COMMUNITY.row(user=reader, slug=slug)
    if row is None:
        return None
    manages, *columns, places, topics = row
    own = next((CommunityMembership(is_owner=bool(owns), joined_at=at) for owns, at in unnested(places)), None)
    return CommunityHead(
        community=Community(**dict(zip(COMMUNITY, columns, strict=True))),
        topics=_links(Topic, topics),
        own=own,
        may_manage=bool(manages or (own and own.is_owner)),
    )


def community_page(slug: str, reader: Any) -> CommunityPage | None:
    """The page of the community called `slug`; None as `community_head`."""
    head = community_head(slug, reader)
    if head is None:
        return None
    pk = head.community.pk
    return CommunityPage(
        head.community,
        head.topics,
        head.own,
        head.may_manage,
        owners=persons(_OWNERS.rows(user=reader, community_id=pk)),
        members=persons(_MEMBERS.rows(user=reader, community_id=pk)) if head.may_read else [],
        member_count=number_of_members([head.community])[pk],
    )


def _links(model: Any, rows: str) -> list[Any]:
    return [model(name=name, slug=slug) for name, slug in unnested(rows)]


_FIRST_MEMBERS = Compiled(lambda user, community_id: in_community(community_id, user).first())


def community_members(community: Community, reader: Any, *, cursor: str | None) -> KeysetPage[Person]:
    """A page of the members of `community`, by name.

    Raises:
        BadCursor: this list never gave it out.
    """
    if cursor:
        return in_community(community.pk, reader).page(cursor)
    return first_page(_FIRST_MEMBERS.rows(user=reader, community_id=community.pk))


_OWNER_IDS = Compiled(
    lambda community_id: (
        CommunityMembership.objects.current().filter(community_id=community_id, is_owner=True).values_list("user_id")
    )
)


def owner_ids(community: Community) -> set[int]:
    """The ids of the people who look after `community`."""
    return {pk for (pk,) in _OWNER_IDS.rows(community_id=community.pk)}


def topics(reader: Any, *, q: str = "") -> QuerySet[Topic]:
    """Adopted topics that stand under no other, each with those under it; with a text, those anywhere that fit."""
    known = Topic.objects.visible_to(reader).adopted()
    if q:
        return known.called_like(q).select_related("parent")
    nested = Prefetch("children", queryset=known.order_by("name", "pk"), to_attr="shown_children")
    return known.exclude(parent__in=known).prefetch_related(nested)


@dataclass(frozen=True, slots=True)
class TopicPage:
    """What a topic's page shows to one reader."""

    topic: Topic
    may_curate: bool
    parent: Topic | None
    children: list[Topic]
    aliases: list[str]
    stewards: list[Person]
    experts: list[Person]
    communities: list[Community]


def _stewards(user: Any, topic_id: Any) -> Any:
    grants = RoleGrant.objects.filter(topic_id=topic_id, role=Role.TOPIC_STEWARD, ended_at__isnull=True)
    return everybody(user).narrowed(Q(pk__in=grants.values("user_id"))).first(MAX_RESPONSIBLE)


_STEWARDS = Compiled(_stewards)
_EXPERTS = Compiled(lambda user, topic_id: knowing(topic_id, user).first(FIRST))


def _topic(user: Any, slug: Any) -> Any:
    known: Any = Topic.objects.visible_to(user)
    own = OuterRef("pk")
    lists = (
        nested(known.filter(pk=OuterRef("parent_id")), *LINK),
        nested(known.filter(parent=own).order_by("name", "pk"), *LINK),
        nested(TopicAlias.objects.filter(topic=own).order_by("name", "pk"), "name"),
        nested(Community.objects.visible_to(user).about(own).order_by("name", "pk")[:FIRST], *LINK),
    )
    return known.filter(slug=slug).values_list(Q(holds_everywhere(user, Permission.CURATE)), *TOPIC, *lists)


TOPIC = ("pk", "slug", "name", "description", "state")
_TOPIC = Compiled(_topic, slug=CharField())


def topic_page(slug: str, reader: Any) -> TopicPage | None:
    """The page of the topic called `slug`; None where `reader` may not know of it, or there is none."""
    row = _TOPIC.row(user=reader, slug=slug)
    if row is None:
        return None
    may_curate, *columns, parent, children, aliases, communities = row
    topic = Topic(**dict(zip(TOPIC, columns, strict=True)))
    return TopicPage(
        topic=topic,
        may_curate=bool(may_curate),
        parent=next(iter(_links(Topic, parent)), None),
        children=_links(Topic, children),
        aliases=[name for (name,) in unnested(aliases)],
        stewards=persons(_STEWARDS.rows(user=reader, topic_id=topic.pk)),
        experts=persons(_EXPERTS.rows(user=reader, topic_id=topic.pk)),
        communities=_links(Community, communities),
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
