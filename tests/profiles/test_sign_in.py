"""Signing in and out: who gets in, what a session is worth, how tries are limited."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from profiles.actions import account, memberships
from profiles.models import Department, User
from tests import factories

SIGN_IN = "/sign-in/"


@pytest.fixture
def member(treasury: Department) -> User:
    """Somebody with a password and a confirmed address."""
    person = factories.user(
        "Mina Moore", department=treasury, password=factories.PASSWORD, email="mina@treasury.gov.example"
    )
    account.vouch_for_address(user=person)
    return person


def sign_in(
    client: Client, email: str = "mina@treasury.gov.example", password: str = factories.PASSWORD, **more: Any
) -> Any:
    return client.post(SIGN_IN, {"login": email, "password": password, **more})


def test_it_asks_visitors_to_sign_in_and_brings_them_back(client: Client, member: User) -> None:
    asked = client.get("/people/?q=mina")
    assert asked.status_code == 302
    assert asked["Location"] == "/sign-in/?next=/people/%3Fq%3Dmina"
    assert client.get(asked["Location"]).status_code == 200

    answer = sign_in(client, next="/people/?q=mina")
    assert answer.status_code == 302 and answer["Location"] == "/people/?q=mina"
    assert client.get("/people/").status_code == 200


def test_it_sends_an_htmx_request_of_a_visitor_to_the_whole_sign_in_page(client: Client, db: None) -> None:
    answer = client.get("/people/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/sign-in/")


def test_it_takes_the_address_in_any_case(client: Client, member: User) -> None:
    assert sign_in(client, "  MINA@Treasury.gov.Example ").status_code == 302
    assert client.get("/people/").status_code == 200


@pytest.mark.parametrize("email", ["mina@treasury.gov.example", "nobody@treasury.gov.example"])
def test_it_answers_a_wrong_password_and_an_unknown_address_alike(client: Client, member: User, email: str) -> None:
    answer = sign_in(client, email, "wrong wrong wrong")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "The e-mail address or the password is not right" in page
    assert f'value="{email}"' in page and "wrong wrong wrong" not in page


def test_it_names_what_is_missing(client: Client, db: None) -> None:
    answer = client.post(SIGN_IN, {})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'href="#id_login"' in page and "Enter your e-mail address" in page
    assert 'href="#id_password"' in page and "Enter your password" in page


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_never_sends_people_to_another_site(client: Client, member: User, target: str) -> None:
    assert sign_in(client, next=target)["Location"] == "/"


def test_it_gives_a_new_session_key_at_sign_in(client: Client, member: User) -> None:
    session = client.session
    session["seen"] = True
    session.save()
    before = client.session.session_key
    sign_in(client)
    assert client.session.session_key != before
    assert not Client(headers={"Cookie": f"sessionid={before}"}).session.get("_auth_user_id")


def test_it_shuts_a_suspended_person_out_at_once_in_every_browser(member: User) -> None:
    laptop, phone, stranger = Client(), Client(), Client()
    sign_in(laptop)
    sign_in(phone)
    assert laptop.get("/people/").status_code == phone.get("/people/").status_code == 200

    memberships.suspend(user=member, by=None)
    assert laptop.get("/people/").status_code == phone.get("/people/").status_code == 302

    answer = sign_in(stranger)
    assert answer["Location"] == "/sign-in/closed/"
    assert "You cannot sign in with this account" in stranger.get(answer["Location"]).content.decode()
    assert stranger.get("/people/").status_code == 302

    memberships.reinstate(user=member, by=None)
    assert laptop.get("/people/").status_code == 302, "a reinstated person signs in anew"
    assert sign_in(laptop)["Location"] == "/"


def test_it_lets_demonstration_accounts_in_only_with_debug_on(member: User, settings: Any) -> None:
    User.objects.filter(pk=member.pk).update(is_demo=True)
    client = Client()
    assert sign_in(client)["Location"] == "/sign-in/closed/"
    assert client.get("/people/").status_code == 302

    settings.DEBUG = True
    assert sign_in(client)["Location"] == "/"
    assert client.get("/people/").status_code == 200
    settings.DEBUG = False
    assert client.get("/people/").status_code == 302


def test_it_sends_a_link_to_somebody_whose_address_was_never_confirmed(client: Client, treasury: Department) -> None:
    factories.user("New Hand", department=treasury, password=factories.PASSWORD, email="new@treasury.gov.example")
    answer = sign_in(client, "new@treasury.gov.example")
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert [message.to for message in mail.outbox] == [["new@treasury.gov.example"]]
    assert client.get("/people/").status_code == 302


def test_it_limits_wrong_passwords_per_account_and_says_when_to_try_again(member: User) -> None:
    client = Client()
    for _ in range(5):
        assert sign_in(client, password="wrong wrong wrong").status_code == 422
    refused = sign_in(client)
    assert refused.status_code == 422
    assert "Wait 5 minutes, then try again" in refused.content.decode()


def test_it_answers_too_many_sign_ins_from_one_address_with_429(client: Client, member: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "5/m/ip"}
    for number in range(5):
        sign_in(client, f"nobody{number}@treasury.gov.example", "wrong wrong wrong")
    refused = sign_in(client)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Try again in" in refused.content.decode()


def test_it_asks_before_signing_out_and_signs_out_on_post(client: Client, member: User) -> None:
    sign_in(client)
    page = client.get("/sign-out/")
    assert page.status_code == 200 and "Do you want to sign out?" in page.content.decode()
    assert client.get("/people/").status_code == 200, "asking is not signing out"

    answer = client.post("/sign-out/")
    assert answer.status_code == 302 and answer["Location"] == "/sign-in/"
    assert client.get("/people/").status_code == 302
