"""The worker that keeps a host's search index in step: real processes over the test's own database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
from intranet.lib.search.protocol import Query, SearchUnavailable
from profiles import indexing
from profiles.models import SearchChange, User
from tests import factories
from tests.searching import index_files, lose_index

pytestmark = pytest.mark.django_db(transaction=True)
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


def followed(text: str, expected: set[int]) -> None:
    """Wait until a search for `text` finds just these posts, from an index that holds every change."""
    query, until = Query(text, frozenset([factories.everyone().pk])), time.monotonic() + 40
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


def test_it_builds_a_missing_index_follows_what_is_written_and_stops_when_told(alice: User, start: Start) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    worker = start()
    followed("zebra", {post.pk})
    posts.edit(post=post, body="A pelican crossing", by=alice)
    followed("pelican", {post.pk})
    second = start()
    _, complaint = second.communicate(timeout=40)
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
