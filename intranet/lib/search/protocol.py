"""What every search engine takes and gives; an engine knows documents, queries and results, never articles."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.utils.safestring import SafeString

# Every word is required first. Where that finds fewer documents than this, any word will do, and the
# documents with all of them stay on top. Counted before the filters, so that a facet's number comes true.
ENOUGH = 10


class SearchUnavailable(Exception):
    """The index is missing, damaged or cannot be read; `rebuild` heals it."""


class AlreadyFollowed(Exception):
    """Another process of this host follows the changes for the same index."""


@dataclass(frozen=True)
class Document:
    """One thing that can be found. `audiences` are the ids of those who may see it: any one of them is enough.

    `title`, `summary` and `body` are plain text; `also` holds words that find it, but count less and are not shown:
    other words for what it is about. `names` are what it goes by: asked for by exactly one of them, it
    comes first. `at` (aware) decides between equal scores, the later first; `boost` multiplies the score.
    """

    kind: str
    id: int
    title: str
    body: str
    at: datetime
    summary: str = ""
    audiences: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    topics: frozenset[int] = frozenset()
    boost: float = 1.0
    names: tuple[str, ...] = ()
    also: str = ""


@dataclass(frozen=True)
class Removal:
    """A document that is to be found no more."""

    kind: str
    id: int


@dataclass(frozen=True)
class Query:
    """What a reader asks. Nothing outside `audiences` is matched, counted, suggested or shown.

    `text`: words, "quoted phrases", unwanted -words, beginnings of words with a trailing star.
    `kinds`, `departments`, `topics`: any one of each; empty means all.
    `exclude`: (kind, id) of documents changed since they were indexed that the reader may not see any more.
    """

    text: str
    audiences: frozenset[int]
    kinds: frozenset[str] = frozenset()
    departments: frozenset[int] = frozenset()
    topics: frozenset[int] = frozenset()
    exclude: frozenset[tuple[str, int]] = frozenset()
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True)
class Hit:
    """One result. `title_html` and `snippet` are escaped text whose only markup is `<mark>`."""

    kind: str
    id: int
    score: float
    title_html: SafeString
    snippet: SafeString


@dataclass(frozen=True)
class Results:
    """A page of hits, and exact numbers about all of them.

    `facets` maps "kind", "department" and "topic" to how many documents each value would give, the other
    filters applied. `corrected` is the text with unknown words replaced by words the reader could find.
    """

    total: int = 0
    hits: list[Hit] = field(default_factory=list)
    facets: Mapping[str, Mapping[str | int, int]] = field(default_factory=dict)
    corrected: str | None = None


class Engine(Protocol):
    """A search engine: many readers, in threads and processes, beside one writer."""

    def search(self, query: Query) -> Results:
        """Answer `query`, whatever its text. Raises SearchUnavailable."""

    def apply(self, changes: Iterable[Document | Removal], upto: int, after: int = 0) -> None:
        """Put `changes` into the index in one commit; of several about one document the last counts.

        `upto` is the number of the last change contained, kept with the index; `after` that of the last change
        before them. Nothing is done where the index does not hold that one: it was rebuilt meanwhile. `changes` is
        read while no other writer writes, so that what is read later is never overwritten by what was read before.
        Raises SearchUnavailable.
        """

    def applied(self) -> int:
        """The number of the last change the index contains. Raises SearchUnavailable.

        A rebuild can set it back to the number the rebuild began with: ask each time, and apply what follows.
        """

    def rebuild(self, documents: Iterable[Document], upto: int) -> None:
        """Build a new index beside the old one and switch at once; readers go on all the while.

        `upto` is the number of the last change before the first of `documents` was read.
        """

    def following(self) -> AbstractContextManager[None]:
        """Be the one worker that follows the changes: the writer stays open between two calls of `apply`.

        Others may go on writing beside it. Raises AlreadyFollowed, OSError.
        """

    def status(self) -> dict[str, int]:
        """`documents`, `deleted`, `bytes` on disk, `applied` and `segments`. Raises SearchUnavailable.

        `deleted`: documents that can be found no more, the words of which are on the disk until segments are merged
        or the index is rebuilt.
        """
