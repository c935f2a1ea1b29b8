"""Months as the calendar counts them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intranet.lib.dates import add_months


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
