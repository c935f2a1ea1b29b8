"""What a search costs at scale, for each engine, as JSON lines: indexing, size, and processor time of each query.

    python -m bench.search_scale [--quick]

Documents are those of `bench.search_speed`: 10,000 for both engines, 100,000 for Tantivy alone (Whoosh is not for so
many). Each query asks for 20 hits with snippets and all facets, as one of 20 readers who see different audiences.
--quick measures 2,000 documents with both.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.utils.module_loading import import_string

from bench.search_speed import documents, vocabulary
from intranet.lib.search import ENGINES
from intranet.lib.search.protocol import Engine, Query

ROUNDS = 100
QUICK_ROUNDS = 20


def queries(words: list[str], chance: random.Random) -> dict[str, str]:
    """One question of each shape. The commonest words stand in four documents of five, common ones in one of six."""
    commonest, common, middle, rare = words[:10], words[80:160], words[400:2_000], words[20_000:]
    return {
        "rare": chance.choice(rare),
        "common": chance.choice(common),
        "commonest": chance.choice(commonest),
        "3 words": " ".join([*chance.sample(common, 2), chance.choice(middle)]),
        "phrase": f'"{chance.choice(commonest)} {chance.choice(commonest)}"',
    }


def measure(engine: Engine, words: list[str], rounds: int) -> Iterator[dict[str, object]]:
    """Milliseconds of processor time of each shape of query, and how many documents it found at the median."""
    chance = random.Random(3)
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
        yield {
            "query": shape,
            "found_p50": round(statistics.median(found[shape])),
            "cpu_p50_ms": round(statistics.median(taken), 2),
            "cpu_p95_ms": round(statistics.quantiles(taken, n=20)[-1], 2),
        }


def run(name: str, count: int, words: list[str], rounds: int) -> None:
    """One engine over one number of documents."""
    about = {"engine": name, "documents": count}
    with tempfile.TemporaryDirectory() as directory:
        engine, began = import_string(ENGINES[name])(Path(directory)), time.process_time()
        engine.rebuild(documents(count, words), upto=0)
        rate = round(count / (time.process_time() - began))
        status = engine.status()
        built = {"documents_per_cpu_s": rate, "bytes": status["bytes"], "segments": status["segments"]}
        print(json.dumps({**about, "what": "rebuild", **built}), flush=True)
        for line in measure(engine, words, rounds):
            print(json.dumps({**about, **line}), flush=True)


def main() -> None:
    is_quick = "--quick" in sys.argv[1:]
    sizes = [(2_000, sorted(ENGINES))] if is_quick else [(10_000, sorted(ENGINES)), (100_000, ["tantivy"])]
    words = vocabulary()
    for count, names in sizes:
        for name in names:
            run(name, count, words, QUICK_ROUNDS if is_quick else ROUNDS)


if __name__ == "__main__":
    main()
