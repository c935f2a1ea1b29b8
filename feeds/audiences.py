"""How many people an audience reaches, as the composer shows it."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache, caches

from profiles.audience import readers_of

# Seconds a number may be old: it says how far words will carry, it decides nothing
KEPT = 600
# Seconds of these that each process does not even ask the others
KEPT_HERE = 60


def people_in(audience_ids: Iterable[int]) -> dict[int, int]:
    """The number of people who read each audience, a few minutes old at most."""
    names = {f"audience-people-{pk}": pk for pk in audience_ids}
    counts: dict[str, int] = caches["process"].get_many(names)
    if len(counts) < len(names):
        counts |= cache.get_many(names.keys() - counts.keys())
        missing = {name: readers_of(pk).count() for name, pk in names.items() if name not in counts}
        if missing:
            cache.set_many(missing, KEPT)
        counts |= missing
        caches["process"].set_many(counts, KEPT_HERE)
    return {pk: counts[name] for name, pk in names.items()}
