"""Streams agree with themselves: what one reader finds, and which readers find one post."""

from __future__ import annotations

import random
from typing import Any
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from feeds.actions import follows, posts
from feeds.models import Post
from feeds.models.post import posts_for_feed
from feeds.reader import facts
from feeds.streams import Reach, Stream, StreamKind, UnknownStream, suggested_page, who_see
from profiles.actions import memberships
from profiles.audience import writable_by
from profiles.models import Audience, CommunityKind, CommunityMembership, Department, User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["everyone", "following", "department", "department/3", "topic/12", "post/9"])
def test_a_stream_is_named_by_what_it_prints(name: str) -> None:
    assert str(Stream.parse(name)) == name


NO_STREAMS = """nobody everyone/1 following/1 community post topic/x topic/-1 topic/0 topic/1/2 EVERYONE"""


@pytest.mark.parametrize("name", ["", *NO_STREAMS.split(), "post/" + "9" * 30, "everyone\n"])
def test_it_refuses_names_of_no_stream(name: str) -> None:
    with pytest.raises(UnknownStream):
        Stream.parse(name)


def test_following_holds_what_one_follows_and_nothing_else(alice: User, charlie: User, health: Department) -> None:
    mine = factories.post(author=alice)
    theirs = factories.post(author=charlie)
    assert list(Stream(StreamKind.FOLLOWING).posts(alice)) == [mine]

    follows.follow(target=charlie, by=alice)
    assert set(Stream(StreamKind.FOLLOWING).posts(alice)) == {mine, theirs}
    follows.unfollow(target=charlie, by=alice)
    follows.follow(target=health, by=alice)
    assert set(Stream(StreamKind.FOLLOWING).posts(alice)) == {mine, theirs}


def test_a_followed_department_brings_what_its_parts_say(alice: User, health: Department) -> None:
    team = factories.department("Vaccines", parent=health)
    erin = factories.user("Erin Egan", department=team)
    said = factories.post(author=erin)
    inside = factories.post(author=erin, audience=team.audience)
    follows.follow(target=health, by=alice)
    assert said in Stream(StreamKind.FOLLOWING).posts(alice)
    assert inside not in Stream(StreamKind.FOLLOWING).posts(alice)


def test_a_followed_topic_brings_each_post_once(alice: User, charlie: User) -> None:
    one, two = factories.topic("Grants"), factories.topic("Research")
    said = factories.post(author=charlie, topics=[one.name, two.name])
    follows.follow(target=one, by=alice)
    follows.follow(target=two, by=alice)
    assert list(Stream(StreamKind.FOLLOWING).posts(alice)) == [said]


def test_my_department_hears_what_is_said_above_and_below(treasury: Department, charlie: User) -> None:
    team = factories.department("Tax policy", parent=treasury)
    head, member = (
        factories.user("Hal Hill", department=treasury),
        factories.user("Tia Tate", department=team),
    )
    from_head, from_team = factories.post(author=head), factories.post(author=member)
    to_all = factories.post(author=head, audience=treasury.audience)
    elsewhere = factories.post(author=charlie)
    for reader in (head, member):
        assert set(Stream(StreamKind.DEPARTMENT).posts(reader)) == {from_head, from_team, to_all}
    assert set(Stream(StreamKind.DEPARTMENT).posts(charlie)) == {elsewhere}


def test_somebody_new_is_suggested_announcements_and_their_department(alice: User, bob: User, charlie: User) -> None:
    colleague = factories.post(author=bob)
    announced = factories.post(author=charlie, kind="announcement")
    factories.post(author=charlie)
    assert not facts(alice).follows_anything
    assert {card.pk for card in suggested_page(alice, cursor=None)} == {colleague.pk, announced.pk}
    factories.community(owner=charlie, members=(alice,))
    assert facts(alice).follows_anything


def test_a_hidden_post_and_a_suspended_reader_are_in_no_stream(alice: User, bob: User, charlie: User) -> None:
    said = factories.post(author=charlie)
    stream = Stream(StreamKind.POST, said.pk)
    people = {alice.pk, bob.pk, charlie.pk}
    assert stream.readers_among(said, people) == people
    memberships.suspend(user=bob, by=None)
    assert stream.readers_among(said, people) == people - {bob.pk}
    posts.hide(post=said, by=charlie)
    assert stream.readers_among(said, people) == who_see(said, people) == set()


@pytest.mark.parametrize("seed", range(2))
def test_both_sides_of_a_stream_agree_whatever_the_data(seed: int) -> None:
    chance = random.Random(seed)
    people, audiences, streams = _random_service(chance)
    said = [_random_post(chance, people, audiences) for _ in range(15)]
    Post.objects.filter(pk=chance.choice(said).pk).update(hidden_at=timezone.now())
    memberships.suspend(user=chance.choice(people), by=None)
    ids = [person.pk for person in people]
    found = 0
    for stream in [*streams, *(Stream(StreamKind.POST, post.pk) for post in said[:2])]:
        for post in said:
            readers = {person.pk for person in people if stream.contains(post.pk, person)}
            assert stream.readers_among(post, ids) == readers, f"{stream} and post {post.pk}"
            found += len(readers)
    assert found > 100


def _random_service(chance: random.Random) -> tuple[list[User], list[Audience], list[Stream]]:
    tree: list[Department] = []
    for _ in range(6):
        tree.append(factories.department(parent=chance.choice([None, *tree])))
    people = [factories.user(department=chance.choice([None, *tree])) for _ in range(8)]
    memberships.join(user=people[0], department=tree[-1], by=None)
    communities = [factories.community(owner=chance.choice(people), kind=kind) for kind in CommunityKind]
    topics = [factories.topic() for _ in range(3)]
    for person in people:
        for community in chance.sample(communities, 1):
            CommunityMembership.objects.get_or_create(
                community=community,
                user=person,
                defaults={"joined_at": chance.choice([None, timezone.now()])},
            )
        for target in chance.sample([*tree, *topics, *people], 3):
            if target != person:
                follows.follow(target=target, by=person)
    audiences = [factories.everyone(), *(d.audience for d in tree), *(c.audience for c in communities)]
    streams = [Stream(kind) for kind in (StreamKind.EVERYONE, StreamKind.FOLLOWING, StreamKind.DEPARTMENT)]
    streams += [Stream(StreamKind.DEPARTMENT, tree[0].pk), Stream(StreamKind.COMMUNITY, communities[0].pk)]
    streams += [Stream(StreamKind.TOPIC, topics[0].pk), Stream(StreamKind.PERSON, people[0].pk)]
    return people, audiences, streams


def _random_post(chance: random.Random, people: list[User], audiences: list[Audience]) -> Post:
    """A post by whoever may write to a random audience."""
    author = chance.choice(people)
    audience = chance.choice([a for a in audiences if writable_by(author).filter(pk=a.pk).exists()])
    topics = chance.sample(["Topic A", "Topic B"], chance.randint(0, 2))
    made, _ = posts.post(body="Something", audience=audience, topics=topics, key=uuid4(), by=author)
    return made


def test_many_posts_reach_whom_each_reaches_alone(
    alice: User, bob: User, charlie: User, treasury: Department, health: Department
) -> None:
    group = factories.community("Secret", owner=alice, kind=CommunityKind.HIDDEN, members=(charlie,))
    audiences = [factories.everyone(), treasury.audience, group.audience, treasury.audience]
    said = [factories.post(author=alice, audience=audience, topics=["Buses", "Trams"]) for audience in audiences]
    posts.hide(post=said[-1], by=alice)
    people = {alice.pk, bob.pk, charlie.pk}
    loaded = posts_for_feed([post.pk for post in said])
    reach = Reach(loaded.values(), people)
    for post in said:
        alone, together = Reach([post], people), loaded[post.pk]
        assert reach.seeing(together) == alone.seeing(post)
        assert reach.saw(together) == alone.saw(post)
        assert reach.places(together) == alone.places(post)
    found = [reach.seeing(loaded[post.pk]) for post in said]
    assert found == [people, {alice.pk, bob.pk}, {alice.pk, charlie.pk}, set()]
    assert [reach.saw(loaded[post.pk]) for post in said] == [set(), set(), set(), {alice.pk, bob.pk}]


def test_posts_loaded_for_a_feed_are_shown_without_another_query(
    alice: User, treasury: Department, django_assert_num_queries: Any
) -> None:
    said = [
        factories.post(author=alice, topics=["Zebras", "Buses"]),
        factories.post(author=alice, audience=treasury.audience),
        factories.post(author=alice, topics=["Buses"]),
    ]
    plain = {post.pk: post for post in Post.objects.all()}
    with django_assert_num_queries(2):
        loaded = posts_for_feed([post.pk for post in said])
        shown = [render_to_string("feeds/_post.html", {"post": loaded[post.pk]}) for post in said]
    assert shown == [render_to_string("feeds/_post.html", {"post": plain[post.pk]}) for post in said]
    assert posts_for_feed([]) == {}


def test_the_readers_of_a_post_cost_the_same_for_few_and_many(
    alice: User, bob: User, django_assert_max_num_queries: object
) -> None:
    said = factories.post(author=alice)
    many = [factories.user().pk for _ in range(20)]
    for name in ("everyone", "following", "department", f"person/{alice.pk}"):
        for people in ([bob.pk], many):
            with django_assert_max_num_queries(7):  # type: ignore[operator]
                Stream.parse(name).readers_among(said, people)
