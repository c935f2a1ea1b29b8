"""Loads a service of a planned size in one transaction: all of it, or nothing."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import models, transaction

from feeds.models import Comment, Follow, Notification, Post, PostTopic, Reaction
from feeds.scale import derived, people, places
from feeds.scale.articles import Articles
from feeds.scale.places import Audiences, Forest
from feeds.scale.plan import Clock, People, Plan
from feeds.scale.tables import Writer, advance_sequences, analyze, bare
from feeds.scale.talk import Talk
from feeds.scale.words import vocabulary
from knowledge.models import Article, ArticleTopic, Revision
from profiles.models import (
    Audience,
    Community,
    CommunityMembership,
    CommunityTopic,
    Department,
    DepartmentAncestor,
    DepartmentName,
    DepartmentParent,
    DepartmentSuccessor,
    Expertise,
    MailDomain,
    Membership,
    RoleGrant,
    Topic,
    TopicAlias,
    TopicAudience,
    User,
)

KINDS: tuple[type[models.Model], ...] = (
    User, EmailAddress, Membership, RoleGrant, Expertise,
    Department, DepartmentName, DepartmentParent, DepartmentAncestor, DepartmentSuccessor, MailDomain,
    Audience, Topic, TopicAlias, TopicAudience, Community, CommunityTopic, CommunityMembership,
    Article, ArticleTopic, Revision,
    Post, PostTopic, Comment, Reaction, Follow, Notification,
)  # fmt: skip


class NotEmpty(Exception):
    """Somebody is here already."""


def load(plan: Plan, *, show: bool = False) -> dict[str, int]:
    """Fill an empty database with the service of `plan`.

    Args:
        show: draw a progress bar on standard error.

    Returns:
        How many rows each table got.

    Raises:
        NotEmpty: there are people, departments or posts; nothing is touched.
    """
    for kind in (User, Department, Topic, Community, Article, Post):
        if kind._default_manager.exists():
            raise NotEmpty(f"There are {kind._meta.verbose_name_plural} here already.")
    writer = Writer(_expected(plan) if show else None)
    try:
        with transaction.atomic():
            everyone = Audience.objects.everyone().pk
            with bare(KINDS, writer):
                _write(plan, everyone, writer)
            advance_sequences(KINDS)
        writer.say("vacuum and analyse")
        analyze(KINDS)
    finally:
        writer.close()
    return writer.written


def _write(plan: Plan, everyone: int, writer: Writer) -> None:
    clock, words, forest = Clock(), vocabulary(), Forest(plan)
    audiences, staff = Audiences(everyone, plan), People(plan, forest.open)
    articles = Articles(plan, staff, forest, audiences, words)
    talk = Talk(plan, staff, forest, audiences, articles, words)
    for table, rows in places.departments(forest, clock):
        writer.write(table, rows)
    for table, rows in people.users(plan, staff, words, clock):
        writer.write(table, rows)
    writer.write(*people.memberships(plan, staff, forest, clock))
    for table, rows in places.topics(plan, clock):
        writer.write(table, rows)
    for table, rows in places.communities(plan, staff, clock):
        writer.write(table, rows)
    writer.write(*audiences.rows())
    writer.write(*people.expertise(plan, staff))
    writer.write(*people.follows(plan, forest, clock))
    # Posts first: they say when each article was published
    writer.write(*talk.posts())
    writer.write(*articles.rows())
    writer.write(*articles.history(places.topic_names(plan)))
    writer.write(*articles.article_topics())
    writer.write(*talk.post_topics())
    writer.write(*talk.thread())
    writer.write(*talk.reacted())
    derived.note_use(everyone, writer)
    derived.tell(plan, clock, writer)


def _expected(plan: Plan) -> int:
    """About how many rows there will be."""
    return plan.people * 9 + plan.posts * 5 + plan.articles * 5 + plan.follows * 2
