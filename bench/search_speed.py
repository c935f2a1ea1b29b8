"""How fast the search engine is over synthetic documents, as JSON lines: indexing, searches, a change, opening.

    python -m bench.search_speed [DOCUMENTS]

Words follow Zipf's law, as language does; each search asks for 20 hits with snippets and all facets, as one of
several readers with different audiences.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from intranet.lib.search.protocol import Document, Query
from intranet.lib.search.whoosh_engine import WhooshEngine

VOCABULARY = 40_000
ROUNDS = 60
AT = datetime(2026, 1, 1, tzinfo=UTC)
SYLLABLES = [a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on", "us")]


def vocabulary() -> list[str]:
    """Pronounceable words, none twice, the commonest first."""
    chance = random.Random(1)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(words)


def documents(count: int, words: list[str]) -> Iterator[Document]:
    """Posts, pages and guides of 40 to 900 words by 24 departments."""
    chance = random.Random(2)
    weights = list(accumulate(1 / rank for rank in range(10, len(words) + 10)))
    departments = list(accumulate(1 / rank for rank in range(1, 25)))
    for number in range(count):
        length = chance.choice((60, 60, 60, 280, 280, 280, 280, 280, 700, 700))
        text = chance.choices(words, cum_weights=weights, k=length)
        department = chance.choices(range(24), cum_weights=departments)[0]
        audience = 0 if chance.random() < 0.6 else chance.randrange(1, 200)
        yield Document(
            kind=chance.choice(("post", "article", "question")),
            id=number,
            title=" ".join(text[:7]),
            body=" ".join(text),
            at=AT + timedelta(minutes=number),
            audiences=frozenset([audience]),
            departments=frozenset([department]),
            topics=frozenset(chance.sample(range(300), k=3)),
        )


def queries(words: list[str], chance: random.Random) -> dict[str, str]:
    """One question of each shape."""
    common, middle, rare = words[:40], words[100:2_000], words[20_000:]
    return {
        "rare word": chance.choice(rare),
        "common word": chance.choice(common),
        "3 words": " ".join([*chance.sample(common, 2), chance.choice(middle)]),
        "8 words": " ".join(chance.sample(common, 3) + chance.sample(middle, 5)),
        "phrase": f'"{chance.choice(common)} {chance.choice(common)}"',
        "beginning": chance.choice(middle)[:4] + "*",
        "misspelt": chance.choice(middle) + "x",
    }


class Times:
    """How long something took each time, on the clock and of the processor: a busy machine stretches the first."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    @contextmanager
    def once(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.append((time.perf_counter() - wall) * 1000)
        self.cpu.append((time.process_time() - cpu) * 1000)

    def milliseconds(self) -> dict[str, float]:
        """Medians and the 95th percentile on the clock."""
        return {
            "cpu_p50_ms": round(statistics.median(self.cpu), 2),
            "p50_ms": round(statistics.median(self.wall), 2),
            "p95_ms": round(statistics.quantiles(self.wall, n=20)[-1], 2),
        }


def measure_searches(engine: WhooshEngine, words: list[str]) -> Iterator[dict[str, object]]:
    """Every shape of question, cold and warm together, by 20 readers."""
    chance = random.Random(3)
    times: dict[str, Times] = defaultdict(Times)
    readers = [frozenset([0, *chance.sample(range(1, 200), 12)]) for _ in range(20)]
    for _ in range(ROUNDS):
        for shape, text in queries(words, chance).items():
            with times[shape].once():
                engine.search(Query(text, chance.choice(readers)))
    for shape, taken in times.items():
        yield {"what": shape, **taken.milliseconds()}


def measure_changes(engine: WhooshEngine, changed: list[Document]) -> dict[str, object]:
    """One document at a time, each a commit, and the first search after it."""
    commits, searches = Times(), Times()
    for number, document in enumerate(changed, start=1):
        with commits.once():
            engine.apply([document], number)
        with searches.once():
            engine.search(Query(document.title, document.audiences))
    return {"what": "change", "commit": commits.milliseconds(), "next_search": searches.milliseconds()}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    words = vocabulary()
    prepared = list(documents(count, words))
    with tempfile.TemporaryDirectory() as directory:
        engine, built, opened = WhooshEngine(Path(directory)), Times(), Times()
        with built.once():
            engine.rebuild(prepared, upto=0)
        rates = {"per_s": round(count * 1000 / built.wall[0]), "per_cpu_s": round(count * 1000 / built.cpu[0])}
        with opened.once():
            WhooshEngine(Path(directory)).status()
        print(json.dumps({"what": "rebuild", **engine.status(), **rates}))
        print(json.dumps({"what": "open", "cpu_ms": round(opened.cpu[0]), "ms": round(opened.wall[0])}))
        for line in measure_searches(engine, words):
            print(json.dumps(line))
        print(json.dumps(measure_changes(engine, prepared[:40])))


if __name__ == "__main__":
    main()
