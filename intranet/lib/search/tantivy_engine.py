"""The search engine of the scaled mode: a Tantivy index on each host, ranked exactly for each reader alone."""

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock

from tantivy import Occur
from tantivy import Query as Matching

from .contents import MAX_NAME
from .parsing import Parsed, parse
from .protocol import Document, Hit, Query, Removal, Results, SearchUnavailable
from .snippets import Asked, asked_for, snippet, title_html
from .store import Manifest, Signature, Store
from .tantivy_index import FORMAT, SCHEMA, Commit
from .tantivy_matching import FACETS, Matched, Ranked, Scores, View, best, filters_of, match, scores
from .tantivy_writing import META, TantivyWriter, build
from .text import name_key


class TantivyEngine:
    """An `Engine` over the index in the folder `path`, which `rebuild` makes where there is none.

    Any number of threads and processes may search while one applies changes; several that write wait for each other.
    """

    def __init__(self, path: Path) -> None:
        self._store = Store(path, FORMAT)
        self._writer = TantivyWriter(self._store)
        self._lock = Lock()
        self._manifest: Manifest | None = None
        self._commit: Commit | None = None
        self._signatures: tuple[Signature, ...] = ()

    def search(self, query: Query) -> Results:
        """See `Engine.search`."""
        _, commit = self._latest()
        parsed = parse(query.text)
        if not parsed.wanted or not query.audiences:
            return Results(facets={name: {} for name in FACETS})
        with reading():
            return _search(commit, query, parsed)

    def apply(self, changes: Iterable[Document | Removal], upto: int, after: int = 0) -> None:
        """See `Engine.apply`."""
        self._writer.apply(changes, upto, after)

    def applied(self) -> int:
        """See `Engine.applied`."""
        return self._latest()[0].applied

    def rebuild(self, documents: Iterable[Document], upto: int) -> None:
        """See `Engine.rebuild`. Raises OSError where the folder cannot be written."""
        build(self._store, documents, upto)

    def following(self) -> AbstractContextManager[None]:
        """See `Engine.following`."""
        return self._writer.following()

    def status(self) -> dict[str, int]:
        """See `Engine.status`."""
        manifest, commit = self._latest()
        with reading():
            meta = json.loads((self._store.root / manifest.folder / META).read_bytes())
            deleted = sum(each["deletes"]["num_deleted_docs"] for each in meta["segments"] if each["deletes"])
            return {
                "documents": commit.searcher.num_docs,
                "deleted": deleted,
                "bytes": sum(size for size, _ in manifest.files.values()),
                "applied": manifest.applied,
                "segments": commit.searcher.num_segments,
            }

    def _latest(self) -> tuple[Manifest, Commit]:
        """The commit in force; looks at the disk each time. Raises SearchUnavailable."""
        with self._lock:
            if self._manifest and self._commit:
                with suppress(SearchUnavailable):  # a file may be gone because a commit replaced it
                    if self._store.signatures(self._manifest) == self._signatures:
                        return self._manifest, self._commit
            self._manifest = None
            manifest = self._store.current()
            while True:
                try:
                    return self._open(manifest)
                except SearchUnavailable:
                    # Overtaken by a commit, whose clean-up took the files? Then there is a newer manifest.
                    failed, manifest = manifest, self._store.current()
                    if manifest == failed:
                        raise

    def _open(self, manifest: Manifest) -> tuple[Manifest, Commit]:
        signatures = self._store.signatures(manifest)
        self._store.verify(manifest)
        if self._commit is None or signatures[1:] != self._signatures[1:]:
            with reading():
                self._commit = Commit(self._store.root / manifest.folder)
        self._manifest, self._signatures = manifest, signatures
        return manifest, self._commit


def _search(commit: Commit, query: Query, parsed: Parsed) -> Results:
    view = View(commit, query)
    matched = match(view, parsed)
    filters = filters_of(query)
    facets = matched.facets
    if filters:
        facets = {}
        for name in FACETS:
            facets |= view.facets(view.all_of(matched.all, *filters_of(query, but=name)), [name])
    start, end = max(query.offset, 0), max(query.offset, 0) + max(query.limit, 0)
    # Each document has one kind
    total = sum(count for kind, count in facets["kind"].items() if not query.kinds or kind in query.kinds)
    tiers = _tiers(view, matched, filters, name_key(query.text[:MAX_NAME]))
    ranked = _ranked(commit, tiers, scores(view, parsed), total, end)
    asked = asked_for(parsed)
    return Results(
        total=total,
        hits=[_hit(commit, each, asked) for each in ranked[start:end]],
        facets=facets,
        corrected=None if matched.has_every_word else view.suggestion(query.text, parsed),
    )


def _tiers(view: View, matched: Matched, filters: list[Matching], name: str) -> list[Matching]:
    """What answers, in the order it comes in: by name, complete, partial."""
    tiers = [view.all_of(matched.all, *filters)]
    if not matched.is_complete:
        tiers = [_both(tiers[0], matched.complete), _but(tiers[0], matched.complete)]
    if name and view.commit.searcher.doc_freq("names", name):
        named = Matching.term_query(SCHEMA, "names", name, "basic")
        tiers = [*(_both(tier, named) for tier in tiers), *(_but(tier, named) for tier in tiers)]
    return tiers


def _ranked(commit: Commit, tiers: list[Matching], scored: Scores, total: int, need: int) -> list[Ranked]:
    """The first `need` of the `total` documents in `tiers`; by score in each."""
    ranked: list[Ranked] = []
    for tier in tiers:
        if total <= 0 or len(ranked) >= need:
            break
        # The last has what is left
        count = commit.count(tier) if tier is not tiers[-1] else total
        total -= count
        ranked += best(commit, tier, scored, count, need - len(ranked))
    return ranked


def _both(one: Matching, other: Matching) -> Matching:
    return Matching.boolean_query([(Occur.Must, one), (Occur.Must, other)])


def _but(one: Matching, other: Matching) -> Matching:
    return Matching.boolean_query([(Occur.Must, one), (Occur.MustNot, other)])


def _hit(commit: Commit, ranked: Ranked, asked: Asked) -> Hit:
    kind, id_, title, summary, body = commit.shown(ranked.address)
    return Hit(kind, id_, float(ranked.score), title_html(title, asked), snippet(summary, body, asked))


@contextmanager
def reading() -> Iterator[None]:
    """What Tantivy cannot read means that the index is damaged. Raises SearchUnavailable."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise SearchUnavailable("The search index cannot be read.") from error
