"""Pages of streams: read source by source, they hold what filtering all posts would find, in order and once."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable

import pytest
from django.utils import timezone

from feeds import newest
from feeds.actions import follows
from feeds.beside import kept_items
from feeds.models import Comment, Post, PostKind, PostTopic
from feeds.streams import Stream, StreamKind, suggested_page
from profiles.audience import writable_by
from profiles.models import Audience, CommunityKind, Department, User
from tests import factories

pytestmark = pytest.mark.django_db


def walked(stream: Stream, reader: User) -> list[int]:
    """All pages of a stream, forwards, and that the way back holds the same."""
    found: list[int] = []
    page = stream.page(reader, cursor=None)
    while True:
        found += [card.pk for card in page]
        if page.next_cursor is None:
            break
        page = stream.page(reader, cursor=page.next_cursor)
    back = [card.pk for card in page]
    while page.previous_cursor:
        page = stream.page(reader, cursor=page.previous_cursor)
        back = [card.pk for card in page] + back
    assert back == found
    return found


@pytest.fixture
def busy(treasury: Department, health: Department, alice: User, bob: User, charlie: User) -> list[User]:
    """Three people who wrote a lot, in places that not all of them see, about the same few topics."""
    dice = random.Random(20)
    team = factories.department("Tax policy", parent=treasury)
    erin = factories.user("Erin Egan", department=team)
    club = factories.community("Club", owner=charlie, kind=CommunityKind.HIDDEN, members=(bob,))
    factories.community("Square", owner=bob, kind=CommunityKind.OPEN)
    topics = [factories.topic(name) for name in ("Grants", "Research", "Data")]
    writers = [alice, bob, charlie, erin]
    for number in range(70):
        author = dice.choice(writers)
        audience = dice.choice(list(writable_by(author)))
        named = [topic.name for topic in topics if dice.random() < 0.4]
        post = factories.post(author=author, audience=audience, topics=named)
        # Some at the same moment, none in the order they were written
        at = timezone.now() - datetime.timedelta(minutes=dice.randrange(40))
        Post.objects.filter(pk=post.pk).update(created_at=at)
        PostTopic.objects.filter(content_object=post).update(created_at=at)
        if number % 9 == 0:
            Post.objects.filter(pk=post.pk).update(hidden_at=at)
    for target in (charlie, health, topics[0], topics[1]):
        follows.follow(target=target, by=alice)
    follows.follow(target=treasury, by=charlie)
    assert Audience.objects.filter(community=club).exists()
    return writers


# Rows that are walked before sources are read, and how many times as many posts as are wanted are looked at first
@pytest.mark.parametrize(
    ("walked_rows", "lately"), [(None, 3), (0, 1), (0, 3), (12, 1), (12, 3), (40, 1), (40, 2), (69, 3)]
)
def test_every_stream_holds_what_filtering_finds_in_order(
    busy: list[User],
    treasury: Department,
    walking: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    walked_rows: int | None,
    lately: int,
) -> None:
    monkeypatch.setattr(newest, "LATELY", lately)
    if walked_rows is not None:
        walking(walked_rows)
    club = Audience.objects.get(community__name="Club").community
    topic = PostTopic.objects.values_list("tag_id", flat=True)[0]
    named = [
        Stream(StreamKind.EVERYONE), Stream(StreamKind.FOLLOWING), Stream(StreamKind.DEPARTMENT),
        Stream(StreamKind.DEPARTMENT, treasury.pk), Stream(StreamKind.COMMUNITY, club.pk if club else 0),
        Stream(StreamKind.TOPIC, topic), Stream(StreamKind.PERSON, busy[2].pk),
    ]  # fmt: skip
    for reader in busy:
        for stream in named:
            expected = list(stream.posts(reader).order_by("-created_at", "-pk").values_list("pk", flat=True))
            assert walked(stream, reader) == expected, (str(stream), reader.name)


def test_what_many_may_not_see_does_not_hide_what_they_may(
    alice: User, charlie: User, treasury: Department, walking: Callable[[int], None]
) -> None:
    walking(0)
    follows.follow(target=alice, by=charlie)
    seen = [factories.post(author=alice).pk for _ in range(25)]
    for _ in range(25 * newest.LATELY):
        factories.post(author=alice, audience=treasury.audience)
    assert [card.pk for card in Stream(StreamKind.FOLLOWING).page(charlie, cursor=None)] == seen[:4:-1]


def test_announcements_do_not_take_the_place_of_what_is_newer(
    alice: User, bob: User, charlie: User, walking: Callable[[int], None]
) -> None:
    walking(0)
    club = factories.community("Club", owner=bob, kind=CommunityKind.HIDDEN)
    old = [factories.post(author=charlie, kind=PostKind.ANNOUNCEMENT).pk for _ in range(25)]
    seen = [factories.post(author=bob).pk for _ in range(5)]
    for _ in range(25 * newest.LATELY):
        factories.post(author=bob, audience=club.audience)
    first = suggested_page(alice, cursor=None)
    assert [card.pk for card in first] == [*seen[::-1], *old[: 25 - 16 : -1]]
    rest = suggested_page(alice, cursor=first.next_cursor)
    assert [card.pk for card in rest] == old[9::-1]


def test_what_changes_a_post_changes_its_kept_fragment(alice: User, bob: User) -> None:
    post = factories.post(author=bob, topics=["Grants"])

    def shown() -> str:
        cards = Stream(StreamKind.EVERYONE).page(alice, cursor=None).items
        return "".join(kept_items(alice, cards, moderates=False, writable={post.audience_id}))

    seen = {shown()}
    assert seen == {shown()}
    changes = [
        lambda: factories.comment(post=post, author=alice),
        lambda: User.objects.filter(pk=bob.pk).update(name="Bob Barnes"),
        lambda: Department.objects.filter(pk=post.department_id).update(name="Exchequer", label="Exchequer"),
        lambda: post.topics.first().__class__.objects.filter(name="Grants").update(name="Funding"),
        lambda: User.objects.filter(pk=bob.pk).update(photo_key="k" * 32),
    ]
    for change in changes:
        change()
        html = shown()
        assert html not in seen
        seen.add(html)
    assert "Bob Barnes" in html and "Funding" in html and "Exchequer" in html
    assert Comment.objects.filter(post=post).count() == 1
