"""Following people, topics and departments. To follow is a state, not an event: twice is once."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from feeds.actions import notifications
from feeds.models import Follow, NotificationKind
from feeds.models.follow import COLUMNS, Followable
from profiles.models import User
from profiles.permissions import NotAllowed


class FollowSelf(Exception):
    """A person's own posts are in what they follow already."""


@transaction.atomic
def follow(*, target: Followable, by: User) -> bool:
    """Meet what `target` says, or what is said about or in it, under Following.

    Returns:
        Whether `by` did not follow it before.

    Raises:
        NotAllowed: `by` is suspended, or may not see `target`.
        FollowSelf: they are the same person.
    """
    if not User.objects.visible_to(by).filter(pk=by.pk).exists():
        raise NotAllowed("You cannot follow anything.")
    if not type(target).objects.visible_to(by).filter(pk=target.pk).exists():
        raise NotAllowed("You cannot follow this.")
    if isinstance(target, User) and target.pk == by.pk:
        raise FollowSelf("You cannot follow yourself. Your own posts are under Following already.")
    thing: dict[str, Any] = {COLUMNS[type(target)]: target}
    _, made = Follow.objects.get_or_create(user=by, **thing)
    if made and isinstance(target, User):
        notifications.tell(NotificationKind.FOLLOWER, {target.pk}, by=by)
    return made


@transaction.atomic
def unfollow(*, target: Followable, by: User) -> bool:
    """Stop following; returns whether `by` did follow it."""
    deleted, _ = Follow.objects.filter(user=by, **{COLUMNS[type(target)]: target}).delete()
    return bool(deleted)
