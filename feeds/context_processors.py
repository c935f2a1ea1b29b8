"""What every page knows of its reader's feed: how many notifications wait."""

from functools import cache
from typing import Any

from django.http import HttpRequest

from feeds.reader import known_unread, unread


def unread_notifications(request: HttpRequest) -> dict[str, Any]:
    """How many notifications the reader has not read, counted only where a template shows it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"unread_notifications": 0}
    known = known_unread(request)
    return {"unread_notifications": cache(lambda: unread(user)) if known is None else known}
