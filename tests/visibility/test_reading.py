"""Persona × audience × every address that is read: what may be seen is there, what may not is not there at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.visibility.address import NOT_CONTENT, Address, url_names
from tests.visibility.asking import HTMX, Absent, Browser, get, get_all, judge, sends_away, told
from tests.visibility.cast import PEOPLE, SIGNED_OUT, World

# Whose questions are answered as those of somebody else here: they read what the colleague, the member or the outsider
# reads. What the council and the site admin may do beyond others is asked of them too
ASK_NOTHING = {"teammate", "owner", "department_admin", "moderator"}
BrowserOf = Callable[[str], Browser]


def test_every_address_of_the_service_is_in_the_matrix(every_address: list[Address]) -> None:
    known = {address.name for address in every_address} | set(NOT_CONTENT)
    assert set(url_names()) == known


def test_nothing_is_listed_as_empty_that_shows_something(every_address: list[Address]) -> None:
    assert not {address.name for address in every_address} & set(NOT_CONTENT)


@pytest.mark.parametrize("persona", SIGNED_OUT)
def test_nobody_reads_anything_without_being_let_in(
    persona: str, world: World, client_of: BrowserOf, every_address: list[Address]
) -> None:
    client = client_of(persona)
    wrong = [
        f"{persona} at {address}: {answer.status}"
        for address in every_address
        for headers in (None, HTMX)
        if not sends_away(answer := get(client, address.url, headers), address, headers)
    ]
    assert not wrong, told(wrong)


@pytest.mark.parametrize("persona", PEOPLE)
def test_everybody_reads_what_is_theirs_and_nothing_else(
    persona: str, world: World, client_of: BrowserOf, every_address: list[Address]
) -> None:
    problems = _problems(world, client_of(persona), persona, every_address, None)
    assert not problems, told(problems)


@pytest.mark.parametrize("persona", ["outsider", "member"])
def test_fragments_say_no_more_than_pages(
    persona: str, world: World, client_of: BrowserOf, every_address: list[Address]
) -> None:
    problems = _problems(world, client_of(persona), persona, every_address, HTMX)
    assert not problems, told(problems)


def _problems(
    world: World, client: Browser, persona: str, every_address: list[Address], headers: dict[str, str] | None
) -> list[str]:
    absent = Absent(client)
    read = [address for address in every_address if "GET" in address.methods]
    if persona in ASK_NOTHING:
        read = [address for address in read if not address.swap]
    return [
        problem
        for address in read
        for problem in judge(world, persona, address, get_all(client, address.url, headers), absent, headers)
    ]


def test_what_is_only_sent_is_not_read(client_of: BrowserOf, every_address: list[Address]) -> None:
    client = client_of("author")
    wrong = [
        f"{address}: {status}"
        for address in every_address
        if "GET" not in address.methods and (status := get(client, address.url).status) != 405
    ]
    assert not wrong, told(wrong)
