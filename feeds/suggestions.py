"""What the side of home offers a person: questions they could answer, people, communities and topics to follow."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from feeds.models import Follow, Post
from feeds.newest import FirstRows, Newest
from intranet.lib.merged import Leg
from profiles.models import (
    Community,
    CommunityKind,
    CommunityMembership,
    CommunityTopic,
    Expertise,
    Topic,
    TopicState,
    User,
)

# Seconds; what is popular changes slowly
KEPT = 600
POPULAR = 30
# How many the side of home shows
QUESTIONS = 5


class Question(NamedTuple):
    """A question as the side of home shows it."""

    pk: int
    created_at: datetime.datetime
    body: str
    author_name: str

    def get_absolute_url(self) -> str:
        return reverse("post", args=[self.pk])


def _open_questions(user: Any) -> Newest:
    on_topics = Leg("topic_rows__tag_id", _own_topics(user), "topic_rows__", {"topic_rows__is_open": True})
    return Newest(Post.objects.visible_to(user).unanswered().exclude(author_id=user.pk), [on_topics])


def _as_questions(newest: Newest, user: Any, *, is_lately: bool) -> QuerySet[Any, Any]:
    first = newest.first(newest.posts, size=QUESTIONS, is_lately=is_lately)
    questions: QuerySet[Any, Any] = first.values_list("pk", "created_at", "body", "author__name")
    return questions


_QUESTIONS = FirstRows(_open_questions, _as_questions, size=QUESTIONS)


def questions_for(user: User) -> list[Question]:
    """Questions without an accepted answer on topics that `user` follows or knows, newest first."""
    return [Question(*row) for row in _QUESTIONS.find(user=user)]


def people_for(user: User, limit: int = 3) -> list[tuple[User, str]]:
    """People `user` does not follow yet, each with why: first who knows the same topics, then colleagues."""
    followed = Follow.objects.filter(user=user, person__isnull=False).values("person_id")
    others = User.objects.visible_to(user).with_department().exclude(pk=user.pk).exclude(pk__in=followed)
    knowing = Expertise.objects.filter(topic__in=_known_topics(user)).values("user_id")
    found = [(person, "Knows your topics") for person in others.filter(pk__in=knowing).order_by("pk")[:limit]]
    if len(found) < limit and user.main_department_id:
        colleagues = others.filter(main_department_id=user.main_department_id)
        taken = [person.pk for person, _ in found]
        nearest = colleagues.exclude(pk__in=taken).order_by("pk")[: limit - len(found)]
        found += [(person, "In your department") for person in nearest]
    return found


def communities_for(user: User, limit: int = 3) -> list[Community]:
    """Open communities `user` has not joined: those about their topics, then the largest."""
    joined = CommunityMembership.objects.filter(user=user).values("community_id")
    open_ones = Community.objects.visible_to(user).filter(kind=CommunityKind.OPEN).exclude(pk__in=joined)
    about = CommunityTopic.objects.filter(topic__in=_own_topics(user)).values("community_id")
    found = list(open_ones.filter(pk__in=about).order_by("name")[:limit])
    return _filled(found, open_ones, _large_communities(), limit)


def topics_for(user: User, limit: int = 6) -> list[Topic]:
    """Adopted topics `user` does not follow: those they know or their communities are about, then the most followed."""
    followed = Follow.objects.filter(user_id=user.pk, topic__isnull=False).values("topic_id")
    adopted = Topic.objects.visible_to(user).filter(state=TopicState.ADOPTED).exclude(pk__in=followed)
    joined = Community.objects.joined_by(user).values("pk")
    near = CommunityTopic.objects.filter(community__in=joined).values("topic_id")
    found = list(adopted.filter(Q(pk__in=_known_topics(user)) | Q(pk__in=near)).order_by("name")[:limit])
    return _filled(found, adopted, _popular_topics(), limit)


def _known_topics(user: User) -> QuerySet[Expertise, Any]:
    return Expertise.objects.filter(user_id=user.pk).values("topic_id")


def _own_topics(user: User) -> QuerySet[Any, Any]:
    """The ids of the topics that `user` knows or follows."""
    followed = Follow.objects.filter(user_id=user.pk, topic__isnull=False).values("topic_id")
    return _known_topics(user).union(followed)


def _filled(found: list, offered: QuerySet, popular: list[int], limit: int) -> list:  # type: ignore[type-arg]
    """`found`, and after it the most popular of the others `offered`."""
    room = limit - len(found)
    if room <= 0:
        return found
    taken = {row.pk for row in found}
    others = {row.pk: row for row in offered.filter(pk__in=popular)}
    return found + [others[pk] for pk in popular if pk in others and pk not in taken][:room]


def _large_communities() -> list[int]:
    def ask() -> list[int]:
        open_ones = Community.objects.filter(kind=CommunityKind.OPEN)
        by_size = open_ones.annotate(members=Count("memberships")).order_by("-members", "pk")
        return list(by_size.values_list("pk", flat=True)[:POPULAR])

    return cache.get_or_set("suggested-communities", ask, KEPT) or []


def _popular_topics() -> list[int]:
    def ask() -> list[int]:
        adopted = Topic.objects.filter(state=TopicState.ADOPTED)
        by_followers = adopted.annotate(following=Count("followers")).order_by("-following", "name")
        return list(by_followers.values_list("pk", flat=True)[:POPULAR])

    return cache.get_or_set("suggested-topics", ask, KEPT) or []
