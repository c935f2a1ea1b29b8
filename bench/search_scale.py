"""What a search engine costs at scale: how fast it indexes, how large its index is, and what each kind of query takes.

    python -m bench.search_scale [--quick] [--documents 10000,100000] [--engine whoosh|tantivy] [--out FILE]

Documents are invented; their words follow Zipf's law, as language does. Each query asks for 20 hits with snippets and
all facets, as one of 20 readers who see different audiences. Whoosh is measured as far as it is for, not beyond.
Milliseconds are processor time, all threads together.
"""

import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from bench.measure import Report, arguments, percentile
from intranet.lib.search import ENGINES
from intranet.lib.search.checks import MOST_FOR_WHOOSH
from intranet.lib.search.protocol import Document, Engine, Query

DOCUMENTS, QUICK_DOCUMENTS = "10000,100000", "2000"
ROUNDS, QUICK_ROUNDS = 100, 20
VOCABULARY = 40_000
AT = datetime(2026, 1, 1, tzinfo=UTC)
SYLLABLES = [a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on", "us")]


def vocabulary(seed: int) -> list[str]:
    """Pronounceable words, none twice, the commonest first."""
    chance = random.Random(seed)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(words)


def documents(count: int, words: list[str], seed: int) -> Iterator[Document]:
    """Posts, articles and questions of 60 to 700 words by 24 departments."""
    chance = random.Random(seed)
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
    """One question of each shape. The commonest words stand in four documents of five, common ones in one of six."""
    commonest, common, middle, rare = words[:10], words[80:160], words[400:2_000], words[20_000:]
    return {
        "rare word": chance.choice(rare),
        "common word": chance.choice(common),
        "commonest word": chance.choice(commonest),
        "3 words": " ".join([*chance.sample(common, 2), chance.choice(middle)]),
        "phrase": f'"{chance.choice(commonest)} {chance.choice(commonest)}"',
    }


def measure(engine: Engine, words: list[str], rounds: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each shape of query: what it took, and how many documents it found at the median."""
    chance = random.Random(seed)
    readers = [frozenset([0, *chance.sample(range(1, 200), 12)]) for _ in range(20)]
    cost: dict[str, list[float]] = defaultdict(list)
    found: dict[str, list[int]] = defaultdict(list)
    for _ in range(rounds):
        for shape, text in queries(words, chance).items():
            query, began = Query(text, chance.choice(readers)), time.process_time()
            total = engine.search(query).total
            cost[shape].append((time.process_time() - began) * 1000)
            found[shape].append(total)
    for shape, taken in cost.items():
        figures = {"cpu_p50_ms": percentile(taken, 0.5), "cpu_p95_ms": percentile(taken, 0.95)}
        yield shape, {"found_p50": round(statistics.median(found[shape])), **figures}


def run(report: Report, name: str, count: int, words: list[str], rounds: int, seed: int) -> None:
    """One engine over one number of documents."""
    about = {"engine": name, "documents": count}
    prepared = list(documents(count, words, seed + 1))
    with tempfile.TemporaryDirectory() as directory:
        engine = import_string(ENGINES[name])(Path(directory))
        wall, cpu = time.perf_counter(), time.process_time()
        engine.rebuild(prepared, upto=0)
        rates = {
            "documents_per_s": round(count / (time.perf_counter() - wall)),
            "documents_per_cpu_s": round(count / (time.process_time() - cpu)),
        }
        status = engine.status()
        report.add("rebuild", **about, **rates, mb=status["bytes"] / 1e6, segments=status["segments"])
        for shape, figures in measure(engine, words, rounds, seed + 2):
            report.add(shape, **about, **figures)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", help=f"how many, with commas between; {DOCUMENTS} without")
    parser.add_argument("--engine", choices=sorted(ENGINES), action="append", help="both without")
    options = parser.parse_args()
    report = Report("search_scale", options.out, seed=options.seed)
    words = vocabulary(options.seed)
    for count in map(int, (options.documents or (QUICK_DOCUMENTS if options.quick else DOCUMENTS)).split(",")):
        for name in options.engine or sorted(ENGINES):
            if name != "whoosh" or count <= MOST_FOR_WHOOSH:
                run(report, name, count, words, QUICK_ROUNDS if options.quick else ROUNDS, options.seed)


if __name__ == "__main__":
    main()
