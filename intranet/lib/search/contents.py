"""A document taken apart, the same for every engine: its terms with weights and places, its words, what is shown."""

from typing import NamedTuple

from .protocol import Document, Removal
from .text import WORD, name_key, read

TITLE_WEIGHT = 3.0
ALSO_WEIGHT = 0.3
MAX_BODY = 1_000_000  # characters of a body that are kept and indexed
MAX_NAME = 200  # letters of a name
MAX_LISTED_WORD = 32  # letters; longer ones are no help in completing or correcting
PART_GAP = 100  # places between title, summary and body, so that no phrase spans two of them


class Contents(NamedTuple):
    """What is indexed of a document.

    `names` as `name_key` has them; `terms` with their weight and the places they stand at, from 1 on; `words`
    unstemmed; `length` the sum of all weights; `shown` title, summary and body with single spaces.
    """

    names: set[str]
    terms: dict[str, tuple[float, list[int]]]
    words: set[str]
    length: float
    shown: tuple[str, str, str]


def key_of(thing: Document | Removal) -> str:
    """What identifies a document in the index."""
    return f"{thing.kind}:{thing.id}"


def contents_of(document: Document) -> Contents:
    """Take a document apart."""
    title, summary, also = (" ".join(part.split()) for part in (document.title, document.summary, document.also))
    body = " ".join(document.body[:MAX_BODY].split())
    terms: dict[str, tuple[float, list[int]]] = {}
    words = set()
    place, length = 0, 0.0
    texts = ((title, TITLE_WEIGHT, True), (summary, 1.0, False), (body, 1.0, False), (also, ALSO_WEIGHT, False))
    for text, weight, keeps_stops in texts:
        for raw in WORD.findall(text):
            place += 1
            word, term, is_stop = read(raw)
            if is_stop and not keeps_stops:
                continue
            before, places = terms.get(term, (0.0, []))
            places.append(place)
            terms[term] = before + weight, places
            length += weight
            if 1 < len(word) <= MAX_LISTED_WORD:
                words.add(word)
        place += PART_GAP
    names = {key for name in document.names if (key := name_key(name[:MAX_NAME]))}
    return Contents(names, terms, words, length, (title, summary, body))
