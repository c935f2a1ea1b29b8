"""A profile: what it shows, to whom, and confirming one's own."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from profiles.actions import departments, memberships, people
from profiles.models import (
    CommunityKind,
    Department,
    Expertise,
    Grade,
    Role,
    SearchChange,
    Topic,
    TopicAudience,
    TopicState,
    User,
)
from profiles.permissions import Permission, can
from tests import factories

# The page itself and the panels that knowledge and feeds put on it; no row adds any
QUERIES = 10


def test_it_shows_who_somebody_is_and_where_they_work(
    as_: Any, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    team = factories.department("Spending team", slug="spending", parent=treasury)
    memberships.join(user=bob, department=team, by=None, role_title="Team lead", is_lead=True, is_main=True)
    Expertise.objects.create(user=bob, topic=factories.topic("Forecasting"))
    User.objects.filter(pk=bob.pk).update(
        job_title="Economist",
        grade=Grade.G7,
        pronouns="he/him",
        phone="020 7946 0000",
        location="Leeds",
        working_days="1111010",
        contact_me_about="Anything with numbers",
        manager=alice,
    )
    User.objects.filter(pk=charlie.pk).update(manager=bob)
    page = as_(alice).get(f"/people/{bob.pk}/").content.decode()
    for words in (
        *("Bob Baker", "Economist", "Grade 7", "he/him", "Leeds", "Anything with numbers"),
        *("Monday to Thursday, Saturday", "Forecasting", "Team lead", "Leads it", "Spending team", "Treasury"),
        *('href="mailto:bob.baker@example.gov.example"', 'href="tel:02079460000"'),
        *("Alice Archer", "Charlie Cole", f'id="user-{bob.pk}"'),
    ):
        assert words in page, words


def test_it_shows_former_places_with_their_dates(as_: Any, alice: User, bob: User, health: Department) -> None:
    memberships.join(user=bob, department=health, by=None, on=datetime.date(2020, 3, 2))
    memberships.leave(membership=bob.memberships.get(department=health), by=None, on=datetime.date(2024, 6, 28))
    page = as_(alice).get(f"/people/{bob.pk}/").content.decode()
    assert "Worked in before" in page and "March 2020 to June 2024" in page


def test_it_hides_suspended_people_as_if_they_did_not_exist(as_: Any, alice: User, bob: User, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(manager=bob)
    User.objects.filter(pk=alice.pk).update(manager=bob)
    memberships.suspend(user=bob, by=None)
    hidden, absent = as_(alice).get(f"/people/{bob.pk}/"), as_(alice).get("/people/999999/")
    assert hidden.status_code == absent.status_code == 404 and hidden.content == absent.content
    for page in ("edit/", "photo/"):
        assert as_(alice).get(f"/people/{bob.pk}/{page}").status_code == 404
    assert "Bob Baker" not in as_(alice).get(f"/people/{charlie.pk}/").content.decode()
    assert as_(alice).get("/people/99999999999999999999/").status_code == 404


def test_it_hides_topics_the_reader_may_not_know_of(as_: Any, alice: User, bob: User) -> None:
    Expertise.objects.create(user=bob, topic=factories.topic("Hidden word", state=TopicState.SUGGESTED))
    assert "Hidden word" not in as_(alice).get(f"/people/{bob.pk}/").content.decode()


def test_it_offers_editing_only_to_those_who_may(as_: Any, alice: User, bob: User, dana: User, charlie: User) -> None:
    address = f"/people/{bob.pk}/edit/"
    for reader, offered in ((bob, True), (dana, True), (alice, False), (charlie, False)):
        assert (address in as_(reader).get(f"/people/{bob.pk}/").content.decode()) is offered, reader
        assert as_(reader).get(address).status_code == (200 if offered else 403), reader


@pytest.mark.parametrize("role", Role)
def test_it_offers_editing_to_a_role_where_the_permission_rule_does(
    as_: Any, bob: User, treasury: Department, health: Department, role: Role
) -> None:
    above = factories.department("Economic ministries")
    departments.move(department=treasury, parents=[above], by=None)
    scopes: list[dict[str, Any]] = [{"department": at} for at in (above, treasury, health)]
    if role is Role.TOPIC_STEWARD:
        scopes = [{"topic": factories.topic()}]
    elif role is not Role.DEPARTMENT_ADMIN:
        scopes = [{}]
    for scope in scopes:
        reader = factories.user()
        factories.role(reader, role, **scope)
        offered = f"/people/{bob.pk}/edit/" in as_(reader).get(f"/people/{bob.pk}/").content.decode()
        assert offered is can(reader, Permission.EDIT_PROFILE, bob), (role, scope)


def test_what_is_kept_of_a_profile_changes_with_everything_it_shows(
    as_: Any, alice: User, bob: User, treasury: Department
) -> None:
    team = factories.department("Spending team", parent=treasury)
    memberships.join(user=bob, department=team, by=None, role_title="Team lead", is_main=True)
    topic = factories.topic("Forecasting")
    Expertise.objects.create(user=bob, topic=topic)
    User.objects.filter(pk=bob.pk).update(manager=alice)
    reader, address = as_(alice), f"/people/{bob.pk}/"
    steps: list[tuple[str, Any]] = [
        ("Robert Baker", lambda: User.objects.filter(pk=bob.pk).update(name="Robert Baker")),
        ("Alice Bowman", lambda: User.objects.filter(pk=alice.pk).update(name="Alice Bowman")),
        ("HM Exchequer", lambda: Department.objects.filter(pk=treasury.pk).update(name="HM Exchequer")),
        ("Budget team", lambda: Department.objects.filter(pk=team.pk).update(name="Budget team")),
        ("Foresight", lambda: Topic.objects.filter(pk=topic.pk).update(name="Foresight")),
        ("Head of it", lambda: bob.memberships.filter(department=team).update(role_title="Head of it")),
        ("Cara Quill", lambda: factories.user("Cara Quill", manager=bob)),
        ("Worked in before", lambda: memberships.leave(membership=bob.memberships.get(department=team), by=None)),
    ]
    for words, change in steps:
        assert words not in reader.get(address).content.decode(), words
        change()
        assert words in reader.get(address).content.decode(), words


def test_a_topic_that_one_reader_knows_of_is_not_told_to_the_next(as_: Any, alice: User, bob: User) -> None:
    hidden = factories.community(owner=alice, kind=CommunityKind.HIDDEN)
    topic = factories.topic("Hidden word", state=TopicState.SUGGESTED)
    TopicAudience.objects.create(topic=topic, audience=hidden.audience)
    Expertise.objects.create(user=bob, topic=topic)
    reader = factories.user()
    for _ in range(2):
        assert "Hidden word" in as_(alice).get(f"/people/{bob.pk}/").content.decode()
        assert "Hidden word" not in as_(reader).get(f"/people/{bob.pk}/").content.decode()


def test_it_renders_biographies_harmless(as_: Any, alice: User, bob: User) -> None:
    person = people.edit(
        person=bob,
        values={"biography": "# Work\n\n<script>alert(1)</script> **forecasts** [x](javascript:alert(1))"},
        expertise=[],
        version=bob.updated_at,
        by=bob,
    )
    page = as_(alice).get(f"/people/{person.pk}/").content.decode()
    assert "<strong>forecasts</strong>" in page
    assert "<script>alert" not in page and 'href="javascript' not in page


def test_it_confirms_ones_own_details_with_one_click(as_: Any, alice: User, bob: User) -> None:
    assert "Confirm my details" in as_(bob).get(f"/people/{bob.pk}/").content.decode()
    assert "Confirm my details" not in as_(alice).get(f"/people/{bob.pk}/").content.decode()

    answer = as_(bob).post(f"/people/{bob.pk}/confirm/")
    assert answer.status_code == 303 and answer["Location"] == f"/people/{bob.pk}/"
    bob.refresh_from_db()
    assert bob.confirmed_at and timezone.now() - bob.confirmed_at < datetime.timedelta(minutes=1)
    assert "Details confirmed" in as_(alice).get(f"/people/{bob.pk}/").content.decode()
    assert SearchChange.objects.filter(kind="user", object_id=bob.pk).exists()

    # Asked again after half a year
    assert "Confirm my details" not in as_(bob).get(f"/people/{bob.pk}/").content.decode()
    User.objects.filter(pk=bob.pk).update(confirmed_at=timezone.now() - datetime.timedelta(days=200))
    assert "Confirm my details" in as_(bob).get(f"/people/{bob.pk}/").content.decode()

    assert as_(alice).post(f"/people/{bob.pk}/confirm/").status_code == 403
    assert as_(bob).get(f"/people/{bob.pk}/confirm/").status_code == 405


@pytest.mark.parametrize("rows", [1, 20])
def test_its_cost_does_not_grow_with_what_it_shows(
    as_: Any, alice: User, bob: User, rows: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(rows):
        department = factories.department()
        memberships.join(user=bob, department=department, by=None)
        Expertise.objects.create(user=bob, topic=factories.topic())
        factories.user(manager=bob, department=department)
    client = as_(alice)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(f"/people/{bob.pk}/").status_code == 200
