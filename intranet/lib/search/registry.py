"""What the apps make searchable: each registers its kinds when it starts, so that nothing here imports them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from .protocol import Document


class Line(NamedTuple):
    """What a result shows beside the words found: where it leads, what sort of thing it is, facts about it.

    `marking` and `handling` are empty unless it is marked higher than everything else.
    """

    href: str
    label: str
    facts: tuple[str, ...] = ()
    marking: str = ""
    handling: str = ""


@dataclass(frozen=True)
class Searchable:
    """One kind of document and the questions only its app can answer.

    `documents(ids)`: the documents with these ids, or all for None. An id that is not to be found any more is
        not yielded: that is how it leaves the index.
    `visible(user)`: what may be found of this kind by `user` now. Its SQL is kept: `user` is known by `pk` alone.
    `shown`: the values that a result shows, and where a row has them; what a filter offers has a `slug` and a `name`.
    `line(row)`: such values as a result shows them.
    `repeating(kind, id)`: the ids of the documents that repeat something of that object: its name, its place.
    """

    kind: str
    documents: Callable[[Iterable[int] | None], Iterator[Document]]
    visible: Callable[[Any], QuerySet[Any]]
    shown: Mapping[str, Any]
    line: Callable[[Any], Line]
    repeating: Callable[[str, int], Iterable[int]] = lambda kind, id_: ()


_by_kind: dict[str, Searchable] = {}


def register(searchable: Searchable) -> None:
    """Make a kind searchable. Raises ValueError for a second owner of the same kind."""
    if _by_kind.get(searchable.kind, searchable) != searchable:
        raise ValueError(f"{searchable.kind!r} is registered as searchable twice")
    _by_kind[searchable.kind] = searchable


def registered() -> dict[str, Searchable]:
    """Every searchable kind, in the order of registration."""
    return dict(_by_kind)


def all_documents() -> Iterator[Document]:
    """Every document of every kind: what a rebuild reads."""
    for searchable in _by_kind.values():
        yield from searchable.documents(None)
