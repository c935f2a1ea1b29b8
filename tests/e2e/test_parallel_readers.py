"""Two hundred readers at once: each page is complete, its own reader's, and nobody else's."""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feeds.models import Reaction
from profiles.models import CommunityKind, CommunityMembership, User
from tests import factories
from tests.e2e.conftest import Server, sign_in_cookie
from tests.e2e.hosts import IS_SCALED, Gate, hosts

READERS = 200
CLUBS = 10
# Every so many of them said something in the thread
TALKERS = 12
OWN_NAME, EDITED = re.compile(r'ck-account__name">([^<]+)<'), re.compile(r'href="/comments/(\d+)/edit/"')
MARK = re.compile(r"mark-(\d+)-(reader|club)")


def readers() -> tuple[list[tuple[User, int]], str, dict[int, int]]:
    """People, each in one of a few hidden communities that say what nobody else may read.

    With them the address of a thread that all may read, and their own comments there: ids by the person's number.
    """
    founder = factories.user("Fay Founder")
    clubs = [factories.community(f"Club {n}", owner=founder, kind=CommunityKind.HIDDEN) for n in range(CLUBS)]
    said = [
        factories.post(author=founder, audience=club.audience, body=f"mark-{n}-club") for n, club in enumerate(clubs)
    ]
    open_to_all = factories.post(author=founder, body="For everybody")
    made, comments = [], {}
    for number in range(READERS):
        person = factories.user(f"mark-{number}-reader")
        club = number % CLUBS
        CommunityMembership.objects.create(community=clubs[club], user=person, joined_at=said[club].created_at)
        if number % 3 == 0:
            Reaction.objects.create(post=open_to_all, user=person, kind="useful")
        if number % TALKERS == 0:
            comments[number] = factories.comment(post=open_to_all, author=person).pk
        made.append((person, club))
    return made, open_to_all.get_absolute_url(), comments


def page(url: str, cookie: str, path: str) -> str:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    html = answer.read().decode()
    assert answer.status == 200, html[:300]
    connection.close()
    return html


def give_up(url: str, cookie: str, path: str, after: int, cut: bool) -> None:
    """Ask, and leave before the answer is read.

    Args:
        after: how many bytes of the answer are awaited; with 0 the server may not have begun.
        cut: the connection is reset, as when a line breaks.
    """
    address = urlsplit(url)
    head = [f"GET {path} HTTP/1.1", f"Host: {address.netloc}", f"Cookie: {cookie}", "Connection: close", "", ""]
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=60) as line:
        line.sendall("\r\n".join(head).encode())
        while after > 0 and (read := len(line.recv(after))):
            after -= read
        if cut:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def each_page_is_its_own_readers(url: str) -> None:
    """All readers ask at the same moment, some of them leave in the middle and come back."""
    people, thread, comments = readers()
    cookies = {person.pk: f"sessionid={sign_in_cookie(person)}" for person, _ in people}
    dice = random.Random(7)
    paths = {person.pk: dice.choice(["/", "/?stream=everyone", thread]) for person, _ in people}
    leaving = {
        person.pk: (dice.choice([0, 1, 64, 2_000, 15_000]), dice.random() < 0.5)
        for person, _ in people
        if dice.random() < 0.4
    }
    together = threading.Barrier(READERS, timeout=60)

    def visit(person: User) -> str:
        together.wait()
        if person.pk in leaving:
            give_up(url, cookies[person.pk], paths[person.pk], *leaving[person.pk])
        return page(url, cookies[person.pk], paths[person.pk])

    with ThreadPoolExecutor(READERS) as pool:
        pages = list(pool.map(visit, [person for person, _ in people]))
    tokens: set[str] = set()
    for number, ((person, club), html) in enumerate(zip(people, pages, strict=True)):
        assert html.rstrip().endswith("</html>"), person.name
        if paths[person.pk] == thread:
            assert OWN_NAME.findall(html) == [person.name]
            assert EDITED.findall(html) == [str(comments[pk]) for pk in (number,) if pk in comments]
            assert "club" not in {kind for _, kind in MARK.findall(html)}, person.name
        else:
            assert set(MARK.findall(html)) == {(str(number), "reader"), (str(club), "club")}, person.name
        pressed = html.count('value="" aria-pressed="true">Useful')
        assert pressed == (1 if number % 3 == 0 and "For everybody" in html else 0), person.name
        found = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html))
        assert found and "\0" not in html, person.name
        assert not tokens & found, "no form of one reader is another's"
        tokens |= found
    # The same page again, now that everything it is made of is kept
    assert set(MARK.findall(page(url, cookies[people[5][0].pk], "/"))) == {("5", "reader"), ("5", "club")}


def test_each_page_is_its_own_readers(server: Server) -> None:
    each_page_is_its_own_readers(server.url)


@pytest.mark.skipif(not IS_SCALED, reason="scaled mode only: DATABASE_URL and REDIS_URL")
def test_so_it_is_with_threads_that_share_a_pool_of_connections(db: None, tmp_path: Path, gate: Gate) -> None:
    with hosts(tmp_path, 1, gate) as (host,):
        each_page_is_its_own_readers(host.url)
