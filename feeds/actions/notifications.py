"""Tells people what they should know of, and notes what they have read."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from feeds import streams
from feeds.models import Comment, Notification, NotificationKind, Post
from feeds.models.notification import NotificationQuerySet
from profiles.models import Community, CommunityMembership, User


def tell(
    kind: NotificationKind,
    recipients: Iterable[int],
    *,
    by: User | None,
    post: Post | None = None,
    comment: Comment | None = None,
    community: Community | None = None,
) -> None:
    """Give each of `recipients` (ids) one notification, never of what they did or of what they cannot see."""
    people = set(recipients) - {by.pk if by else None}
    if post and people:
        people = streams.who_see(post, people)
    people -= set(
        Notification.objects.unread()
        .filter(recipient__in=people, kind=kind, actor=by, post=post, comment=comment, community=community)
        .values_list("recipient_id", flat=True)
    )
    Notification.objects.bulk_create(
        (
            Notification(recipient_id=pk, kind=kind, actor=by, post=post, comment=comment, community=community)
            for pk in sorted(people)
        ),
        # The table knows what is told once: a comment, a new follower
        ignore_conflicts=True,
    )


@transaction.atomic
def join_requested(*, community: Community, user: User) -> None:
    """Tell the owners of a closed community that `user` asks to join."""
    owners = CommunityMembership.objects.current().filter(community=community, is_owner=True, user__is_active=True)
    tell(
        NotificationKind.JOIN_REQUEST,
        owners.values_list("user_id", flat=True),
        by=user,
        community=community,
    )


@transaction.atomic
def joined(*, community: Community, user: User, by: User | None) -> None:
    """Tell `user` that they were let into a community."""
    tell(NotificationKind.JOINED, {user.pk}, by=by, community=community)


@transaction.atomic
def mark_read(*, notification: Notification, by: User) -> None:
    """Note that `by` has read one of their own. Twice is once."""
    _read(Notification.objects.filter(pk=notification.pk, recipient=by))


@transaction.atomic
def mark_all_read(*, by: User, upto: int) -> int:
    """Note that `by` has read theirs up to the id `upto`: what arrived after the page was drawn stays unread.

    Returns:
        How many were unread.
    """
    return _read(Notification.objects.filter(pk__lte=upto, recipient=by))


def mark_seen(*, post_id: int, by: User) -> int:
    """Note that `by` has opened a thread, and with it read what they were told about it.

    To be called only where there is something to read: reading must not wait for writers.

    Returns:
        How many were unread.
    """
    return _read(Notification.objects.filter(post_id=post_id, recipient=by))


def _read(notifications: NotificationQuerySet) -> int:
    return notifications.unread().update(read_at=timezone.now())
