"""Sent twice, made once: every form that makes something, and every switch that sets something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, models
from django.test import Client

from feeds.models import Comment, Follow, LiveEvent, Notification, Post, Reaction
from knowledge.models import Article, Revision
from profiles.actions import communities
from profiles.models import AuditEvent, Community, CommunityKind, CommunityMembership, User
from tests import factories
from tests.knowledge.forms import new_article

As = Callable[[User], Client]
Sent = dict[str, Any]
# Threads that press the button at the same moment
AT_ONCE = 4


@dataclass(frozen=True)
class Form:
    """A form that makes a row: where it is sent, what a browser sends, which part of it says something."""

    model: type[models.Model]
    address: Callable[[], str]
    sent: Callable[[User], Sent]
    says: str


def _post(by: User) -> Sent:
    return {
        "body": "Has anyone seen a zebra?",
        "audience": factories.everyone().pk,
        "kind": "question",
        "marking": "official",
    }


def _community(by: User) -> Sent:
    return {"name": "Zebra keepers", "kind": "open", "description": "For all.", "topics": "zebras"}


FORMS = {
    "article": Form(Article, lambda: "/knowledge/new/", new_article, "body"),
    "draft": Form(Article, lambda: "/knowledge/new/", lambda by: new_article(by, draft="1"), "title"),
    "post": Form(Post, lambda: "/posts/", _post, "body"),
    "comment": Form(Comment, lambda: f"/posts/{_discussed().pk}/comments/", lambda by: {"body": "In Leeds."}, "body"),
    "reply": Form(
        Comment,
        lambda: f"/posts/{_discussed().pk}/comments/",
        lambda by: {"body": "Really?", "parent": Comment.objects.get(body="Said before").pk},
        "body",
    ),
    "community": Form(Community, lambda: "/communities/new/", _community, "description"),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def _discussed() -> Post:
    return Post.objects.get(body="Discuss")


@pytest.fixture
def discussed(bob: User) -> Post:
    """A post with a comment, for what is said under it."""
    post = factories.post(author=bob, body="Discuss")
    factories.comment(post=post, author=bob, body="Said before")
    return post


def rows() -> dict[str, int]:
    """How many rows there are of everything that a form may make."""
    made = (Article, Revision, Post, Comment, Community, CommunityMembership, Notification, LiveEvent, AuditEvent)
    return {model.__name__: model._default_manager.count() for model in made}


@pytest.mark.django_db
@every_form
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_sent_twice_it_makes_one_row_and_leads_to_the_same_place(
    as_: As, alice: User, discussed: Post, form: Form, headers: dict[str, str]
) -> None:
    before, client = form.model._default_manager.count(), as_(alice)
    address, sent = form.address(), {**form.sent(alice), "idempotency_key": str(uuid4())}
    first = client.post(address, sent, headers=headers)
    assert first.status_code in (200, 303), first.content.decode()
    after = rows()
    second = client.post(address, sent, headers=headers)
    assert (second.status_code, second.headers.get("Location")) == (first.status_code, first.headers.get("Location"))
    assert second.headers.get("HX-Redirect") == first.headers.get("HX-Redirect")
    assert form.model._default_manager.count() == before + 1
    assert rows() == after, "nor is anything told or recorded twice"


@pytest.mark.django_db
@every_form
def test_the_same_key_with_other_words_is_refused_and_can_be_sent_as_something_new(
    as_: As, alice: User, discussed: Post, form: Form
) -> None:
    client, key = as_(alice), str(uuid4())
    address, sent = form.address(), {**form.sent(alice), "idempotency_key": key}
    assert client.post(address, sent).status_code == 303
    after, other = rows(), {**sent, form.says: "Something else altogether"}
    refused = client.post(address, other)
    assert refused.status_code == 422
    html = refused.content.decode()
    assert "already sent with other content" in html
    assert "Something else altogether" in html, "what was typed is kept"
    assert rows() == after
    assert key not in html, "the form has a new key"


@pytest.mark.django_db
@every_form
def test_a_form_without_a_key_is_asked_for_again(as_: As, alice: User, discussed: Post, form: Form) -> None:
    before, keyless = rows(), {name: value for name, value in form.sent(alice).items() if name != "idempotency_key"}
    for key in ({}, {"idempotency_key": ""}, {"idempotency_key": "not-a-key"}):
        answer = as_(alice).post(form.address(), {**keyless, **key})
        assert answer.status_code == 422
        assert 'name="idempotency_key"' in answer.content.decode()
    assert rows() == before


@pytest.mark.django_db
@every_form
def test_the_same_key_from_somebody_else_is_their_own(
    as_: As, alice: User, charlie: User, discussed: Post, form: Form
) -> None:
    before, key = form.model._default_manager.count(), str(uuid4())
    for person in (alice, charlie):
        named = {"name": f"Keepers of {person.name}"} if form.model is Community else {}
        sent = {**form.sent(person), **named, "idempotency_key": key}
        assert as_(person).post(form.address(), sent).status_code == 303
    assert form.model._default_manager.count() == before + 2


@pytest.mark.skipif("sqlite" in settings.DATABASE["ENGINE"], reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
def test_a_name_taken_by_the_same_request_is_not_taken(as_: As, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client, sent = as_(alice), {**_community(alice), "topics": "", "idempotency_key": str(uuid4())}
    claim, places = communities._claim, []

    def press() -> None:
        try:
            places.append(as_(alice).post("/communities/new/", sent).headers["Location"])
        finally:
            connection.close()

    def overtaken(name: str, kind: str) -> None:
        # Between the look for the key and the look for the name, the other press of the button is through
        monkeypatch.setattr(communities, "_claim", claim)
        other = threading.Thread(target=press)
        other.start()
        other.join(60)
        claim(name, kind)

    monkeypatch.setattr(communities, "_claim", overtaken)
    answer = client.post("/communities/new/", sent)
    assert answer.status_code == 303
    assert answer.headers["Location"] == places[0]


@pytest.mark.django_db(transaction=True)
@every_form
def test_pressed_at_the_same_moment_it_makes_one_row(as_: As, alice: User, discussed: Post, form: Form) -> None:
    before = form.model._default_manager.count()
    address, sent = form.address(), {**form.sent(alice), "idempotency_key": str(uuid4())}
    start, places = threading.Barrier(AT_ONCE), []

    def press() -> None:
        try:
            client = as_(alice)
            start.wait(30)
            answer = client.post(address, sent)
            places.append((answer.status_code, answer.headers.get("Location")))
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert form.model._default_manager.count() == before + 1
    assert len(places) == AT_ONCE
    assert {status for status, _ in places} == {303} and len(set(places)) == 1


# Switches: they say how it is to be, not that it is to change


@pytest.mark.django_db
def test_following_twice_is_following_once_and_so_is_no_longer(as_: As, alice: User, bob: User) -> None:
    client, topic = as_(alice), factories.topic("Zebras")
    for target in ({"person": bob.pk}, {"topic": topic.pk}, {"department": alice.main_department_id}):
        for on, left in ((True, 1), (False, 0)):
            for _ in range(2):
                answer = client.post("/follow/", {**target, **({"on": "1"} if on else {})})
                assert answer.status_code == 303
            assert Follow.objects.filter(user=alice).count() == left
    assert Notification.objects.filter(recipient=bob).count() <= 1


@pytest.mark.django_db
def test_reacting_twice_is_reacting_once_and_another_kind_takes_its_place(as_: As, alice: User, bob: User) -> None:
    client, post = as_(alice), factories.post(author=bob)
    for kind, left in (("thanks", 1), ("useful", 1), ("", 0)):
        for _ in range(2):
            assert client.post(f"/posts/{post.pk}/react/", {"kind": kind}).status_code == 303
        assert [row.kind for row in Reaction.objects.filter(post=post)] == [kind][:left]
        post.refresh_from_db()
        assert post.reaction_count == left


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [CommunityKind.OPEN, CommunityKind.CLOSED])
def test_joining_twice_is_joining_once_and_so_is_leaving(as_: As, alice: User, bob: User, kind: str) -> None:
    community, client = factories.community("Zebra keepers", owner=bob, kind=kind), as_(alice)
    for verb, left in (("join", 1), ("leave", 0)):
        told = None
        for _ in range(2):
            answer = client.post(f"/communities/{community.slug}/{verb}/")
            assert answer.status_code == 303
            told = told or Notification.objects.count()
        assert community.memberships.filter(user=alice).count() == left
        assert Notification.objects.count() == told


@pytest.mark.django_db(transaction=True)
def test_switches_pressed_at_the_same_moment_are_set_once(as_: As, alice: User, bob: User) -> None:
    post, community = factories.post(author=bob), factories.community("Zebra keepers", owner=bob)
    asked: list[tuple[str, Sent]] = [
        ("/follow/", {"person": bob.pk, "on": "1"}),
        (f"/posts/{post.pk}/react/", {"kind": "thanks"}),
        (f"/communities/{community.slug}/join/", {}),
    ]
    answers: list[int] = []

    def press(start: threading.Barrier, address: str, sent: Sent) -> None:
        try:
            client = as_(alice)
            start.wait(30)
            answers.append(client.post(address, sent).status_code)
        finally:
            connection.close()

    for address, sent in asked:
        start = threading.Barrier(AT_ONCE)
        threads = [threading.Thread(target=press, args=[start, address, sent]) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == [303] * (AT_ONCE * len(asked))
    assert Follow.objects.filter(user=alice).count() == 1
    assert Reaction.objects.filter(post=post).count() == 1
    post.refresh_from_db()
    assert post.reaction_count == 1
    assert community.memberships.filter(user=alice).count() == 1
