"""A thread: a post, the comments on it with the first replies under each, and the reader's part of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.safestring import SafeString

from feeds import said
from feeds.beside import REPLIES_MARK, kept_comments
from feeds.heads import Head
from feeds.said import REPLIES_AT_ONCE, Said
from intranet.lib.kept import finished, kept
from intranet.lib.pagination import KeysetPage
from profiles.models import User


@dataclass(frozen=True, slots=True)
class Thread:
    """What a thread's page shows.

    Attributes:
        comments: the comments with the replies under them, as HTML.
        shown: the ids of all of these.
    """

    head: Head
    comments: SafeString
    page: KeysetPage[Said]
    shown: frozenset[int]


def thread(user: User, head: Head, *, cursor: str | None = None, token: str) -> Thread:
    """The thread under `head`.

    Args:
        cursor: of `intranet.lib.pagination`; None for the oldest comments.
        token: the reader's token against forged requests.

    Raises:
        BadCursor: this list never gave it out.
    """
    page = said.comments_of(head.pk, cursor=cursor)
    html, shown = _with_replies(user, head, page.items)
    return Thread(head, finished(html, token), page, shown)


def comment_item(user: User, head: Head, comment: Said, *, token: str) -> SafeString:
    """One comment with its first replies, as HTML, as the thread's page would show it."""
    return finished(_with_replies(user, head, [comment])[0], token)


def replies(
    user: User, head: Head, comment: Said, *, cursor: str | None, token: str
) -> tuple[SafeString, KeysetPage[Said]]:
    """A page of the replies to a comment, as HTML too.

    Raises:
        BadCursor: this list never gave it out.
    """
    page = said.replies_to(comment.pk, cursor=cursor)
    return finished("".join(kept_comments(user, page.items, head=head).values()), token), page


def comment_with(user: User, head: Head, comment: Said, replies: str, *, token: str) -> SafeString:
    """A comment with `replies` under it, as HTML; nothing where it went between two looks."""
    html = kept_comments(user, [comment], head=head).get(comment.pk, "")
    return finished(html.replace(REPLIES_MARK, replies), token)


def more_replies(comment: Said, *, number: int, cursor: str) -> str:
    """The way to `number` more replies to `comment`, as HTML."""
    key = (comment.pk, comment.author_name, number, cursor)
    return kept("feeds/_more_replies.html", key, lambda: {"comment": comment, "number": number, "cursor": cursor})


def answer(head: Head) -> SafeString | str:
    """The accepted answer as it stands above the comments, as HTML."""
    if head.answer_id is None or head.answer is None:
        return ""
    context = partial(_answer_context, head.answer_id)
    return SafeString(kept("feeds/_answer.html", (head.answer_id, head.answer), context))


def _answer_context(answer_id: int) -> dict[str, Any]:
    return {"answer": said.whole([answer_id])[answer_id]}


def _with_replies(user: User, head: Head, opening: Sequence[Said]) -> tuple[str, frozenset[int]]:
    under = said.first_replies(opening)
    rows = [row for comment in opening for row in (comment, *under[comment.pk])]
    items = kept_comments(user, rows, head=head)
    html = "".join(
        items[comment.pk].replace(REPLIES_MARK, _under(comment, under[comment.pk], items))
        for comment in opening
        if comment.pk in items
    )
    return html, frozenset(items)


def _under(comment: Said, replies: Sequence[Said], items: dict[int, str]) -> str:
    html = "".join(items[reply.pk] for reply in replies if reply.pk in items)
    further = comment.reply_count - len(replies)
    if further <= 0 or len(replies) < REPLIES_AT_ONCE:
        return html
    return html + more_replies(comment, number=further, cursor=said.after(replies[-1]))
