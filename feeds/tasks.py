"""Work done after the commit: it may run twice, takes ids, reads again."""

import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_tasks import task

from feeds import announcing


@task()
def tell_of_announcement(post_id: int, after: int) -> None:
    """Tell one batch of people, and leave the next to a task of its own: other work comes in between."""
    with transaction.atomic():
        reached = announcing.deliver(post_id, after)
        if reached is not None:
            pause = datetime.timedelta(seconds=settings.ANNOUNCEMENT_BATCH / settings.ANNOUNCEMENT_RATE)
            tell_of_announcement.using(run_after=timezone.now() + pause).enqueue(post_id, reached)
