"""Makes RESULTS.md of the JSON lines that benches wrote.

python -m bench.results FILE… > bench/RESULTS.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench import goals

# What every line of a run has in common stands above its table
COMMON = ("machine", "cores", "memory_gb", "python", "commit", "seed", "at", "bench")


def main() -> None:
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for name in sys.argv[1:]:
        for number, text in enumerate(Path(name).read_text(encoding="utf-8").splitlines(), start=1):
            try:
                line = {"bench": Path(name).stem, **json.loads(text)}
            except (ValueError, TypeError):
                sys.exit(f"{name}:{number} is no line of a bench.")
            runs.setdefault((line["bench"], line.get("commit", "")), []).append(line)
    if not runs:
        sys.exit("Name files of JSON lines: python -m bench.results FILE…")
    _introduce([line for lines in runs.values() for line in lines])
    for (bench, _), lines in sorted(runs.items()):
        _tables(bench, lines)


def _introduce(lines: list[dict[str, Any]]) -> None:
    print("# Results\n\nMade by `python -m bench.results` of what `make bench` wrote. Milliseconds, where nothing else")
    print("is said; `…_ms` of a part is processor time per request, p50 and p95 are what a client waited.\n")
    print(
        "## Goals\n\nThe worst of the lines that a goal is about. Goals in time are those of a machine whose bare view"
    )
    print(f"costs {goals.BARE} ms: a processor's figure is told once more as it would be there, and judged by that;")
    print("a page's by the bare view measured beside it, any other by the median of all bare views.\n")
    _table(("goal", "is", "measured", f"at {goals.BARE} ms", "where", "met"), goals.rows(lines))


def _tables(bench: str, lines: list[dict[str, Any]]) -> None:
    first = lines[0]
    print(f"## {bench}\n")
    if "machine" in first:
        where = f"{first['machine']}, {first['cores']} cores, {first['memory_gb']} GB; Python {first['python']}"
        print(f"{where}; commit {first['commit']}; seed {first['seed']}; {first['at'][:10]}\n")
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for line in lines:
        shapes.setdefault(tuple(key for key in line if key not in COMMON), []).append(line)
    for columns, rows in shapes.items():
        _table(columns, ([_cell(row[column]) for column in columns] for row in rows))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value).replace("|", "\\|")


if __name__ == "__main__":
    main()
