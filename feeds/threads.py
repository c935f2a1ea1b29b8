"""A thread: a post, the comments on it with the replies under each, and the reader's part of all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from feeds.beside import BesideComment, Item, beside_comments, items
from feeds.models import Comment, Post
from intranet.lib.pagination import KeysetPage, keyset_page
from profiles.models import User

OLDEST_FIRST = ("created_at", "pk")
COMMENTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class CommentItem:
    """A comment with the reader's part, and the replies under it."""

    comment: Comment
    beside: BesideComment
    replies: list[CommentItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Thread:
    """What a thread's page shows."""

    item: Item
    comments: list[CommentItem]
    page: KeysetPage[Comment]


def thread(user: User, post: Post, *, cursor: str | None = None) -> Thread:
    """The thread of `post`, which `user` may see.

    Args:
        cursor: of `intranet.lib.pagination`; None for the oldest comments.

    Raises:
        BadCursor: this list never gave it out.
    """
    opening = Comment.objects.filter(post=post).opening().for_thread()
    page = keyset_page(opening, key=OLDEST_FIRST, cursor=cursor, size=COMMENTS_AT_ONCE)
    item = items(user, [post])[0]
    return Thread(item, _laid(user, item, page.items), page)


def comment_item(user: User, comment: Comment) -> CommentItem:
    """One comment with its replies as the thread's page would show it; its `post` is at hand."""
    item = items(user, [comment.post])[0]
    return _laid(user, item, [comment])[0]


def _laid(user: User, item: Item, opening: list[Comment]) -> list[CommentItem]:
    replies = list(Comment.objects.filter(parent__in=opening).for_thread()) if opening else []
    for comment in (*opening, *replies):
        comment.post = item.post
    parts = beside_comments(user, item.post, [*opening, *replies], may_comment=item.beside.may_comment)
    under: dict[int | None, list[CommentItem]] = defaultdict(list)
    for reply in replies:
        under[reply.parent_id].append(CommentItem(reply, parts[reply.pk]))
    return [CommentItem(comment, parts[comment.pk], under[comment.pk]) for comment in opening]
