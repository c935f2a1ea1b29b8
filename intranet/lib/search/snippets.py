"""What is shown of a document found: escaped text, the words asked for marked, the fragment that has most of them."""

import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import NamedTuple

from django.utils.safestring import SafeString

from .parsing import Parsed, Phrase, Prefix, Word
from .text import WORD, read

LENGTH = 240  # characters of a fragment, give or take a word
LEAD = 60  # characters shown before the first word marked
MAX_SCANNED = 60_000  # characters of a body searched for the best fragment
MAX_COMPARED = 500  # places at which a fragment could begin

ASCII = "".join(map(chr, range(128)))
# Accents that follow their letter: such a text is read word by word
COMBINING = re.compile("[\u0300-\u036f]")


class Asked(NamedTuple):
    """What a query asks of a text.

    Attributes:
        term: tells of a word as it is written which term asked for it is, if any.
        likely: finds the words that could be one: reading every word of every hit costs more than all else.
    """

    term: Callable[[str], str | None]
    likely: re.Pattern[str]


class Mark(NamedTuple):
    """A word to be marked: where it stands and which term it is."""

    start: int
    end: int
    term: str


def asked_for(parsed: Parsed) -> Asked:
    """What a query makes of the words of a text."""
    terms: set[str] = set()
    beginnings: list[str] = []
    for clause in parsed.wanted:
        match clause:
            case Word():
                terms.add(clause.term)
            case Prefix():
                beginnings.append(clause.prefix)
            case Phrase():
                terms.update(term for term, _ in clause.terms)

    @cache
    def term_of(raw: str) -> str | None:
        word, term, is_stop = read(raw)
        if term in terms and not is_stop:
            return term
        return next((beginning for beginning in beginnings if word.startswith(beginning)), None)

    return Asked(term_of, _likely(terms | set(beginnings)))


def _likely(terms: set[str]) -> re.Pattern[str]:
    """Words that begin as one of `terms` does, or with a letter that is folded.

    Stemming takes endings away and leaves the first two letters, but that a y becomes an i.
    """
    first, second = ({term[n : n + 1] for term in terms} for n in (0, 1))
    # A term of one letter begins as every word with it does
    following = _letters(second | {"'"} | ({"y"} if "i" in second else set()))
    begins = "" if "" in second else rf"(?:(?<=[^\x00-\x7f])|(?={following}))"
    # The set of first letters stands in front: those places alone are looked at
    return re.compile(
        rf"{_letters(first)}(?<=[^\W_])(?<![^\W_].)(?<![^\W_]['’].){begins}[^\W_]*(?:['’][^\W_]+)*", re.DOTALL
    )


def _letters(wanted: set[str]) -> str:
    """One of the letters of ASCII that are `wanted`, capital or small, or anything beyond ASCII."""
    # Said by what it is not: a set of all that lies beyond takes long to compile
    return f"[^{re.escape(''.join(letter for letter in ASCII if letter.lower() not in wanted))}]"


def title_html(title: str, asked: Asked) -> SafeString:
    """A title with the words asked for marked."""
    return _marked(title, 0, len(title), _marks(title, asked))


def snippet(summary: str, body: str, asked: Asked) -> SafeString:
    """The fragment of the body that has most of the words asked for; else the summary, else how the body begins."""
    body = body[:MAX_SCANNED]
    if marks := _marks(body, asked):
        return _marked(body, *_best(body, marks), marks)
    text = summary or body
    return _marked(text, 0, _word_end(text, LENGTH), _marks(text, asked))


def _marks(text: str, asked: Asked) -> list[Mark]:
    words = WORD if not text.isascii() and COMBINING.search(text) else asked.likely
    return [Mark(*match.span(), term) for match in words.finditer(text) if (term := asked.term(match.group()))]


def _best(text: str, found: list[Mark]) -> tuple[int, int]:
    best, best_value = 0, (0, 0)
    for index, first in enumerate(found[:MAX_COMPARED]):
        near = found[index : index + LENGTH // 2]
        inside = [mark.term for mark in near if mark.end <= first.start + LENGTH - LEAD]
        value = len(set(inside)), len(inside)
        if value > best_value:
            best, best_value = index, value
    start = found[best].start - LEAD
    if start <= 0 or len(text) <= LENGTH:
        return 0, _word_end(text, LENGTH)
    start = text.find(" ", start, found[best].start) + 1 or found[best].start
    return start, _word_end(text, start + LENGTH)


def _word_end(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    return max(text.rfind(" ", end - LEAD, end), end - LEAD)


def _marked(text: str, start: int, end: int, found: list[Mark]) -> SafeString:
    pieces, at = ["…" if start else ""], start
    for mark in found:
        if start <= mark.start and mark.end <= end:
            pieces += escape(text[at : mark.start]), "<mark>", escape(text[mark.start : mark.end]), "</mark>"
            at = mark.end
    pieces += escape(text[at:end]), "…" if end < len(text) else ""
    return SafeString("".join(pieces))
