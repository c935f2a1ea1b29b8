"""What stands beside a fragment for one reader: what they felt about it and what they may do with it."""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from django.utils.safestring import SafeString, mark_safe

from feeds.heads import Head
from feeds.models import Post, PostKind
from feeds.newest import Card
from feeds.said import Said, whole
from intranet.lib.kept import finished, kept, missing
from profiles.models import User

# The post, the same for everybody; and with the reader's part, the same for all who may and felt the same
POST, ITEM = "feeds/_post.html", "feeds/_kept_item.html"
# Its counts and reactions alone: above the discussion of an article, and in answer to a reaction
COUNTS, REACTED = "feeds/_counts_and_reactions.html", "feeds/_reacted.html"
# A comment likewise; with a mark where the replies under it go
COMMENT, COMMENT_ITEM = "feeds/_comment.html", "feeds/_comment_item.html"
REPLIES_MARK = "\0replies\0"


class Beside(NamedTuple):
    """One reader's part of a post."""

    reaction: str = ""
    may_edit: bool = False
    may_hide: bool = False
    # False where only members speak and the reader is not one yet
    may_comment: bool = False


class BesideComment(NamedTuple):
    """One reader's part of a comment."""

    may_reply: bool = False
    may_edit: bool = False
    may_hide: bool = False
    may_accept: bool = False
    is_answer: bool = False


def kept_items(user: User, cards: Sequence[Card], *, moderates: bool, writable: Container[int]) -> list[str]:
    """The posts of `cards` with the reader's part of each, as HTML, not `finished` yet.

    Args:
        moderates: whether they may remove what others said.
        writable: the ids of the audiences they may write to.
    """
    own = user.pk
    keys = {card.pk: (card.key, _part(card, own=own, moderates=moderates, writable=writable)) for card in cards}
    absent = missing(ITEM, keys)
    if absent:
        absent = missing(POST, {pk: keys[pk][0] for pk in absent})
    posts = Post.objects.visible_to(user).for_feed().in_bulk(absent) if absent else {}
    found = []
    for card in cards:
        key = keys[card.pk]
        # One that went between the two looks is left out
        with suppress(Post.DoesNotExist):
            found.append(kept(ITEM, key, partial(_item_context, user, card, key[1], posts)))
    return found


def counts_and_reactions(user: User, head: Head, *, token: str) -> SafeString:
    """What is counted of the post at the head of a thread, and the reader's reaction to it, as HTML."""
    return _of_head(COUNTS, user, head, token)


def reacted(user: User, head: Head, *, token: str) -> SafeString:
    """The same after a reaction, as htmx gets it."""
    return _of_head(REACTED, user, head, token)


def _of_head(template: str, user: User, head: Head, token: str) -> SafeString:
    reaction = Beside(reaction=head.card.reaction or "")
    key = (head.pk, head.author, head.comment_count, head.reaction_count, reaction)
    return finished(kept(template, key, lambda: {"post": head, "beside": reaction}), token)


def _item_context(user: User, card: Card, part: Beside, posts: dict[int, Post]) -> dict[str, Any]:
    def post() -> dict[str, Any]:
        return {"post": posts.get(card.pk) or Post.objects.visible_to(user).for_feed().get(pk=card.pk)}

    return {"card": card, "html": mark_safe(kept(POST, card.key, post)), "beside": part}


def _part(card: Card, *, own: int, moderates: bool, writable: Container[int]) -> Beside:
    is_own = card.author_id == own
    return Beside(
        reaction=card.reaction or "",
        may_edit=is_own and not card.article_id,
        may_hide=(is_own or moderates) and not card.article_id,
        may_comment=card.audience_id in writable,
    )


def kept_comments(user: User, comments: Sequence[Said], *, head: Head) -> dict[int, str]:
    """Each of the `comments` under `head` with the reader's part, as HTML by id, not `finished` yet.

    REPLIES_MARK stands where the replies under it go.
    """
    keys = {comment.pk: (comment.key, comment.pk == head.answer_id) for comment in comments}
    absent = missing(COMMENT, keys)
    known = whole(absent)

    def shown(comment: Said) -> dict[str, Any]:
        # One that went between the two looks is left out
        return {"comment": known.get(comment.pk) or whole([comment.pk])[comment.pk], "post": head}

    found = {}
    for comment in comments:
        part = _comment_part(user, comment, head)
        with suppress(KeyError):
            key = keys[comment.pk]
            found[comment.pk] = kept(COMMENT_ITEM, (key, part), partial(_comment_context, comment, key, part, shown))
    return found


def kept_words(comment: Said, *, head: Head) -> SafeString:
    """A comment alone, as HTML; nothing where it went between two looks."""

    def shown() -> dict[str, Any]:
        return {"comment": whole([comment.pk])[comment.pk], "post": head}

    with suppress(KeyError):
        return mark_safe(kept(COMMENT, (comment.key, comment.pk == head.answer_id), shown))
    return mark_safe("")


def _comment_context(comment: Said, key: Hashable, part: BesideComment, shown: Any) -> dict[str, Any]:
    html = kept(COMMENT, key, partial(shown, comment))
    return {"comment": comment, "html": mark_safe(html), "beside": part, "replies": mark_safe(REPLIES_MARK)}


def _comment_part(user: User, comment: Said, head: Head) -> BesideComment:
    if comment.hidden_at:
        return BesideComment()
    is_own = comment.author_id == user.pk
    return BesideComment(
        may_reply=head.may_comment,
        may_edit=is_own,
        may_hide=is_own or head.may_hide,
        may_accept=head.kind == PostKind.QUESTION and head.author_id == user.pk,
        is_answer=comment.pk == head.answer_id,
    )
