"""The read side of a Whoosh index: one commit of it as a snapshot of parts, from which whole lists are read.

A set of documents of a part is a whole number, one bit for each document: `&`, `|` and `bit_count()` on numbers of
ten thousand bits take a microsecond, which makes exact totals cheap without a further dependency.
"""

import json
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import compress, islice
from threading import Lock, RLock
from typing import NamedTuple, TypeVar

from .protocol import SearchUnavailable
from .store import Manifest, Signature, Store
from .whoosh_files import NAME, TOC, FileStorage, Segment, SegmentReader, TermNotFound, unpack_positions
from .whoosh_writing import documents_marked

MAX_KEPT_POSTINGS = 500_000  # of one part: 8 bytes each
MAX_KEPT_AUDIENCES = 256  # of one part: a bit for each document
MAX_EXPANDED = 2_000  # words of one part that one beginning can stand for, the first in the alphabet

T = TypeVar("T")

_BITS = bytes.maketrans(b"01", b"\x00\x01")


class Postings(NamedTuple):
    """The documents that have a term: their numbers, the term's weight in each, and the set of them."""

    ids: "array[int]"
    weights: "array[float]"
    bits: int


NOWHERE = Postings(array("I"), array("f"), 0)


def bits_of(docnums: Iterable[int], size: int) -> int:
    """The set of `docnums` in a part of `size` documents."""
    mask = bytearray(b"0") * size
    for docnum in docnums:
        mask[docnum] = 49  # "1"
    return int(mask[::-1], 2) if size else 0


def docnums_of(bits: int) -> list[int]:
    """The numbers in a set, ascending."""
    return list(values_of(range(bits.bit_length()), bits))


def values_of(column: Iterable[T], bits: int) -> Iterator[T]:
    """The values that the documents of a set have in `column`, by ascending number."""
    return compress(column, bin(bits)[:1:-1].encode().translate(_BITS))


@contextmanager
def reading() -> Iterator[None]:
    """Whatever goes wrong while files are read means that they are damaged. Raises SearchUnavailable."""
    try:
        yield
    except SearchUnavailable:
        raise
    except Exception as error:
        raise SearchUnavailable("The search index cannot be read.") from error


class Part:
    """One segment: what filters and scores need of each document in memory, the rest read when asked for.

    Segments never change, deletions apart, which belong to the snapshot; so snapshots share their parts.
    Whoosh's reader moves a position in its file: one thread at a time.
    """

    def __init__(self, storage: FileStorage, toc: TOC, segment: Segment) -> None:
        self._reader = SegmentReader(storage, toc.schema, segment)
        self._lock = RLock()
        self._postings: OrderedDict[str, Postings] = OrderedDict()
        self._kept = 0
        self._visible: dict[frozenset[int], int] = {}
        self.size: int = segment.doc_count_all()
        self._load_facts()

    def _load_facts(self) -> None:
        self.keys: list[tuple[str, int]] = []
        self.at: list[float] = []
        self.boosts: list[float] = []
        self.lengths: list[float] = []
        self.kinds: list[frozenset[str]] = []
        self.departments: list[frozenset[int]] = []
        self.topics: list[frozenset[int]] = []
        audiences: dict[frozenset[int], array[int]] = {}
        same: dict[frozenset[int], frozenset[int]] = {}  # equal sets are kept once
        for docnum, facts in enumerate(self._reader.column_reader("facts", translate=False)):
            kind, id_, at, boost, length, seen_by, departments, topics = json.loads(facts)
            self.keys.append((kind, id_))
            self.at.append(at)
            self.boosts.append(boost)
            self.lengths.append(length)
            self.kinds.append(frozenset([kind]))
            for column, ids in ((self.departments, departments), (self.topics, topics)):
                column.append(same.setdefault(frozenset(ids), frozenset(ids)))
            audiences.setdefault(frozenset(seen_by), array("I")).append(docnum)
        self._audiences = audiences

    def visible(self, audiences: frozenset[int]) -> int:
        """The documents that any of `audiences` may see."""
        if (bits := self._visible.get(audiences)) is None:
            lists = (docnums for seen_by, docnums in self._audiences.items() if not audiences.isdisjoint(seen_by))
            bits = bits_of((docnum for docnums in lists for docnum in docnums), self.size)
            if len(self._visible) >= MAX_KEPT_AUDIENCES:
                self._visible.clear()
            self._visible[audiences] = bits
        return bits

    def postings(self, term: str) -> Postings:
        """Where `term` is."""
        with reading(), self._lock:
            if term in self._postings:
                self._postings.move_to_end(term)
                return self._postings[term]
            found = self._read(term)
            self._postings[term] = found
            self._kept += len(found.ids)
            while self._kept > MAX_KEPT_POSTINGS and len(self._postings) > 1:
                self._kept -= len(self._postings.popitem(last=False)[1].ids)
            return found

    def _read(self, term: str) -> Postings:
        try:
            matcher = self._reader.postings("terms", term)
        except TermNotFound:
            return NOWHERE
        ids, weights = array("I"), array("f")
        while matcher.is_active():
            ids.append(matcher.id())
            weights.append(matcher.weight())
            matcher.next()
        return Postings(ids, weights, bits_of(ids, self.size))

    def words_from(self, beginning: str, limit: int | None = None) -> list[str]:
        """The words, unstemmed, that begin so, in alphabetical order."""
        with reading(), self._lock:
            words = self._reader.expand_prefix("words", beginning)
            return [word.decode() for word in islice(words, limit)]

    def with_word(self, word: str) -> int:
        """The documents that have `word`, unstemmed."""
        with reading(), self._lock:
            return bits_of(documents_marked(self._reader, "words", word), self.size)

    def with_beginning(self, beginning: str) -> int:
        """The documents that have a word that begins so."""
        docnums: set[int] = set()
        for word in self.words_from(beginning, MAX_EXPANDED):
            with reading(), self._lock:
                docnums.update(documents_marked(self._reader, "words", word))
        return bits_of(docnums, self.size)

    def with_phrase(self, terms: tuple[tuple[str, int], ...], among: int) -> int:
        """Those of the documents `among` that have `terms` at these distances from the first."""
        for term, _ in terms:
            among &= self.postings(term).bits
        with reading(), self._lock:
            matchers = [(self._reader.postings("terms", term), gap) for term, gap in terms] if among else []
            found = []
            for docnum in docnums_of(among):
                starts: set[int] | None = None
                for matcher, gap in matchers:
                    matcher.skip_to(docnum)
                    places = {place - gap for place in unpack_positions(matcher.value())}
                    starts = places if starts is None else starts & places
                if starts:
                    found.append(docnum)
        return bits_of(found, self.size)

    def numbered(self, key: tuple[str, int]) -> list[int]:
        """The numbers a document has here: none, one, or also those of deleted versions."""
        with reading(), self._lock:
            return documents_marked(self._reader, "key", f"{key[0]}:{key[1]}")

    def named(self, name: str) -> int:
        """The documents that go by a name (see `name_key`)."""
        with reading(), self._lock:
            return bits_of(documents_marked(self._reader, "names", name), self.size) if name else 0

    def shown(self, docnum: int) -> tuple[str, str, str]:
        """Title, summary and body of a document."""
        with reading(), self._lock:
            title, summary, body = self._reader.stored_fields(docnum)["shown"]
            return title, summary, body


class Snapshot(NamedTuple):
    """One commit: its parts, each with the set of its documents that are not deleted."""

    manifest: Manifest
    parts: list[tuple[Part, int]]

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        return sum(live.bit_count() for _, live in self.parts)


class Snapshots:
    """Hands out the snapshot of the latest commit; looks at the disk each time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._snapshot: Snapshot | None = None
        self._signatures: tuple[Signature, ...] = ()
        self._parts: dict[str, Part] = {}

    def latest(self) -> Snapshot:
        """The snapshot to search. Raises SearchUnavailable."""
        with self._lock:
            if self._snapshot:
                with suppress(SearchUnavailable):  # a file may be gone because a commit replaced it
                    if self._store.signatures(self._snapshot.manifest) == self._signatures:
                        return self._snapshot
            self._snapshot = None
            return self._load_latest()

    def _load_latest(self) -> Snapshot:
        manifest = self._store.current()
        while True:
            try:
                return self._load(manifest)
            except SearchUnavailable:
                # Overtaken by a commit, whose clean-up took the files? Then there is a newer manifest.
                failed, manifest = manifest, self._store.current()
                if manifest == failed:
                    self._parts = {}
                    raise

    def _load(self, manifest: Manifest) -> Snapshot:
        signatures = self._store.signatures(manifest)
        self._store.verify(manifest)
        with reading():
            storage = FileStorage(str(self._store.root / manifest.folder))
            toc = TOC.read(storage, NAME, gen=manifest.toc)
            parts: dict[str, Part] = {}
            live = []
            for segment in toc.segments:
                name = f"{manifest.folder}/{segment.segment_id()}"
                parts[name] = self._parts.get(name) or Part(storage, toc, segment)
                deleted = bits_of(segment.deleted_docs(), parts[name].size)
                live.append(((1 << parts[name].size) - 1) & ~deleted)
        self._parts = parts
        self._signatures = signatures
        self._snapshot = Snapshot(manifest, list(zip(parts.values(), live, strict=True)))
        return self._snapshot
