"""The live socket, from outside: when the server closes it."""

from __future__ import annotations

import json
import socket as network
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed

from bench import fleet
from feeds.models import LiveEvent
from intranet.lib.numbered import number_rows
from profiles.actions import communities, memberships
from profiles.models import Audience, CommunityKind, Department, Membership, User
from tests import factories
from tests.e2e.conftest import Server, sign_in_cookie
from tests.e2e.live_socket import LiveSocket, in_time, kinds, refused

BAD_FRAME, RIGHTS_CHANGED, TOO_MANY, TOO_BIG, FLOOD = 4400, 4403, 4409, 4413, 4429
OpenSocket = Callable[..., LiveSocket]


GARBAGE = [
    "",
    "no json",
    "[" * 16_000,
    "7",
    "null",
    "{}",
    b"\x00\xff",
    {"type": "shout"},
    {"type": "hello"},
    {"type": "hello", "stream": "nobody", "after": 0},
    {"type": "hello", "stream": "post/0", "after": 0},
    {"type": "hello", "stream": ["everyone"], "after": 0},
    {"type": "hello", "stream": "everyone", "after": -1},
    {"type": "hello", "stream": "everyone", "after": "0"},
    {"type": "hello", "stream": "everyone", "after": 1.5},
    '{"type": "hello", "stream": "everyone", "after": ' + "9" * 5000 + "}",
]


@pytest.mark.parametrize("frame", GARBAGE, ids=[str(frame)[:60] for frame in map(repr, GARBAGE)])
def test_garbage_closes_the_socket(open_socket: OpenSocket, alice: User, frame: Any) -> None:
    opened = open_socket(alice)
    opened.say(frame)
    assert opened.closed_with() == BAD_FRAME


def test_a_second_hello_closes_the_socket(open_socket: OpenSocket, alice: User) -> None:
    opened = open_socket(alice, "everyone")
    opened.say({"type": "hello", "stream": "following", "after": 0})
    assert opened.closed_with() == BAD_FRAME


def padded_ping(size: int) -> str:
    ping = json.dumps({"type": "ping"})
    return ping + " " * (size - len(ping))


def test_a_frame_over_16_kib_closes_the_socket(open_socket: OpenSocket, alice: User) -> None:
    opened = open_socket(alice, "everyone")
    opened.say(padded_ping(16 * 1024))
    assert opened.hear()["type"] == "pong"
    opened.say(padded_ping(16 * 1024 + 1))
    assert opened.closed_with() == TOO_BIG


def test_a_flood_of_frames_closes_the_socket(open_socket: OpenSocket, alice: User, bob: User) -> None:
    flooding, other = open_socket(alice, "everyone"), open_socket(bob, "everyone")
    for _ in range(31):
        flooding.say({"type": "ping"})
    assert flooding.closed_with() == FLOOD
    assert other.told() == []


def test_losing_a_right_closes_the_sockets_of_that_person_alone(
    open_socket: OpenSocket, alice: User, bob: User, treasury: Department
) -> None:
    suspended, removed, stays = open_socket(alice, "everyone"), open_socket(bob, "department"), None
    charlie = factories.user("Charlie Cole")
    stays = open_socket(charlie, "everyone")
    silent = open_socket(alice)
    memberships.suspend(user=alice, by=None)
    assert suspended.closed_with() == RIGHTS_CHANGED
    assert silent.closed_with() == RIGHTS_CHANGED
    memberships.leave(membership=Membership.objects.current().get(user=bob), by=None)
    assert removed.closed_with() == RIGHTS_CHANGED
    inside = factories.post(author=charlie, audience=Audience.objects.everyone())
    assert kinds([stays.hear()]) == [("post-created", inside.pk)]


def test_a_lost_right_closes_within_a_second(open_socket: OpenSocket, treasury: Department) -> None:
    closed = []
    for _ in range(5):
        leaver = factories.user(department=treasury)
        listening = open_socket(leaver, "department")
        memberships.suspend(user=leaver, by=None)
        closed.append(in_time(listening.closed_with))
    # One of five may meet a machine that does something else
    assert closed.count(True) >= 4


def test_who_left_a_department_comes_back_without_its_news(
    open_socket: OpenSocket, alice: User, bob: User, treasury: Department
) -> None:
    cookie = sign_in_cookie(bob)
    listening = open_socket(bob, "everyone", cookie=cookie)
    memberships.leave(membership=Membership.objects.current().get(user=bob), by=None)
    assert listening.closed_with() == RIGHTS_CHANGED
    factories.post(author=alice, audience=treasury.audience)
    back = open_socket(bob, "everyone", listening.at, cookie=cookie)
    factories.post(author=alice, audience=treasury.audience)
    assert back.caught_up + back.told() == []


def test_leaving_a_community_ends_its_news(open_socket: OpenSocket, alice: User, bob: User) -> None:
    group = factories.community("Secret", owner=alice, kind=CommunityKind.HIDDEN, members=(bob,))
    listening = open_socket(bob, f"community/{group.pk}")
    communities.remove(community=group, user=bob, by=bob)
    assert listening.closed_with() == RIGHTS_CHANGED


def test_signing_out_closes_the_sockets(open_socket: OpenSocket, server: Server, alice: User) -> None:
    client = Client()
    client.force_login(alice)
    cookie = str(client.session.session_key)
    listening = open_socket(alice, "everyone", cookie=cookie)
    client.post("/sign-out/")
    assert listening.closed_with() == RIGHTS_CHANGED
    assert refused(server, cookie) == 403


def test_a_new_password_closes_the_sockets_and_ends_other_sessions(
    open_socket: OpenSocket, server: Server, alice: User
) -> None:
    alice.set_password(factories.PASSWORD)
    alice.save()
    other = sign_in_cookie(alice)
    listening = open_socket(alice, "everyone", cookie=other)
    client = Client()
    client.force_login(alice)
    fresh = "quite another pass phrase"
    answer = client.post("/password/", {"oldpassword": factories.PASSWORD, "password1": fresh})
    assert answer.status_code in (302, 303), answer.content.decode()
    assert listening.closed_with() == RIGHTS_CHANGED
    assert refused(server, other) == 403
    LiveSocket(server.url, str(client.session.session_key)).close()


# Slow and too many


def raw_hello(server: Server, cookie: str) -> network.socket:
    """A page that says hello and then reads nothing, with next to no buffer of its own."""
    opened = network.socket()
    opened.setsockopt(network.SOL_SOCKET, network.SO_RCVBUF, 4096)
    host, port = server.host.split(":")
    opened.connect((host, int(port)))
    opened.sendall(fleet.handshake(int(port), cookie))
    heard = b""
    while not heard.endswith(b"\r\n\r\n"):
        heard += opened.recv(1)
    assert b" 101 " in heard
    hello = {"type": "hello", "stream": "everyone", "after": number_rows(LiveEvent)}
    opened.sendall(fleet.frame(fleet.TEXT, json.dumps(hello).encode()))
    return opened


def test_pages_that_do_not_read_are_let_go_and_hold_up_nobody(
    open_socket: OpenSocket, server: Server, alice: User, bob: User
) -> None:
    slow = [raw_hello(server, sign_in_cookie(bob)) for _ in range(5)]
    sound = open_socket(bob, "everyone")
    words = "More words than a page that does not read can hold. " * 150
    for _ in range(60):
        sent = factories.post(author=alice, body=words)
        assert kinds([sound.hear()]) == [("post-created", sent.pk)]
    waiting = list(slow)
    deadline = time.monotonic() + 30
    while waiting and time.monotonic() < deadline:
        time.sleep(0.2)
        waiting = [opened for opened in waiting if fleet.state_of(opened) == fleet.ESTABLISHED]
    for opened in slow:
        opened.close()
    assert waiting == []
    assert sound.told(0) == []


def test_a_person_has_so_many_sockets_and_no_more(open_socket: OpenSocket, alice: User, bob: User) -> None:
    cookie = sign_in_cookie(alice)
    opened = [open_socket(alice, cookie=cookie) for _ in range(20)]
    assert open_socket(alice, cookie=cookie).closed_with() == TOO_MANY
    assert open_socket(bob, "everyone").told(0) == []
    opened[0].close()
    until_gone = time.monotonic() + 10
    while time.monotonic() < until_gone:
        try:
            open_socket(alice, "everyone", cookie=cookie)
        except ConnectionClosed:
            continue
        break
    else:
        pytest.fail("The place of a socket that was closed stays taken")
