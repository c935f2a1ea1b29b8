"""What stands beside a fragment for one reader: what they felt about it and what they may do with it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from django.utils.safestring import SafeString, mark_safe

from feeds import reader
from feeds.models import Comment, Post, PostKind
from feeds.newest import Card
from intranet.lib.kept import finished, kept, missing
from profiles.models import User
from profiles.permissions import Permission, can

# The post, the same for everybody; and with the reader's part, the same for all who may and felt the same
POST, ITEM = "feeds/_post.html", "feeds/_kept_item.html"


@dataclass(frozen=True, slots=True)
class Beside:
    """One reader's part of a post."""

    reaction: str = ""
    may_edit: bool = False
    may_hide: bool = False
    # False where only members speak and the reader is not one yet
    may_comment: bool = False


@dataclass(frozen=True, slots=True)
class BesideComment:
    """One reader's part of a comment."""

    may_reply: bool = False
    may_edit: bool = False
    may_hide: bool = False
    may_accept: bool = False
    is_answer: bool = False


class Item(NamedTuple):
    """A post with the reader's part."""

    post: Post
    beside: Beside


def items(user: User, posts: Iterable[Post]) -> list[Item]:
    """`posts` with the reader's part of each, in a number of queries that does not grow with them."""
    shown = list(posts)
    if not shown:
        return []
    reactions = dict(user.reactions.filter(post__in=shown).values_list("post_id", "kind"))
    writable = reader.writable(user)
    moderates = can(user, Permission.HIDE)
    return [
        Item(post, _part(user, post, reactions.get(post.pk), moderates=moderates, writable=writable)) for post in shown
    ]


def kept_items(
    user: User, cards: Sequence[Card], *, token: str, moderates: bool, writable: Container[int]
) -> list[SafeString]:
    """The posts of `cards` with the reader's part of each, as HTML.

    Args:
        token: the reader's, for the forms.
        moderates: whether they may remove what others said.
        writable: the ids of the audiences they may write to.
    """
    absent = missing(POST, {card.pk: card.key for card in cards})
    posts = Post.objects.visible_to(user).for_feed().in_bulk(absent) if absent else {}
    found = []
    for card in cards:
        part = _part(user, card, card.reaction, moderates=moderates, writable=writable)
        # One that went between the two looks is left out
        with suppress(Post.DoesNotExist):
            html = kept(ITEM, (card.key, part), partial(_item_context, user, card, part, posts))
            found.append(finished(html, token))
    return found


def _item_context(user: User, card: Card, part: Beside, posts: dict[int, Post]) -> dict[str, Any]:
    def post() -> dict[str, Any]:
        return {"post": posts.get(card.pk) or Post.objects.visible_to(user).for_feed().get(pk=card.pk)}

    return {"card": card, "html": mark_safe(kept(POST, card.key, post)), "beside": part}


def _part(user: User, post: Post | Card, reaction: str | None, *, moderates: bool, writable: Container[int]) -> Beside:
    is_own = post.author_id == user.pk
    return Beside(
        reaction=reaction or "",
        may_edit=is_own and not post.article_id,
        may_hide=(is_own or moderates) and not post.article_id,
        may_comment=post.audience_id in writable,
    )


def beside_comments(
    user: User, post: Post, comments: Iterable[Comment], *, may_comment: bool
) -> dict[int, BesideComment]:
    """The reader's part of each of the `comments` on `post`, by id.

    Args:
        may_comment: what `beside` said of the post.
    """
    moderates = can(user, Permission.HIDE)
    asks = post.kind == PostKind.QUESTION and post.author_id == user.pk
    return {
        comment.pk: BesideComment()
        if comment.hidden_at
        else BesideComment(
            may_reply=may_comment,
            may_edit=comment.author_id == user.pk,
            may_hide=comment.author_id == user.pk or moderates,
            may_accept=asks,
            is_answer=comment.pk == post.answer_id,
        )
        for comment in comments
    }
