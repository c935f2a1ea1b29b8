"""Reacting to a post and taking it back. A reaction is a state, not an event: twice is once."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from feeds.actions import live
from feeds.actions.posts import changed
from feeds.models import LiveEventKind, Post, Reaction, ReactionKind
from feeds.models.post import sees
from profiles.models import User
from profiles.permissions import NotAllowed


@transaction.atomic
def react(*, post: Post, kind: str, by: User) -> None:
    """Let `by` feel `kind` about a post, in place of what they felt before.

    Raises:
        NotAllowed: `by` may not see the post.
        ValueError: there is no such kind.
    """
    _require_sight(by, post)
    _, made = Reaction.objects.update_or_create(post=post, user=by, defaults={"kind": ReactionKind(kind)})
    if made:
        changed(post, reaction_count=F("reaction_count") + 1)
        live.emit(kind=LiveEventKind.POST_CHANGED, post=post)


@transaction.atomic
def take_back(*, post: Post, by: User) -> None:
    """Let `by` feel nothing about a post.

    Raises:
        NotAllowed: `by` may not see the post.
    """
    _require_sight(by, post)
    taken, _ = Reaction.objects.filter(post=post, user=by).delete()
    if taken:
        changed(post, reaction_count=F("reaction_count") - 1)
        live.emit(kind=LiveEventKind.POST_CHANGED, post=post)


def _require_sight(by: User, post: Post) -> None:
    if not sees(by, post.pk):
        raise NotAllowed("You cannot react to this.")
