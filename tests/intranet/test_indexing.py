"""The index follows the numbered changes: all of them, whoever works at it, whatever happens meanwhile."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from feeds.actions import comments, posts
from intranet.lib.search import _open, engine, registry
from intranet.lib.search.protocol import Document, Query, Removal, SearchUnavailable
from profiles import indexing
from profiles.actions import departments, memberships, people, topics
from profiles.actions import search as changes
from profiles.models import Department, SearchChange, User
from tests import factories
from tests.searching import index_files, indexed, lose_index, queued, work

pytestmark = pytest.mark.django_db


def found(text: str) -> set[tuple[str, int]]:
    """What everybody finds."""
    results = engine().search(Query(text, frozenset([factories.everyone().pk]), limit=100))
    assert results.total == len(results.hits)
    return {(hit.kind, hit.id) for hit in results.hits}


def filed_under(department: Department) -> set[tuple[str, int]]:
    """What everybody finds in a department."""
    query = Query("zebra", frozenset([factories.everyone().pk]), departments=frozenset([department.pk]), limit=100)
    return {(hit.kind, hit.id) for hit in engine().search(query).hits}


def test_it_follows_every_change_and_then_says_where_it_is(alice: User) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    assert indexing.catch_up() == engine().applied() == SearchChange.objects.count()
    assert found("zebra") == {("post", post.pk)}
    posts.edit(post=post, body="A pelican crossing", by=alice)
    assert found("zebra") == {("post", post.pk)}, "nobody has worked yet"
    assert indexing.catch_up() == engine().applied() == SearchChange.objects.count()
    assert (found("zebra"), found("pelican")) == (set(), {("post", post.pk)})
    posts.hide(post=post, by=alice)
    indexing.catch_up()
    assert found("pelican") == set()
    assert indexing.pending().changed == {}


def test_more_changes_than_one_batch_are_followed(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed()
    monkeypatch.setattr(indexing, "BATCH", 3)
    made = {("post", factories.post(author=alice, body=f"Zebra {number}").pk) for number in range(10)}
    indexed()
    assert found("zebra") == made


def test_a_task_is_written_with_the_change_and_brings_the_index_up_to_date(alice: User) -> None:
    work()
    post = factories.post(author=alice, body="A zebra crossing")
    assert queued() == 1
    assert work() == 1
    assert found("zebra") == {("post", post.pk)}


def test_many_changes_together_take_one_task(alice: User) -> None:
    work()
    with changes.together():
        made = {("post", factories.post(author=alice, body="A zebra").pk) for _ in range(5)}
        with changes.together():
            made |= {("post", factories.post(author=alice, body="A zebra").pk)}
    assert queued() == 1
    work()
    assert found("zebra") == made
    factories.post(author=alice)
    assert queued() == 1, "alone again, a change has its own"


def test_changes_that_are_undone_take_no_task(alice: User) -> None:
    work()
    with pytest.raises(RuntimeError), changes.together():
        factories.post(author=alice, body="A zebra")
        raise RuntimeError
    assert queued() == 0


def test_a_change_of_an_unknown_kind_is_told_and_left_out(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    indexed()
    SearchChange.objects.create(kind="unicorn", object_id=1)
    post = factories.post(author=alice, body="A zebra crossing")
    assert "unicorn" not in indexing.pending().changed
    with caplog.at_level(logging.ERROR):
        indexed()
    assert "'unicorn'" in caplog.text
    assert found("zebra") == {("post", post.pk)}
    assert engine().applied() == SearchChange.objects.count()


def test_a_lost_index_is_built_anew_by_whoever_works_next(alice: User) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    indexed()
    lose_index()
    with pytest.raises(SearchUnavailable):
        indexing.pending()
    work()
    assert found("zebra") == {("post", post.pk)}


def test_an_index_of_another_version_is_built_anew(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    with monkeypatch.context() as patched:
        patched.setattr("intranet.lib.search.store.LAYOUT", -1)
        indexed()
    # As a process that starts
    _open.cache_clear()
    with pytest.raises(SearchUnavailable, match="another version"):
        engine().applied()
    indexed()
    assert found("zebra") == {("post", post.pk)}


def test_rebuild_search_says_what_the_index_holds(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    factories.post(author=alice, body="A zebra crossing")
    call_command("rebuild_search")
    documents = engine().status()["documents"]
    said = capsys.readouterr().out
    assert said == f"{documents:,} documents are in the index, up to change {SearchChange.objects.count():,}.\n"
    assert len(index_files()) > 0


# While others write


def while_documents_are_read(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let `happens` happen once, after the first posts of a rebuild were read and before the last."""
    known = registry.registered()["post"]
    happened = []

    def documents(ids: Any) -> Iterator[Document]:
        for document in known.documents(ids):
            yield document
            if ids is None and not happened:
                happened.append(True)
                happens()

    monkeypatch.setitem(registry._by_kind, "post", dataclasses.replace(known, documents=documents))


def test_a_rebuild_misses_nothing_written_while_it_reads(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (factories.post(author=alice, body=f"Zebra {n}") for n in ("one", "two", "three"))
    indexed()
    new: list[Any] = []

    def others_write() -> None:
        posts.edit(post=first, body="Pelican one", by=alice)
        posts.hide(post=third, by=alice)
        new.append(factories.post(author=alice, body="Zebra four"))
        # And a worker brings the index that is still in use up to date with it
        indexed()

    while_documents_are_read(monkeypatch, others_write)
    assert indexing.rebuild() == SearchChange.objects.count()
    assert found("zebra") == {("post", second.pk), ("post", new[0].pk)}
    assert found("pelican") == {("post", first.pk)}


def test_a_rebuild_that_dies_after_the_switch_is_completed_by_the_next_worker(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = factories.post(author=alice, body="Zebra one")
    factories.post(author=alice, body="Giraffe")
    indexed()

    def others_write() -> None:
        posts.edit(post=first, body="Pelican one", by=alice)
        indexed()

    while_documents_are_read(monkeypatch, others_write)
    follow = indexing._follow
    with monkeypatch.context() as patched:
        patched.setattr(indexing, "_follow", lambda: 1 / 0)
        patched.setattr(indexing, "catch_up", follow)
        with pytest.raises(ZeroDivisionError):
            indexing.rebuild()
    assert indexing.pending().changed, "the new index knows that it is behind"
    indexed()
    assert (found("zebra"), found("pelican")) == (set(), {("post", first.pk)})


def test_a_worker_that_was_overtaken_by_a_rebuild_skips_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = factories.post(author=alice, body="Zebra one")
    indexed()
    behind = engine().applied()
    posts.edit(post=first, body="Pelican one", by=alice)
    indexed()
    old = Document("post", first.pk, "Zebra one", "", first.created_at, audiences=frozenset([first.audience_id]))
    last = factories.post(author=alice, body="Zebra two")
    real_rows_after, overtaken = indexing.rows_after, []

    def rows_after(*args: Any) -> Any:
        rows = real_rows_after(*args)
        if not overtaken:
            overtaken.append(True)
            # A rebuild that began before the edit switches now
            engine().rebuild([old], upto=behind)
        return rows

    monkeypatch.setattr(indexing, "rows_after", rows_after)
    indexed()
    assert engine().applied() == SearchChange.objects.count()
    assert (found("pelican"), found("zebra")) == ({("post", first.pk)}, {("post", last.pk)})


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_put_old_words_over_new(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    post = factories.post(author=alice, body="Zebra")
    indexed()
    posts.edit(post=post, body="Pelican", by=alice)
    known, slow, gone_on = registry.registered()["post"], threading.Event(), threading.Event()

    def documents(ids: Any) -> Iterator[Document]:
        read = list(known.documents(ids))
        if threading.current_thread().name == "slow":
            # It has read, and does not come to write before another worker might
            slow.set()
            gone_on.wait(1)
        yield from read

    def work_slowly() -> None:
        try:
            indexing.catch_up()
        finally:
            connection.close()

    monkeypatch.setitem(registry._by_kind, "post", dataclasses.replace(known, documents=documents))
    worker = threading.Thread(target=work_slowly, name="slow")
    worker.start()
    assert slow.wait(30)
    posts.edit(post=post, body="Heron", by=alice)
    other = threading.Thread(target=work_slowly, name="quick")
    other.start()
    other.join(0.2)
    gone_on.set()
    worker.join(30)
    other.join(30)
    assert engine().applied() == SearchChange.objects.count()
    assert (found("heron"), found("pelican")) == ({("post", post.pk)}, set())


@pytest.mark.django_db(transaction=True)
def test_many_workers_and_writers_end_up_with_everything(alice: User) -> None:
    indexed()
    errors: list[BaseException] = []

    def run(what: Callable[[], object]) -> None:
        try:
            for _ in range(4):
                what()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    jobs = [
        indexing.catch_up,
        indexing.catch_up,
        indexing.rebuild,
        lambda: factories.post(author=alice, body="A zebra"),
        lambda: factories.post(author=alice, body="A zebra"),
    ]
    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    indexed()
    assert len(found("zebra")) == 8
    assert indexing.pending().changed == {}


# What stands in other documents too


def test_a_new_name_of_a_department_reaches_its_people(alice: User, charlie: User, treasury: Department) -> None:
    indexed()
    departments.rename(department=treasury, name="Exchequer", by=None)
    indexed()
    assert found("exchequer") == {("department", treasury.pk), ("user", alice.pk)}
    assert found("treasury") == {("department", treasury.pk)}, "under its former name"


def test_what_belongs_to_a_department_moves_with_it(alice: User, treasury: Department, health: Department) -> None:
    team = factories.department("Zebra team", parent=treasury)
    zoe = factories.user("Zoe Zebra", department=team)
    post = factories.post(author=zoe, body="Zebra news")
    article = factories.article(author=zoe, title="Zebra care", department=team)
    filed = {("department", team.pk), ("user", zoe.pk), ("post", post.pk), ("article", article.pk)}
    indexed()
    assert (filed_under(treasury), filed_under(health)) == (filed, set())
    departments.move(department=team, parents=[health], by=None)
    indexed()
    assert (filed_under(treasury), filed_under(health)) == (set(), filed)


def test_a_former_name_of_a_person_is_nowhere_once_they_have_another(alice: User) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    indexed()
    assert found("archer") == {("user", alice.pk), ("post", post.pk)}
    people.edit(person=alice, values={"name": "Alice Bowman"}, expertise=[], version=alice.updated_at, by=alice)
    indexed()
    assert found("archer") == set()
    assert found("bowman") == {("user", alice.pk), ("post", post.pk)}


def test_an_alias_finds_what_carries_its_topic_from_the_moment_it_is_added(alice: User, cora: User) -> None:
    topic = factories.topic("Freedom of information")
    article = factories.article(author=alice, title="Answering requests", topics=["Freedom of information"])
    community = factories.community("Practitioners", owner=alice)
    community.topics.add(topic)
    people.edit(person=alice, values={}, expertise=[topic.name], version=alice.updated_at, by=alice)
    indexed()
    assert found("FOI") == set()
    alias = topics.add_alias(topic=topic, name="FOI", by=cora)
    indexed()
    carrying = {("article", article.pk), ("community", community.pk), ("user", alice.pk)}
    assert found("foi") == {("topic", topic.pk), *carrying}
    topics.remove_alias(alias=alias, by=cora)
    indexed()
    assert found("foi") == set()


def test_a_person_is_found_where_they_work_now(alice: User, treasury: Department, health: Department) -> None:
    indexed()
    assert ("user", alice.pk) in found("treasury")
    memberships.leave(membership=alice.current_memberships().get(), by=None)
    memberships.join(user=alice, department=health, by=None)
    indexed()
    assert ("user", alice.pk) not in found("treasury")
    assert ("user", alice.pk) in found("health")


def test_what_a_comment_said_is_gone_with_it(alice: User) -> None:
    post = factories.post(author=alice, body="A crossing")
    comment = factories.comment(post=post, author=alice, body="With zebras")
    indexed()
    assert found("zebra") == {("post", post.pk)}
    comments.hide(comment=comment, by=alice)
    indexed()
    assert found("zebra") == set()


def test_nothing_is_removed_that_was_never_there() -> None:
    indexed()
    SearchChange.objects.create(kind="post", object_id=10**9)
    indexed()
    assert list(indexing._changes(list(SearchChange.objects.filter(object_id=10**9)))) == [Removal("post", 10**9)]
