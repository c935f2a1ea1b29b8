"""Tantivy as we use it: its schema, documents as it takes them, a commit of it as readers open it.

Tantivy's own scores count every document there is, those of others included: an order that depends on them tells of
what a reader must not know. So each term is indexed a second time together with its impact, how much it says about
its document (Anh and Moffat, "Impact transformation", 2002), in `LEVELS` steps; a query adds up constant scores.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import log2
from pathlib import Path
from threading import Lock
from typing import Any

from cachetools import LRUCache  # type: ignore[import-untyped]
from tantivy import (
    DocAddress,
    Filter,
    Index,
    Query,
    Schema,
    SchemaBuilder,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)
from tantivy import Document as Fields

from .contents import Contents, contents_of, key_of
from .protocol import Document

# Raised with every change of what is written, so that an index made by another version is built anew
FORMAT = "tantivy-1"

K1 = 1.2  # how soon a further occurrence stops counting
B = 0.4  # how much length counts against a document: little, for an article stands beside posts of one line
ORDINARY_LENGTH = 80.0  # words of a document whose length counts neither for nor against it
LEVELS = 48
STEPS = 9  # levels from an impact to twice that impact
HIGHEST = 2.5  # the impact of the highest level; boosts count in it

NOTHING = "_"  # stands where no term stands; no term is spelt so
SINCE = 946_684_800.0  # 2000-01-01: the times below count from here
SPAN = 80 * 366 * 86_400.0  # seconds after it that can be told apart
# The later of two equal scores comes first: scores are whole numbers below 1 / FRESHNESS, and the time is a
# fraction of one, so that together they fit the 24 bits of a score
FRESHNESS = 1 / 4096
MAX_KEPT_SIZES = 2_000  # readers of one commit of whom it is kept how much they see
MAX_KEPT_LEVELS = 20_000  # terms of one commit whose levels are kept in memory

SPACED = "spaced"


def analyzer() -> TextAnalyzer:
    """Terms as we write them, with spaces between; `NOTHING` only keeps a place."""
    return TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.custom_stopword([NOTHING])).build()


def new_schema() -> Schema:
    """`key` kind:id · `names` whole names · `terms` in their places, for matching · `impacts` for scores · `words`
    unstemmed, for beginnings and spelling · `kind`, `department`, `topic`, `audience` for filters and facets · `at`
    in microseconds and `fresh`, the same as a weight · `facts` and `shown` read for hits alone.

    Whoever changes it raises `FORMAT`.
    """
    builder = SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("names", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("terms", tokenizer_name=SPACED, index_option="position")
    builder.add_text_field("impacts", tokenizer_name=SPACED, index_option="basic")
    builder.add_text_field("words", tokenizer_name=SPACED, index_option="basic")
    builder.add_text_field("kind", fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("audience", "department", "topic"):
        builder.add_unsigned_field(name, indexed=True, fast=name != "audience")
    builder.add_integer_field("at", fast=True)
    builder.add_float_field("fresh", fast=True)
    builder.add_bytes_field("shown", stored=True)
    return builder.build()


SCHEMA = new_schema()


def open_index(folder: Path) -> Index:
    """The index in `folder`, read as it is now. Raises what Tantivy raises."""
    index = Index.open(str(folder))
    index.config_reader("manual")
    index.register_tokenizer(SPACED, analyzer())
    return index


def new_index(folder: Path) -> Index:
    """A new index in the empty `folder`."""
    index = Index(SCHEMA, str(folder), reuse=False)
    index.config_reader("manual")
    index.register_tokenizer(SPACED, analyzer())
    return index


def fields_of(document: Document) -> Fields:
    """A document as the schema has it."""
    content = contents_of(document)
    fields = Fields()
    fields.add_text("key", key_of(document))
    fields.add_text("kind", document.kind)
    for name in content.names:
        fields.add_text("names", name)
    fields.add_text("terms", " ".join(_placed(content)))
    fields.add_text("impacts", " ".join(_impacts(content, document.boost)))
    fields.add_text("words", " ".join(content.words))
    sets = {"audience": document.audiences, "department": document.departments, "topic": document.topics}
    for name, ids in sets.items():
        for id_ in sorted(ids):
            fields.add_unsigned(name, id_)
    seconds = document.at.timestamp()
    fields.add_integer("at", int(seconds * 1_000_000))
    fields.add_float("fresh", _fresh(seconds))
    shown = json.dumps([document.kind, document.id, *content.shown], ensure_ascii=False)
    fields.add_bytes("shown", shown.encode("utf-8", "replace"))
    return fields


def _placed(content: Contents) -> list[str]:
    last = max((places[-1] for _, places in content.terms.values()), default=-1)
    placed = [NOTHING] * (last + 1)
    for term, (_, places) in content.terms.items():
        for place in places:
            placed[place] = term
    return placed


def _impacts(content: Contents, boost: float) -> list[str]:
    slowness = K1 * (1 - B + B * content.length / ORDINARY_LENGTH)
    return [f"{term}/{level_of(boost * weight / (weight + slowness))}" for term, (weight, _) in content.terms.items()]


def level_of(impact: float) -> int:
    """The step of an impact, 0 to LEVELS - 1."""
    if impact <= 0:
        return 0
    return min(max(LEVELS - 1 + round(STEPS * log2(impact / HIGHEST)), 0), LEVELS - 1)


def impact_of(level: int) -> float:
    """The impact a step stands for."""
    return float(HIGHEST * 2 ** ((level - LEVELS + 1) / STEPS))


def _fresh(seconds: float) -> float:
    # Tantivy multiplies a score by log2(2 + weight)
    part = min(max((seconds - SINCE) / SPAN, 0.0), 0.999)
    return float(2 ** (1 + part * FRESHNESS) - 2)


class Commit:
    """One commit, open for reading: any number of threads may ask it at once."""

    def __init__(self, folder: Path) -> None:
        self.index = open_index(folder)
        self.searcher = self.index.searcher()
        self._sizes: LRUCache[Hashable, int] = LRUCache(MAX_KEPT_SIZES)
        self._levels: OrderedDict[str, list[int]] = OrderedDict()
        self._lock = Lock()

    def count(self, query: Query) -> int:
        """How many documents match."""
        found: Any = self.searcher.search(query, limit=1)  # its types leave out `count`
        return int(found.count)

    def size(self, audiences: frozenset[int], but: frozenset[tuple[str, int]], seen: Callable[[], Query]) -> int:
        """How many documents a reader in `audiences` sees, those in `but` apart: what `seen` matches, counted once."""
        with self._lock:
            found = self._sizes.get((audiences, but))
        if found is None:
            found = self.count(seen())
            with self._lock:
                self._sizes[audiences, but] = found
        return found

    def levels(self, term: str) -> list[int]:
        """The steps of impact `term` has anywhere."""
        with self._lock:
            if (found := self._levels.get(term)) is None:
                listed = self.searcher.terms_with_prefix("impacts", f"{term}/")
                found = self._levels[term] = sorted(int(each.rpartition("/")[2]) for each, _ in listed)
                if len(self._levels) > MAX_KEPT_LEVELS:
                    self._levels.popitem(last=False)
            return found

    def shown(self, address: DocAddress) -> tuple[str, int, str, str, str]:
        """Kind, id, title, summary and body of a document."""
        stored: Any = self.searcher.doc(address).get_first("shown")
        # Text, which nothing has to guess the encoding of
        kind, id_, title, summary, body = json.loads(stored.decode())
        return kind, id_, title, summary, body
