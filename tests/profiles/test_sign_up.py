"""Signing up: whose address opens an account, what confirming it does, what nobody can find out."""

from __future__ import annotations

import re
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from profiles.actions import account, departments, memberships
from profiles.models import AuditEvent, Department, User
from tests import factories

FIELDS = {"name": "Nia New", "email": "nia.new@treasury.gov.example", "password1": "violet tractor umbrella"}
SENT = "/sign-up/check-your-email/"


class BrokenMail(EmailBackend):
    """A mail server that hangs up."""

    def send_messages(self, messages: Any) -> int:
        raise SMTPServerDisconnected("gone")


def sign_up(client: Client, **changed: str) -> Any:
    return client.post("/sign-up/", {**FIELDS, **changed})


def link() -> str:
    """The path of the link in the last mail."""
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_it_opens_an_account_in_the_department_of_the_mail_domain(client: Client, treasury: Department) -> None:
    assert client.get("/sign-up/").status_code == 200
    answer = sign_up(client, email="Nia.New@Treasury.gov.example")
    assert answer.status_code == 302 and answer["Location"] == SENT
    assert "Check your e-mail" in client.get(SENT).content.decode()

    person = User.objects.get(email="nia.new@treasury.gov.example")
    assert not person.is_active and not person.memberships.exists(), "nothing before the address is confirmed"
    assert mail.outbox[-1].to == ["nia.new@treasury.gov.example"]

    asked = client.get(link())
    assert asked.status_code == 200 and "Confirm your e-mail address" in asked.content.decode()
    assert not User.objects.get(pk=person.pk).is_active, "a mail scanner that opens links confirms nothing"

    assert client.post(link()).status_code == 302
    person.refresh_from_db()
    assert person.is_active and person.main_department == treasury
    assert client.get("/people/")["Location"].startswith("/conduct/"), "signed in, with the code of conduct next"
    assert AuditEvent.objects.filter(action="membership.joined", object_id=person.pk, actor=None).exists()


def test_it_hides_a_sign_up_until_it_is_confirmed(client: Client, alice: User, as_: Any) -> None:
    sign_up(client)
    person = User.objects.get(email=FIELDS["email"])
    assert as_(alice).get(f"/people/{person.pk}/").status_code == 404
    Client().post(link())
    assert as_(alice).get(f"/people/{person.pk}/").status_code == 200


def test_it_asks_for_a_password_where_the_link_is_opened_in_another_browser(
    client: Client, treasury: Department
) -> None:
    sign_up(client)
    other = Client()
    choose = other.post(link())
    assert choose["Location"].startswith("/password/reset/")
    assert other.get("/people/")["Location"].startswith("/sign-in/"), "the link alone opens nothing"
    form = other.get(choose["Location"], follow=True)
    assert "Choose a new password" in form.content.decode()
    other.post(form.request["PATH_INFO"], {"password1": "copper lantern meadow"})
    other.post("/sign-in/", {"login": FIELDS["email"], "password": "copper lantern meadow"})
    assert other.get("/people/")["Location"].startswith("/conduct/")


def test_it_never_lets_a_stranger_in_who_signed_up_with_somebodys_address(client: Client, treasury: Department) -> None:
    stranger, strangers = Client(), "copper lantern meadow"
    sign_up(client)
    # The stranger's password is the later one; the link is the same
    sign_up(stranger, password1=strangers)
    assert client.post(link())["Location"].startswith("/password/reset/")
    assert User.objects.get().is_active
    assert stranger.post("/sign-in/", {"login": FIELDS["email"], "password": strangers}).status_code == 422
    assert stranger.get("/people/")["Location"].startswith("/sign-in/")


def test_it_takes_the_password_of_who_signed_in_to_have_the_link_sent_again(
    client: Client, treasury: Department
) -> None:
    sign_up(client)
    other = Client()
    other.post("/sign-in/", {"login": FIELDS["email"], "password": FIELDS["password1"]})
    assert other.post(link()).status_code == 302
    assert other.get("/people/")["Location"].startswith("/conduct/"), "signed in, with the code of conduct next"


@pytest.mark.parametrize("domain", ["gmail.example", "sub.treasury.gov.example", "nottreasury.gov.example"])
def test_it_refuses_any_other_domain_and_says_what_to_do(client: Client, treasury: Department, domain: str) -> None:
    answer = sign_up(client, email=f"nia@{domain}")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f"Nobody can sign up with {domain}" in page and "ask your department’s administrator" in page
    assert 'value="Nia New"' in page and f'value="nia@{domain}"' in page
    assert not User.objects.exists() and not mail.outbox


@pytest.mark.parametrize(("field", "sentence"), [("name", "Enter your name"), ("password1", "Choose a password")])
def test_it_names_what_is_missing(client: Client, treasury: Department, field: str, sentence: str) -> None:
    answer = sign_up(client, **{field: " " if field == "name" else ""})
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in answer.content.decode() and sentence in answer.content.decode()


def test_it_gives_a_closed_departments_people_to_its_only_successor(client: Client, treasury: Department) -> None:
    successor = factories.department("Exchequer", slug="exchequer")
    departments.close(department=treasury, by=None, successors=(successor,))
    sign_up(client)
    client.post(link())
    assert User.objects.get(email=FIELDS["email"]).main_department == successor


def test_it_refuses_a_closed_department_that_several_took_over(client: Client, treasury: Department) -> None:
    successors = (factories.department("Exchequer"), factories.department("Mint"))
    departments.close(department=treasury, by=None, successors=successors)
    answer = sign_up(client)
    assert answer.status_code == 422
    assert "The department that used treasury.gov.example has closed" in answer.content.decode()


def test_it_answers_a_known_address_as_it_answers_a_new_one(client: Client, treasury: Department) -> None:
    person = factories.user("Nia New", department=treasury, password=factories.PASSWORD, email=FIELDS["email"])
    account.vouch_for_address(user=person)
    answer = sign_up(client)
    assert answer.status_code == 302 and answer["Location"] == SENT
    assert "You already have one" in str(mail.outbox[-1].body)
    assert User.objects.get().check_password(factories.PASSWORD)


def test_it_makes_one_account_of_a_form_sent_twice(client: Client, treasury: Department) -> None:
    assert sign_up(client)["Location"] == sign_up(Client(), name="Nia Newer")["Location"] == SENT
    assert User.objects.get().name == "Nia Newer"
    assert len(mail.outbox) == 1, "the first link still works, so no second one is sent"
    assert client.post(link()).status_code == 302
    assert User.objects.get().is_active


def test_it_never_reopens_a_suspended_account_with_an_old_link(client: Client, treasury: Department) -> None:
    sign_up(client)
    path = link()
    person = User.objects.get()
    User.objects.filter(pk=person.pk).update(is_active=True)
    person.refresh_from_db()
    memberships.suspend(user=person, by=None)
    client.post(path)
    person.refresh_from_db()
    assert not person.is_active
    assert client.get("/people/")["Location"].startswith("/sign-in/")


def test_it_says_that_a_wrong_link_does_not_work(client: Client, db: None) -> None:
    page = client.get("/sign-up/confirm/MQ:1abcde:nonsense/")
    assert page.status_code == 200 and "This link does not work any more" in page.content.decode()


def test_it_says_so_when_the_mail_cannot_be_sent(client: Client, treasury: Department, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.profiles.test_sign_up.BrokenMail"
    answer = sign_up(client)
    assert answer.status_code == 422
    assert "We could not send you an e-mail just now" in answer.content.decode()
