"""Whose sessions keys are: asked for many at once, when thousands of sockets come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from django.utils import timezone

from profiles import session_store
from profiles.actions import memberships
from profiles.models import User
from profiles.sessions import people_of
from tests import factories

pytestmark = pytest.mark.django_db


def session_of(person: User) -> str:
    """The key of a new session of `person`."""
    client = Client()
    client.force_login(person)
    return str(client.session.session_key)


def test_it_knows_whose_each_session_is(alice: User, bob: User) -> None:
    first, second, other = session_of(alice), session_of(alice), session_of(bob)
    found = people_of([first, second, other, "nobodys", 'with "quotes", {braces} and \\'])
    assert found == {first: alice, second: alice, other: bob}
    assert people_of([]) == {}


def test_a_session_that_does_not_stand_is_nobodys(alice: User, bob: User, charlie: User, settings: Any) -> None:
    erin, fay = factories.user(), factories.user()
    keys = [session_of(person) for person in (alice, alice, bob, charlie, erin, fay)]
    stands, expired, *_ = keys
    assert len(people_of(keys)) == 6
    Session.objects.filter(pk=expired).update(expire_date=timezone.now() - timedelta(seconds=1))
    User.objects.filter(pk=bob.pk).update(session_epoch=bob.session_epoch + 1)
    memberships.suspend(user=charlie, by=None)
    User.objects.filter(pk=erin.pk).update(conduct_accepted_at=None)
    User.objects.filter(pk=fay.pk).update(is_demo=True)
    settings.DEBUG = False
    assert people_of(keys) == {stands: alice}


def test_a_wrong_guess_at_whose_a_session_is_lets_nobody_in_as_somebody_else(alice: User, bob: User) -> None:
    client = Client()
    client.force_login(alice)
    key = client.session.session_key
    for guess in (alice.pk, bob.pk, 0, None):
        with session_store._lock:
            session_store._whose.pop(key, None)
            if guess is not None:
                session_store._whose[key] = guess
        page = client.get("/").content.decode()
        assert "Alice Archer" in page and "Bob Baker" not in page
        assert session_store._whose[key] == alice.pk


@pytest.mark.parametrize("lost", ["signed out elsewhere", "expired", "suspended", "password", "gone"])
def test_a_session_that_ended_ends_at_the_next_page_whoever_it_was(alice: User, lost: str) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/").status_code == 200
    session = Session.objects.filter(pk=client.session.session_key)
    if lost == "signed out elsewhere":
        session.delete()
    elif lost == "expired":
        session.update(expire_date=timezone.now() - timedelta(seconds=1))
    elif lost == "suspended":
        memberships.suspend(user=alice, by=None)
    elif lost == "password":
        alice.set_password("another long one")
        alice.save()
    else:
        session.update(session_data="forged:" + session.get().session_data)
    answer = client.get("/")
    assert answer.status_code == 302 and "/sign-in/" in answer["Location"]


def test_a_session_that_holds_something_else_is_empty(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    held = signing.dumps([1], salt=client.session.key_salt, serializer=PickleBytes)
    Session.objects.filter(pk=client.session.session_key).update(session_data=held)
    assert client.get("/").status_code == 302


class PickleBytes:
    """What no session holds."""

    def dumps(self, obj: Any) -> bytes:
        return b"\x80\x04not JSON"

    def loads(self, data: bytes) -> Any:
        return data


def test_the_secret_key_can_be_replaced_while_people_are_signed_in(alice: User, settings: Any) -> None:
    client = Client()
    client.force_login(alice)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [old]
    assert client.get("/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    fresh = Client()
    fresh.cookies = client.cookies
    assert fresh.get("/").status_code == 200
    settings.SECRET_KEY = "m" * 60
    assert fresh.get("/").status_code == 302


def test_it_costs_the_same_for_one_session_and_for_twenty(alice: User, django_assert_num_queries: Any) -> None:
    keys = [session_of(alice), *(session_of(factories.user()) for _ in range(19))]
    for asked in (keys[:1], keys):
        with django_assert_num_queries(2):
            assert len(people_of(asked)) == len(asked)
