"""How many people are in something. Counting a whole service takes long: a list may show a number a few minutes old."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db import transaction

from profiles.models import Community, CommunityMembership, Department, Membership

# Seconds for which a number is shown
COUNT_KEPT = 300
BELOW, MEMBERS = "people-below-{}", "members-{}"


def number_of_people(shown: Iterable[Department]) -> dict[int, int]:
    """How many people belong to each department or below it, by its id."""
    return _counted(BELOW, shown, Membership.objects.people_below)


def number_of_members(shown: Iterable[Community]) -> dict[int, int]:
    """How many people belong to each community, by its id. Who joins or leaves counts at once."""
    return _counted(MEMBERS, shown, CommunityMembership.objects.people_in)


def members_changed(community: Community) -> None:
    """Count the members of `community` anew, once this transaction is committed."""
    transaction.on_commit(partial(cache.delete, MEMBERS.format(community.pk)))


def _counted(key: str, shown: Iterable[Any], count: Callable[[list[Any]], dict[int, int]]) -> dict[int, int]:
    rows = {key.format(row.pk): row for row in shown}
    known = cache.get_many(rows)
    if missing := [row for name, row in rows.items() if name not in known]:
        counted = count(missing)
        new = {key.format(row.pk): counted.get(row.pk, 0) for row in missing}
        cache.set_many(new, COUNT_KEPT)
        known.update(new)
    return {row.pk: known[name] for name, row in rows.items()}
