"""The people finder: who is found by what, in which order, for whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from profiles.actions import communities, memberships
from profiles.actions.people import edit
from profiles.models import Department, Expertise, TopicState, User
from profiles.models.listed import Listed
from tests import factories

# Session, reader, unread count and the page of people itself; no row adds any
QUERIES = 5


def found(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/people/{query}", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return re.findall(r'href="/people/\d+/">([^<]+)</a>', answer.content.decode())


@pytest.fixture
def reader(as_: Any, alice: User) -> Client:
    client: Client = as_(alice)
    return client


def test_it_lists_active_people_by_name(reader: Client, bob: User, charlie: User) -> None:
    assert found(reader) == ["Alice Archer", "Bob Baker", "Charlie Cole"]
    memberships.suspend(user=bob, by=None)
    assert found(reader) == ["Alice Archer", "Charlie Cole"]


def test_it_finds_people_by_name_job_department_and_topic(
    reader: Client, bob: User, charlie: User, health: Department
) -> None:
    User.objects.filter(pk=bob.pk).update(job_title="Head of Procurement")
    Expertise.objects.create(user=charlie, topic=factories.topic("Grant funding"))
    assert found(reader, "?q=bAk") == ["Bob Baker"]
    assert found(reader, "?q=procurement") == ["Bob Baker"]
    assert found(reader, "?q=health") == ["Charlie Cole"]
    assert found(reader, "?q=grant") == ["Charlie Cole"]
    assert found(reader, "?q=cole+grant+health") == ["Charlie Cole"], "every word counts"
    assert found(reader, "?q=bob+grant") == []
    assert found(reader, "?q=%25") == found(reader, "?q=_") == []
    assert found(reader, "?q=%00") == ["Alice Archer", "Bob Baker", "Charlie Cole"]


def test_it_filters_by_a_department_with_all_below_it(
    reader: Client, bob: User, charlie: User, treasury: Department
) -> None:
    team = factories.department("Spending team", slug="spending", parent=treasury)
    memberships.join(user=charlie, department=team, by=None)
    assert found(reader, "?department=spending") == ["Charlie Cole"]
    assert found(reader, "?department=treasury") == ["Alice Archer", "Bob Baker", "Charlie Cole"]
    assert found(reader, "?department=treasury&q=cole") == ["Charlie Cole"]
    memberships.leave(membership=charlie.memberships.get(department=team), by=None)
    assert found(reader, "?department=spending") == []


def test_it_filters_by_a_topic(reader: Client, bob: User) -> None:
    topic = factories.topic("Data sharing")
    Expertise.objects.create(user=bob, topic=topic)
    assert found(reader, "?topic=data-sharing") == ["Bob Baker"]
    page = reader.get("/people/?topic=data-sharing").content.decode()
    assert "know about Data sharing" in page and "(remove this filter)" in page


def test_it_knows_no_department_or_topic_that_the_reader_does_not(reader: Client) -> None:
    factories.topic("Secret plan", state=TopicState.SUGGESTED)
    for query in (
        "department=none",
        "topic=none",
        "topic=secret-plan",
        "cursor=nonsense",
        "cursor=%00",
        "topic=%00",
        "department=a%00",
    ):
        assert reader.get(f"/people/?{query}").status_code == 404, query


def test_it_says_so_when_nobody_is_found(reader: Client) -> None:
    page = reader.get("/people/?q=zzzz")
    assert page.status_code == 200
    assert "Nobody found" in page.content.decode() and 'value="zzzz"' in page.content.decode()


def test_it_gives_a_fragment_to_htmx_and_says_how_many(reader: Client, bob: User) -> None:
    fragment = reader.get("/people/?q=baker", headers={"HX-Request": "true"})
    assert fragment.content.decode().lstrip().startswith('<div id="people-found">')
    assert fragment["HX-Trigger"] == '{"ck:announce": "1 person found"}'
    page = reader.get("/people/?q=baker").content.decode()
    assert "<html" in page and f'id="user-{bob.pk}"' in page


def test_it_pages_through_everybody_once_with_the_filters_kept(reader: Client, treasury: Department) -> None:
    for number in range(44):
        factories.user(f"Person {number:02}", department=treasury)
    names: list[str] = []
    address = "/people/?q=person&department=treasury"
    for last in (False, False, True):
        page = reader.get(address).content.decode()
        names += re.findall(r'href="/people/\d+/">(Person \d+)</a>', page)
        following = re.search(r'href="(\?[^"]*)" rel="next"', page)
        assert (following is None) is last
        address = f"/people/{unescape(following[1])}" if following else ""
    assert names == [f"Person {number:02}" for number in range(44)]


@pytest.mark.parametrize("walked", [None, 5, 60])
@pytest.mark.parametrize("filters", ["department=treasury", "topic=data-sharing", ""])
def test_it_pages_there_and_back_through_any_group(
    reader: Client, treasury: Department, filters: str, walking: Callable[[int], None], walked: int | None
) -> None:
    if walked is not None:
        walking(walked)
    topic, parts = factories.topic("Data sharing"), [factories.department(parent=treasury) for _ in range(3)]
    for number in range(44):
        person = factories.user(f"Person {number % 30:02}", department=parts[number % 3], email=f"{number}@a.example")
        # A second place shows nobody twice
        memberships.join(user=person, department=parts[number * 2 % 3], by=None)
        Expertise.objects.create(user=person, topic=topic)
    address, answers = f"/people/?{filters}", []
    for way, pages in (("next", 3), ("prev", 2)):
        for _ in range(pages):
            page = reader.get(address).content.decode()
            answers.append(re.findall(r'id="user-\d+">.*?href="/people/\d+/">([^<]+)</a>', page, re.DOTALL))
            following = re.search(rf'href="(\?[^"]*)" rel="{way}"', page) or re.search(
                r'href="(\?[^"]*)" rel="prev"', page
            )
            address = f"/people/{unescape(following[1])}" if following else ""
    names = [name for page in answers[:3] for name in page if name.startswith("Person")]
    assert names == sorted(f"Person {number % 30:02}" for number in range(44))
    assert answers[3:] == answers[1::-1]


def test_who_is_renamed_moves_in_every_list(reader: Client, bob: User, treasury: Department) -> None:
    Expertise.objects.create(user=bob, topic=factories.topic("Data sharing"))
    community = factories.community("Plain English", owner=factories.user("Bea Bell", department=treasury))
    communities.join(community=community, by=bob)
    edit(person=bob, values={"name": "Aaron Baker"}, expertise=["Data sharing"], version=bob.updated_at, by=bob)
    assert found(reader, "?department=treasury") == ["Aaron Baker", "Alice Archer", "Bea Bell"]
    assert found(reader, "?topic=data-sharing") == ["Aaron Baker"]
    members = reader.get("/communities/plain-english/members/").content.decode()
    assert re.findall(r'<h3><a class="govuk-link" href="/people/\d+/">([^<]+)</a>', members) == [
        "Aaron Baker",
        "Bea Bell",
    ]
    for kind in Listed.__subclasses__():
        assert kind._default_manager.get(user=bob).person_name == "Aaron Baker"


@pytest.mark.parametrize("people", [1, 20])
def test_its_cost_does_not_grow_with_the_people(
    reader: Client, treasury: Department, people: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(people - 1):
        factories.user(f"Person {number}", department=treasury)
    with django_assert_max_num_queries(QUERIES):
        assert len(found(reader)) == people


def test_it_refuses_to_be_written_to(reader: Client) -> None:
    assert reader.post("/people/").status_code == 405
