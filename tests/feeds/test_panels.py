"""What the feed adds to other pages, as far as their reader may see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory

from feeds import panels
from profiles.actions import communities
from profiles.models import Community, CommunityKind, Department, User
from tests import factories

pytestmark = pytest.mark.django_db
PANEL_QUERIES = 15


@pytest.fixture
def as_reader(rf: RequestFactory) -> Callable[[User], Any]:
    def request(reader: User) -> Any:
        made = rf.get("/somewhere/")
        made.user = reader
        made.htmx = False  # type: ignore[attr-defined]
        return made

    return request


def test_a_persons_page_shows_what_its_reader_may_see_of_their_posts(
    as_reader: Callable, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    factories.post(author=alice, audience=treasury.audience, body="For colleagues")
    assert panels.posts_of_person(as_reader(charlie), alice) is None
    assert "For colleagues" in panels.posts_of_person(as_reader(bob), alice).html  # type: ignore[union-attr]
    factories.post(author=alice, body="For all")
    html = panels.posts_of_person(as_reader(charlie), alice).html  # type: ignore[union-attr]
    assert "For all" in html
    assert "For colleagues" not in html


def test_members_of_a_community_get_a_composer_addressed_to_it(as_reader: Callable, alice: User, charlie: User) -> None:
    community = factories.community("Grant makers", owner=alice)
    factories.post(author=alice, audience=community.audience, body="Hello members")
    for reader, is_member in ((alice, True), (charlie, False)):
        html = panels.posts_of_community(as_reader(reader), community).html  # type: ignore[union-attr]
        assert "Hello members" in html
        assert (f'<option value="{community.audience.pk}" selected>' in html) is is_member
    communities.join(community=community, by=charlie)
    assert "selected" in panels.posts_of_community(as_reader(charlie), community).html  # type: ignore[union-attr]


def test_what_a_closed_community_says_is_not_shown_to_others(as_reader: Callable, alice: User, charlie: User) -> None:
    closed = factories.community(owner=alice, kind=CommunityKind.CLOSED)
    assert panels.posts_of_community(as_reader(alice), closed) is not None
    assert panels.posts_of_community(as_reader(charlie), closed) is None


def test_a_departments_page_shows_what_its_parts_say(
    as_reader: Callable, alice: User, charlie: User, treasury: Department
) -> None:
    team = factories.department("Tax policy", parent=treasury)
    factories.post(author=factories.user(department=team), body="From the team")
    assert "From the team" in panels.posts_of_department(as_reader(charlie), treasury).html  # type: ignore[union-attr]
    assert panels.posts_of_department(as_reader(alice), charlie.main_department) is None  # type: ignore[arg-type]


def test_a_topics_page_shows_posts_and_where_to_ask(as_reader: Callable, alice: User, charlie: User) -> None:
    topic = factories.topic("Grants & loans")
    factories.post(author=charlie, topics=[topic.name], body="On topic")
    html = panels.posts_of_topic(as_reader(alice), topic).html
    assert "On topic" in html
    assert "/posts/?kind=question&amp;topics=Grants%20%26%20loans" in html


def test_everything_but_oneself_can_be_followed(as_reader: Callable, alice: User, bob: User) -> None:
    assert panels.follow_person(as_reader(alice), alice) is None
    assert ">Follow<" in panels.follow_person(as_reader(alice), bob).html  # type: ignore[union-attr]
    assert ">Follow<" in panels.follow_topic(as_reader(alice), factories.topic()).html
    assert ">Follow<" in panels.follow_department(as_reader(alice), alice.main_department).html  # type: ignore[arg-type]


def test_panels_cost_the_same_with_one_post_and_with_twenty(
    as_reader: Callable, alice: User, bob: User, django_assert_max_num_queries: Callable
) -> None:
    community: Community = factories.community(owner=alice)
    topic = factories.topic("Grants")
    counts: dict[str, set[int]] = {}
    for number in (1, 19):
        for _ in range(number):
            factories.post(author=alice, audience=community.audience, topics=["Grants"])
        for panel, obj in (
            (panels.posts_of_person, alice),
            (panels.posts_of_department, alice.main_department),
            (panels.posts_of_community, community),
            (panels.posts_of_topic, topic),
        ):
            panel(as_reader(bob), obj)  # type: ignore[operator]
            with django_assert_max_num_queries(PANEL_QUERIES) as seen:
                panel(as_reader(bob), obj)  # type: ignore[operator]
            counts.setdefault(panel.__name__, set()).add(len(seen))
    assert all(len(numbers) == 1 for numbers in counts.values())
