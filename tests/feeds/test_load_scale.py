"""A service of any size: its rows are such as the service itself writes, and the same for the same seed."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q
from django.test import Client
from django.utils import timezone

from feeds import streams
from feeds.models import Comment, Follow, Notification, Post, PostKind, PostTopic, Reaction
from feeds.scale import plan as planned
from feeds.scale.load import NotEmpty, load
from feeds.scale.people import followed_by
from feeds.scale.plan import Plan, TooSmall
from intranet.lib import markdown
from knowledge.models import Article, ArticleTopic, Revision
from knowledge.rendering import article_html
from profiles.audience import readers_of
from profiles.models import (
    Audience,
    Community,
    CommunityMembership,
    Department,
    DepartmentAncestor,
    Membership,
    Topic,
    TopicAudience,
    User,
)
from tests import factories

NOW = datetime.datetime(2026, 11, 20, 15, 30, tzinfo=datetime.UTC)


def plan(**changes: Any) -> Plan:
    sizes = {"people": 300, "posts": 700, "articles": 40, "follows": 1_500, "seed": 3, "now": NOW}
    return Plan(**{**sizes, **changes})


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Any:
    """One service for all tests of this file, taken back at their end."""
    with django_db_blocker.unblock(), transaction.atomic():
        load(plan())
        # Every deferred check, now
        connection.check_constraints()
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _service(loaded: None, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def account(local: str) -> User:
    return User.objects.get(email=f"{local}@scale.example")


def test_the_rows_are_as_many_as_asked() -> None:
    assert User.objects.count() == 300 and Post.objects.count() == 700 and Article.objects.count() == 40
    assert 1_000 < Follow.objects.exclude(user_id__lt=planned.FIRST).count() < 2_000
    assert Post.objects.order_by("created_at").first().created_at > NOW - datetime.timedelta(days=3 * 366)  # type: ignore[union-attr]
    assert (
        not Post.objects.filter(created_at__gt=NOW).exists() and not Comment.objects.filter(created_at__gt=NOW).exists()
    )
    by_time = list(Post.objects.order_by("created_at", "pk").values_list("pk", flat=True))
    assert by_time == sorted(by_time)


def test_what_is_counted_on_a_post_is_what_hangs_on_it() -> None:
    comments = Count("comments", filter=Q(comments__hidden_at__isnull=True), distinct=True)
    rows = list(Post.objects.annotate(said=comments, felt=Count("reactions", distinct=True)))
    assert all(row.comment_count == row.said and row.reaction_count == row.felt for row in rows)
    assert all(row.version >= 1 + row.said + row.felt for row in rows)
    assert any(row.said == planned.LONG_THREAD for row in rows) and sum(row.felt for row in rows) > 300
    assert Comment.objects.filter(hidden_at__isnull=False).exists()


def test_words_are_rendered_as_the_service_renders_them() -> None:
    said = [*Post.objects.exclude(kind=PostKind.ARTICLE), *Comment.objects.all()[:500]]
    for row in said:
        assert row.body_html == markdown.render(row.body, breaks=True), row.body
    for article in Article.objects.all():
        assert article.body_html == article_html(article.body)
    person = account("five")
    assert person.biography_html == markdown.render(person.biography, prefix="biography")


def test_nobody_speaks_where_they_cannot_read() -> None:
    readers = {row.pk: set(readers_of(row.pk).values_list("pk", flat=True)) for row in Audience.objects.all()}
    # Some were suspended since
    out = set(User.objects.filter(is_active=False).values_list("pk", flat=True))
    for model, audience, who in (
        (Post, "audience_id", "author_id"),
        (Comment, "post__audience_id", "author_id"),
        (Reaction, "post__audience_id", "user_id"),
        (Notification.objects.filter(post__isnull=False).model, "post__audience_id", "recipient_id"),
        (Article, "audience_id", "owner_id"),
    ):
        rows = model._default_manager.exclude(**{audience: None}).values_list(audience, who)
        former = set(Membership.objects.filter(ended_on__isnull=False).values_list("user_id", flat=True))
        wrong = [(a, p) for a, p in rows if p not in readers[a] | out | former]
        assert not wrong, (model, wrong[:5])


def test_places_follow_their_rules() -> None:
    tops = dict(Department.objects.values_list("pk", "parent_id"))

    def above(pk: int) -> set[tuple[int, int]]:
        found, depth, at = set(), 0, pk
        while at:
            found.add((at, depth))
            at, depth = tops[at], depth + 1
        return found

    flat: dict[int, set[tuple[int, int]]] = {}
    for child, ancestor, depth in DepartmentAncestor.objects.values_list("department_id", "ancestor_id", "depth"):
        flat.setdefault(child, set()).add((ancestor, depth))
    assert flat == {pk: above(pk) for pk in tops}
    assert Audience.objects.filter(department__isnull=False).count() == len(tops)
    for department in Department.objects.all():
        assert department.label.startswith(department.name)
        assert department.names.filter(until_on__isnull=True).get().name == department.name
    mains = Membership.objects.current().filter(is_main=True)
    assert dict(mains.values_list("user_id", "department_id")) == dict(
        User.objects.values_list("pk", "main_department_id")
    )
    assert (
        Department.objects.closed().exists() and not mains.filter(department__in=Department.objects.closed()).exists()
    )
    kinds = Counter(Community.objects.values_list("kind", flat=True))
    assert kinds["open"] > kinds["closed"] > 0 and kinds["hidden"] > 0
    assert CommunityMembership.objects.requested().exists()


def test_articles_have_their_history_and_their_post() -> None:
    for article in Article.objects.exclude(state="draft"):
        revisions = list(article.revisions.order_by("number"))
        assert [row.number for row in revisions] == list(range(1, article.version + 1))
        assert revisions[-1].body == article.body and revisions[-1].created_at == article.updated_at
        assert revisions[-1].topic_names == sorted(topic.name for topic in article.topics.all())
        post = article.post
        assert (post.audience_id, post.author_id, post.department_id, post.created_at) == (
            article.audience_id,
            article.author_id,
            article.department_id,
            article.published_at,
        )
        assert set(post.topics.all()) == set(article.topics.all())
    assert not ArticleTopic.objects.exclude(updated_at=F("content_object__updated_at")).exists()
    assert not PostTopic.objects.exclude(created_at=F("content_object__created_at")).exists()
    assert not Revision.objects.filter(article__state="draft").exists()
    assert not Post.objects.filter(article__state="draft").exists()


def test_topics_are_known_where_they_are_used() -> None:
    used = set(PostTopic.objects.values_list("tag_id", "content_object__audience_id"))
    assert used <= set(TopicAudience.objects.values_list("topic_id", "audience_id"))
    assert Topic.objects.adopted().count() == 50


def test_notifications_are_those_that_comments_answers_and_followers_make() -> None:
    told = set(Notification.objects.values_list("kind", "recipient_id", "actor_id", "comment_id"))
    expected = {("follower", row.person_id, row.user_id, None) for row in Follow.objects.filter(person__isnull=False)}
    for comment in Comment.objects.select_related("post__article", "parent"):
        by, post = comment.author_id, comment.post
        owner = post.article.owner_id if post.article else post.author_id
        replied_to = comment.parent.author_id if comment.parent else None
        expected |= {("reply", replied_to, by, comment.pk)} if replied_to not in (None, by) else set()
        expected |= {("comment", owner, by, comment.pk)} if owner not in (by, replied_to) else set()
    for post in Post.objects.filter(answer__isnull=False).select_related("answer").exclude(answer__author=F("author")):
        expected |= {("answer", post.answer.author_id, post.author_id, post.answer_id)}
    assert told == expected
    assert account("busy").notifications.unread().count() > 1_000


def test_the_measured_accounts_follow_what_they_say() -> None:
    for local, things in (("five", 5), ("fifty", 50), ("new", 0)):
        person = account(local)
        joined = CommunityMembership.objects.current().filter(user=person).count()
        assert Follow.objects.filter(user=person).count() + joined == things == followed_by(local)
    away = account("away")
    a_year_ago = NOW - datetime.timedelta(days=365)
    found = streams.Stream(streams.StreamKind.FOLLOWING).posts(away)
    assert found.exists() and not found.filter(created_at__gt=a_year_ago).exists()
    followers = Follow.objects.filter(person=account("head")).count()
    assert followers > 0.3 * User.objects.count()


@pytest.mark.parametrize("local", ["five", "new", "away", "busy"])
def test_pages_open_for_the_measured_accounts(as_: Callable[[User], Client], local: str) -> None:
    client = as_(account(local))
    thread = Post.objects.get(comment_count=planned.LONG_THREAD)
    article = Article.objects.get(slug=planned.ARTICLE)
    for address in (
        "/",
        "/?stream=everyone",
        thread.get_absolute_url(),
        article.get_absolute_url(),
        Department.objects.get(slug=planned.DEPARTMENT).get_absolute_url(),
        Community.objects.get(slug=planned.COMMUNITY).get_absolute_url(),
        Topic.objects.get(slug=planned.TOPIC).get_absolute_url(),
        account("busy").get_absolute_url(),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
    hidden = Community.objects.get(slug=planned.HIDDEN_COMMUNITY)
    joined = CommunityMembership.objects.filter(community=hidden, user=account(local)).exists()
    assert client.get(hidden.get_absolute_url()).status_code == (200 if joined else 404)


def test_what_is_written_afterwards_gets_numbers_of_its_own(as_: Callable[[User], Client]) -> None:
    highest = max(Post.objects.values_list("pk", flat=True))
    made = Post.objects.create(body="After it", audience=Audience.objects.everyone(), author=account("five"))
    assert made.pk == highest + 1
    assert factories.user("After All").pk == 301


def test_constraints_and_indexes_are_back() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Reaction.objects.create(post_id=1, user=account("five"), kind="thanks", created_at=timezone.now())
        Reaction.objects.create(post_id=1, user=account("five"), kind="thanks", created_at=timezone.now())
    with connection.cursor() as cursor:
        for model in (Post, Comment, Follow, Notification, User):
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
            named = {index.name for index in (*model._meta.indexes, *model._meta.constraints)}
            assert named <= set(there), model
            keys = {tuple(one["columns"]) for one in there.values() if one["foreign_key"]}
            assert keys == {(f.column,) for f in model._meta.concrete_fields if f.is_relation}, model


def test_it_leaves_a_database_with_people_alone() -> None:
    before = User.objects.count()
    with pytest.raises(NotEmpty):
        load(plan(seed=4))
    with pytest.raises(CommandError, match="empty database only"):
        call_command("load_scale", people=60, posts=100, stdout=StringIO())
    assert User.objects.count() == before


@pytest.mark.parametrize("sizes", [{"people": 10}, {"posts": 5}, {"articles": 600}, {"follows": -1}])
def test_a_size_that_cannot_be_is_refused_with_a_sentence(sizes: dict[str, int]) -> None:
    with pytest.raises(TooSmall, match="--"):
        plan(**sizes)
