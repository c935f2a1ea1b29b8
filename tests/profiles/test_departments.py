"""Departments: finding one, and what its page tells."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from profiles.actions import departments, memberships
from profiles.models import Department, DepartmentKind, User
from tests import factories

pytestmark = pytest.mark.django_db
# Session, person, unread notifications, the list; and, after a few minutes, the numbers of people
LIST_QUERIES = 3
PAGE_QUERIES = 10


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return response.content.decode()


def test_it_lists_what_stands_at_the_top_with_people_and_parts(
    as_: Any, alice: User, treasury: Department, health: Department
) -> None:
    team = factories.department("Tax team", parent=treasury)
    factories.user("Tom Tax", department=team)
    closed = factories.department("Old unit", parent=treasury)
    departments.close(department=closed, by=None)
    page = text_of(as_(alice).get("/departments/"))
    assert "Treasury" in page and "Health" in page
    assert "Tax team" not in page
    assert "1 part<" in page, "a closed part is not counted"
    assert "2 people" in page, "Alice, and Tom in the team below"
    assert "0 people" not in page


def test_a_text_finds_parts_abbreviations_and_former_names(as_: Any, alice: User, treasury: Department) -> None:
    team = factories.department("Tax team", parent=treasury, abbreviation="TT")
    departments.rename(department=team, name="Duties team", abbreviation="DT", by=None)
    client = as_(alice)
    for text in ("duties", "DT", "tax", "tt"):
        page = text_of(client.get("/departments/", {"q": text}))
        assert "Duties team" in page
        assert "Part of Treasury" in page
    assert "No department found" in text_of(client.get("/departments/", {"q": "zebra"}))


def test_a_kind_narrows_the_list_and_nonsense_is_ignored(as_: Any, alice: User, treasury: Department) -> None:
    factories.department("Tide Court", kind=DepartmentKind.COURT, parent=treasury)
    client = as_(alice)
    page = text_of(client.get("/departments/", {"kind": "court"}))
    assert "Tide Court" in page and "Treasury</a>" not in page
    assert "Treasury</a>" in text_of(client.get("/departments/", {"kind": "guild"}))
    assert client.get("/departments/", {"q": "a\0b"}).status_code == 200
    assert client.get("/departments/", {"cursor": "nonsense"}).status_code == 404


def test_closed_departments_are_behind_a_link(as_: Any, alice: User) -> None:
    old = factories.department("Old Board")
    departments.close(department=old, by=None)
    closing = factories.department("Closing Board")
    departments.close(department=closing, on=timezone.localdate() + datetime.timedelta(5), by=None)
    client = as_(alice)
    page = text_of(client.get("/departments/"))
    assert "Old Board" not in page and "Closing Board" in page
    assert "?closed=on" in page
    page = text_of(client.get("/departments/?closed=on"))
    assert "Old Board" in page and "Closing Board" not in page


def test_an_open_part_of_a_closed_department_is_at_the_top(as_: Any, alice: User) -> None:
    old = factories.department("Old Board")
    factories.department("Living agency", parent=old)
    departments.close(department=old, by=None)
    assert "Living agency" in text_of(as_(alice).get("/departments/"))


def test_the_list_goes_page_by_page(as_: Any, alice: User) -> None:
    for number in range(60):
        factories.department(f"Board {number:02}")
    client = as_(alice)
    page = client.get("/departments/").context["page"]
    names = [row.name for row in page]
    while page.next_cursor:
        page = client.get("/departments/", {"cursor": page.next_cursor}).context["page"]
        names += [row.name for row in page]
    assert names == sorted(names)
    assert len(names) == len(set(names)) == 61


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_costs_the_same_with_one_row_and_with_twenty(
    as_: Any, alice: User, django_assert_max_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        parent = factories.department(f"Board {number}")
        factories.user(department=factories.department(parent=parent))
    client = as_(alice)
    client.get("/departments/")
    with django_assert_max_num_queries(LIST_QUERIES):
        client.get("/departments/")
    for name in ("a", "b"):
        factories.department(f"New {name}")
    with django_assert_max_num_queries(LIST_QUERIES + 1):
        # New rows are counted, the others are remembered
        client.get("/departments/")


def test_a_department_tells_what_it_is(as_: Any, alice: User, treasury: Department, health: Department) -> None:
    agency = factories.department("Mint", abbreviation="RM", name_cy="Y Bathdy", parent=treasury, slug="mint")
    departments.move(department=agency, parents=[treasury, health], by=None)
    departments.rename(
        department=agency,
        name="Royal Mint",
        name_cy="Y Bathdy Brenhinol",
        abbreviation="RM",
        on=timezone.localdate() - datetime.timedelta(30),
        by=None,
    )
    coins = factories.department("Coins", parent=agency)
    factories.department("Small coins", parent=coins)
    lead = factories.user("Lena Lead")
    memberships.join(user=lead, department=agency, role_title="Deputy Master", is_lead=True, by=None)
    factories.user("Carl Coin", department=coins)
    page = text_of(as_(alice).get("/departments/mint/"))
    for words in (
        *("<h1", "Royal Mint (RM)", '<p class="govuk-body" lang="cy">Y Bathdy Brenhinol</p>', "Called before"),
        *("Mint", "Coins", "Small coins", "Lena Lead", "Deputy Master", "Carl Coin"),
        'href="/departments/treasury/">Treasury</a> and <a class="govuk-link" href="/departments/health/">Health',
    ):
        assert words in page, words
    assert "Manage people" not in page


def test_a_closed_department_points_at_its_successors(as_: Any, alice: User, health: Department) -> None:
    old = factories.department("Old Board", slug="old-board")
    departments.close(department=old, on=datetime.date(2020, 4, 1), reason="merged", successors=(health,), by=None)
    client = as_(alice)
    page = text_of(client.get("/departments/old-board/"))
    assert "closed on 1 April 2020" in page
    assert 'Its work went to <a class="govuk-link" href="/departments/health/">Health</a>.' in page
    assert "Took over from" in text_of(client.get("/departments/health/"))


def test_it_shows_twelve_people_and_a_link_to_all(as_: Any, alice: User, treasury: Department) -> None:
    for _ in range(13):
        factories.user(department=treasury)
    page = text_of(as_(alice).get("/departments/treasury/"))
    assert page.count('id="user-') == 12
    assert '/people/?department=treasury">See all 14 people' in page


def test_suspended_people_are_not_shown(as_: Any, alice: User, bob: User) -> None:
    assert "Bob Baker" in text_of(as_(alice).get("/departments/treasury/"))
    memberships.suspend(user=bob, by=None)
    assert "Bob Baker" not in text_of(as_(alice).get("/departments/treasury/"))


def test_mail_domains_are_shown_to_its_administrators_only(as_: Any, alice: User, dana: User) -> None:
    assert "treasury.gov.example" in text_of(as_(dana).get("/departments/treasury/")).replace("dana.drew", "")
    assert "Sign-up from" not in text_of(as_(alice).get("/departments/treasury/"))


def test_an_unknown_department_is_not_found_and_visitors_sign_in(as_: Any, alice: User, client: Any) -> None:
    assert as_(alice).get("/departments/nowhere/").status_code == 404
    for url in ("/departments/", "/departments/treasury/"):
        assert client.get(url).status_code == 302


@pytest.mark.parametrize("rows", [1, 20])
def test_the_page_costs_the_same_with_one_of_everything_and_with_twenty(
    as_: Any, alice: User, treasury: Department, django_assert_max_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        part = factories.department(parent=treasury)
        factories.department(parent=part)
        memberships.join(user=factories.user(), department=treasury, is_lead=True, by=None)
    client = as_(alice)
    with django_assert_max_num_queries(PAGE_QUERIES):
        client.get("/departments/treasury/")


def test_a_team_says_whose_it_is_and_follows_its_organisation(as_: Any, alice: User) -> None:
    agency = factories.department("Harbour Agency", abbreviation="HA", kind=DepartmentKind.EXECUTIVE_AGENCY)
    group = factories.department("Operations", parent=agency, kind=DepartmentKind.DIRECTORATE)
    team = factories.department("Pilots", parent=group, kind=DepartmentKind.TEAM)
    pat = factories.user("Pat Pilot", department=team)
    assert "Pilots, HA" in text_of(as_(alice).get("/people/", {"q": "Pat"}))
    departments.rename(department=agency, name="Port Agency", abbreviation="PA", by=None)
    assert "Pilots, PA" in text_of(as_(alice).get("/people/", {"q": "Pat"}))
    other = factories.department("Coast Office", kind=DepartmentKind.EXECUTIVE_AGENCY)
    departments.move(department=group, parents=[other], by=None)
    assert "Pilots, Coast Office" in text_of(as_(alice).get("/people/", {"q": "Pat"}))
    pat.main_department.refresh_from_db()
    assert agency.label == "Port Agency", "an organisation is called by its name alone"


def test_it_knows_what_it_was_called_on_a_day(treasury: Department) -> None:
    changed, day = timezone.localdate(), datetime.timedelta(days=1)
    treasury.names.update(from_on=None)
    departments.rename(department=treasury, name="Exchequer", on=changed - day, by=None)
    assert treasury.name_on(changed - 2 * day) == "Treasury", "for as long as anybody knows"
    assert treasury.name_on(changed - day) == treasury.name_on(changed) == "Exchequer"
    treasury.names.filter(name="Treasury").update(from_on=changed - 10 * day)
    assert treasury.name_on(changed - 20 * day) == "Treasury", "the oldest that is known"
