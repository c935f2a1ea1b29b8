"""Passwords: which are refused, and what changing or resetting one does to sessions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client

from profiles.actions import account
from profiles.models import Department, User
from profiles.validators import ContextualPasswordValidator
from tests import factories

NEW = "violet tractor umbrella"


@pytest.fixture
def member(treasury: Department) -> User:
    person = factories.user(
        "Mina Moorcroft", department=treasury, password=factories.PASSWORD, email="mina.m@treasury.gov.example"
    )
    account.vouch_for_address(user=person)
    return person


def signed_in(member: User, password: str = factories.PASSWORD) -> Client:
    client = Client()
    assert client.post("/sign-in/", {"login": member.email, "password": password})["Location"] == "/"
    return client


@pytest.mark.parametrize(
    "password",
    [
        *("Treasury2024!", "HMT!20242024", "tr3a5ury-tr3a5ury", "Mo0rcroft1!!", "mina.m@treasury.gov.example"),
        *("P4$$w0rd1234", "CivilServ1ce!!", "c0mm0n-kn0wledge", "civil service 1", "Welcome12345!"),
    ],
)
def test_it_refuses_passwords_built_on_what_people_here_try_first(member: User, password: str) -> None:
    factories.department("Her Majesty’s Treasury", abbreviation="HMT")
    with pytest.raises(ValidationError, match="easy to guess here: it is built on"):
        ContextualPasswordValidator().validate(password, member)


@pytest.mark.parametrize("password", [NEW, "k8#Zp2!qT9xW", "the treasury of small kindnesses", "1948573920475"])
def test_it_takes_passwords_that_only_touch_such_words(member: User, password: str) -> None:
    factories.department("Her Majesty’s Treasury", abbreviation="HMT")
    ContextualPasswordValidator().validate(password, member)
    ContextualPasswordValidator().validate(password)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "too short"), ("qwertyuiop123", "common"), ("Treasury2024!", "built on"), ("NiaNewcombe77", "name")],
)
def test_it_refuses_bad_passwords_at_sign_up_with_a_sentence(
    client: Client, treasury: Department, password: str, sentence: str
) -> None:
    fields = {"name": "Nia Newcombe", "email": "n.n@treasury.gov.example", "password1": password}
    answer = client.post("/sign-up/", fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode() and not User.objects.exists()


def test_it_keeps_passwords_with_argon2(settings: Any, db: None) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert identify_hasher(factories.user("A", password=NEW).password).algorithm == "argon2"


def test_it_ends_all_other_sessions_when_the_password_changes(member: User) -> None:
    here, elsewhere = signed_in(member), signed_in(member)
    wrong = here.post("/password/", {"oldpassword": "not this one", "password1": NEW})
    assert wrong.status_code == 422 and "not your current password" in wrong.content.decode()
    assert elsewhere.get("/people/").status_code == 200

    answer = here.post("/password/", {"oldpassword": factories.PASSWORD, "password1": NEW})
    assert answer.status_code == 302 and answer["Location"] == f"/people/{member.pk}/"
    assert here.get("/people/").status_code == 200
    assert elsewhere.get("/people/").status_code == 302
    assert mail.outbox[-1].to == [member.email] and "password" in mail.outbox[-1].subject
    signed_in(member, NEW)


def test_it_resets_a_password_by_mail_and_ends_every_session(member: User) -> None:
    elsewhere, client = signed_in(member), Client()
    asked = client.post("/password/reset/", {"email": member.email.upper()})
    assert asked["Location"] == "/password/reset/sent/"
    found = re.search(r"http://testserver(/password/reset/\S+)", str(mail.outbox[-1].body))
    assert found
    form = client.get(found[1], follow=True)
    path = form.redirect_chain[-1][0]
    assert found[1] not in path, "the key leaves the address at once"

    refused = client.post(path, {"password1": "Treasury2024!"})
    assert refused.status_code == 422 and "easy to guess here" in refused.content.decode()
    assert elsewhere.get("/people/").status_code == 200
    assert client.post(path, {"password1": NEW})["Location"] == "/password/reset/done/"
    assert client.get("/password/reset/done/").status_code == 200
    assert elsewhere.get("/people/").status_code == 302
    signed_in(member, NEW)

    spent = Client().get(found[1], follow=True)
    assert "This link does not work any more" in spent.content.decode()


def test_it_answers_a_reset_alike_whether_or_not_there_is_an_account(member: User, client: Client) -> None:
    known = client.post("/password/reset/", {"email": member.email})
    unknown = client.post("/password/reset/", {"email": "nobody@treasury.gov.example"})
    stranger = client.post("/password/reset/", {"email": "somebody@elsewhere.example"})
    assert known["Location"] == unknown["Location"] == stranger["Location"]
    assert [message.to for message in mail.outbox] == [[member.email], ["nobody@treasury.gov.example"]]


def test_it_offers_no_reset_to_a_suspended_person(member: User, client: Client) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    client.post("/password/reset/", {"email": member.email})
    assert "There is no account" in str(mail.outbox[-1].body)
