"""The live socket, from outside: who was away gets exactly what was missed, once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import close_old_connections, connection, transaction

from feeds.actions import posts, reactions
from feeds.live import MAX_EVENTS
from feeds.models import LiveEvent, Post
from intranet.lib.numbered import number_rows
from profiles.models import Department, User
from tests import factories
from tests.e2e.live_socket import LiveSocket, kinds

OpenSocket = Callable[..., LiveSocket]


def test_who_comes_back_gets_exactly_what_was_missed(
    open_socket: OpenSocket, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    known = factories.post(author=alice)
    away = open_socket(charlie, "everyone")
    away.close()
    first = factories.post(author=alice)
    factories.post(author=alice, audience=treasury.audience)
    taken_back = factories.post(author=alice)
    second = factories.post(author=bob)
    factories.comment(post=known, author=bob)
    factories.comment(post=known, author=alice)
    posts.hide(post=taken_back, by=alice)
    back = open_socket(charlie, "everyone", away.at)
    assert kinds(back.caught_up) == [
        ("post-created", first.pk),
        ("post-created", second.pk),
        ("post-changed", known.pk),
        ("post-hidden", taken_back.pk),
    ]
    numbers = [event["n"] for event in back.caught_up]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > away.at
    assert back.at == number_rows(LiveEvent) >= numbers[-1]
    assert back.told() == []
    assert open_socket(charlie, "everyone", back.at).caught_up == []


def test_two_comments_on_one_post_are_one_change_in_a_feed_and_two_in_the_thread(
    open_socket: OpenSocket, alice: User, bob: User
) -> None:
    post = factories.post(author=alice)
    before = number_rows(LiveEvent)
    first, second = factories.comment(post=post, author=alice), factories.comment(post=post, author=bob)
    assert kinds(open_socket(bob, "everyone", before).caught_up) == [("post-changed", post.pk)]
    thread = open_socket(bob, f"post/{post.pk}", before).caught_up
    assert [event["comment"] for event in thread] == [first.pk, second.pk]


@pytest.fixture
def elsewhere() -> Iterator[Callable[[Callable[[], Any]], threading.Thread]]:
    """Starts functions in threads with connections of their own; each must have ended well."""
    started: list[threading.Thread] = []
    failures: list[Exception] = []

    def run(function: Callable[[], Any]) -> None:
        try:
            function()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def start(function: Callable[[], Any]) -> threading.Thread:
        thread = threading.Thread(target=run, args=[function])
        thread.start()
        started.append(thread)
        return thread

    yield start
    for thread in started:
        thread.join(30)
    close_old_connections()
    assert failures == []


def test_a_transaction_that_commits_late_is_not_lost(
    open_socket: OpenSocket, elsewhere: Any, alice: User, bob: User
) -> None:
    factories.everyone()
    listening = open_socket(bob, "everyone")
    written, may_commit = threading.Event(), threading.Event()
    late: list[Post] = []

    def slow() -> None:
        with transaction.atomic():
            late.append(factories.post(author=alice, body="Late"))
            written.set()
            assert may_commit.wait(20)

    thread = elsewhere(slow)
    assert written.wait(20)
    # SQLite has one writer at a time: nobody gets in between
    early = factories.post(author=bob, body="Early") if connection.vendor == "postgresql" else None
    assert kinds(listening.told()) == ([("post-created", early.pk)] if early else [])
    may_commit.set()
    thread.join()
    news = listening.hear()
    assert kinds([news]) == [("post-created", late[0].pk)]
    # Also for who was away, having seen the early one
    assert kinds(open_socket(bob, "everyone", news["n"] - 1).caught_up) == [("post-created", late[0].pk)]


def test_a_transaction_that_ends_while_nobody_listens_is_caught_up(
    open_socket: OpenSocket, elsewhere: Any, alice: User, bob: User
) -> None:
    away = open_socket(bob, "everyone")
    away.close()

    def slow() -> None:
        with transaction.atomic():
            factories.post(author=alice)
            time.sleep(0.3)

    elsewhere(slow).join()
    with transaction.atomic():
        factories.post(author=bob)
        transaction.set_rollback(True)
    kept = Post.objects.get()
    assert kinds(open_socket(bob, "everyone", away.at).caught_up) == [("post-created", kept.pk)]


@pytest.mark.parametrize("seed", range(3))
def test_a_client_that_comes_and_goes_hears_everything_once(
    open_socket: OpenSocket, elsewhere: Any, alice: User, bob: User, charlie: User, treasury: Department, seed: int
) -> None:
    everyone = factories.everyone()
    chance = random.Random(seed)
    done: list[threading.Event] = []

    def writer(author: User, number: int) -> None:
        own = random.Random(f"{seed} {number}")
        ended = threading.Event()
        done.append(ended)

        def write() -> None:
            try:
                for _ in range(8):
                    audience = treasury.audience if author == alice and own.random() < 0.4 else everyone
                    with transaction.atomic():
                        factories.post(author=author, audience=audience)
                        time.sleep(own.random() / 50)
                    time.sleep(own.random() / 20)
            finally:
                ended.set()

        elsewhere(write)

    at = number_rows(LiveEvent)
    for number, author in enumerate([alice, bob, alice]):
        writer(author, number)
    heard: list[dict[str, Any]] = []
    is_last = False
    while not is_last:
        is_last = all(ended.is_set() for ended in done)
        coming = open_socket(charlie, "everyone", at)
        heard += coming.caught_up
        at = coming.at
        if is_last:
            heard += coming.told()
        else:
            until = time.monotonic() + chance.random() / 5
            while (left := until - time.monotonic()) > 0:
                try:
                    message = coming.hear(left)
                except TimeoutError:
                    break
                heard.append(message)
                at = message["n"]
        coming.close()
    created = [post for kind, post in kinds(heard) if kind == "post-created"]
    visible = set(Post.objects.visible_to(charlie).values_list("pk", flat=True))
    assert sorted(created) == sorted(visible)
    numbers = [message["n"] for message in heard]
    assert numbers == sorted(set(numbers))


def test_who_missed_too_much_is_asked_to_load_the_page(open_socket: OpenSocket, alice: User, bob: User) -> None:
    for _ in range(MAX_EVENTS + 1):
        post = factories.post(author=alice)
    before = number_rows(LiveEvent) - MAX_EVENTS
    assert len(open_socket(bob, "everyone", before).caught_up) == MAX_EVENTS
    late = open_socket(bob, "everyone", before - 1)
    assert late.caught_up == [{"type": "resync", "at": number_rows(LiveEvent)}]
    reactions.react(post=post, kind="thanks", by=bob)
    assert kinds([late.hear()]) == [("post-changed", post.pk)]


@pytest.mark.parametrize("beyond", [1, 2**70])
def test_a_number_beyond_the_log_asks_to_load_the_page(open_socket: OpenSocket, bob: User, beyond: int) -> None:
    top = number_rows(LiveEvent)
    assert open_socket(bob, "everyone", top + beyond).caught_up == [{"type": "resync", "at": top}]
