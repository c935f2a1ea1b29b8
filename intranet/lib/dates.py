"""Months as the calendar counts them."""

import calendar
import datetime as dt


def add_months(on: dt.date, months: int) -> dt.date:
    """The same day `months` later (earlier when negative), or the last day of a month that is too short.

    Raises OverflowError outside the years 1 to 9999.
    """
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise OverflowError("The date is outside the calendar")
    return dt.date(year, month + 1, min(on.day, calendar.monthrange(year, month + 1)[1]))
