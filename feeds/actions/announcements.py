"""Has people told of announcements: what the author waits for is one row and one task, however many will read it."""

from __future__ import annotations

from django.db import transaction

from feeds import announcing
from feeds.models import AnnouncementDelivery, Post
from feeds.tasks import tell_of_announcement


@transaction.atomic
def begin(*, post: Post) -> None:
    """Have everybody told who may see `post`; part of the action that makes it."""
    AnnouncementDelivery.objects.create(post=post)
    tell_of_announcement.enqueue(post.pk, 0)


@transaction.atomic
def resume() -> int:
    """Go on with the deliveries that stand still. Harmless where one is only slow: a batch is told once.

    Returns:
        How many there were.
    """
    still = announcing.stalled()
    for post_id, reached in still:
        tell_of_announcement.enqueue(post_id, reached)
    return len(still)
