"""Keyset pagination: walking through pages meets every row exactly once, in order, both ways."""

import base64
import datetime as dt
import json
import uuid
from contextlib import suppress

import pytest
from django.db.models import F
from django.db.models.functions import Lower
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intranet.lib.pagination import BadCursor, keyset_page

START = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)

# Few values and many rows, so that ties are the rule
entries = st.lists(
    st.tuples(st.integers(-2, 2), st.sampled_from(["a", "b", "é", "Z z", "'"]), st.integers(0, 3)),
    max_size=40,
)
columns = ["rank", "name", "at", "ref"]
keys = st.lists(st.sampled_from(columns), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in [*names, "pk"]))
)


def write(model, rows):
    model.objects.all().delete()
    model.objects.bulk_create(
        model(rank=rank, name=name, at=START + dt.timedelta(microseconds=tick), ref=uuid.UUID(int=tick))
        for rank, name, tick in rows
    )


def walk(queryset, key, size):
    """All pages from the first to the last, and then back again."""
    forward = [page := keyset_page(queryset, key=key, cursor=None, size=size)]
    while page.next_cursor:
        forward.append(page := keyset_page(queryset, key=key, cursor=page.next_cursor, size=size))
    back = [page]
    while page.previous_cursor:
        back.append(page := keyset_page(queryset, key=key, cursor=page.previous_cursor, size=size))
    return forward, back[::-1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=entries, key=keys, size=st.integers(1, 7))
def test_walking_there_and_back_meets_every_row_once_and_in_order(entry_model, rows, key, size):
    write(entry_model, rows)
    expected = list(entry_model.objects.order_by(*key))
    forward, back = walk(entry_model.objects.all(), key, size)
    assert [row for page in forward for row in page] == expected
    assert [row for page in back for row in page] == expected
    assert forward[0].previous_cursor is None
    assert forward[-1].next_cursor is None
    assert all(len(page) == size for page in forward[:-1])


def test_a_page_is_one_query(entry_model, django_assert_num_queries):
    write(entry_model, [(0, "a", tick) for tick in range(50)])
    with django_assert_num_queries(1):
        page = keyset_page(entry_model.objects.all(), key=("-at", "-pk"), cursor=None)
    with django_assert_num_queries(1):
        second = keyset_page(entry_model.objects.all(), key=("-at", "-pk"), cursor=page.next_cursor)
    assert (len(page), len(second)) == (20, 20)


def test_rows_written_in_between_neither_repeat_nor_hide_others(entry_model):
    write(entry_model, [(rank, "a", 0) for rank in range(6)])
    first = keyset_page(entry_model.objects.all(), key=("-rank", "-pk"), cursor=None, size=3)
    entry_model.objects.create(rank=99, name="new", at=START, ref=uuid.uuid4())
    second = keyset_page(entry_model.objects.all(), key=("-rank", "-pk"), cursor=first.next_cursor, size=3)
    assert [row.rank for row in [*first, *second]] == [5, 4, 3, 2, 1, 0]
    newer = keyset_page(entry_model.objects.all(), key=("-rank", "-pk"), cursor=second.previous_cursor, size=9)
    assert [row.rank for row in newer] == [99, 5, 4, 3]


def test_a_page_whose_rows_have_gone_leads_back_to_those_that_stayed(entry_model):
    write(entry_model, [(rank, "a", 0) for rank in range(5)])
    everything, key = entry_model.objects.all(), ("rank", "pk")
    first = keyset_page(everything, key=key, cursor=None, size=3)
    everything.filter(rank__gt=2).delete()
    empty = keyset_page(everything, key=key, cursor=first.next_cursor, size=3)
    assert (list(empty), empty.next_cursor) == ([], None)
    back = keyset_page(everything, key=key, cursor=empty.previous_cursor, size=3)
    assert [row.rank for row in back] == [0, 1, 2]


def test_annotations_can_be_keys(entry_model):
    write(entry_model, [(rank, name, 0) for rank in range(4) for name in "bAcB"])
    queryset = entry_model.objects.annotate(score=F("rank") * 2, folded=Lower("name"))
    key = ("-score", "folded", "pk")
    forward, back = walk(queryset, key, 3)
    expected = list(queryset.order_by(*key))
    assert [row for page in forward for row in page] == expected == [row for page in back for row in page]


@pytest.mark.parametrize("key", [("rank",), ("-at", "-rank"), ("nothing", "pk")])
def test_a_key_that_could_lose_rows_is_a_programming_error(entry_model, key):
    with pytest.raises(ValueError):
        keyset_page(entry_model.objects.all(), key=key, cursor=None)


def forge(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


MOMENT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "\0",
        "%%%",
        "A" * 5_000,
        base64.urlsafe_b64encode(b"[" * 2_000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        forge(),
        forge(False, False),
        forge(False, False, MOMENT),
        forge(0, 0, MOMENT, 1),
        forge(False, False, MOMENT, 1, 1),
        forge(False, False, MOMENT, None),
        forge(False, False, MOMENT, True),
        forge(False, False, MOMENT, 2**70),
        forge(False, False, MOMENT, "1 OR 1=1"),
        forge(False, False, MOMENT, float("nan")),
        forge(False, False, MOMENT, float("inf")),
        forge(False, False, MOMENT, {"a": 1}),
        forge(False, False, "yesterday", 1),
        forge(False, False, "2026-01-01", 1),
        forge(False, False, "2026-01-01T00:00:00", 1),
        forge(False, False, "2026-02-30T00:00:00+00:00", 1),
        forge(False, False, "0001-01-01T00:00:00+14:00", 1),
        forge(False, False, "9999-12-31T23:59:59-14:00", 1),
        forge(False, False, 5, 1),
    ],
)
def test_a_cursor_that_the_list_never_gave_out_is_refused(entry_model, cursor):
    write(entry_model, [(0, "a", 0)])
    with pytest.raises(BadCursor):
        list(keyset_page(entry_model.objects.all(), key=("-at", "-pk"), cursor=cursor))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=keys,
    cursor=st.text(max_size=40)
    | st.builds(
        lambda flags, values: forge(*flags, *values),
        st.tuples(st.booleans(), st.booleans()),
        st.lists(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(MOMENT)
            | st.datetimes(timezones=st.timezones()).map(str) | st.uuids().map(str),
            max_size=5,
        ),
    ),
)  # fmt: skip
def test_no_cursor_does_worse_than_being_refused(entry_model, key, cursor):
    with suppress(BadCursor):
        list(keyset_page(entry_model.objects.all(), key=key, cursor=cursor))


@pytest.mark.parametrize("name", ["\0", "a\0b", "\ud800", ["a"]])
def test_text_that_no_database_holds_is_refused(entry_model, name):
    write(entry_model, [(0, "a", 0)])
    with pytest.raises(BadCursor):
        list(keyset_page(entry_model.objects.all(), key=("name", "pk"), cursor=forge(False, False, name, 1)))
