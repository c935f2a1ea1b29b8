"""The code of conduct: accepted once, before anything else; readable by everybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from profiles.models import User


@pytest.fixture
def newcomer(alice: User) -> User:
    User.objects.filter(pk=alice.pk).update(conduct_accepted_at=None)
    alice.refresh_from_db()
    return alice


def test_it_stands_before_every_page_until_it_is_accepted_once(newcomer: User, as_: Any) -> None:
    client = as_(newcomer)
    asked = client.get("/people/?q=a&topic=b")
    assert asked.status_code == 302
    assert asked["Location"] == "/conduct/?next=%2Fpeople%2F%3Fq%3Da%26topic%3Db"
    page = client.get(asked["Location"]).content.decode()
    assert "I accept the code of conduct" in page and 'value="/people/?q=a&amp;topic=b"' in page

    answer = client.post("/conduct/", {"next": "/people/?q=a"})
    assert answer.status_code == 303 and answer["Location"] == "/people/?q=a"
    assert client.get("/people/").status_code == 200

    newcomer.refresh_from_db()
    first = newcomer.conduct_accepted_at
    client.post("/conduct/")
    newcomer.refresh_from_db()
    assert newcomer.conduct_accepted_at == first
    again = client.get("/conduct/").content.decode()
    assert "You accepted this code on" in again and "I accept the code" not in again


def test_it_sends_nobody_to_another_site(newcomer: User, as_: Any) -> None:
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert as_(newcomer).post("/conduct/", {"next": target})["Location"] == "/"


def test_it_lets_a_newcomer_sign_out_instead(newcomer: User, as_: Any) -> None:
    assert as_(newcomer).get("/sign-out/").status_code == 200


def test_it_can_be_read_but_not_accepted_by_visitors(client: Client, db: None) -> None:
    page = client.get("/conduct/")
    assert page.status_code == 200 and "I accept the code" not in page.content.decode()
    assert client.post("/conduct/")["Location"].startswith("/sign-in/")


def test_it_sends_an_htmx_request_to_the_whole_page(newcomer: User, as_: Any) -> None:
    answer = as_(newcomer).get("/people/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/conduct/")
