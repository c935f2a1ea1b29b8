"""The head of a thread: its post for one reader, and what the reader may do there, in one row."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from feeds import newest
from feeds.models import Notification, Post, PostKind
from feeds.newest import Author, Card, card, described
from feeds.reader import how_many_unread, live_at
from intranet.lib.compiled import Compiled
from profiles.audience import writable_by
from profiles.permissions import Permission, holds_everywhere


class Place(NamedTuple):
    """A community, as far as a head knows."""

    slug: str
    name: str


class Head(NamedTuple):
    """The post of a thread, for one reader.

    Attributes:
        answer_id: the comment that was accepted as the answer.
        community: that it is said to, None elsewhere.
        at: the number up to which live updates were handed out.
        may_hide: whether the reader may remove what others said.
        may_comment: False where only members speak and the reader is not one yet.
        has_news: whether the reader has not read yet what they were told about it.
        unread: how many notifications wait for the reader.
        answer: what is shown of the accepted answer, None where there is none.
    """

    card: Card
    kind: str
    comment_count: int
    reaction_count: int
    article_title: str | None
    answer_id: int | None
    community: Place | None
    at: int
    may_hide: bool
    may_comment: bool
    has_news: bool
    unread: int
    answer: tuple[Any, ...] | None

    @property
    def pk(self) -> int:
        return self.card.pk

    @property
    def author_id(self) -> int:
        return self.card.author_id

    @property
    def author(self) -> Author:
        return self.card.author

    def get_absolute_url(self) -> str:
        return self.card.get_absolute_url()

    @property
    def writable(self) -> set[int]:
        """The audience it is said to, where the reader may write there."""
        return {self.card.audience_id} if self.may_comment else set()

    @property
    def title(self) -> str:
        """What the page of the thread is called."""
        if self.article_title is not None:
            return f"Discussion of “{self.article_title}”"
        return f"{PostKind(self.kind).label} from {self.card.author_name}"


FACTS = (
    "kind", "comment_count", "reaction_count", "article__title", "answer_id",
    "audience__community__slug", "audience__community__name", "at", "may_hide", "may_comment", "has_news",
    "unread",
)  # fmt: skip
ANSWER = (
    "answer__hidden_at", "answer__edited_at", "answer__author_id", "answer__author__name", "answer__department__slug",
    "answer__department__name", "answer__department__abbreviation", "answer__department__label",
)  # fmt: skip


def _heads(user: Any, **found_by: Any) -> QuerySet[Any, Any]:
    posts = Post.objects.visible_to(user).filter(**found_by)
    news = Notification.objects.unread().filter(post=OuterRef("pk"), recipient_id=user.pk)
    heads: QuerySet[Any, Any] = described(posts, user).annotate(
        at=live_at(),
        may_hide=Q(holds_everywhere(user, Permission.HIDE)),
        may_comment=Exists(writable_by(user).filter(pk=OuterRef("audience_id"))),
        has_news=Exists(news),
        unread=how_many_unread(user),
    )
    return heads.values_list(*newest.FIRST, *newest.SEEN, *FACTS, *ANSWER)


_OF_POST = Compiled(lambda user, post_id: _heads(user, pk=post_id))
_OF_ARTICLE = Compiled(lambda user, article_id: _heads(user, article_id=article_id))


def head_of_post(user: Any, post_id: int) -> Head | None:
    """The head of the thread of a post, where `user` may see it.

    Read before the comments: what commits in between is told twice rather than never.
    """
    return _head(_OF_POST.row(user=user, post_id=post_id))


def head_of_article(user: Any, article_id: int) -> Head | None:
    """The head of the discussion of an article, where `user` may see it."""
    return _head(_OF_ARTICLE.row(user=user, article_id=article_id))


def _head(row: tuple[Any, ...] | None) -> Head | None:
    if row is None:
        return None
    first, facts = len(newest.FIRST) + len(newest.SEEN), len(FACTS)
    kind, comments, reactions, title, answer_id, slug, name, *known = row[first : first + facts]
    hidden_at, *answer = row[first + facts :]
    place = Place(slug, name) if slug and name else None
    is_answered = answer_id is not None and hidden_at is None
    return Head._make(
        (card(row), kind, comments, reactions, title, answer_id, place, *known, tuple(answer) if is_answered else None)
    )
