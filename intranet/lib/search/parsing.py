"""What a reader typed, taken apart: words, phrases, beginnings of words, unwanted words. Never fails."""

import re
from dataclasses import dataclass, field

from .text import Token, tokens

MAX_TEXT = 2_000  # characters of a query that are read
MAX_CLAUSES = 32  # words and phrases of a query that are searched
MAX_COSTLY = 4  # phrases and beginnings among them; more of these are overlooked
MIN_PREFIX = 2  # letters before a star; with fewer the star is overlooked

_CHUNK = re.compile(r'-?"[^"]*"?|[^\s"]+')


@dataclass(frozen=True)
class Word:
    """A term to be found; `start` and `end` say where in the text it stands, `word` how it was spelt."""

    term: str
    word: str = field(compare=False)
    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True)
class Prefix:
    """The beginning of words to be found."""

    prefix: str


@dataclass(frozen=True)
class Phrase:
    """Terms to be found one after the other: each with its distance from the first."""

    terms: tuple[tuple[str, int], ...]


Clause = Word | Prefix | Phrase


@dataclass(frozen=True)
class Parsed:
    """A query understood. A document must have every one of `wanted` and none of `unwanted`."""

    wanted: tuple[Clause, ...]
    unwanted: tuple[Clause, ...]


def parse(text: str) -> Parsed:
    """Understand `text`; whatever cannot be understood is overlooked."""
    text = text[:MAX_TEXT]
    wanted: list[Clause] = []
    unwanted: list[Clause] = []
    stops: list[Clause] = []
    shouted = text.isupper() and text.count(" ") > 2  # then capitals say nothing
    for chunk in _CHUNK.finditer(text):
        typed, found = chunk.group(), _tokens(chunk, shouted)
        if not found:
            continue
        if typed.startswith("-"):
            unwanted.append(_together(found))
        elif '"' in typed:
            wanted.append(_together(found))
        elif typed.endswith("*") and len(found[-1].word) >= MIN_PREFIX:
            wanted += [*(_word(token) for token in found[:-1] if not token.is_stop), Prefix(found[-1].word)]
        else:
            for token in found:
                (stops if token.is_stop else wanted).append(_word(token))
    # Only stop words? Titles have them, and acronyms look like them.
    return Parsed(_limited(wanted or stops), _limited(unwanted))


def _tokens(chunk: re.Match[str], shouted: bool) -> list[Token]:
    typed, start = chunk.group(), chunk.start()
    found = tokens(typed.lower() if shouted else typed)
    return [token._replace(start=token.start + start, end=token.end + start) for token in found]


def _limited(clauses: list[Clause]) -> tuple[Clause, ...]:
    kept: dict[Clause, None] = {}
    costly = 0
    for clause in clauses:
        costly += not isinstance(clause, Word) and clause not in kept
        if isinstance(clause, Word) or costly <= MAX_COSTLY:
            kept[clause] = None
    return tuple(kept)[:MAX_CLAUSES]


def _word(token: Token) -> Word:
    return Word(token.term, token.word, token.start, token.end)


def _together(found: list[Token]) -> Clause:
    # Stop words are only indexed in titles; elsewhere their place is kept open.
    placed = list(enumerate(found))
    told = [(place, token) for place, token in placed if not token.is_stop] or placed
    first, only = told[0]
    if len(told) == 1:
        return _word(only)
    return Phrase(tuple((token.term, place - first) for place, token in told[:MAX_CLAUSES]))
