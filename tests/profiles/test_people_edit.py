"""Editing a profile: one's own or one's people's, limits, two editors at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from profiles.models import AuditEvent, Expertise, SearchChange, Topic, TopicAudience, User
from tests import factories

FIELDS = {
    "name": "Bob Barker",
    "pronouns": "he/him",
    "job_title": "Economist",
    "grade": "G7",
    "location": "Leeds",
    "phone": "020 7946 0000",
    "working_days": ["0", "1", "3"],
    "manager": "",
    "contact_me_about": "Numbers",
    "expertise": "Forecasting, data  sharing",
    "biography": "I **forecast**.",
}


def form_of(client: Client, person: User) -> dict[str, Any]:
    """What the form of a freshly opened edit page carries with it."""
    page = client.get(f"/people/{person.pk}/edit/")
    assert page.status_code == 200
    found = re.search(r'name="version" value="([^"]+)"', page.content.decode())
    assert found
    return {**FIELDS, "version": found[1]}


def send(client: Client, person: User, **changed: Any) -> Any:
    return client.post(f"/people/{person.pk}/edit/", {**form_of(client, person), **changed})


def test_it_saves_ones_own_profile(as_: Any, alice: User, bob: User) -> None:
    known = factories.topic("Data sharing")
    answer = send(as_(bob), bob, manager="alice.archer@example.gov.example")
    assert answer.status_code == 303 and answer["Location"] == f"/people/{bob.pk}/"
    bob.refresh_from_db()
    assert (bob.name, bob.job_title, bob.grade, bob.manager) == ("Bob Barker", "Economist", "G7", alice)
    assert bob.working_days == "1101000"
    assert "<strong>forecast</strong>" in bob.biography_html
    assert bob.confirmed_at == bob.updated_at
    assert set(bob.expertise.values_list("name", flat=True)) == {"Forecasting", "Data sharing"}
    assert known in bob.expertise.all(), "the same topic, however it is typed"
    assert TopicAudience.objects.filter(topic__name="Forecasting", audience=factories.everyone()).exists()
    assert SearchChange.objects.filter(kind="user", object_id=bob.pk).exists()
    assert not AuditEvent.objects.filter(action="user.edited").exists(), "one's own profile is one's own affair"


def test_it_takes_topics_away_again(as_: Any, bob: User) -> None:
    send(as_(bob), bob)
    send(as_(bob), bob, expertise="")
    assert not Expertise.objects.filter(user=bob).exists() and Topic.objects.filter(name="Forecasting").exists()


def test_it_records_what_an_administrator_changed_but_not_the_words(as_: Any, bob: User, dana: User) -> None:
    assert send(as_(dana), bob).status_code == 303
    event = AuditEvent.objects.get(action="user.edited")
    assert event.actor == dana and event.object_id == bob.pk
    assert {"name", "biography", "expertise", "working_days"} <= set(event.details["fields"])
    assert "manager" not in event.details["fields"] and "Barker" not in str(event.details)
    bob.refresh_from_db()
    assert bob.confirmed_at is None, "only bob can confirm bob's details"


def test_it_refuses_everybody_else(as_: Any, alice: User, bob: User, dana: User, charlie: User) -> None:
    for editor, person in ((alice, bob), (charlie, bob), (dana, charlie)):
        answer = as_(editor).post(f"/people/{person.pk}/edit/", FIELDS)
        assert answer.status_code == 403
        assert "Nothing was saved or changed" in answer.content.decode()
        person.refresh_from_db()
        assert person.name != FIELDS["name"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "  ", "Enter a name"),
        ("name", "N" * 121, "at most 120 characters"),
        ("biography", "b" * 5_001, "at most 5000 characters"),
        ("contact_me_about", "c" * 301, "at most 300 characters"),
        ("grade", "KING", "not one of the available choices"),
        ("working_days", ["9"], "not one of the available choices"),
        ("manager", "nobody@example.gov.example", "We cannot find"),
        ("manager", "Nobody Known", "We cannot find"),
        ("manager", "bob.baker@example.gov.example", "Nobody is their own manager"),
        ("expertise", ", ".join(f"topic {number}" for number in range(11)), "at most 10 topics"),
        ("expertise", "!!!", "cannot be a topic"),
        ("phone", "0\x007", "Null characters are not allowed"),
        ("version", "yesterday", "It did not arrive whole"),
    ],
)
def test_it_refuses_what_does_not_fit_and_keeps_the_rest(
    as_: Any, bob: User, field: str, value: Any, sentence: str
) -> None:
    answer = send(as_(bob), bob, **{field: value})
    page = answer.content.decode()
    assert answer.status_code == 422 and sentence in page
    assert "I **forecast**." in page or "bbbb" in page, "what was typed is kept"
    bob.refresh_from_db()
    assert bob.name == "Bob Baker" and not bob.biography


def test_it_finds_a_manager_by_name_unless_several_have_it(as_: Any, alice: User, bob: User) -> None:
    send(as_(bob), bob, manager="alice archer")
    bob.refresh_from_db()
    assert bob.manager == alice
    factories.user("Alice Archer", email="other@example.gov.example")
    assert "Several people are called" in send(as_(bob), bob, manager="Alice Archer").content.decode()


def test_it_lets_nobody_manage_their_own_manager(as_: Any, alice: User, bob: User, charlie: User) -> None:
    User.objects.filter(pk=alice.pk).update(manager=charlie)
    User.objects.filter(pk=charlie.pk).update(manager=bob)
    answer = send(as_(bob), bob, manager=alice.email)
    assert answer.status_code == 422
    assert "Alice Archer reports to Bob Baker" in answer.content.decode()


def test_it_shows_the_second_of_two_editors_what_the_first_saved(as_: Any, bob: User, dana: User) -> None:
    mine, theirs = form_of(as_(bob), bob), form_of(as_(dana), bob)
    assert as_(dana).post(f"/people/{bob.pk}/edit/", {**theirs, "job_title": "Statistician"}).status_code == 303

    answer = as_(bob).post(f"/people/{bob.pk}/edit/", {**mine, "job_title": "Forecaster"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Statistician" in page and 'value="Forecaster"' in page, "both texts are there"
    bob.refresh_from_db()
    assert bob.job_title == "Statistician"

    found = re.search(r'name="version" value="([^"]+)"', page)
    assert found
    again = as_(bob).post(f"/people/{bob.pk}/edit/", {**mine, "job_title": "Forecaster", "version": found[1]})
    assert again.status_code == 303
    bob.refresh_from_db()
    assert bob.job_title == "Forecaster"
