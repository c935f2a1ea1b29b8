"""How an address is asked for, and what its answer may and may not say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.visibility.address import Address
from tests.visibility.cast import World

HTMX = {"HX-Request": "true"}
# Different in every answer by nature, where a form is on a page; no 404 page has one
ONCE = re.compile(r'(name="(?:csrfmiddlewaretoken|idempotency_key)" value=")[^"]*')
NEXT = re.compile(r'href="([^"]*)"[^>]*rel="next"')
MOST_PAGES = 5
WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"(\w+)"', re.IGNORECASE)
# What asking alone may write: the session, the task that nothing else depends on
OWN_TABLES = {"django_session"}


@contextmanager
def nothing_kept() -> Iterator[None]:
    """What happens inside is undone."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


class Browser(Client):
    """A client that keeps its session and nothing else: no message for the next page, nothing of how pages were made
    (to keep that costs more than to make them)."""

    def request(self, **request: Any) -> Any:
        return self.handler(self._base_environ(**request))


class Answer:
    """A response, as everything that reaches the reader."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status_code
        content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        self.body = content.decode("utf-8", "replace")
        # But for its id, which is another each time and says nothing
        self.headers = {name: value for name, value in response.items() if name != "X-Request-Id"}
        self.cookies = {name: morsel.OutputString() for name, morsel in response.cookies.items() if name != "csrftoken"}

    @property
    def text(self) -> str:
        return "\n".join([self.body, *self.headers.values(), *self.cookies.values()])

    def is_same(self, other: Answer) -> bool:
        """Byte for byte, headers and cookies too."""
        return (self.status, self.body, self.headers, self.cookies) == (
            other.status,
            other.body,
            other.headers,
            other.cookies,
        )

    def says(self, other: Answer, swap: tuple[str, str]) -> bool:
        """The same page, but for the word that was asked for and what is new in every form."""
        mine, theirs = (ONCE.sub(r"\1", body) for body in (self.body.replace(*swap), other.body))
        headers = {name: value.replace(*swap) for name, value in self.headers.items() if name != "Content-Length"}
        others = {name: value for name, value in other.headers.items() if name != "Content-Length"}
        return (self.status, mine, headers) == (other.status, theirs, others)


def get(client: Client, url: str, headers: dict[str, str] | None = None) -> Answer:
    """Ask; what reading itself writes (a thread that was opened is no news any more) is undone."""
    with nothing_kept():
        return Answer(client.get(url, headers=headers))


def get_all(client: Client, url: str, headers: dict[str, str] | None = None) -> Answer:
    """A list with the pages after its first, as one answer."""
    answer = page = get(client, url, headers)
    for _ in range(MOST_PAGES):
        if not (link := NEXT.search(page.body)):
            break
        page = get(client, urljoin(url, unescape(link[1])), headers)
        answer.body += page.body
    return answer


def post(client: Client, url: str, data: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    """Send; what that writes is undone."""
    with nothing_kept():
        return Answer(client.post(url, data, headers=headers))


class Absent:
    """The answers about what does not exist, each asked for once."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._known: dict[Any, Answer] = {}

    def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        key = (url, bool(headers))
        if key not in self._known:
            self._known[key] = get(self.client, url, headers)
        return self._known[key]

    def post(self, url: str, data: dict[str, Any]) -> Answer:
        key = (url, str(data))
        if key not in self._known:
            self._known[key] = post(self.client, url, data)
        return self._known[key]


def judge(
    world: World, persona: str, address: Address, answer: Answer, absent: Absent, headers: Any = None
) -> list[str]:
    """What is wrong with the answer to a GET."""
    said = f"{persona} at {address}{' (htmx)' if headers else ''}: {answer.status}"
    if address.absent and persona not in address.readers:
        nothing = absent.get(address.absent, headers)
        same = answer.says(nothing, address.swap) if address.swap else answer.is_same(nothing)
        return [] if same else [f"{said}, unlike what does not exist ({nothing.status})"]
    leaked = world.leaked(_unasked(answer, address), persona, address.name)
    problems = [f"{said}, leaks {leaked}"] if leaked else []
    expected = 403 if persona not in address.allowed else 301 if address.follows else 200
    if answer.status != expected:
        return [*problems, f"{said}, not {expected}"]
    missing = [
        world.secrets[word].label
        for word in address.shows
        if expected == 200 and persona in address.shown_to & world.secrets[word].readers and word not in answer.text
    ]
    return [*problems, f"{said}, does not show {missing}"] if missing and not headers else problems


def sends_away(answer: Answer, address: Address, headers: dict[str, str] | None = None) -> bool:
    """Whether an answer only leads to sign in or accept the code of conduct, and back to what was asked for."""
    where = answer.headers.get("HX-Redirect" if headers else "Location", "")
    page, _, query = where.partition("?")
    back = parse_qs(query).get("next", [])
    is_right = page in (reverse("account_login"), reverse("conduct")) and back == [address.url]
    return is_right and not answer.body and not answer.cookies and answer.status == (200 if headers else 302)


def _unasked(answer: Answer, address: Address) -> str:
    """What the answer says of its own accord: not the address, which the reader sent."""
    return answer.text.replace(address.swap[0], "") if address.swap else answer.text


@contextmanager
def written() -> Iterator[set[str]]:
    """The tables that were written to inside."""
    tables: set[str] = set()

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if found := WRITES.match(sql):
            tables.add(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield tables
    tables -= OWN_TABLES


def told(problems: Iterable[str], most: int = 40) -> str:
    """The problems as the message of a failed test."""
    found = sorted(problems)
    return f"{len(found)} problems:\n" + "\n".join(found[:most])
