"""Streams: the named lists of posts that pages show, sockets listen to and a lost connection catches up on.

A stream is asked from two sides, and both must agree: which posts does a reader find in it (`posts`), and
which of many readers find a given post in it (`readers_among`).
"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from inspect import signature
from typing import Any, Self

from django.db.models import Q, QuerySet, Subquery

import intranet.lib.among  # noqa: F401 - the lookup that asks about thousands of people in one parameter
from feeds.models import Follow, Post, PostKind, PostTopic
from feeds.models.follow import COLUMNS, Followable
from feeds.models.post import PostQuerySet
from feeds.newest import Card, FirstRows, Newest, any_of, page_of
from intranet.lib.compiled import Compiled
from intranet.lib.merged import Leg
from intranet.lib.pagination import KeysetPage
from profiles.audience import audiences_for, readers_among, writable_by
from profiles.models import Audience, Community, CommunityMembership, Department, DepartmentAncestor, Membership, User

# Ids are 64-bit numbers; a longer one is no id
ADDRESS = re.compile(r"(?P<kind>[a-z]+)(?:/(?P<id>[1-9][0-9]{0,17}))?")


class StreamKind(enum.StrEnum):
    EVERYONE = "everyone"
    FOLLOWING = "following"
    DEPARTMENT = "department"
    COMMUNITY = "community"
    TOPIC = "topic"
    PERSON = "person"
    POST = "post"


# By whether a number follows; "department" alone is the reader's own
ALONE = {StreamKind.EVERYONE, StreamKind.FOLLOWING, StreamKind.DEPARTMENT}
# Put together from many short lists
MERGED = {StreamKind.FOLLOWING, StreamKind.DEPARTMENT}
WITH_ID = set(StreamKind) - {StreamKind.EVERYONE, StreamKind.FOLLOWING}


class UnknownStream(ValueError):
    """The text names no stream."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A named list of posts.

    `everyone` is all a reader may see; `following`, what they follow, wrote or joined; `department`, what is
    said to or by people of their own departments; `department/<id>`, `community/<id>`, `topic/<id>` and
    `person/<id>`, what is said there; `post/<id>`, one thread.
    """

    kind: StreamKind
    id: int | None = None

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}/{self.id}"

    @classmethod
    def parse(cls, name: str) -> Self:
        """The stream that `name` names.

        Raises:
            UnknownStream: there is none of that name.
        """
        match = ADDRESS.fullmatch(name)
        number = match["id"] if match else None
        if match is None or match["kind"] not in (WITH_ID if number else ALONE):
            raise UnknownStream(f"{name[:60]!r} names no stream")
        return cls(StreamKind(match["kind"]), int(number) if number else None)

    def posts(self, user: Any) -> PostQuerySet:
        """What `user` finds in the stream, in no order."""
        return Post.objects.visible_to(user).filter(self._members(user))

    def gone(self, user: Any) -> PostQuerySet:
        """What `user` found in the stream until it was hidden, or its article withdrawn."""
        addressed = Post.objects.filter(self._members(user), audience__in=audiences_for(user).values("pk"))
        return addressed.exclude(pk__in=Post.objects.standing().values("pk"))

    def contains(self, post_id: int, user: Any) -> bool:
        """Whether `user` finds that post in the stream."""
        return self.posts(user).filter(pk=post_id).exists()

    def readers_among(self, post: Post, user_ids: Iterable[int]) -> set[int]:
        """Which of many people find `post` in the stream; the number of queries does not grow with them."""
        reach = Reach([post], user_ids)
        return self.finders_among(post, reach.seeing(post), reach.places(post))

    def finders_among(self, post: Post, seeing: set[int], places: Container[Stream]) -> set[int]:
        """Which of the people who may see `post` find it in the stream; `places` are those of `Reach.places`."""
        if not seeing:
            return seeing
        if self.kind is StreamKind.FOLLOWING:
            return _followers_among(post, seeing)
        if self.kind is StreamKind.DEPARTMENT and self.id is None:
            return _colleagues_among(post, seeing)
        # The others are the same list for everybody who may see what is in it
        return seeing if self in places else set()

    def newest(self, user: Any) -> Newest:
        """What `user` finds in the stream, for a page of it."""
        if self.kind in MERGED:
            return Newest(Post.objects.visible_to(user), self._legs(user, reader=user))
        if self.kind is StreamKind.TOPIC:
            return Newest(self.posts(user), prefix="topic_rows__")
        if self.kind is StreamKind.COMMUNITY:
            # By its audience's own number: the index over audiences then holds the order too
            audience = Audience.objects.filter(community_id=self.id or 0).values("pk")
            return Newest(Post.objects.visible_to(user).filter(audience_id=Subquery(audience)))
        return Newest(self.posts(user))

    def page(self, user: Any, *, cursor: str | None) -> KeysetPage[Card]:
        """A page of the stream as `user` finds it, newest first.

        Raises:
            BadCursor: this list never gave it out.
        """
        if cursor:
            return self.newest(user).page(user, cursor=cursor)
        known = {"user": user} if self.id is None else {"user": user, "pk": self.id}
        return page_of(_first_page(self.kind, self.id is not None)(**known))

    def _legs(self, user: Any, reader: Any = None) -> list[Leg]:
        """The short lists that the stream is put together from.

        Args:
            reader: leave out the audiences that this person is not in: reading such a list finds nothing, slowly.
        """
        if self.kind is StreamKind.FOLLOWING:
            return _followed_by(user, reader)
        if self.id is None:
            return _within(_departments_around(user), reader)
        return _within(_below(Department.objects.filter(pk=self.id).values("pk")), reader)

    def _members(self, user: Any) -> Q:
        """What belongs to the stream, whoever may see it; `user` matters to the personal streams alone."""
        match self.kind:
            case StreamKind.EVERYONE:
                return Q()
            case StreamKind.FOLLOWING | StreamKind.DEPARTMENT:
                return any_of(self._legs(user))
            case StreamKind.COMMUNITY:
                return Q(audience__community_id=self.id)
            case StreamKind.TOPIC:
                return Q(topic_rows__tag_id=self.id)
            case StreamKind.PERSON:
                return Q(author_id=self.id)
            case StreamKind.POST:
                return Q(pk=self.id)


def is_following(user: Any, target: Followable) -> bool:
    """Whether `user` follows this one thing."""
    return bool(_follows(COLUMNS[type(target)]).rows(user=user, pk=target.pk))


@cache
def _follows(column: str) -> Compiled:
    return Compiled(lambda user, pk: Follow.objects.filter(Q((f"{column}_id", pk)), user_id=user.pk).values_list("pk"))


def suggested(user: Any) -> Newest:
    """What to show somebody who follows nothing yet: their own department, and announcements."""
    legs = Stream(StreamKind.DEPARTMENT)._legs(user, reader=user)
    return Newest(Post.objects.visible_to(user), legs, others=Q(kind=PostKind.ANNOUNCEMENT))


def suggested_page(user: Any, *, cursor: str | None) -> KeysetPage[Card]:
    """A page of what is suggested to `user`, newest first.

    Raises:
        BadCursor: this list never gave it out.
    """
    return suggested(user).page(user, cursor=cursor) if cursor else page_of(_FIRST_SUGGESTED.find(user=user))


_FIRST_SUGGESTED = FirstRows(suggested)


@cache
def _first_page(kind: StreamKind, has_id: bool) -> Callable[..., list[tuple[Any, ...]]]:
    """What finds the rows of a stream's first page: the one that everybody opens."""

    def one(user: Any, pk: Any) -> Newest:
        return Stream(kind, pk).newest(user)

    def own(user: Any) -> Newest:
        return Stream(kind).newest(user)

    newest = one if has_id else own
    if kind in MERGED:
        return FirstRows(newest).find
    return Compiled(lambda **known: newest(**known).first_page(known["user"]), names=signature(newest).parameters).rows


def who_see(post: Post, user_ids: Iterable[int]) -> set[int]:
    """Which of many people may see `post` now: `Post.objects.visible_to`, asked from the other side."""
    return Reach([post], user_ids).seeing(post)


class Reach:
    """Whom of many people some posts reach, asked once for all of them.

    The number of queries grows with the audiences, and neither with the posts nor with the people.

    Args:
        posts: with their audience; with their topics, so that these need no query each.
        user_ids: of the people.
    """

    def __init__(self, posts: Collection[Post], user_ids: Iterable[int]) -> None:
        self.posts, self.people = posts, set(user_ids)
        rows = _STANDING.rows(ids=[post.pk for post in posts]) if posts else []
        self._standing: dict[int, int] = dict(rows)
        self._readers: dict[int, set[int]] = {}

    def seeing(self, post: Post) -> set[int]:
        """Who may see `post` now."""
        audience_id = self._standing.get(post.pk)
        return set() if audience_id is None else self._among(audience_id)

    def saw(self, post: Post) -> set[int]:
        """Who saw `post` until it was hidden, or its article withdrawn; nobody, if it is not."""
        return set() if post.pk in self._standing else self._among(post.audience_id)

    def places(self, post: Post) -> set[Stream]:
        """The streams that have `post` in them, of those that are the same for everybody who may see it."""
        places = {
            Stream(StreamKind.EVERYONE),
            Stream(StreamKind.POST, post.pk),
            Stream(StreamKind.PERSON, post.author_id),
            *(Stream(StreamKind.TOPIC, pk) for pk in post.topic_ids),
        }
        if post.audience.community_id:
            places.add(Stream(StreamKind.COMMUNITY, post.audience.community_id))
        return places.union(*(self._parents.get(pk, ()) for pk in _departments_of(post)))

    def _among(self, audience_id: int) -> set[int]:
        if audience_id not in self._readers:
            self._readers[audience_id] = readers_among(audience_id, self.people)
        return self._readers[audience_id]

    @cached_property
    def _parents(self) -> dict[int, set[Stream]]:
        """The streams of each department that the posts are said to or by, and of all above it."""
        ids = {pk for post in self.posts for pk in _departments_of(post)}
        found: dict[int, set[Stream]] = defaultdict(set)
        for department_id, ancestor_id in _ABOVE.rows(department_ids=ids) if ids else ():
            found[department_id].add(Stream(StreamKind.DEPARTMENT, ancestor_id))
        return found


_STANDING = Compiled(lambda ids: Post.objects.standing().filter(pk__in=ids).values_list("pk", "audience_id"))
_ABOVE = Compiled(
    lambda department_ids: DepartmentAncestor.objects.filter(department_id__in=department_ids).values_list(
        "department_id", "ancestor_id"
    )
)


# Which posts a reader finds


def _followed_by(user: Any, reader: Any) -> list[Leg]:
    follows = Follow.objects.filter(user_id=user.pk)
    people = follows.filter(person__isnull=False).values("person_id")
    topics = follows.filter(topic__isnull=False).values("topic_id")
    departments = _below(follows.filter(department__isnull=False).values("department_id"))
    communities = CommunityMembership.objects.current().filter(user_id=user.pk).values("community_id")
    # Each set by an index of its own: to "one or the other" the database would go through all of them
    authors = User.objects.filter(pk=user.pk).values("pk").union(people)
    audiences = _said_to(departments, reader).union(Audience.objects.filter(community_id__in=communities).values("pk"))
    return [
        Leg("author_id", authors),
        Leg("topic_rows__tag_id", topics, prefix="topic_rows__"),
        Leg("department_id", departments),
        Leg("audience_id", audiences),
    ]


def _within(departments: QuerySet[Any, Any], reader: Any) -> list[Leg]:
    """Said to one of `departments` (ids), or by somebody who was in one of them."""
    return [Leg("department_id", departments), Leg("audience_id", _said_to(departments, reader))]


def _said_to(departments: QuerySet[Any, Any], reader: Any) -> QuerySet[Any, Any]:
    # Of departments people read what they may write to
    among = Audience.objects.all() if reader is None else writable_by(reader)
    return among.filter(department_id__in=departments).values("pk")


def _departments_around(user: Any) -> QuerySet[Any, Any]:
    """The departments `user` is in today with all above them, whose word reaches them, and all below them."""
    own = Membership.objects.current().filter(user_id=user.pk).values("department_id")
    above = DepartmentAncestor.objects.filter(department_id__in=own).values("ancestor_id")
    return above.union(_below(own))


def _below(departments: Any) -> QuerySet[Any, Any]:
    return DepartmentAncestor.objects.filter(ancestor_id__in=departments).values("department_id")


# Which readers find a post


def _followers_among(post: Post, people: set[int]) -> set[int]:
    topics = PostTopic.objects.filter(content_object=post).values("tag_id")
    following = Follow.objects.filter(
        Q(person_id=post.author_id) | Q(topic_id__in=topics) | Q(department_id__in=_above(post)),
        user_id__among=people,
    )
    communities = Community.objects.filter(audience=post.audience_id)
    joined = CommunityMembership.objects.current().filter(community__in=communities, user_id__among=people)
    return (
        people & {post.author_id}
        | set(following.values_list("user_id", flat=True))
        | set(joined.values_list("user_id", flat=True))
    )


def _colleagues_among(post: Post, people: set[int]) -> set[int]:
    near = _above(post).union(_below(_departments_of(post)))
    members = Membership.objects.current().filter(department_id__in=near, user_id__among=people)
    return set(members.values_list("user_id", flat=True))


def _above(post: Post) -> QuerySet[Any, Any]:
    """The departments a post is said to or by, with all above them."""
    return DepartmentAncestor.objects.filter(department_id__in=_departments_of(post)).values("ancestor_id")


def _departments_of(post: Post) -> list[int]:
    return [pk for pk in (post.department_id, post.audience.department_id) if pk]
