"""Asking for news where sockets are blocked: the same events, for the same readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from feeds.actions import posts, reactions
from feeds.live import MAX_EVENTS, MAX_MISSED, frames_for
from feeds.models import LiveEvent, LiveEventKind, Post
from feeds.streams import Stream
from intranet.lib.numbered import number_rows
from profiles.models import CommunityKind, Department, User
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]


def ask(client: Client, stream: str = "everyone", after: Any = 0) -> HttpResponse:
    return client.get("/live/", {"stream": stream, "after": after})


def told(client: Client, stream: str = "everyone", after: int = 0) -> list[tuple[str, int]]:
    return [(event["kind"], event["post"]) for event in ask(client, stream, after).json()["events"]]


def test_it_tells_what_was_missed_in_order_and_once(as_: As, alice: User, bob: User) -> None:
    first = factories.post(author=alice, body="Some **words**")
    comment = factories.comment(post=first, author=alice, body="More of them")
    answer = ask(as_(bob))
    news = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert [event["kind"] for event in news["events"]] == ["post-created", "post-changed"]
    assert "Some <strong>words</strong>" in news["events"][0]["html"]
    assert (news["at"], news["resync"]) == (number_rows(LiveEvent), False)
    assert ask(as_(bob), after=news["at"]).json() == {"events": [], "at": news["at"], "resync": False}
    thread = ask(as_(bob), f"post/{first.pk}", news["events"][0]["n"]).json()["events"]
    assert [(event["kind"], event["comment"], event["parent"]) for event in thread] == [
        ("comment-created", comment.pk, None)
    ]
    assert "More of them" in thread[0]["html"]
    assert "1 comment" in thread[0]["counts"]


def test_it_tells_only_what_the_reader_may_see(
    as_: As, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    inside = factories.post(author=alice, audience=treasury.audience)
    hidden = factories.post(author=alice)
    posts.hide(post=hidden, by=alice)
    assert told(as_(bob)) == [("post-created", inside.pk), ("post-hidden", hidden.pk)]
    assert told(as_(charlie)) == [("post-hidden", hidden.pk)]
    for stream in (f"department/{treasury.pk}", f"person/{alice.pk}", f"post/{inside.pk}"):
        assert ("post-created", inside.pk) in told(as_(bob), stream)
        assert ("post-created", inside.pk) not in told(as_(charlie), stream)
    posts.hide(post=inside, by=alice)
    assert told(as_(charlie)) == [("post-hidden", hidden.pk)]


def test_a_hidden_community_looks_like_an_absent_one(as_: As, alice: User, charlie: User) -> None:
    group = factories.community("Quiet", owner=alice, kind=CommunityKind.HIDDEN)
    factories.post(author=alice, audience=group.audience)
    outsider = as_(charlie)
    hidden, absent = ask(outsider, f"community/{group.pk}"), ask(outsider, f"community/{group.pk + 999}")
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert len(told(as_(alice), f"community/{group.pk}")) == 1


def test_what_was_hidden_and_shown_again_is_not_told_as_hidden(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    before = number_rows(LiveEvent)
    posts.hide(post=post, by=alice)
    Post.objects.filter(pk=post.pk).update(hidden_at=None, hidden_by=None)
    reactions.react(post=post, kind="thanks", by=bob)
    assert told(as_(bob), after=before) == [("post-changed", post.pk)]


@pytest.mark.parametrize("stream", ["", "nobody", "post", "everyone/1", "post/0", "post/" + "9" * 40, "everyone\n"])
def test_an_unknown_stream_is_not_found(as_: As, alice: User, stream: str) -> None:
    assert ask(as_(alice), stream).status_code == 404


@pytest.mark.parametrize("after", ["", "x", "1.5", "9" * 5000])
def test_a_number_that_is_none_is_not_found(as_: As, alice: User, after: str) -> None:
    assert ask(as_(alice), after=after).status_code == 404


@pytest.mark.parametrize("beyond", [1, 2**70])
def test_a_number_beyond_the_log_asks_to_load_the_page(as_: As, alice: User, beyond: int) -> None:
    factories.post(author=alice)
    top = number_rows(LiveEvent)
    assert ask(as_(alice), after=top + beyond).json() == {"events": [], "at": top, "resync": True}


def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    answer = ask(client)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


def test_it_only_reads(as_: As, alice: User) -> None:
    assert as_(alice).post("/live/?stream=everyone&after=0").status_code == 405


def test_who_asks_all_the_time_is_asked_to_wait(as_: As, settings: Any, alice: User) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "live": "2/m"}
    client = as_(alice)
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]


def test_too_much_is_not_told_but_loaded(as_: As, alice: User) -> None:
    factories.post(author=alice)
    LiveEvent.objects.bulk_create(LiveEvent(kind=LiveEventKind.RIGHTS_CHANGED, user=alice) for _ in range(MAX_MISSED))
    news = ask(as_(alice)).json()
    assert (news["events"], news["resync"]) == ([], True)
    assert ask(as_(alice), after=news["at"]).json()["resync"] is False


@pytest.mark.parametrize("stream", ["everyone", "following", "department"])
def test_it_costs_the_same_for_one_event_and_for_twenty(
    as_: As, django_assert_max_num_queries: Any, alice: User, bob: User, stream: str
) -> None:
    client = as_(alice)
    for count in (1, 19):
        for _ in range(count):
            post = factories.post(author=alice, topics=["Buses"])
            factories.comment(post=post, author=bob)
        number_rows(LiveEvent)
        with django_assert_max_num_queries(13):
            assert ask(client, stream).status_code == 200
    assert len(told(client, stream)) == 40 <= MAX_EVENTS


def test_sockets_cost_the_same_for_one_listener_and_for_many(
    django_assert_max_num_queries: Any, alice: User, bob: User, charlie: User
) -> None:
    post = factories.post(author=alice)
    number_rows(LiveEvent)
    rows = list(LiveEvent.objects.filter(post=post))
    everyone = Stream.parse("everyone")
    for people in ({bob.pk}, {bob.pk, charlie.pk, alice.pk}):
        # A thread of another post costs nothing
        threads = {Stream.parse(f"post/{post.pk + number}"): people for number in range(1, 100)}
        with django_assert_max_num_queries(6):
            frames = frames_for(rows, {everyone: people, **threads})
        assert [(frame.stream, frame.readers) for frame in frames] == [(everyone, people)]


def test_sockets_cost_the_same_for_one_post_and_for_twenty(
    django_assert_max_num_queries: Any, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    everyone, people = Stream.parse("everyone"), {bob.pk, charlie.pk}
    for count in (1, 19):
        for _ in range(count):
            factories.post(author=alice, topics=["Buses"])
            post = factories.post(author=alice, audience=treasury.audience, topics=["Trams", "Buses"])
            factories.comment(post=post, author=bob)
        number_rows(LiveEvent)
        rows = list(LiveEvent.objects.order_by("number"))
        with django_assert_max_num_queries(9):
            frames = frames_for(rows, {everyone: people, Stream.parse(f"post/{post.pk}"): people})
    told = [frame.readers for frame in frames if frame.stream == everyone]
    assert (len(told), told.count(people), told.count({bob.pk})) == (60, 20, 40)


def test_what_goes_leaves_its_number_behind(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    factories.comment(post=post, author=alice)
    top = number_rows(LiveEvent)
    Post.objects.filter(pk=post.pk).delete()
    assert number_rows(LiveEvent) == top
    assert ask(as_(bob)).json() == {"events": [], "at": top, "resync": False}


def test_one_thing_that_cannot_be_shown_silences_nothing_else(
    as_: As, settings: Any, caplog: pytest.LogCaptureFixture, tmp_path: Any, alice: User
) -> None:
    first = factories.post(author=alice, body="Sound")
    broken = tmp_path / "feeds"
    broken.mkdir()
    sound = "{% if post.body == 'Broken' %}{% include 'no/such/template.html' %}{% endif %}Shown"
    (broken / "_post.html").write_text(sound)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    factories.post(author=alice, body="Broken")
    last = factories.post(author=alice, body="Sound")
    assert told(as_(alice)) == [("post-created", first.pk), ("post-created", last.pk)]
    assert "cannot be shown" in caplog.text
