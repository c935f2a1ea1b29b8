"""Settings: the one page of a person's own account."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from profiles.models import User
from tests import factories


def test_it_leads_to_what_one_can_change(as_: Any, alice: User) -> None:
    alice.set_password(factories.PASSWORD)
    alice.save()
    page = as_(alice).get("/settings/").content.decode()
    for target in (
        *(f'href="/people/{alice.pk}/"', f'href="/people/{alice.pk}/edit/"', f'href="/people/{alice.pk}/photo/"'),
        *(f'action="/people/{alice.pk}/confirm/"', 'href="/password/"', 'action="/sign-out/"'),
    ):
        assert target in page, target
    assert alice.email in page and "Not confirmed yet" in page and "/password/set/" not in page


def test_it_offers_a_first_password_to_who_has_none(as_: Any, alice: User) -> None:
    page = as_(alice).get("/settings/").content.decode()
    assert 'href="/password/set/"' in page and 'href="/password/"' not in page


def test_it_says_when_details_were_confirmed(as_: Any, alice: User) -> None:
    client = as_(alice)
    client.post(f"/people/{alice.pk}/confirm/")
    assert f"Confirmed on {timezone.localdate():%-d %B %Y}" in client.get("/settings/").content.decode()


def test_it_is_for_who_is_signed_in(as_: Any, alice: User) -> None:
    assert Client().get("/settings/")["Location"].startswith("/sign-in/")
    assert as_(alice).post("/settings/").status_code == 405
    client = as_(alice)
    client.post("/sign-out/")
    assert client.get("/settings/")["Location"].startswith("/sign-in/")


def test_it_asks_the_database_little(as_: Any, alice: User, django_assert_max_num_queries: Any) -> None:
    client = as_(alice)
    with django_assert_max_num_queries(4):
        client.get("/settings/")
