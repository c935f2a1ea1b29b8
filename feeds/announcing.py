"""Tells people of announcements in batches, in the background: its author waits for none of them.

Everything is read again at each batch, so that a batch may run twice or late: who may see the announcement then is
told, each person once, and nobody any more once it is hidden.
"""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from feeds.models import AnnouncementDelivery, Notification, NotificationKind, Post, PostKind
from profiles.audience import readers_of

# A delivery that has not moved for so long lost its task: a worker was killed in the middle of a batch
STALLED = datetime.timedelta(minutes=5)


@transaction.atomic
def deliver(post_id: int, after: int) -> int | None:
    """Tell the next batch of people of an announcement.

    Args:
        after: the id that the batch before reached. Another than the delivery's own means that this batch was told
            already, by another run of the same task.

    Returns:
        The id reached, for the batch that follows; None when there is none.
    """
    # Whoever is telling this batch already does it for both
    unfinished = AnnouncementDelivery.objects.filter(post=post_id, reached=after, finished_at__isnull=True)
    delivery = unfinished.select_for_update(skip_locked=True, of=("self",)).first()
    if delivery is None:
        return None
    batch = _next(post_id, after)
    _tell(delivery, batch)
    delivery.moved_at = timezone.now()
    is_last = len(batch) < settings.ANNOUNCEMENT_BATCH
    if is_last:
        delivery.finished_at = delivery.moved_at
    else:
        delivery.reached = batch[-1]
    delivery.save(update_fields=["reached", "told", "moved_at", "finished_at"])
    return None if is_last else delivery.reached


def stalled() -> list[tuple[int, int]]:
    """(post, id reached) of the deliveries that stand still."""
    since = timezone.now() - STALLED
    still = AnnouncementDelivery.objects.filter(finished_at__isnull=True, moved_at__lt=since)
    return list(still.order_by("pk").values_list("post_id", "reached"))


def _next(post_id: int, after: int) -> list[int]:
    """The next people, by id, who may see the announcement now; nobody where it is no longer to be seen."""
    post = Post.objects.standing().filter(pk=post_id, kind=PostKind.ANNOUNCEMENT).first()
    if post is None:
        return []
    readers = readers_of(post.audience_id).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    return list(readers[: settings.ANNOUNCEMENT_BATCH])


def _tell(delivery: AnnouncementDelivery, people: list[int]) -> None:
    author_id = Post.objects.values_list("author_id", flat=True).get(pk=delivery.post_id)
    told = [pk for pk in people if pk != author_id]
    Notification.objects.bulk_create(
        (
            Notification(
                recipient_id=pk, kind=NotificationKind.ANNOUNCEMENT, actor_id=author_id, post_id=delivery.post_id
            )
            for pk in told
        ),
        # The table knows what is told once
        ignore_conflicts=True,
    )
    delivery.told += len(told)
