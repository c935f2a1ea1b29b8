"""Following people, topics and departments, as a page and as a fragment."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from feeds.models import Follow
from profiles.models import CommunityKind, Department, Topic, TopicState, User
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def test_to_follow_is_a_state(as_: As, alice: User, bob: User) -> None:
    client = as_(alice)
    for on, number in (("1", 1), ("1", 1), ("", 0), ("", 0)):
        answer = client.post("/follow/", {"person": bob.pk, "on": on})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/people/{bob.pk}/")
        assert Follow.objects.count() == number


def test_topics_and_departments_are_followed_too(as_: As, alice: User, health: Department) -> None:
    topic = factories.topic("Grants")
    html = as_(alice).post("/follow/", {"topic": topic.pk, "on": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "Following" in html
    assert html.lstrip().startswith("<form")
    as_(alice).post("/follow/", {"department": health.pk, "on": "1"})
    assert Follow.objects.filter(user=alice).count() == 2


def test_it_refuses_oneself(as_: As, alice: User) -> None:
    assert as_(alice).post("/follow/", {"person": alice.pk, "on": "1"}).status_code == 403
    assert not Follow.objects.exists()


def test_what_one_may_not_see_cannot_be_followed(as_: As, alice: User, charlie: User) -> None:
    hidden = factories.community(owner=alice, kind=CommunityKind.HIDDEN)
    factories.post(author=alice, audience=hidden.audience, topics=["Project Plover"])
    secret = Topic.objects.get(state=TopicState.SUGGESTED)
    gone = factories.user(is_active=False)
    for body in ({"topic": secret.pk}, {"person": gone.pk}, {"person": 999_999}, {"department": "x"}, {}):
        assert as_(charlie).post("/follow/", {**body, "on": "1"}).status_code == 404
    assert as_(charlie).post("/follow/", {"topic": factories.topic().pk, "person": alice.pk}).status_code == 404
    assert as_(alice).post("/follow/", {"topic": secret.pk, "on": "1"}).status_code == 303
    assert as_(alice).get("/follow/").status_code == 405


def test_it_goes_back_to_where_it_was_asked_and_nowhere_else(as_: As, alice: User, bob: User) -> None:
    for back, to in (("/", "/"), ("https://elsewhere.example/", f"/people/{bob.pk}/"), ("//x", f"/people/{bob.pk}/")):
        answer = as_(alice).post("/follow/", {"person": bob.pk, "on": "1", "next": back})
        assert answer.headers["Location"] == to


def test_without_javascript_the_next_page_says_what_was_done(as_: As, alice: User, bob: User) -> None:
    client = as_(alice)
    for on, words in (("1", f"You follow {bob.name} now."), ("", f"You no longer follow {bob.name}.")):
        client.post("/follow/", {"person": bob.pk, "on": on, "next": "/suggestions/"})
        assert words in client.get("/suggestions/").content.decode()
        client.post("/follow/", {"person": bob.pk, "on": on}, headers={"HX-Request": "true"})
        assert words not in client.get("/suggestions/").content.decode()


def test_the_token_in_a_kept_form_differs_from_answer_to_answer(as_: As, alice: User, bob: User) -> None:
    # Pages are compressed: a secret that stood there unmasked could be guessed from their length
    client = as_(alice)
    pages = [client.get(f"/people/{bob.pk}/").content.decode() for _ in range(2)]
    first, second = (TOKEN.findall(page) for page in pages)
    assert first and second and not set(first) & set(second)
