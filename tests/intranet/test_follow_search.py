"""The worker that keeps a host's search index in step: real processes over the test's own database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import override_settings

from feeds.actions import posts
from intranet.lib.search import ENGINES, engine
from intranet.lib.search.protocol import Document, Query, SearchUnavailable
from intranet.lib.search.registry import all_documents
from profiles import indexing
from profiles.management.commands import follow_search
from profiles.models import SearchChange, User
from tests import factories
from tests.searching import index_files, lose_index

pytestmark = pytest.mark.django_db(transaction=True)
# Seconds within which what was written is found: the promise, and what a test waits otherwise
PROMISED = 1.0
PATIENCE = 40.0
Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture(params=sorted(ENGINES))
def start(request: Any, settings: Any, tmp_path: Path) -> Iterator[Start]:
    """Starts the worker; what it was started for is over when the test is."""
    settings.SEARCH_ENGINE = request.param
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        address = f"sqlite:///{database['NAME']}"
    else:
        address = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
        address += f"/{database['NAME']}"
    chosen = {"DATABASE_URL": address, "SEARCH_ENGINE": request.param, "SEARCH_DIR": str(settings.SEARCH_DIR)}
    running: list[subprocess.Popen[str]] = []

    def run() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "follow_search"],
            cwd=configured.BASE_DIR,
            env={**os.environ, **chosen, "DATA_DIR": str(tmp_path / "data")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def followed(text: str, expected: set[int], within: float = PATIENCE) -> None:
    """Wait until a search for `text` finds just these posts, from an index that holds every change.

    AssertionError where it does not `within` so many seconds.
    """
    query, until = Query(text, frozenset([factories.everyone().pk])), time.monotonic() + within
    found: object = None
    while time.monotonic() < until:
        try:
            found = {hit.id for hit in engine().search(query).hits}
            if found == expected and not indexing.lag().changes:
                return
        except SearchUnavailable as error:
            found = error
        time.sleep(0.05)
    raise AssertionError(f"{text}: {found}, not {expected}")


def followed_in_time(text: str, expected: set[int]) -> bool:
    """Whether these posts are found within the promise; waits for those that are not."""
    try:
        followed(text, expected, PROMISED)
    except AssertionError:
        followed(text, expected)
        return False
    return True


def test_what_is_written_is_found_within_a_second(alice: User, start: Start) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    start()
    followed("zebra", {post.pk})
    found = []
    for number in range(5):
        posts.edit(post=post, body=f"A pelican{number} crossing", by=alice)
        found.append(followed_in_time(f"pelican{number}", {post.pk}))
    # One of five may meet a machine that does something else
    assert found.count(True) >= 4


def test_it_builds_a_missing_index_follows_what_is_written_and_stops_when_told(alice: User, start: Start) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    worker = start()
    followed("zebra", {post.pk})
    posts.edit(post=post, body="A pelican crossing", by=alice)
    followed("pelican", {post.pk})
    second = start()
    _, complaint = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1 and "Another process follows" in complaint
    lose_index()
    followed("pelican", {post.pk})
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert not [path for path in index_files() if path.parent.name.startswith(("held", "work", "build"))]


def test_one_killed_while_it_writes_is_succeeded_by_the_next(alice: User, start: Start) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    for number in range(3):
        worker = start()
        followed("crossing", {post.pk})
        for turn in range(20):
            posts.edit(post=post, body=f"A zebra{number}x{turn} crossing", by=alice)
        time.sleep(0.05 * number)
        worker.kill()
        worker.wait()
        assert engine().applied() <= SearchChange.objects.count()
        assert engine().search(Query("crossing", frozenset([factories.everyone().pk]))).total == 1
    start()
    followed("zebra2x19", {post.pk})


def test_an_index_with_many_deleted_documents_is_built_anew(alice: User) -> None:
    for name in ENGINES:
        with override_settings(SEARCH_ENGINE=name):
            post = factories.post(author=alice, body="A zebra crossing")
            indexing.catch_up()
            assert not indexing.purge()
            posts.edit(post=post, body="A pelican crossing", by=alice)
            indexing.rebuild()
            assert engine().status()["deleted"] == 0


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_what_is_written_while_the_index_is_built_anew_is_found_meanwhile_and_afterwards(
    alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings.SEARCH_ENGINE = name
    post = factories.post(author=alice, body="A zebra crossing")
    indexing.catch_up()
    has_read, may_end, stop = threading.Event(), threading.Event(), threading.Event()

    def documents() -> Iterator[Document]:
        yield from all_documents()
        has_read.set()
        assert may_end.wait(PATIENCE)

    monkeypatch.setattr(indexing, "all_documents", documents)
    # Whenever there is nothing else to do, however few were deleted
    monkeypatch.setattr(indexing, "MOST_DELETED", -1)
    monkeypatch.setattr(follow_search, "TIDY_EVERY", -1)

    def follow() -> None:
        with engine().following():
            follow_search._follow(threading.Event(), stop).join()
        connection.close()

    following = threading.Thread(target=follow)
    following.start()
    try:
        assert has_read.wait(PATIENCE)
        posts.edit(post=post, body="A pelican crossing", by=alice)
        followed("pelican", {post.pk})
        has_read.clear()
        may_end.set()
        # It builds once more: what it built first is in force
        assert has_read.wait(PATIENCE)
        followed("pelican", {post.pk})
        followed("zebra", set())
    finally:
        may_end.set()
        stop.set()
        following.join(PATIENCE)
    assert not following.is_alive()
