"""Which documents of a commit answer a query, in which order, and the numbers about them; all of it for one reader.

Scores are whole numbers: the impact of each term times its rarity among what the reader may see. So they are the same
whatever else the index holds, and in whatever order they are added up.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from math import log
from typing import Any, NamedTuple

from tantivy import Occur
from tantivy import Query as Matching

from .parsing import Clause, Parsed, Phrase, Prefix, Word
from .protocol import ENOUGH, Query
from .spelling import near, slips_allowed
from .tantivy_index import FRESHNESS, HIGHEST, SCHEMA, Commit, impact_of

MUST, MAY, NOT = Occur.Must, Occur.Should, Occur.MustNot
BEGINNING_IMPACT = 0.5  # of a word of which only the beginning was asked for
MOST = int(1 / FRESHNESS) - 1  # the highest score
FEW = 200  # values of a filter
FACETS = ("kind", "department", "topic")
MOST_VALUES = 65_000  # of a facet
SPARE = 44  # hits read beyond those asked for, so that equals at the end can be told apart
NEARLY = 1e-6  # how far apart, relative to them, scores with times are that a float cannot tell apart


class Ranked(NamedTuple):
    """A document in its place: what decides, then where it is."""

    score: int
    at: int
    address: Any


class View:
    """A commit as one reader sees it."""

    def __init__(self, commit: Commit, query: Query) -> None:
        self.commit = commit
        self.query = query
        self._seen = any_of("audience", query.audiences)
        self._hidden = [any_of("key", {f"{kind}:{id_}" for kind, id_ in query.exclude})] if query.exclude else []

    def all_of(self, *wanted: Matching, without: Iterable[Matching] = ()) -> Matching:
        """What the reader may see that matches every one of `wanted` and none of `without`."""
        clauses = [(MUST, self._seen), *((MUST, each) for each in wanted)]
        return Matching.boolean_query([*clauses, *((NOT, each) for each in (*self._hidden, *without))])

    def facets(self, matched: Matching, names: Sequence[str] = FACETS) -> dict[str, dict[str | int, int]]:
        """How many documents have each value."""
        asked = {name: {"terms": {"field": name, "size": MOST_VALUES}} for name in names}
        found = self.commit.searcher.aggregate(matched, asked)
        return {
            name: {
                each["key"] if name == "kind" else int(each["key"]): each["doc_count"]
                for each in found[name]["buckets"]
            }
            for name in names
        }

    def rarity(self, clause: Clause) -> float:
        """How much a clause tells among what the reader may see."""
        size = self.commit.size(self.query.audiences, self.query.exclude, self.all_of)
        frequency = self.commit.count(self.all_of(matching(clause)))
        return log(1 + (size - frequency + 0.5) / (frequency + 0.5))

    def suggestion(self, text: str, parsed: Parsed) -> str | None:
        """`text` with the words nobody could find for this reader replaced by near ones they could; None if none."""
        changed = text
        words = [clause for clause in parsed.wanted if isinstance(clause, Word)]
        unknown = [each for each in words if not self.commit.count(self.all_of(matching(each)))]
        for clause in sorted(unknown[:3], key=lambda each: each.start, reverse=True):
            if better := self._nearest(clause.word):
                changed = changed[: clause.start] + better + changed[clause.end :]
        return changed if changed != text else None

    def _nearest(self, word: str) -> str | None:
        most = slips_allowed(word)
        known = (other for other, _ in self.commit.searcher.terms_with_prefix("words", word[0])) if most else ()
        best: tuple[int, int, str] | None = None
        for distance, other in near(word, known, most):
            if best and distance > best[0]:
                break
            seen = self.commit.count(self.all_of(Matching.term_query(SCHEMA, "words", other, "basic")))
            if seen and (best is None or -seen < best[1]):
                best = distance, -seen, other
        return best[2] if best else None


class Matched(NamedTuple):
    """What answers a query before filters: everything, what has every clause, and whether they are the same."""

    all: Matching
    complete: Matching
    is_complete: bool
    facets: dict[str, dict[str | int, int]]

    @property
    def has_every_word(self) -> bool:
        """Whether something has every word: then none is unknown."""
        return self.is_complete and bool(self.facets["kind"])


def match(view: View, parsed: Parsed) -> Matched:
    """The documents that answer `parsed`: with every clause, or with any where too few have every one."""
    found = [matching(clause) for clause in parsed.wanted]
    unwanted = [matching(clause) for clause in parsed.unwanted]
    every = view.all_of(*found, without=unwanted)
    facets = view.facets(every)
    if len(found) == 1 or sum(facets["kind"].values()) >= ENOUGH:
        return Matched(every, every, True, facets)
    # Who quotes a phrase means it: words around it only rank.
    phrases = [each for each, clause in zip(found, parsed.wanted, strict=True) if isinstance(clause, Phrase)]
    some = phrases or [Matching.boolean_query([(MAY, each) for each in found])]
    either = view.all_of(*some, without=unwanted)
    return Matched(either, every, False, view.facets(either))


def matching(clause: Clause) -> Matching:
    """The documents that have what a clause asks for."""
    match clause:
        case Word():
            return Matching.term_query(SCHEMA, "terms", clause.term, "basic")
        case Prefix():
            return Matching.regex_query(SCHEMA, "words", f"{clause.prefix}.*")
        case Phrase():
            if len({term for term, _ in clause.terms}) == 1 == len(clause.terms):
                return Matching.term_query(SCHEMA, "terms", clause.terms[0][0], "basic")
            return Matching.phrase_query(SCHEMA, "terms", [(gap, term) for term, gap in clause.terms])


def any_of(field: str, values: Collection[Any]) -> Matching:
    """The documents that have one of `values`: term by term where they are few, for a set of terms costs a scan."""
    if len(values) > FEW:
        return Matching.term_set_query(SCHEMA, field, sorted(values))
    return Matching.boolean_query([(MAY, Matching.term_query(SCHEMA, field, each, "basic")) for each in sorted(values)])


def filters_of(query: Query, but: str = "") -> list[Matching]:
    """What the filters of a query let through, one of them overlooked."""
    wanted: dict[str, Collection[Any]] = {"kind": query.kinds, "department": query.departments, "topic": query.topics}
    return [any_of(name, values) for name, values in wanted.items() if values and name != but]


Part = tuple[int, Matching]


class Scores(NamedTuple):
    """What adds up to a score: queries, each with its whole number.

    Attributes:
        sizes: where no document matches two of the parts, how many each matches at most, anybody's counted.
    """

    parts: list[Part]
    sizes: list[int]


def scores(view: View, parsed: Parsed) -> Scores:
    """What each term says about the documents that have it."""
    if len(parsed.wanted) == 1 and isinstance(word := parsed.wanted[0], Word):
        term, levels = word.term, view.commit.levels(word.term)
        sizes = [view.commit.searcher.doc_freq("impacts", f"{term}/{level}") for level in levels]
        return Scores([(level + 1, impact(term, level)) for level in levels], sizes)
    # Beside nothing else it does not matter how rare something is
    alone = len(parsed.wanted) == 1
    gains = [(1.0 if alone else view.rarity(clause), clause) for clause in parsed.wanted]
    highest = sum(gain * HIGHEST * (len(each.terms) if isinstance(each, Phrase) else 1) for gain, each in gains)
    parts = []
    for gain, clause in gains:
        unit = gain * MOST / highest
        match clause:
            case Prefix():
                parts.append((int(unit * BEGINNING_IMPACT), matching(clause)))
            case Word(term=term):
                parts += _terms(view.commit, [term], unit)
            case Phrase(terms=terms):
                parts += _terms(view.commit, [term for term, _ in terms], unit)
    return Scores(parts, [])


def _terms(commit: Commit, terms: list[str], unit: float) -> Iterator[tuple[int, Matching]]:
    for term in terms:
        for level in commit.levels(term):
            yield int(unit * impact_of(level)), impact(term, level)


def impact(term: str, level: int) -> Matching:
    """The documents about which `term` says as much as this step."""
    return Matching.term_query(SCHEMA, "impacts", f"{term}/{level}", "basic")


def best(commit: Commit, among: Matching, scored: Scores, total: int, need: int) -> list[Ranked]:
    """The first `need` of the `total` documents `among`, by score, then the latest; kind and id settle the rest."""
    need = min(need, total)
    if need <= 0:
        return []
    for parts in _highest(scored, need):
        if (found := _fetch(commit, _scored(among, parts, require=True), need)) is not None:
            return found
    return _fetch(commit, _scored(among, scored.parts, require=False), need, total) or []


def _highest(scored: Scores, need: int) -> Iterator[list[Part]]:
    """The highest steps, as many as could be `need` documents, then more of them; all together are not among these.

    They have enough, as a rule: what has none of them comes after what has one.
    """
    parts, reached, enough = [], 0, need
    for size, part in sorted(zip(scored.sizes, scored.parts, strict=False), key=lambda each: -each[1][0])[:-1]:
        parts.append(part)
        reached += size
        if reached >= enough:
            yield parts
            enough = reached * 4


def _scored(among: Matching, parts: list[tuple[int, Matching]], require: bool) -> Matching:
    constant = [(MAY, Matching.const_score_query(each, float(score))) for score, each in parts]
    filtered = (MUST, Matching.const_score_query(among, 0.0))
    if require:
        return Matching.boolean_query([filtered, (MUST, Matching.boolean_query(constant))])
    return Matching.boolean_query([filtered, *constant])


def _fetch(commit: Commit, query: Matching, need: int, count: int | None = None) -> list[Ranked] | None:
    """The first `need` of those that match; None where there are fewer. `count`: how many do, where it is known."""
    limit = need + SPARE
    while True:
        found: Any = commit.searcher.search(query, limit=limit, count=count is None, weight_by_field="fresh")
        hits, count = found.hits, found.count if count is None else count
        if count < need:
            return None
        if len(hits) >= count or hits[need - 1][0] > hits[-1][0] * (1 + NEARLY):
            break
        # Equals at the end of what was read: those beyond may be later
        limit *= 4
    times = commit.searcher.fast_field_values("at", [address for _, address in hits])
    ranked = [
        Ranked(int(score + FRESHNESS / 2), int(at or 0), address)
        for (score, address), at in zip(hits, times, strict=True)
    ]
    return _in_order(commit, ranked, need)[:need]


def _in_order(commit: Commit, ranked: list[Ranked], need: int) -> list[Ranked]:
    ranked.sort(key=lambda each: (-each.score, -each.at))
    starts = [n for n in range(len(ranked)) if n == 0 or ranked[n][:2] != ranked[n - 1][:2]]
    for start, end in zip(starts, [*starts[1:], len(ranked)], strict=True):
        if end - start > 1 and start < need:
            ranked[start:end] = sorted(ranked[start:end], key=lambda each: commit.shown(each.address)[:2])
    return ranked
