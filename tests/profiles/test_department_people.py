"""A department's people, looked after by its administrators: theirs alone, each change on record."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from profiles.actions import memberships
from profiles.models import AuditEvent, Department, Membership, Role, User
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/departments/treasury/people/"
# The page's own; panels have no part in it
QUERIES = 14


def place_of(person: User) -> Membership:
    return person.memberships.get(ended_on__isnull=True)


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("position").last()


def test_an_administrator_sees_everybody_below(as_: Any, dana: User, bob: User, treasury: Department) -> None:
    team = factories.department("Tax team", parent=treasury)
    tom = factories.user("Tom Tax", department=team)
    User.objects.filter(pk=tom.pk).update(last_login=datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC))
    memberships.suspend(user=bob, by=None)
    page = as_(dana).get(URL).content.decode()
    for words in ("Tom Tax", "Tax team", "Last signed in 1 March 2026", "Bob Baker", "Suspended", "Never signed in"):
        assert words in page, words
    assert "Reinstate" in page


def test_nobody_else_does(as_: Any, alice: User, charlie: User, cora: User, dana: User, treasury: Department) -> None:
    team = factories.department("Tax team", slug="tax-team", parent=treasury)
    head = factories.user("Tess Tax", department=team)
    factories.role(head, Role.DEPARTMENT_ADMIN, department=team)
    place = place_of(alice)
    paths = ["", f"{place.pk}/", f"{place.pk}/end/", f"{place.pk}/suspend/", f"{place.pk}/reinstate/"]
    for person in (alice, charlie, cora, head):
        for path in paths:
            assert as_(person).get(URL + path).status_code == 403, (person, path)
            answer = as_(person).post(URL + path, {"reason": "x", "email": charlie.email})
            assert answer.status_code == 403, (person, path)
    assert as_(head).get("/departments/tax-team/people/").status_code == 200
    assert as_(dana).get("/departments/tax-team/people/").status_code == 200


def test_an_administrator_has_no_power_elsewhere(as_: Any, dana: User, charlie: User) -> None:
    client, place = as_(dana), place_of(charlie)
    for path in ("", f"{place.pk}/", f"{place.pk}/end/", f"{place.pk}/suspend/"):
        assert client.get(f"/departments/health/people/{path}").status_code == 403
        # Through the address of their own department there is no such place
        if path:
            assert client.post(URL + path, {"reason": "x"}).status_code == 404
    charlie.refresh_from_db()
    assert charlie.is_active


def test_adding_somebody_again_leaves_their_main_department_theirs(
    as_: Any, dana: User, bob: User, health: Department, treasury: Department
) -> None:
    memberships.join(user=bob, department=health, by=None, on=timezone.localdate() - datetime.timedelta(days=400))
    assert as_(dana).post(URL, {"email": bob.email, "role_title": "Adviser"}).status_code == 303
    bob.refresh_from_db()
    assert bob.main_department == treasury
    assert bob.memberships.get(is_main=True).role_title == "Adviser"


def test_adding_somebody_by_e_mail(as_: Any, dana: User, charlie: User, treasury: Department) -> None:
    client = as_(dana)
    sent = {"email": charlie.email.upper(), "role_title": "Adviser", "is_lead": "on"}
    assert client.post(URL, sent).status_code == 303
    place = charlie.memberships.get(department=treasury)
    assert (place.role_title, place.is_lead, place.is_main) == ("Adviser", True, False)
    event = last_event()
    assert (event.action, event.actor, event.details["department"]) == ("membership.joined", dana, "treasury")
    assert client.post(URL, sent).status_code == 303
    assert charlie.memberships.filter(department=treasury).count() == 1, "twice is once"
    page = client.get(URL).content.decode()
    assert "Main department elsewhere" in page
    assert f'{place.pk}/suspend/"' not in page, "no power over who mainly works elsewhere"
    assert client.post(f"{URL}{place.pk}/suspend/", {"reason": "Mine now"}).status_code == 403


@pytest.mark.parametrize("email", ["", "nobody@treasury.gov.example", "not an address", "a\0@b.c"])
def test_an_address_that_nobody_has_is_explained(as_: Any, dana: User, email: str) -> None:
    answer = as_(dana).post(URL, {"email": email, "role_title": "Kept text"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "There is a problem" in page and 'href="#id_email"' in page and "Kept text" in page


def test_a_suspended_person_from_elsewhere_looks_like_nobody(as_: Any, dana: User, charlie: User) -> None:
    memberships.suspend(user=charlie, by=None)
    answers = [as_(dana).post(URL, {"email": email}) for email in (charlie.email, "nobody@example.gov.example")]
    messages = [answer.context["form"].errors["email"] for answer in answers]
    assert messages[0] == messages[1]


def test_changing_a_role(as_: Any, dana: User, bob: User) -> None:
    url = f"{URL}{place_of(bob).pk}/"
    assert as_(dana).get(url).status_code == 200
    assert as_(dana).post(url, {"role_title": "Head of Tax", "is_lead": "on"}).status_code == 303
    place = place_of(bob)
    assert (place.role_title, place.is_lead, place.is_main) == ("Head of Tax", True, True)
    assert (last_event().action, last_event().actor) == ("membership.changed", dana)


def test_a_main_place_is_taken_only_from_ones_own(
    as_: Any, dana: User, bob: User, charlie: User, treasury: Department
) -> None:
    team = factories.department("Tax team", slug="tax-team", parent=treasury)
    second = memberships.join(user=bob, department=team, by=dana)
    assert as_(dana).post(f"{URL}{second.pk}/", {"is_main": "on"}).status_code == 303
    bob.refresh_from_db()
    assert bob.main_department == team
    guest = memberships.join(user=charlie, department=treasury, by=dana)
    answer = as_(dana).post(f"{URL}{guest.pk}/", {"role_title": "Guest", "is_main": "on"})
    assert answer.status_code == 422
    assert "main department is Health" in answer.content.decode()
    charlie.refresh_from_db()
    assert charlie.main_department.slug == "health"


def test_ending_a_place_today_closes_the_department_at_once(as_: Any, dana: User, bob: User) -> None:
    place, today = place_of(bob), timezone.localdate()
    url = f"{URL}{place.pk}/end/"
    assert f'value="{today.year}"' in as_(dana).get(url).content.decode()
    sent = {"on_day": today.day, "on_month": today.month, "on_year": today.year}
    assert as_(dana).post(url, sent).status_code == 303
    assert not bob.memberships.current().exists()
    bob.refresh_from_db()
    assert bob.main_department is None
    assert (last_event().action, last_event().details) == (
        "membership.left",
        {"department": "treasury", "on": str(today)},
    )
    assert as_(dana).get(url).status_code == 404


def test_ending_a_place_later_keeps_it_until_then(
    as_: Any, dana: User, bob: User, time_machine: Any, capsys: Any
) -> None:
    place, day = place_of(bob), timezone.localdate() + datetime.timedelta(10)
    sent = {"on_day": day.day, "on_month": day.month, "on_year": day.year}
    as_(dana).post(f"{URL}{place.pk}/end/", sent)
    bob.refresh_from_db()
    assert bob.main_department.slug == "treasury"
    assert "Ends on" in as_(dana).get(URL).content.decode()
    time_machine.move_to(timezone.now() + datetime.timedelta(10))
    assert not bob.memberships.current().exists()
    call_command("settle_memberships")
    assert capsys.readouterr().out == "Settled: 1\n"
    bob.refresh_from_db()
    assert bob.main_department is None


@pytest.mark.parametrize("day", [("31", "2", "2026"), ("1", "1", "1999"), ("1", "1", "2199"), ("", "", "")])
def test_a_day_that_cannot_be_is_refused(as_: Any, dana: User, bob: User, day: tuple[str, ...]) -> None:
    sent = dict(zip(("on_day", "on_month", "on_year"), day, strict=True))
    answer = as_(dana).post(f"{URL}{place_of(bob).pk}/end/", sent)
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert bob.memberships.current().exists()


def test_suspending_signs_out_everywhere_and_is_on_record(as_: Any, dana: User, bob: User) -> None:
    theirs = as_(bob)
    assert theirs.get("/departments/").status_code == 200
    url = f"{URL}{place_of(bob).pk}/suspend/"
    assert as_(dana).get(url).status_code == 200
    assert as_(dana).post(url, {"reason": ""}).status_code == 422
    assert theirs.get("/departments/").status_code == 200, "nothing happened without a reason"
    assert as_(dana).post(url, {"reason": "Left without notice"}).status_code == 303
    assert theirs.get("/departments/").status_code == 302
    event = last_event()
    assert (event.action, event.actor, event.object_id) == ("user.suspended", dana, bob.pk)
    assert event.details == {"reason": "Left without notice"}
    again = as_(dana).post(url, {"reason": "Twice"}, follow=True)
    assert "suspended already" in again.content.decode()
    assert AuditEvent.objects.filter(action="user.suspended").count() == 1


def test_reinstating_lets_them_in_again(as_: Any, dana: User, bob: User) -> None:
    memberships.suspend(user=bob, by=dana)
    url = f"{URL}{place_of(bob).pk}/reinstate/"
    assert as_(dana).get(url).status_code == 200
    assert as_(dana).post(url, {"reason": "A mistake"}).status_code == 303
    bob.refresh_from_db()
    assert bob.is_active
    assert last_event().action == "user.reinstated"
    assert as_(bob).get("/departments/").status_code == 200


def test_nobody_suspends_themselves_or_who_runs_the_service(
    as_: Any, dana: User, sam: User, treasury: Department
) -> None:
    memberships.join(user=sam, department=treasury, by=None, is_main=True)
    place = sam.memberships.get(department=treasury)
    page = as_(dana).get(URL).content.decode()
    for own in (place_of(dana), place):
        assert f"{own.pk}/suspend/" not in page
        assert as_(dana).post(f"{URL}{own.pk}/suspend/", {"reason": "x"}).status_code == 403


def test_the_search_box_finds_by_name_and_address(as_: Any, dana: User, alice: User, bob: User) -> None:
    client = as_(dana)
    for text in ("baker", "BOB.BAKER@"):
        page = client.get(URL, {"q": text}).content.decode()
        assert "Bob Baker" in page and "Alice Archer" not in page
    assert "Nobody found" in client.get(URL, {"q": "zebra"}).content.decode()
    assert client.get(URL, {"cursor": "x"}).status_code == 404


def test_a_role_that_ended_closes_the_page_at_once(as_: Any, dana: User) -> None:
    client = as_(dana)
    assert client.get(URL).status_code == 200
    dana.role_grants.update(ended_at=timezone.now())
    assert client.get(URL).status_code == 403


@pytest.mark.parametrize("rows", [1, 19])
def test_the_list_costs_the_same_with_one_row_and_with_twenty(
    as_: Any, dana: User, treasury: Department, django_assert_max_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        factories.user(department=factories.department(parent=treasury))
    client = as_(dana)
    with django_assert_max_num_queries(QUERIES):
        assert len(client.get(URL).context["page"]) == rows + 1
