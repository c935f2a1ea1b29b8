"""Compiled queries: the same rows as the queryset they were made of, for whoever and whenever they are run."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from feeds.models import Post
from intranet.lib.compiled import Compiled, today
from profiles.actions import memberships
from profiles.models import Department, Membership, User
from tests import factories

pytestmark = pytest.mark.django_db


def visible() -> Compiled:
    return Compiled(lambda user: Post.objects.visible_to(user).order_by("pk").values_list("pk", "created_at"))


def test_it_finds_what_the_queryset_finds_for_each_reader(alice: User, charlie: User, treasury: Department) -> None:
    said = [factories.post(author=alice, audience=treasury.audience), factories.post(author=charlie)]
    query = visible()
    for reader, seen in ((alice, said), (charlie, said[1:]), (alice, said)):
        assert query.rows(user=reader) == [(post.pk, post.created_at) for post in seen]
    assert query.row(user=charlie) == (said[1].pk, said[1].created_at)


def test_a_right_that_is_lost_is_lost_at_once(alice: User, treasury: Department) -> None:
    said = factories.post(author=alice, audience=treasury.audience)
    query = visible()
    assert [pk for pk, _ in query.rows(user=alice)] == [said.pk]
    memberships.leave(membership=Membership.objects.get(user=alice), by=None)
    assert query.rows(user=alice) == []
    assert query.row(user=alice) is None


def test_its_day_is_the_day_it_runs_on(alice: User) -> None:
    begins = Compiled(lambda user: Membership.objects.filter(user_id=user.pk, started_on=today()).values_list("pk"))
    plain = Membership.objects.filter(started_on=today())
    now = datetime.datetime.now(datetime.UTC)
    for days, number in ((0, 1), (1, 0), (0, 1)):
        with time_machine.travel(now + datetime.timedelta(days=days), tick=False):
            assert len(begins.rows(user=alice)) == plain.filter(user=alice).count() == number


def test_it_takes_any_number_of_ids(alice: User, bob: User, charlie: User) -> None:
    names = Compiled(lambda ids: User.objects.filter(pk__in=ids).order_by("name").values_list("name"))
    assert names.rows(ids=[]) == []
    assert names.rows(ids=[alice.pk]) == [(alice.name,)]
    assert names.rows(ids={charlie.pk, alice.pk, bob.pk}) == [(alice.name,), (bob.name,), (charlie.name,)]


def test_a_run_is_one_query_that_the_log_shows(alice: User) -> None:
    query = visible()
    for _ in range(3):
        with CaptureQueriesContext(connection) as seen:
            query.rows(user=alice)
        assert len(seen) == 1 and "feeds_post" in seen[0]["sql"]


def test_an_argument_that_is_missing_is_told(alice: User) -> None:
    with pytest.raises(KeyError, match="user"):
        visible().rows()


def test_it_takes_any_number_of_texts(alice: User, bob: User) -> None:
    found = Compiled(lambda name_keys: User.objects.filter(name__in=name_keys).order_by("name").values_list("pk"))
    assert found.rows(name_keys=[]) == []
    for name in ("{Robert'); --", 'Quoted "Quinn"', "Comma, Null \\"):
        person = factories.user(name)
        assert found.rows(name_keys=[name]) == [(person.pk,)]
    assert found.rows(name_keys={bob.name, alice.name}) == [(alice.pk,), (bob.pk,)]


def test_it_makes_the_instances_that_the_queryset_makes(
    alice: User, treasury: Department, django_assert_num_queries: Any
) -> None:
    said = [factories.post(author=alice, audience=treasury.audience), factories.post(author=alice)]

    def build(ids: Any) -> Any:
        posts = Post.objects.select_related("author", "audience__department", "article").filter(pk__in=ids)
        return posts.annotate(topic_count=Count("topic_rows")).order_by("pk")

    query = Compiled(build)
    with django_assert_num_queries(1):
        found = query.instances(ids=[post.pk for post in said])
        assert [(post.author, post.article, post.topic_count) for post in found] == [(alice, None, 0)] * 2
        assert [post.audience.department for post in found] == [treasury, None]
    for made, plain in zip(found, build([post.pk for post in said]), strict=True):
        names = [field.attname for field in Post._meta.concrete_fields]
        assert [getattr(made, name) for name in names] == [getattr(plain, name) for name in names]
        assert (made._state.db, made._state.adding) == (plain._state.db, False)
    found[0].body = "Changed"
    found[0].save(update_fields=["body"])
    assert Post.objects.get(pk=said[0].pk).body == "Changed"
    with pytest.raises(TypeError, match="values"):
        visible().instances(user=alice)


def test_its_arguments_can_be_named_apart(alice: User, bob: User) -> None:
    def build(**ids: Any) -> Any:
        return (
            User.objects.filter(pk__in=ids["some_ids"])
            .values_list("pk")
            .union(User.objects.filter(pk__in=ids["other_ids"]).values_list("pk"), all=True)
        )

    people = Compiled(build, names=("some_ids", "other_ids"))
    assert sorted(people.rows(some_ids=[alice.pk], other_ids=[bob.pk])) == sorted([(alice.pk,), (bob.pk,)])
    assert people.rows(some_ids=[], other_ids=[]) == []
