"""When the demonstration's things happened: never in the future, each after what it needs, the same in every load.

People came to their departments up to nine years ago and to the service before anything was written in it; then
came the communities, then who joined them, and last what `talk` dates itself.
"""

from __future__ import annotations

import datetime
import random

from django.utils import timezone

from feeds.models import AnnouncementDelivery, Follow, LiveEvent, Notification, Reaction
from knowledge.models import Revision
from profiles.models import Community, CommunityMembership, Topic

# Days before the load. Nothing was written more than 540 days ago, and no post more than 181
LONGEST_SERVICE, NEWEST_COLLEAGUE = 9 * 365, 570
SERVICE_OPENED, LAST_SIGN_UP = 900, 560
FIRST_COMMUNITY, LAST_COMMUNITY, LAST_JOINED = 530, 200, 185
TOPICS_ADOPTED = 880
CONFIRMED = 240
# What was told longer ago was read
UNREAD = 10


def today() -> datetime.datetime:
    """The moment of the load, to the second."""
    return timezone.now().replace(microsecond=0)


def began_on(key: str, opened_on: datetime.date | None, now: datetime.datetime) -> datetime.date:
    """The day a person came to their department; not before the department itself was there."""
    on = _before(now, LONGEST_SERVICE, NEWEST_COLLEAGUE, random.Random(f"began:{key}")).date()
    return max(on, opened_on) if opened_on else on


def signed_up_at(key: str, began: datetime.date, now: datetime.datetime) -> datetime.datetime:
    """When a person who came to their department on `began` came to the service."""
    at = _before(now, SERVICE_OPENED, LAST_SIGN_UP, random.Random(f"signed up:{key}"))
    first_day = datetime.datetime.combine(began, datetime.time(9), tzinfo=datetime.UTC)
    return max(at, first_day)


def confirmed_at(key: str, now: datetime.datetime) -> datetime.datetime:
    """When a person last said that their profile is right."""
    return _before(now, CONFIRMED, 1, random.Random(f"confirmed:{key}"))


def settle(now: datetime.datetime) -> None:
    """Date what the actions dated today, and read what was told long ago."""
    Topic.objects.update(created_at=now - datetime.timedelta(days=TOPICS_ADOPTED))
    _date_communities(now)
    revisions = list(Revision.objects.select_related("article"))
    for revision in revisions:
        revision.created_at = revision.article.created_at
    Revision.objects.bulk_update(revisions, ["created_at"], batch_size=500)
    _date_reactions(now)
    _date_follows(now)
    _date_notifications(now)
    # Nobody is told today of what was announced months ago
    AnnouncementDelivery.objects.update(finished_at=now)
    # No page was open to learn of any of it
    LiveEvent.objects.all().delete()


def _date_communities(now: datetime.datetime) -> None:
    communities = {row.pk: row for row in Community.objects.all()}
    for community in communities.values():
        rng = random.Random(f"founded:{community.name}")
        community.created_at = _before(now, FIRST_COMMUNITY, LAST_COMMUNITY, rng)
    Community.objects.bulk_update(communities.values(), ["created_at"])
    places = list(CommunityMembership.objects.select_related("user"))
    for place in places:
        founded = communities[place.community_id].created_at
        rng = random.Random(f"joined:{communities[place.community_id].name}:{place.user.email}")
        since = (now - founded).days
        # On the first day too, not before it was there
        place.joined_at = founded if place.is_owner else max(_before(now, since, LAST_JOINED, rng), founded)
        place.requested_at = place.joined_at
    CommunityMembership.objects.bulk_update(places, ["joined_at", "requested_at"], batch_size=500)


def _date_reactions(now: datetime.datetime) -> None:
    rows = list(Reaction.objects.select_related("post", "user"))
    for row in rows:
        rng = random.Random(f"reacted:{row.post.idempotency_key}:{row.user.email}")
        row.created_at = min(row.post.created_at + datetime.timedelta(minutes=rng.randrange(2, 3000)), now)
    Reaction.objects.bulk_update(rows, ["created_at"], batch_size=500)


def _date_follows(now: datetime.datetime) -> None:
    rows = list(Follow.objects.select_related("user", "person", "topic", "department"))
    for row in rows:
        followed = row.person.email if row.person else str(row.topic or row.department)
        row.created_at = _before(now, LAST_JOINED, 1, random.Random(f"followed:{row.user.email}:{followed}"))
    Follow.objects.bulk_update(rows, ["created_at"], batch_size=500)


def _date_notifications(now: datetime.datetime) -> None:
    """Each was told when what it tells of happened."""
    followed = {(row.user_id, row.person_id): row.created_at for row in Follow.objects.filter(person__isnull=False)}
    joined = {(row.community_id, row.user_id): row.joined_at for row in CommunityMembership.objects.all()}
    rows = list(Notification.objects.select_related("comment"))
    for row in rows:
        if row.comment:
            at = row.comment.created_at
        else:
            of_community = joined.get((row.community_id or 0, row.recipient_id))
            at = followed.get((row.actor_id or 0, row.recipient_id)) or of_community or now
        row.created_at, row.read_at = at, at if at < now - datetime.timedelta(days=UNREAD) else None
    Notification.objects.bulk_update(rows, ["created_at", "read_at"], batch_size=500)


def _before(now: datetime.datetime, most: int, least: int, rng: random.Random) -> datetime.datetime:
    """A moment in working hours, between `most` and `least` days before `now`."""
    day = now - datetime.timedelta(days=rng.randint(min(least, most), most))
    return day.replace(hour=rng.randrange(9, 17), minute=rng.randrange(60), second=rng.randrange(60))
