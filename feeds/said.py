"""A comment as a thread shows it, in one row: everything its kept fragment is made of, which is the fragment's key."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, RowNumber

from feeds.models import Comment
from feeds.models.comment import comments_for_thread
from feeds.newest import Author
from intranet.lib.compiled import Compiled
from intranet.lib.pagination import KeysetPage, cursor_at, keyset_page

OLDEST_FIRST = ("created_at", "pk")
COMMENTS_AT_ONCE = 20
# Under each comment of a thread, and on a page of their own
REPLIES_AT_ONCE = 3
REPLIES_PAGE = 20


class Said(NamedTuple):
    """A comment, for everybody.

    Attributes:
        reply_count: how many replies stand under it, removed ones too.
        seen: what its fragment shows of others than itself: author and department.
    """

    pk: int
    post_id: int
    parent_id: int | None
    created_at: datetime.datetime
    edited_at: datetime.datetime | None
    hidden_at: datetime.datetime | None
    author_id: int
    author_name: str
    reply_count: int
    seen: tuple[Any, ...]

    @property
    def key(self) -> Hashable:
        """What the fragment for everybody is made of, but that it may be the accepted answer."""
        return self.pk, self.created_at, self.edited_at, self.hidden_at, self.author_name, self.seen

    def get_absolute_url(self) -> str:
        return Comment(pk=self.pk, post_id=self.post_id).get_absolute_url()

    @property
    def author(self) -> Author:
        return Author(self.author_name)


FIRST = ("pk", "post_id", "parent_id", "created_at", "edited_at", "hidden_at", "author_id", "author__name", "replied")
SEEN = (
    "author__photo_key",
    "department__slug", "department__name", "department__abbreviation", "department__label",
)  # fmt: skip


def _rows(comments: QuerySet[Any, Any], replied: Any) -> QuerySet[Any, Any]:
    return comments.annotate(replied=replied).order_by(*OLDEST_FIRST).values_list(*FIRST, *SEEN)


def _opening(comments: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    replies = Comment.objects.filter(parent=OuterRef("pk")).order_by().values("parent").annotate(n=Count("pk"))
    return _rows(comments, Coalesce(Subquery(replies.values("n")), 0))


def _replies(comments: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return _rows(comments, Value(0, output_field=IntegerField()))


def _first_of_each(parent_ids: Any) -> QuerySet[Any, Any]:
    place = Window(RowNumber(), partition_by=[F("parent_id")], order_by=list(OLDEST_FIRST))
    placed = Comment.objects.filter(parent_id__in=parent_ids).annotate(place=place)
    return Comment.objects.filter(pk__in=placed.filter(place__lte=REPLIES_AT_ONCE).values("pk"))


_FIRST_PAGE = Compiled(
    lambda post_id: _opening(Comment.objects.filter(post_id=post_id).opening())[: COMMENTS_AT_ONCE + 1]
)
_FIRST_REPLIES = Compiled(lambda parent_ids: _replies(_first_of_each(parent_ids)))
_ONE = Compiled(lambda user, comment_id: _opening(Comment.objects.visible_to(user).filter(pk=comment_id)))
_MADE = Compiled(lambda comment_id: _opening(Comment.objects.filter(pk=comment_id)))


def whole(ids: Iterable[int]) -> dict[int, Comment]:
    """The comments themselves, of rows that the reader was found to see."""
    return comments_for_thread(list(ids))


def one(user: Any, comment_id: int) -> Said | None:
    """The comment, where `user` may see it."""
    row = _ONE.row(user=user, comment_id=comment_id)
    return _said(row) if row else None


def made(comment: Comment) -> Said:
    """A comment that its author made just now."""
    row = _MADE.row(comment_id=comment.pk)
    if row is None:
        raise Comment.DoesNotExist
    return _said(row)


def comments_of(post_id: int, *, cursor: str | None) -> KeysetPage[Said]:
    """A page of the comments on a post, without the replies, oldest first.

    Raises:
        BadCursor: this list never gave it out.
    """
    if not cursor:
        rows = _FIRST_PAGE.rows(post_id=post_id)
        return _page(Comment.objects.all(), None, COMMENTS_AT_ONCE, lambda *_: [_said(row) for row in rows])
    comments = Comment.objects.filter(post_id=post_id).opening()
    return _page(comments, cursor, COMMENTS_AT_ONCE, lambda *asked: _read(_opening, *asked))


def replies_to(comment_id: int, *, cursor: str | None) -> KeysetPage[Said]:
    """A page of the replies to a comment, oldest first.

    Raises:
        BadCursor: this list never gave it out.
    """
    replies = Comment.objects.filter(parent_id=comment_id)
    return _page(replies, cursor, REPLIES_PAGE, lambda *asked: _read(_replies, *asked))


def first_replies(opening: Iterable[Said]) -> dict[int | None, list[Said]]:
    """The first replies to each of the comments, by its id."""
    under: dict[int | None, list[Said]] = defaultdict(list)
    parent_ids = [comment.pk for comment in opening if comment.reply_count]
    if parent_ids:
        for row in _FIRST_REPLIES.rows(parent_ids=parent_ids):
            reply = _said(row)
            under[reply.parent_id].append(reply)
    return under


def after(reply: Said) -> str:
    """The cursor of the replies that come after `reply`."""
    return cursor_at(Comment.objects.all(), reply, key=OLDEST_FIRST)


def count_after(reply: Said) -> int:
    """How many replies come after `reply` under the same comment."""
    same = Comment.objects.filter(parent_id=reply.parent_id, created_at__gte=reply.created_at)
    return same.exclude(created_at=reply.created_at, pk__lte=reply.pk).count()


def page_with(comment: Said) -> str:
    """The cursor of the page that begins with `comment`, in the list that it stands in."""
    return cursor_at(Comment.objects.all(), comment, key=OLDEST_FIRST, inclusive=True)


def _page(comments: QuerySet[Any, Any], cursor: str | None, size: int, read: Any) -> KeysetPage[Said]:
    return keyset_page(comments, key=OLDEST_FIRST, cursor=cursor, size=size, read=read)


def _read(rows: Any, comments: QuerySet[Any, Any], backward: bool, size: int) -> list[Said]:
    found = rows(comments)
    return [_said(row) for row in (found.reverse() if backward else found)[:size]]


def _said(row: Sequence[Any]) -> Said:
    return Said._make((*row[: len(FIRST)], tuple(row[len(FIRST) :])))
