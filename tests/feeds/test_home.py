"""Home: the tabs, the composer, who needs one, and what it costs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client

from feeds.actions import follows, posts
from profiles.models import CommunityKind, Department, Expertise, User
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]

HOME_QUERIES = 4


def test_it_sends_visitors_to_sign_in(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


def test_everyone_shows_what_its_reader_may_see(
    as_: As, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    said = factories.post(author=alice, audience=treasury.audience, body="Budget rehearsal on Friday")
    for reader, is_shown in ((bob, True), (charlie, False)):
        html = as_(reader).get("/?stream=everyone").content.decode()
        assert (f'id="post-{said.pk}"' in html) is is_shown
        assert ("Budget rehearsal" in html) is is_shown


def test_it_opens_on_following_once_something_is_followed(as_: As, alice: User, charlie: User) -> None:
    factories.post(author=charlie, body="From Health")
    assert "From Health" not in as_(alice).get("/").content.decode()
    follows.follow(target=charlie, by=alice)
    assert "From Health" in as_(alice).get("/").content.decode()


def test_following_nothing_says_so_and_suggests(as_: As, alice: User, bob: User) -> None:
    factories.post(author=bob, body="From a colleague")
    html = as_(alice).get("/?stream=following").content.decode()
    assert "You do not follow anything yet" in html
    assert "From a colleague" in html
    follows.follow(target=bob, by=alice)
    assert "You do not follow anything yet" not in as_(alice).get("/?stream=following").content.decode()


def test_an_unknown_tab_is_not_found(as_: As, alice: User) -> None:
    assert as_(alice).get("/?stream=nobody").status_code == 404
    assert as_(alice).get("/?cursor=nonsense").status_code == 404


def test_hidden_communities_are_nowhere_on_the_home_of_others(as_: As, alice: User, charlie: User) -> None:
    hidden = factories.community("Reorganisation group", owner=alice, kind=CommunityKind.HIDDEN)
    factories.post(author=alice, audience=hidden.audience, body="Not before Monday")
    for reader, is_shown in ((alice, True), (charlie, False)):
        html = as_(reader).get("/?stream=everyone").content.decode()
        assert ("Not before Monday" in html) is is_shown
        assert ("Reorganisation group" in html) is is_shown


def test_it_names_questions_that_its_reader_could_answer(as_: As, alice: User, charlie: User) -> None:
    topic = factories.topic("Grants")
    Expertise.objects.create(user=alice, topic=topic)
    asked = factories.post(author=charlie, kind="question", body="Who audits small grants?", topics=["Grants"])
    assert "Who needs you" in as_(alice).get("/").content.decode()
    answer = factories.comment(post=asked, author=alice)
    posts.accept_answer(post=asked, comment=answer, by=charlie)
    assert "Who needs you" not in as_(alice).get("/").content.decode()


def test_the_composer_offers_what_one_may_write_to_with_its_number_of_people(
    as_: As, alice: User, bob: User, charlie: User
) -> None:
    factories.community("Grant makers", owner=charlie)
    html = as_(alice).get("/").content.decode()
    assert "Everyone (3 people)" in html
    assert "Treasury (2 people)" in html
    assert "Grant makers (" not in html


@pytest.mark.parametrize("stream", ["following", "department", "everyone"])
def test_home_costs_the_same_with_one_post_and_with_twenty(
    as_: As, alice: User, bob: User, stream: str, django_assert_max_num_queries: Callable
) -> None:
    client = as_(alice)
    follows.follow(target=bob, by=alice)
    counts = []
    for number in (1, 19):
        for _ in range(number):
            factories.post(author=bob, topics=["Grants", "Research"])
        client.get(f"/?stream={stream}")
        with django_assert_max_num_queries(HOME_QUERIES) as seen:
            assert client.get(f"/?stream={stream}").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_older_posts_are_a_page_away(as_: As, alice: User) -> None:
    made = [factories.post(author=alice, body=f"Number {number}!") for number in range(22)]
    client = as_(alice)
    first = client.get("/?stream=everyone")
    way = re.search(r'href="(\?[^"]+)" rel="next"', first.content.decode())
    assert way, first.content.decode()
    older = client.get("/" + html.unescape(way[1])).content.decode().split('id="main-content"')[1].split("</main>")[0]
    assert re.findall(r'id="post-(\d+)"', older) == [str(made[1].pk), str(made[0].pk)]
    assert "stream=everyone" in way[1] and 'rel="next"' not in older and 'rel="prev"' in older
    assert "data-live" not in older
