"""How a page of a stream is read: the cards of the newest posts, at a cost that grows with no table.

A card is a post as a list shows it, in one row: everything its kept fragment is made of, which is the fragment's key,
and the reader's own reaction beside it.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.urls import reverse

from feeds.models import Post, PostTopic, Reaction
from intranet.lib.compiled import Compiled
from intranet.lib.merged import Leg, can_merge, first_ids, ids_of, newest_ids, ordered
from intranet.lib.pagination import KeysetPage, keyset_page
from intranet.lib.stamp import Stamp

PAGE = 20
# Of so many times as many posts as are wanted, those that the reader may see are nearly always enough
LATELY = 3


class Author(NamedTuple):
    """Who wrote a post, as far as a card knows."""

    name: str


class Card(NamedTuple):
    """A post as a list shows it, for one reader.

    Attributes:
        seen: what its fragment shows of others than itself: author, department, audience, article, topics.
        reaction: the reader's own.
    """

    pk: int
    created_at: datetime.datetime
    version: int
    author_id: int
    author_name: str
    audience_id: int
    article_id: int | None
    reaction: str | None
    seen: tuple[Any, ...]

    @property
    def key(self) -> Hashable:
        """What the fragment for everybody is made of; a row that took an old id was not written at the same moment."""
        return self.pk, self.created_at, self.version, self.author_name, self.seen

    @property
    def author(self) -> Author:
        return Author(self.author_name)

    def get_absolute_url(self) -> str:
        return reverse("post", args=[self.pk])


FIRST = ("pk", "created_at", "version", "author_id", "author__name", "audience_id", "article_id", "my_reaction")
# What others than the post bring to its fragment; what the post brings itself raises its version
SEEN = (
    "author__photo_key",
    "department__slug", "department__name", "department__abbreviation", "department__label",
    "audience__department__name", "audience__community__name",
    "article__title", "article__summary", "article__slug",
    "topic_stamp",
)  # fmt: skip


def cards(posts: Any, user: Any) -> QuerySet[Any, Any]:
    """`posts` as rows of cards for `user`."""
    return described(posts, user).values_list(*FIRST, *SEEN)


def described(posts: Any, user: Any) -> QuerySet[Any, Any]:
    """`posts` with what the columns of a card are made of."""
    topics = PostTopic.objects.filter(content_object=OuterRef("pk"))
    reaction = Reaction.objects.filter(post=OuterRef("pk"), user_id=user.pk).values("kind")
    described: QuerySet[Any, Any] = posts.annotate(
        topic_stamp=Stamp(topics, "tag_id", "tag__slug", "tag__name"), my_reaction=Subquery(reaction)
    )
    return described


def card(row: Sequence[Any]) -> Card:
    """The card of a row that `cards` found."""
    return Card._make((*row[: len(FIRST)], tuple(row[len(FIRST) : len(FIRST) + len(SEEN)])))


@dataclass(frozen=True)
class Newest:
    """A set of posts, and how its newest are found.

    Attributes:
        posts: what the reader may see; where there are `legs`, those of them that any leg reaches.
        prefix: the path to the order's columns where another table's index holds it.
        others: posts beside those that the legs reach.
    """

    posts: Any
    legs: Sequence[Leg] = ()
    prefix: str = ""
    others: Q | None = None

    def page(self, user: Any, *, cursor: str | None) -> KeysetPage[Card]:
        """A page of cards, newest first.

        Raises:
            BadCursor: this list never gave it out.
        """

        def read(posts: QuerySet[Any], backward: bool, size: int) -> list[Card]:
            return [card(row) for row in cards(self.first(posts, backward=backward, size=size), user)]

        return keyset_page(self.posts, cursor=cursor, size=PAGE, read=read)

    def first_page(self, user: Any, *, is_lately: bool = False) -> QuerySet[Any, Any]:
        """The rows that `page_of` makes the first page of; `is_lately` as of `first`."""
        return cards(self.first(self.posts, size=PAGE + 1, is_lately=is_lately), user)

    def first(self, posts: Any, *, backward: bool = False, size: int, is_lately: bool = False) -> Any:
        """The first of `posts` in the list's order: which they are is found before anything is joined to them.

        Args:
            is_lately: of what the legs reached lately, whoever may see it; fewer than `size` are found where much of
                that is not among `posts`.
        """
        ids = self._lately(posts, size) if is_lately else self._ids(posts, backward=backward, size=size)
        found = Q(pk__in=ids)
        if self.others is not None:
            found |= Q(pk__in=ordered(posts.filter(self.others), backward=backward).values("pk")[:size])
        return ordered(Post.objects.filter(found), backward=backward)[:size]

    def _ids(self, posts: Any, *, backward: bool, size: int) -> Any:
        if self.legs and can_merge():
            sql, params = first_ids(posts, self.legs, backward=backward, size=size)
            return RawSQL(sql, params, output_field=Post._meta.pk)
        reached = posts.filter(any_of(self.legs)) if self.legs else posts
        return ordered(reached, backward=backward, prefix=self.prefix).values("pk")[:size]

    def _lately(self, posts: Any, size: int) -> Any:
        return ordered(posts.filter(pk__in=ids_of("reached")), backward=False).values("pk")[:size]

    def after_reaching(self, sql: str, params: Any, *, size: int) -> tuple[str, Any]:
        """SQL for what `sql` finds of what was reached lately, with two columns more.

        They say how many posts were reached, and when the oldest of them is of; where `sql` finds nothing, they stand
        in a row of nulls.
        """
        reached, more = newest_ids(Post, self.legs, size=size * LATELY)
        counted = "(SELECT count(*) AS number, min(at) AS oldest FROM reached) AS counted"
        order = "ORDER BY found.created_at DESC, found.pk DESC"
        return (
            f"WITH reached(id, at) AS MATERIALIZED ({reached}), found AS ({sql}) "
            f"SELECT found.*, counted.number, counted.oldest FROM {counted} LEFT JOIN found ON true {order}",
            (*more, *params),
        )


class FirstRows:
    """The rows of a list's first page, which everybody opens, by queries whose SQL is kept.

    Args:
        newest: makes the list, of `user` and of an id where it takes one.
        rows: makes the rows of it, of which the first columns are `pk` and `created_at`; those of a page unless said
            otherwise.
        size: how many there are where there is no end.
    """

    def __init__(
        self,
        newest: Callable[..., Newest],
        rows: Callable[..., QuerySet[Any, Any]] = Newest.first_page,
        *,
        size: int = PAGE + 1,
    ) -> None:
        names, self.size = tuple(inspect.signature(newest).parameters), size

        def ever(**known: Any) -> QuerySet[Any, Any]:
            return rows(newest(**known), known["user"], is_lately=False)

        def lately(**known: Any) -> QuerySet[Any, Any]:
            return rows(newest(**known), known["user"], is_lately=True)

        def wrapped(sql: str, params: Any, **known: Any) -> tuple[str, Any]:
            return newest(**known).after_reaching(sql, params, size=size)

        self._ever, self._lately = Compiled(ever, names=names), Compiled(lately, names=names, wrap=wrapped)

    def find(self, **known: Any) -> list[tuple[Any, ...]]:
        """The rows for a reader now."""
        if can_merge():
            rows = self._lately.rows(**known)
            *_, reached, oldest = rows[0]
            found = [row[:-2] for row in rows if row[0] is not None]
            # All there are; or as many as are wanted, and nothing that was not reached comes between them
            if reached < self.size * LATELY or (len(found) >= self.size and found[-1][1] > oldest):
                return found
        return self._ever.rows(**known)


def page_of(rows: Sequence[Sequence[Any]]) -> KeysetPage[Card]:
    """The first page, of the rows that `Newest.first_page` found."""
    everything: Any = Post.objects.all()
    return keyset_page(everything, cursor=None, size=PAGE, read=lambda *_: [card(row) for row in rows])


def any_of(legs: Sequence[Leg]) -> Q:
    """That any of `legs` reaches a row."""
    # Through another table a row could come twice
    return reduce(or_, (_once(leg) for leg in legs))


def _once(leg: Leg) -> Q:
    if not leg.prefix:
        return leg.condition()
    return Q(pk__in=PostTopic.objects.filter(tag_id__in=leg.ids).values("content_object_id"))
