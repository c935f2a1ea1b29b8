"""Dates as people say them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intranet.lib.dates import add_months, time_ago

NOW = dt.datetime(2026, 3, 3, 15, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _london(settings):
    settings.TIME_ZONE = "Europe/London"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (dt.timedelta(seconds=-20), "just now"),
        (dt.timedelta(seconds=59), "just now"),
        (dt.timedelta(seconds=60), "1 minute ago"),
        (dt.timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (dt.timedelta(hours=1), "1 hour ago"),
        (dt.timedelta(hours=15), "15 hours ago"),
        (dt.timedelta(hours=16), "yesterday"),
        (dt.timedelta(hours=39), "yesterday"),
        (dt.timedelta(hours=40), "1 March 2026"),
        (dt.timedelta(days=365), "3 March 2025"),
        (dt.timedelta(days=-2), "5 March 2026"),
    ],
)
def test_it_says_how_long_ago(before, words):
    assert time_ago(NOW - before, NOW) == words


def test_yesterday_begins_at_the_readers_midnight():
    just_after_midnight = dt.datetime(2026, 7, 1, 23, 5, tzinfo=dt.UTC)  # 00:05 on the 2nd in London
    assert time_ago(just_after_midnight - dt.timedelta(minutes=10), just_after_midnight) == "10 minutes ago"
    assert time_ago(just_after_midnight - dt.timedelta(hours=2), just_after_midnight) == "yesterday"


@pytest.mark.parametrize(
    ("on", "months", "result"),
    [
        (dt.date(2026, 1, 31), 1, dt.date(2026, 2, 28)),
        (dt.date(2024, 1, 31), 1, dt.date(2024, 2, 29)),
        (dt.date(2026, 11, 30), 3, dt.date(2027, 2, 28)),
        (dt.date(2026, 3, 31), -1, dt.date(2026, 2, 28)),
        (dt.date(2026, 12, 1), 0, dt.date(2026, 12, 1)),
        (dt.date(2024, 2, 29), 12, dt.date(2025, 2, 28)),
    ],
)
def test_a_month_that_is_too_short_gives_its_last_day(on, months, result):
    assert add_months(on, months) == result


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2200, 1, 1)), st.integers(-1200, 1200))
def test_months_are_counted_by_the_calendar(on, months):
    later = add_months(on, months)
    assert (later.year * 12 + later.month) - (on.year * 12 + on.month) == months
    assert later.day == on.day or (later.day < on.day and (later + dt.timedelta(days=1)).day == 1)


@pytest.mark.parametrize("months", [-30_000, 120_000])
def test_the_calendar_has_ends(months):
    with pytest.raises(OverflowError):
        add_months(dt.date(2026, 1, 1), months)
