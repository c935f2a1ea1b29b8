"""Dates as people say them, and months as the calendar counts them."""

import calendar
import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR = 60, 3_600


def time_ago(at: dt.datetime, now: dt.datetime) -> str:
    """How long ago `at` was, as a reader at `now` would say it; both are aware times.

    Under a day of the clock it counts, then it says "yesterday", then it gives the date of the reader's time
    zone. A moment in the future, which a clock that is a little wrong can produce, is "just now" or its date.
    """
    seconds = (now - at).total_seconds()
    on, today = timezone.localdate(at), timezone.localdate(now)
    if seconds < 0:
        return _("just now") if seconds > -HOUR else _date(on)
    if seconds < MINUTE:
        return _("just now")
    if seconds < HOUR:
        minutes = int(seconds // MINUTE)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    if on == today:
        hours = int(seconds // HOUR)
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    if today - on == dt.timedelta(days=1):
        return _("yesterday")
    return _date(on)


def add_months(on: dt.date, months: int) -> dt.date:
    """The same day `months` later (earlier when negative), or the last day of a month that is too short.

    Raises OverflowError outside the years 1 to 9999.
    """
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise OverflowError("The date is outside the calendar")
    return dt.date(year, month + 1, min(on.day, calendar.monthrange(year, month + 1)[1]))


def _date(on: dt.date) -> str:
    return date_format(on, "j F Y")
