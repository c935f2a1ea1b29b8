"""What the apps make searchable: each registers its kinds when it starts, so that nothing here imports them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .protocol import Document


@dataclass(frozen=True)
class Searchable:
    """One kind of document and the questions only its app can answer.

    `documents(ids)`: the documents with these ids, or all for None. An id that is not to be found any more is
        not yielded: that is how it leaves the index.
    `visible_ids(user, ids)`: those of `ids` that `user` may see now.
    `present(user, ids)`: the objects to show, by id, in a constant number of queries; what `user` may not
        see is absent.
    `repeating(kind, id)`: the ids of the documents that repeat something of that object: its name, its place.
    """

    kind: str
    documents: Callable[[Iterable[int] | None], Iterator[Document]]
    visible_ids: Callable[[Any, Iterable[int]], set[int]]
    present: Callable[[Any, list[int]], dict[int, object]]
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
