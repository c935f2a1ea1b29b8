"""What people get when something is wrong: a page of the service with every header, which says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from intranet.urls import *  # noqa: F403 - the handlers too: this module is the addresses of its tests
from intranet.urls import urlpatterns as everything
from profiles.models import User
from profiles.permissions import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Permissions-Policy",
    "X-Frame-Options",
    "Referrer-Policy",
)


def failing(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    *everything,
    path("fails/", failing(RuntimeError("the secret reason"))),
    path("suspicious/", failing(SuspiciousOperation("the secret reason"))),
    path("denied/", failing(PermissionDenied("Only its owner may do that."))),
    path("not-allowed/", failing(NotAllowed("Ask one of its owners."))),
]
addresses = override_settings(ROOT_URLCONF=__name__)


def checked(answer: Any) -> str:
    """The page, once it is seen to be one of ours."""
    for name in HEADERS:
        assert name in answer.headers, name
    html: str = answer.content.decode()
    assert html.count("<h1") == 1 and 'lang="en"' in html and "Common Knowledge" in html
    return html


@addresses
def test_a_fault_is_a_plain_page_that_keeps_its_reason_to_itself(alice: User) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    answer = client.get("/fails/")
    html = checked(answer)
    assert answer.status_code == 500
    assert "Sorry, there is a problem with the service" in html
    assert "secret reason" not in html and "Alice" not in html, "drawn without the reader"


@addresses
def test_a_request_that_cannot_be_read_is_a_400(as_: As, alice: User) -> None:
    answer = as_(alice).get("/suspicious/")
    assert answer.status_code == 400
    assert "secret reason" not in checked(answer)
    for name in ("evil.example", "a b"):
        refused = Client(headers={"host": name}).get("/")
        assert refused.status_code == 400
        assert name not in checked(refused)


@addresses
@pytest.mark.parametrize("address", ["/denied/", "/not-allowed/"])
def test_what_is_visible_but_not_allowed_is_a_403_with_its_reason(as_: As, alice: User, address: str) -> None:
    answer = as_(alice).get(address)
    assert answer.status_code == 403
    html = checked(answer)
    assert "You cannot do this" in html
    assert "Only its owner may do that." in html or "Ask one of its owners." in html


def test_an_unknown_address_and_a_forbidden_one_are_the_same_404(as_: As, alice: User, charlie: User) -> None:
    post = factories.post(author=alice, audience=alice.main_department.audience)
    client = as_(charlie)
    answers = [client.get(address) for address in ("/nowhere/", f"/posts/{post.pk}/", "/posts/999999/", "/admin/")]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({checked(answer) for answer in answers}) == 1


def test_a_form_without_its_token_says_what_to_do(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/posts/", {"body": "Hello"})
    assert answer.status_code == 403
    assert "open for too long" in checked(answer) and "reload it" in checked(answer)


def test_a_visitor_without_the_token_gets_the_same_page() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"login": "x"})
    assert answer.status_code == 403
    assert "open for too long" in checked(answer)


def test_too_many_requests_say_when_to_try_again(as_: As, alice: User, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "search": "1/m"}
    client = as_(alice)
    client.get("/search/?q=zebra")
    answer = client.get("/search/?q=zebra")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert "Try again in" in checked(answer)


def test_too_many_sign_ins_say_when_to_try_again(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "1/m/ip"}
    sent = {"login": "nobody@example.gov.example", "password": "wrong"}
    answers = [client.post("/sign-in/", sent) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "Try again in" in checked(answers[-1])


def test_the_accessibility_statement_is_for_everybody(client: Client, as_: As, alice: User) -> None:
    for reader in (client, as_(alice)):
        answer = reader.get("/accessibility/")
        assert answer.status_code == 200
        checked(answer)
