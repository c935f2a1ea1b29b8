"""What a search found, read again through what its reader may see: things of every kind in one query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from django.db.models import CharField, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject

from intranet.lib.compiled import Compiled
from intranet.lib.search.registry import Searchable, registered
from profiles.audience import audiences_for

# (kind, id)
Key = tuple[str, int]

_AUDIENCES = Compiled(lambda user: audiences_for(user).values_list("pk"))


def audience_ids(user: Any) -> frozenset[int]:
    """The audiences `user` is in at this moment."""
    return frozenset(pk for (pk,) in _AUDIENCES.rows(user=user))


def visible(user: Any, ids: Mapping[str, Collection[int]]) -> set[Key]:
    """Those of `ids`, by kind, that `user` may find now."""
    return {(kind, pk) for kind, pk in _asked(_keys(tuple(registered())), user, ids)}


def rows(user: Any, ids: Mapping[str, Collection[int]]) -> dict[Key, str]:
    """What is shown of those of `ids`, by kind, that `user` may find now: JSON objects that `Searchable.line` reads."""
    return {(kind, pk): text for kind, pk, text in _asked(_rows(tuple(registered())), user, ids)}


def named(user: Any, kind: str, slug: str) -> int | None:
    """The id of the one that `user` may find under `slug`."""
    found = _by_slug(kind).row(user=user, slug=slug)
    return found[0] if found else None


def _asked(query: Compiled, user: Any, ids: Mapping[str, Collection[int]]) -> list[tuple[Any, ...]]:
    if not any(ids.values()):
        return []
    return query.rows(user=user, **{_name(kind): ids.get(kind, ()) for kind in registered()})


@cache
def _keys(kinds: tuple[str, ...]) -> Compiled:
    return _every(kinds, lambda each: [])


@cache
def _rows(kinds: tuple[str, ...]) -> Compiled:
    return _every(kinds, lambda each: [Cast(JSONObject(**each.shown), TextField())])


@cache
def _by_slug(kind: str) -> Compiled:
    return Compiled(
        lambda user, slug: registered()[kind].visible(user).filter(slug=slug).values_list("pk"), slug=CharField()
    )


def _every(kinds: tuple[str, ...], more: Any) -> Compiled:
    def of_kind(each: Searchable, user: Any, ids: Any) -> QuerySet[Any, Any]:
        found = each.visible(user).filter(pk__in=ids)
        return found.values_list(Value(each.kind), "pk", *more(each))

    def build(user: Any, **ids: Any) -> QuerySet[Any, Any]:
        first, *others = (of_kind(registered()[kind], user, ids[_name(kind)]) for kind in kinds)
        return first.union(*others, all=True)

    return Compiled(build, names=("user", *map(_name, kinds)))


def _name(kind: str) -> str:
    return f"{kind}_ids"
