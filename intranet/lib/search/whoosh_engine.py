"""The search engine of the default mode: a Whoosh index on disk, ranked exactly and for each reader alone."""

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from heapq import nsmallest
from pathlib import Path

from .contents import MAX_NAME
from .parsing import parse
from .protocol import Document, Hit, Query, Removal, Results
from .snippets import Asked, asked_for, snippet, title_html
from .store import Store
from .text import name_key
from .whoosh_matching import FACETS, Match, View, narrow
from .whoosh_reading import Part, Snapshots, docnums_of
from .whoosh_writing import FORMAT, apply_changes, build

# How results are put in order: those that go by what was asked, complete before partial, then score, then the latest;
# kind and id settle the rest. Last the document itself: its part and its number there.
Ranked = tuple[bool, bool, float, float, str, int, Part, int]


class WhooshEngine:
    """An `Engine` over the index in the folder `path`, which `rebuild` makes where there is none.

    Any number of threads and processes may search while one applies changes; several that write wait for each other.
    """

    def __init__(self, path: Path) -> None:
        self._store = Store(path, FORMAT)
        self._snapshots = Snapshots(self._store)

    def search(self, query: Query) -> Results:
        """See `Engine.search`."""
        view = View(self._snapshots.latest(), query)
        parsed = parse(query.text)
        name = name_key(query.text[:MAX_NAME])
        ranked: list[Ranked] = []
        facets: dict[str, Counter[str | int]] = {name: Counter() for name in FACETS}
        for match in view.match(parsed):
            docnums, counts = narrow(match, query)
            ranked += _ranked(match, docnums, name)
            for name, counted in counts.items():
                facets[name] += counted
        start, end = max(query.offset, 0), max(query.offset, 0) + max(query.limit, 0)
        best = nsmallest(end, ranked, key=lambda each: each[:6])[start:]
        asked = asked_for(parsed)
        return Results(
            total=len(ranked),
            hits=[_hit(each, asked) for each in best],
            facets={name: dict(counted) for name, counted in facets.items()},
            corrected=view.suggestion(query.text, parsed),
        )

    def apply(self, changes: Iterable[Document | Removal], upto: int, after: int = 0) -> None:
        """See `Engine.apply`."""
        apply_changes(self._store, changes, upto, after)

    def applied(self) -> int:
        """See `Engine.applied`."""
        return self._snapshots.latest().manifest.applied

    def rebuild(self, documents: Iterable[Document], upto: int) -> None:
        """See `Engine.rebuild`. Raises OSError where the folder cannot be written."""
        build(self._store, documents, upto)

    def following(self) -> AbstractContextManager[None]:
        """See `Engine.following`. There is nothing to keep open: Whoosh writes a segment in one go."""
        return self._store.following()

    def status(self) -> dict[str, int]:
        """See `Engine.status`."""
        snapshot = self._snapshots.latest()
        return {
            "documents": snapshot.documents,
            "deleted": sum(part.size for part, _ in snapshot.parts) - snapshot.documents,
            "bytes": sum(size for size, _ in snapshot.manifest.files.values()),
            "applied": snapshot.manifest.applied,
            "segments": len(snapshot.parts),
        }


def _ranked(match: Match, docnums: list[int], name: str) -> list[Ranked]:
    part, _, complete, scores = match
    whole, named = set(docnums_of(complete)), set(docnums_of(part.named(name)))
    return [
        (
            docnum not in named,
            docnum not in whole,
            -scores[docnum] * part.boosts[docnum],
            -part.at[docnum],
            *part.keys[docnum],
            part,
            docnum,
        )
        for docnum in docnums
    ]


def _hit(ranked: Ranked, asked: Asked) -> Hit:
    _, _, score, _, kind, id_, part, docnum = ranked
    title, summary, body = part.shown(docnum)
    return Hit(kind, id_, -score, title_html(title, asked), snippet(summary, body, asked))
