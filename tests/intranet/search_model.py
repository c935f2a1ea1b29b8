"""What search engines are tested against: all engines there are, documents, and a naive engine in memory."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intranet.lib.search.protocol import ENOUGH, Document, Engine, Query, Removal
from intranet.lib.search.tantivy_engine import TantivyEngine
from intranet.lib.search.whoosh_engine import WhooshEngine

ENGINES: list[type[Engine]] = [WhooshEngine, TantivyEngine]
every_engine = pytest.mark.parametrize("engine_class", ENGINES)

EVERYONE = 1
READER = frozenset([EVERYONE])
MORNING = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


def new_engine(engine_class: type[Engine], folder: Path, *documents: Document) -> Engine:
    """An engine with its own index of `documents`."""
    engine = engine_class(folder / "search")
    engine.rebuild(documents, upto=0)
    return engine


def document(id_: int, title: str, body: str = "", **fields: object) -> Document:
    """An article everyone may see, the later the higher its id, unless `fields` say otherwise."""
    settled = {"kind": "article", "at": MORNING + timedelta(minutes=id_), "audiences": READER, **fields}
    return Document(id=id_, title=title, body=body, **settled)


def ask(engine: Engine, text: str, **fields: object) -> list[int]:
    """The ids found by a reader who sees what everyone sees."""
    return [hit.id for hit in engine.search(Query(text, READER, **fields)).hits]


class Model:
    """An engine that keeps documents in a dictionary and reads every one for every question.

    It knows plain words, "two words" in quotes and -words, and needs words that stemming leaves alone.
    """

    def __init__(self) -> None:
        self.documents: dict[tuple[str, int], Document] = {}

    def apply(self, changes: list[Document | Removal]) -> None:
        for change in changes:
            self.documents.pop((change.kind, change.id), None)
            if isinstance(change, Document):
                self.documents[change.kind, change.id] = change

    def visible(self, query: Query) -> list[Document]:
        return [
            each
            for key, each in self.documents.items()
            if each.audiences & query.audiences and key not in query.exclude
        ]

    def matching(self, query: Query) -> list[Document]:
        wanted = [word for word in query.text.replace('"', "").split() if not word.startswith("-")]
        unwanted = [word[1:] for word in query.text.split() if word.startswith("-")]
        phrase = query.text.split('"')[1].split() if '"' in query.text else []
        allowed = [
            each
            for each in self.visible(query)
            if not any(has(each, [word]) for word in unwanted) and has(each, phrase)
        ]
        complete = [each for each in allowed if all(has(each, [word]) for word in wanted)]
        if len(complete) >= ENOUGH:
            return complete
        return [each for each in allowed if any(has(each, [word]) for word in wanted)]

    def found(self, query: Query) -> set[tuple[str, int]]:
        return {(each.kind, each.id) for each in self.matching(query) if passes(each, query)}

    def facets(self, query: Query) -> dict[str, dict[str | int, int]]:
        counts: dict[str, Counter[str | int]] = {"kind": Counter(), "department": Counter(), "topic": Counter()}
        for each in self.matching(query):
            for name, values in facet_values(each).items():
                if passes(each, query, but=name):
                    counts[name].update(values)
        return {name: dict(counted) for name, counted in counts.items()}


def has(document: Document, phrase: list[str]) -> bool:
    """Whether the words of `phrase` stand side by side in one of the document's texts."""
    texts = (document.title, document.summary, document.body)
    return any(f" {' '.join(phrase)} " in f" {' '.join(text.split())} " for text in texts) or not phrase


def facet_values(document: Document) -> dict[str, frozenset]:
    """What a document counts for."""
    return {"kind": frozenset([document.kind]), "department": document.departments, "topic": document.topics}


def passes(document: Document, query: Query, but: str = "") -> bool:
    """Whether a document passes the filters, one of which can be overlooked."""
    filters = {"kind": query.kinds, "department": query.departments, "topic": query.topics}
    values = facet_values(document)
    return all(not wanted or name == but or wanted & values[name] for name, wanted in filters.items())
