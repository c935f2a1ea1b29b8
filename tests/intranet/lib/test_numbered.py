"""Numbered rows: readers who follow numbers see every row once, however late its transaction commits."""

import threading

import pytest
from django.apps import apps
from django.db import connection, models, transaction

from intranet.lib.numbered import NumberedRow, highest, number_rows, prune, rows_after


def read_on(model, seen):
    """What a reader does who has seen `seen` (names by number): read on from the highest."""
    for row in rows_after(model, max(seen, default=0)):
        assert row.number not in seen
        seen[row.number] = row.name
    return seen


def in_thread(work):
    """Run `work` with a database connection of its own."""

    def run():
        try:
            work()
        except BaseException as error:
            thread.error = error
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.error = None
    thread.start()
    return thread


def finish(*threads):
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
        assert thread.error is None, thread.error


def test_it_numbers_rows_in_the_order_they_were_written(event_model):
    event_model.objects.create(name="one")
    event_model.objects.create(name="two")
    assert number_rows(event_model) == 2
    event_model.objects.create(name="three")
    assert [(row.number, row.name) for row in rows_after(event_model, 0)] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]
    assert [row.name for row in rows_after(event_model, 2)] == ["three"]
    assert not rows_after(event_model, 3)


def test_an_empty_table_has_no_numbers(event_model):
    assert number_rows(event_model) == 0
    assert highest(event_model) == 0
    assert not rows_after(event_model, 0)


def test_it_numbers_no_more_than_the_limit_at_a_time(event_model):
    event_model.objects.bulk_create(event_model(name=str(i)) for i in range(7))
    assert number_rows(event_model, limit=3) == 3
    assert number_rows(event_model, limit=3) == 6
    assert number_rows(event_model, limit=3) == 7
    assert [row.name for row in rows_after(event_model, 0, limit=4)] == ["0", "1", "2", "3"]


def test_many_rows_get_consecutive_numbers_in_one_go(event_model):
    event_model.objects.bulk_create(event_model(name=str(i)) for i in range(2500))
    names, number = [], 0
    while page := list(rows_after(event_model, number)):
        assert [row.number for row in page] == list(range(number + 1, number + 1 + len(page)))
        number += len(page)
        names += [row.name for row in page]
    assert names == [str(i) for i in range(2500)]


def test_a_reader_who_is_up_to_date_pays_two_cheap_queries(event_model, django_assert_num_queries):
    event_model.objects.create(name="one")
    number_rows(event_model)
    with django_assert_num_queries(2):
        number_rows(event_model)


def test_an_unread_row_of_a_rolled_back_transaction_leaves_no_gap(event_model):
    with pytest.raises(RuntimeError), transaction.atomic():
        event_model.objects.create(name="never")
        raise RuntimeError
    event_model.objects.create(name="kept")
    assert read_on(event_model, {}) == {1: "kept"}


def test_a_row_written_first_and_committed_last_is_not_missed(event_model):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: no row can commit late")
    written, may_commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            event_model.objects.create(name="written first")
            written.set()
            assert may_commit.wait(10)

    writer = in_thread(slow)
    assert written.wait(10)
    event_model.objects.create(name="committed first")
    seen = read_on(event_model, {})
    assert seen == {1: "committed first"}
    may_commit.set()
    finish(writer)
    assert event_model.objects.get(name="written first").pk < event_model.objects.get(name="committed first").pk
    assert read_on(event_model, seen) == {1: "committed first", 2: "written first"}


def test_readers_who_number_at_once_while_others_write_see_every_row_once(event_model):
    written = [[f"{writer}-{i}" for i in range(25)] for writer in range(3)]
    done = threading.Event()
    readers_saw = [{}, {}]

    def write(names):
        for name in names:
            with transaction.atomic():
                event_model.objects.create(name=name)

    def read(seen):
        while not done.is_set():
            read_on(event_model, seen)
        read_on(event_model, seen)

    readers = [in_thread(lambda seen=seen: read(seen)) for seen in readers_saw]
    writers = [in_thread(lambda names=names: write(names)) for names in written]
    finish(*writers)
    done.set()
    finish(*readers)
    everything = sorted(name for names in written for name in names)
    for seen in readers_saw:
        assert sorted(seen.values()) == everything
        assert sorted(seen) == list(range(1, len(everything) + 1))


def test_pruning_never_lets_numbers_start_again(event_model):
    for name in ("one", "two", "three"):
        event_model.objects.create(name=name)
    number_rows(event_model)
    event_model.objects.create(name="not numbered yet")
    assert prune(event_model.objects.all()) == 2
    assert read_on(event_model, {3: "three"}) == {3: "three", 4: "not numbered yet"}


LOGS = [model for model in apps.get_models() if issubclass(model, NumberedRow)]


@pytest.mark.parametrize("model", LOGS, ids=lambda model: model.__name__)
def test_every_log_of_the_house_is_cheap_to_follow_and_never_loses_its_highest_row(model):
    unnumbered = [index for index in model._meta.indexes if index.condition == models.Q(number__isnull=True)]
    assert len(unnumbered) == 1
    for relation in (field.remote_field for field in model._meta.fields if field.remote_field):
        assert relation.on_delete is not models.CASCADE, relation.field
