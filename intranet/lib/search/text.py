"""How text becomes the terms that are indexed, asked for and highlighted: one rule for all three."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from .whoosh_files import porter_stem

# Letters and digits with the accents that follow them, and apostrophes inside.
WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*(?:['’][^\W_]+)*")

# Said in every text, hence of no help in finding one. Not here: can, may, will (months and people).
_COMMONEST = """
    a an and are as at be been but by did do does for from had has have he her his how i if in into is it its
    me my no not of on or our she so than that the their them then there these they this to was we were
    what when where which who why with would you your us
"""
STOP_WORDS = frozenset(_COMMONEST.split())

MAX_WORD = 40  # letters kept of one word; what is longer is data, not language
_VOWELS = frozenset("aeiouy")
_APOSTROPHES = str.maketrans("", "", "'’")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_IZE = re.compile(r"(?<=[a-z][iy])z(?=(?:e|es|ed|er|ers|ing|ation|ations|ational)$)")


class Reading(NamedTuple):
    """A word understood: its folded spelling, its term (folded and stemmed), whether it is a stop word."""

    word: str
    term: str
    is_stop: bool


class Token(NamedTuple):
    """A word of a text, and its place."""

    start: int
    end: int
    word: str
    term: str
    is_stop: bool


@lru_cache(maxsize=65_536)
def read(raw: str) -> Reading:
    """Understand one word as it is written. A stop word in capitals (IT, US, WHO) is an acronym instead."""
    word = _fold(raw)
    return Reading(word, _stem(word), word in STOP_WORDS and not (len(raw) > 1 and raw.isupper()))


def tokens(text: str) -> Iterator[Token]:
    """The words of `text`, in order."""
    for match in WORD.finditer(text):
        yield Token(match.start(), match.end(), *read(match.group()))


def name_key(text: str) -> str:
    """What all spellings of a name have in common: its terms in their order."""
    return " ".join(token.term for token in tokens(text))


def _fold(word: str) -> str:
    # Lower case, without accents (ŵ is w), apostrophes and a possessive s.
    word = word.casefold()
    if word.endswith(("'s", "’s")):
        word = word[:-2]
    if not word.isascii():
        plain = unicodedata.normalize("NFKD", word)
        word = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LETTERS)
    return word.translate(_APOSTROPHES)[:MAX_WORD]


def _stem(word: str) -> str:
    # Both spellings of organise give one term; acronyms stay as they are, but PQs are PQ and MPs are MP.
    if len(word) == 3 and word[2] == "s" and _VOWELS.isdisjoint(word):
        return word[:2]
    if len(word) <= 3 or not (word.isascii() and word.isalpha()):
        return word
    return str(porter_stem(_IZE.sub("s", word)))
