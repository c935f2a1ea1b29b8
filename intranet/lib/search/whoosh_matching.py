"""Which documents of a snapshot answer a query, how well, and the numbers about them.

Whoosh's own top-N search drops better results for worse as soon as a query nests (its upper bounds are wrong), and its
matchers cost a Python call for each posting. Here each term's list is read whole and scored in one loop: BM25
(Robertson and others, TREC-3, 1994), exact. Every number in a score counts only what the reader may see, so neither
totals nor the order of results tell of anything else.
"""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from math import log
from operator import and_, or_
from typing import NamedTuple

from .parsing import Clause, Parsed, Phrase, Prefix, Word
from .protocol import ENOUGH, Query
from .spelling import near, slips_allowed
from .whoosh_reading import Part, Snapshot, docnums_of, values_of

K1 = 1.2  # how soon a further occurrence stops counting
B = 0.4  # how much length counts against a document: little, for an article stands beside posts of one line

FACETS: dict[str, Callable[[Part], list[frozenset]]] = {
    "kind": lambda part: part.kinds,
    "department": lambda part: part.departments,
    "topic": lambda part: part.topics,
}


class Match(NamedTuple):
    """What matches within one part, before filters: the set, its subset that has every clause, and the scores."""

    part: Part
    bits: int
    complete: int
    scores: list[float]


class View:
    """A snapshot as one reader sees it: each part with the set of documents they may see."""

    def __init__(self, snapshot: Snapshot, query: Query) -> None:
        self.parts: list[tuple[Part, int]] = []
        for part, live in snapshot.parts:
            allowed = live & part.visible(query.audiences)
            for key in query.exclude:
                for docnum in part.numbered(key):
                    allowed &= ~(1 << docnum)
            if allowed:
                self.parts.append((part, allowed))
        self.size = sum(allowed.bit_count() for _, allowed in self.parts)
        length = sum(sum(values_of(part.lengths, allowed)) for part, allowed in self.parts)
        self.ordinary_length = length / self.size if length else 1.0

    def match(self, parsed: Parsed) -> list[Match]:
        """The documents that answer `parsed`: with every clause, or with any where too few have every one."""
        if not parsed.wanted:
            return []
        sets = [self._sets(part, allowed, parsed) for part, allowed in self.parts]
        every = [reduce(and_, found) for found in sets]
        if sum(bits.bit_count() for bits in every) >= ENOUGH:
            matched = every
        else:
            matched = [_any(parsed.wanted, found) for found in sets]
        frequencies = [sum(found[i].bit_count() for found in sets) for i in range(len(parsed.wanted))]
        return [
            Match(part, bits, complete, self._scores(part, parsed.wanted, found, frequencies))
            for (part, _), bits, complete, found in zip(self.parts, matched, every, sets, strict=True)
            if bits
        ]

    def _sets(self, part: Part, allowed: int, parsed: Parsed) -> list[int]:
        for clause in parsed.unwanted:
            allowed &= ~_set(part, clause, allowed)
        return [_set(part, clause, allowed) for clause in parsed.wanted]

    def _scores(self, part: Part, wanted: tuple[Clause, ...], found: list[int], frequencies: list[int]) -> list[float]:
        scores = [0.0] * part.size
        lengths = part.lengths
        base, slope = K1 * (1 - B), K1 * B / self.ordinary_length
        for clause, bits, frequency in zip(wanted, found, frequencies, strict=True):
            if not bits:
                continue
            gain = (K1 + 1) * log(1 + (self.size - frequency + 0.5) / (frequency + 0.5))
            if isinstance(clause, Prefix):
                for docnum in docnums_of(bits):
                    scores[docnum] += gain / (1 + base + slope * lengths[docnum])
                continue
            for term in [clause.term] if isinstance(clause, Word) else [term for term, _ in clause.terms]:
                postings = part.postings(term)
                for docnum, weight in zip(postings.ids, postings.weights, strict=True):
                    scores[docnum] += gain * weight / (weight + base + slope * lengths[docnum])
        return scores

    def suggestion(self, text: str, parsed: Parsed) -> str | None:
        """`text` with the words nobody could find for this reader replaced by near ones they could; None if none."""
        changed = text
        unknown = [clause for clause in parsed.wanted if isinstance(clause, Word) and not self._frequency(clause)]
        for clause in sorted(unknown[:3], key=lambda each: each.start, reverse=True):
            if better := self._nearest(clause.word):
                changed = changed[: clause.start] + better + changed[clause.end :]
        return changed if changed != text else None

    def _frequency(self, clause: Word) -> int:
        return sum((part.postings(clause.term).bits & allowed).bit_count() for part, allowed in self.parts)

    def _nearest(self, word: str) -> str | None:
        most = slips_allowed(word)
        known = {other for part, _ in self.parts for other in part.words_from(word[0])} if most else ()
        best: tuple[int, int, str] | None = None
        for distance, other in near(word, known, most):
            if best and distance > best[0]:
                break
            seen = sum((part.with_word(other) & allowed).bit_count() for part, allowed in self.parts)
            if seen and (best is None or -seen < best[1]):
                best = distance, -seen, other
        return best[2] if best else None


def _set(part: Part, clause: Clause, allowed: int) -> int:
    match clause:
        case Word():
            return part.postings(clause.term).bits & allowed
        case Prefix():
            return part.with_beginning(clause.prefix) & allowed
        case Phrase():
            return part.with_phrase(clause.terms, allowed)


def _any(wanted: tuple[Clause, ...], found: list[int]) -> int:
    # Who quotes a phrase means it: words around it only rank.
    phrases = [bits for clause, bits in zip(wanted, found, strict=True) if isinstance(clause, Phrase)]
    return reduce(and_, phrases) if phrases else reduce(or_, found)


def narrow(match: Match, query: Query) -> tuple[list[int], dict[str, Counter[str | int]]]:
    """The documents of `match` that pass every filter, and for each facet the counts with the other filters."""
    docnums = docnums_of(match.bits)
    columns = {name: column(match.part) for name, column in FACETS.items()}
    filters = {"kind": query.kinds, "department": query.departments, "topic": query.topics}
    counts = {}
    for name, column in columns.items():
        others = [(columns[other], wanted) for other, wanted in filters.items() if wanted and other != name]
        passing = _passing(docnums, others)
        counts[name] = _count(Counter(map(column.__getitem__, passing)))
    return _passing(docnums, [(columns[name], wanted) for name, wanted in filters.items() if wanted]), counts


def _passing(docnums: list[int], filters: list[tuple[list[frozenset], frozenset]]) -> list[int]:
    for column, wanted in filters:
        docnums = [docnum for docnum in docnums if not wanted.isdisjoint(column[docnum])]
    return docnums


def _count(sets: Counter[frozenset]) -> Counter[str | int]:
    counts: Counter[str | int] = Counter()
    for values, times in sets.items():
        for value in values:
            counts[value] += times
    return counts
