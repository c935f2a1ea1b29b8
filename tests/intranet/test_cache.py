"""A dead or hanging Redis: an empty cache to whoever asks it, and nothing to whoever signs in, reads and posts."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from feeds.models import Post
from intranet.lib.cache import away
from profiles.actions import account
from profiles.models import User
from tests import factories
from tests.searching import indexed, search

# Where nothing listens
DEAD = "redis://127.0.0.1:1/0"
As = Callable[[User], Client]


@pytest.fixture(autouse=True)
def dead_redis(settings: Any, _own_ground: None) -> None:
    settings.REDIS_URL = DEAD
    settings.CACHES = {
        **settings.CACHES,
        "default": {"BACKEND": "intranet.lib.cache.ForgivingRedisCache", "LOCATION": DEAD},
    }


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (lambda: cache.get("a"), None),
        (lambda: cache.get("a", 5), 5),
        (lambda: cache.get_or_set("a", lambda: 5), 5),
        (lambda: cache.get_many(["a", "b"]), {}),
        (lambda: cache.has_key("a"), False),
        (lambda: "a" in cache, False),
        (lambda: cache.add("a", 1), True),
        (lambda: cache.set("a", 1, 10), None),
        (lambda: cache.set_many({"a": 1, "b": 2}), ["a", "b"]),
        (lambda: cache.touch("a"), False),
        (lambda: cache.incr("a"), 1),
        (lambda: cache.delete("a"), False),
        (lambda: cache.delete_many(["a"]), None),
        (lambda: cache.clear(), None),
        (lambda: cache.close(), None),
    ],
)
def test_every_question_is_answered_as_by_an_empty_cache(asked: Callable[[], object], answer: object) -> None:
    assert asked() == answer


async def _asked() -> list[object]:
    return [await cache.aget("a", 5), await cache.aset("a", 1), await cache.aadd("a", 1), await cache.ahas_key("a")]


def test_so_is_one_that_awaits() -> None:
    assert asyncio.run(_asked()) == [5, None, True, False]


def test_a_mistake_of_the_caller_is_still_one() -> None:
    with pytest.raises(TypeError):
        cache.get()  # type: ignore[call-arg]


class Hanging:
    """A Redis that is paused: it is connected to, and answers nothing."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._listening.setblocking(False)
        self._taken: list[socket.socket] = []
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"

    def asked(self) -> int:
        """How often it was connected to so far: whoever got no answer closes the connection."""
        with suppress(BlockingIOError):
            while True:
                self._taken.append(self._listening.accept()[0])
        return len(self._taken)

    def close(self) -> None:
        for line in (self._listening, *self._taken):
            line.close()


@pytest.fixture
def hanging(settings: Any) -> Iterator[Hanging]:
    made = Hanging()
    options = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}
    kept = {"BACKEND": "intranet.lib.cache.ForgivingRedisCache", "LOCATION": made.url, "OPTIONS": options}
    settings.CACHES = {**settings.CACHES, "default": kept}
    yield made
    made.close()


def test_one_that_hangs_is_asked_once_and_then_left_alone_for_a_while(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(away(hanging.url), "seconds", 3600.0)
    assert cache.get("a", 5) == 5
    asked = hanging.asked()
    assert asked > 0
    cache.set("a", 1)
    assert [cache.get("a", 5), cache.get_many(["a"]), cache.add("a", 1)] == [5, {}, True]
    # Another thread has a cache of its own, and knows
    others: list[Any] = []
    thread = threading.Thread(target=lambda: others.append(cache.get("a", 6)))
    thread.start()
    thread.join()
    assert others == [6]
    assert hanging.asked() == asked


def test_after_that_while_it_is_asked_again(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away(hanging.url), "seconds", 0.0)
    cache.get("a")
    asked = hanging.asked()
    cache.get("a")
    assert hanging.asked() > asked


@pytest.mark.django_db
def test_people_sign_in_read_post_search_and_sign_out(alice: User, as_: As, bob: User) -> None:
    bob.set_password(factories.PASSWORD)
    bob.save()
    account.vouch_for_address(user=bob)
    indexed()
    client = Client()
    answer = client.post("/sign-in/", {"login": bob.email, "password": factories.PASSWORD})
    assert answer.status_code == 302, answer.content
    home = client.get("/")
    assert home.status_code == 200
    audience = factories.everyone().pk
    sent = {
        "body": "A zebra",
        "audience": audience,
        "kind": "update",
        "marking": "official",
        "idempotency_key": uuid4(),
    }
    assert client.post("/posts/", sent).status_code == 303
    post = Post.objects.get()
    assert f'id="post-{post.pk}"' in as_(alice).get("/?stream=everyone").content.decode()
    comment = {"body": "Where?", "idempotency_key": uuid4()}
    assert as_(alice).post(f"/posts/{post.pk}/comments/", comment).status_code == 303
    assert client.post(f"/posts/{post.pk}/react/", {"kind": "thanks"}).status_code == 303
    indexed()
    assert search(client, "zebra").has(post)
    for address in ("/people/", "/departments/", "/communities/", "/topics/", "/knowledge/", "/notifications/"):
        assert client.get(address).status_code == 200, address
    assert client.get("/live/?stream=everyone&after=0").status_code == 200
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_a_session_that_ended_is_not_let_in_again_by_a_cache(as_: As, alice: User) -> None:
    client = as_(alice)
    assert client.get("/").status_code == 200
    kept = client.cookies["sessionid"].value
    client.post("/sign-out/")
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert thief.get("/").status_code == 302


@pytest.mark.django_db
def test_limits_let_everybody_pass(as_: As, alice: User, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "search": "1/m"}
    indexed()
    client = as_(alice)
    assert [client.get("/search/?q=zebra").status_code for _ in range(3)] == [200] * 3
