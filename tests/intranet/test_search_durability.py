"""What a search index survives: writers killed, files lost or damaged, readers in the middle of it all."""

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from intranet.lib.search.protocol import Document, Engine, Query, Removal, SearchUnavailable
from tests.intranet.search_model import ENGINES, READER, ask, document, every_engine, new_engine

ROOT = Path(__file__).resolve().parents[2]
SIZE = 8  # documents, all changed by each commit, so that a torn one shows

WRITER = """
import sys
from pathlib import Path
from tests.intranet import search_model, test_search_durability as durability
engine = search_model.ENGINES[int(sys.argv[1])](Path(sys.argv[2]))
number = engine.applied()
print("ready", flush=True)
while True:
    number += 1
    engine.apply(durability.edition(number), number)
    print(number, flush=True)
"""
READER_PROCESS = """
import sys, time
from pathlib import Path
from tests.intranet import search_model, test_search_durability as durability
engine = search_model.ENGINES[int(sys.argv[1])](Path(sys.argv[2]))
print("ready", flush=True)
seen, deadline = set(), time.monotonic() + 60
while not Path(sys.argv[3]).exists() and time.monotonic() < deadline:
    seen.add(durability.edition_of(engine))
print(len(seen), flush=True)
"""


def edition(number: int) -> list[Document | Removal]:
    """The same documents anew, each saying which edition it is of; and one that comes and goes."""
    changed = [document(id_, "Budget", f"edition e{number}e of many words") for id_ in range(SIZE)]
    extra = document(1000, "Canal") if number % 2 else Removal("article", 1000)
    return [*changed, extra]


def edition_of(engine: Engine) -> int:
    """Which edition a search finds; fails when it finds more than one, or not all of it."""
    results = engine.search(Query("budget", READER))
    bodies = {str(hit.snippet) for hit in results.hits}
    assert (results.total, len(results.hits), len(bodies)) == (SIZE, SIZE, 1), results
    return int(bodies.pop().split("e")[2])


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []

    def run(script: str, engine_class: type[Engine], *arguments: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, str(ENGINES.index(engine_class)), *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout and process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in running:
        process.kill()
        with process:  # waits, and closes its pipe
            pass


@every_engine
def test_a_writer_killed_at_any_moment_leaves_the_old_state_or_the_new(
    engine_class: type[Engine], tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    engine = new_engine(engine_class, tmp_path, *edition(0)[:-1])
    chance = random.Random(5)
    for _ in range(4):
        writer = start(WRITER, engine_class, tmp_path / "search")
        time.sleep(chance.uniform(0.02, 0.25))
        writer.kill()
        told = [int(line) for line in writer.stdout]
        writer.wait()
        applied = engine.applied()
        assert applied in (told[-1], told[-1] + 1) if told else applied >= 0
        assert edition_of(engine) == edition_of(engine_class(tmp_path / "search")) == applied
        assert ask(engine, "canal") == ([1000] if applied % 2 else [])

    engine.apply(edition(1001), 1001)
    assert edition_of(engine) == engine.applied() == 1001


@every_engine
def test_readers_see_whole_commits_while_others_are_made(
    engine_class: type[Engine], tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    engine = new_engine(engine_class, tmp_path, *edition(0)[:-1])
    stop = tmp_path / "stop"
    process = start(READER_PROCESS, engine_class, tmp_path / "search", stop)
    seen: list[list[int]] = []
    threads = [threading.Thread(target=lambda: seen.append(list(_watch(engine, stop)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 41):
        engine.apply(edition(number), number)
        if number % 20 == 0:
            engine.rebuild([each for each in edition(number) if isinstance(each, Document)], number)
    stop.touch()
    for thread in threads:
        thread.join()

    assert len(seen) == 3, "a reader failed"
    for editions in seen:
        assert editions == sorted(editions) and editions[-1] == 40
    assert int(process.stdout.read()) > 1 and process.wait() == 0


def _watch(engine: Engine, stop: Path) -> Iterator[int]:
    stopping = False
    while not stopping:
        stopping = stop.exists()
        yield edition_of(engine)


def _put(path: Path, content: bytes) -> None:
    """Put another file in place of one that threads of the engine may still read: cut short, it would kill them."""
    other = path.with_name(f"{path.name}.damaged")
    other.write_bytes(content)
    other.replace(path)


def _cut(path: Path) -> None:
    content = path.read_bytes()
    _put(path, content[: len(content) // 2])


def _empty(path: Path) -> None:
    _put(path, b"")


def _garble(path: Path) -> None:
    content, garbage = path.read_bytes(), b"\xff\x00garbage"
    at = len(content) // 3
    _put(path, content[:at] + garbage + content[at + len(garbage) :])


def _flip_last(path: Path) -> None:
    content = path.read_bytes()
    _put(path, content[:-1] + bytes([content[-1] ^ 1]))


DAMAGES = [_cut, _empty, _garble, _flip_last, Path.unlink]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


@every_engine
@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damaged_file_is_told_at_the_next_search_and_healed_by_a_rebuild(
    engine_class: type[Engine], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    stored = [document(id_, f"Budget {id_}", "words " * 500) for id_ in range(30)]
    engine = new_engine(engine_class, tmp_path, *stored)
    engine.apply([document(40, "Budget")], 3)
    for which in range(len(_files(tmp_path))):
        assert engine.search(Query("budget", READER)).total == 31
        damage(_files(tmp_path)[which])
        for reader in (engine, engine_class(tmp_path / "search")):
            for attempt in (lambda: reader.search(Query("budget", READER)), reader.applied, reader.status):  # noqa: B023
                with pytest.raises(SearchUnavailable):
                    attempt()
            with pytest.raises(SearchUnavailable):
                reader.apply([document(41, "Budget")], 9)
        engine.rebuild(stored, upto=0)
        engine.apply([document(40, "Budget")], 3)
        assert (engine.applied(), engine_class(tmp_path / "search").applied()) == (3, 3)


@every_engine
def test_a_missing_index_is_told_and_built_by_a_rebuild(engine_class: type[Engine], tmp_path: Path) -> None:
    engine = engine_class(tmp_path / "far" / "away")
    with pytest.raises(SearchUnavailable):
        engine.search(Query("budget", READER))
    with pytest.raises(SearchUnavailable):
        engine.apply([document(1, "Budget")], 1)
    engine.rebuild([document(1, "Budget")], upto=6)
    assert (ask(engine, "budget"), engine.applied()) == ([1], 6)

    shutil.rmtree(tmp_path / "far")
    with pytest.raises(SearchUnavailable):
        engine.search(Query("budget", READER))
    with pytest.raises(SearchUnavailable):
        engine.applied()
    engine.rebuild([], upto=7)
    assert (ask(engine, "budget"), engine.applied(), engine.status()["documents"]) == ([], 7, 0)


@every_engine
def test_a_rebuild_that_fails_changes_nothing_and_leaves_nothing_behind(
    engine_class: type[Engine], tmp_path: Path
) -> None:
    def broken() -> Iterator[Document]:
        yield document(2, "Canal")
        raise RuntimeError("the database went away")

    engine = new_engine(engine_class, tmp_path, document(1, "Budget"))
    before = _files(tmp_path)
    with pytest.raises(RuntimeError):
        engine.rebuild(broken(), upto=9)
    assert (ask(engine, "budget"), ask(engine, "canal"), engine.applied()) == ([1], [], 0)
    assert _files(tmp_path) == before


@every_engine
def test_a_rebuild_takes_the_place_of_the_old_index(engine_class: type[Engine], tmp_path: Path) -> None:
    engine = new_engine(engine_class, tmp_path, document(1, "Budget"))
    engine.apply([document(2, "Budget")], 5)
    before = engine.status()["bytes"]
    for _ in range(3):
        engine.rebuild([document(1, "Budget"), document(1, "Budget")], upto=4)
    assert (ask(engine, "budget"), engine.applied()) == ([1], 4)
    on_disk = sum(path.stat().st_size for path in _files(tmp_path))
    assert engine.status()["bytes"] <= on_disk < 2 * before


@every_engine
def test_the_last_change_of_a_document_counts_and_repeating_changes_nothing(
    engine_class: type[Engine], tmp_path: Path
) -> None:
    engine = new_engine(engine_class, tmp_path)
    one = [document(1, "Budget"), Removal("article", 1)]
    two = [document(2, "Budget"), document(2, "Canal"), Removal("post", 9)]
    for _ in range(2):
        engine.apply([*one, *two], 5)
        assert (ask(engine, "budget"), ask(engine, "canal")) == ([], [2])
        assert engine.status()["documents"] == 1
    engine.apply([], 8)
    assert engine.applied() == 8
    engine.apply([], 6)
    assert engine.applied() == 8


@every_engine
def test_many_small_commits_keep_few_segments_and_few_files(engine_class: type[Engine], tmp_path: Path) -> None:
    engine = new_engine(engine_class, tmp_path, *(document(id_, "Budget") for id_ in range(50)))
    for number in range(80):
        engine.apply([document(number, f"Budget {number}")], number)
    assert engine.status()["segments"] < 10
    # Tantivy has seven files to a segment
    assert len(_files(tmp_path)) < 80
    assert engine.search(Query("budget", READER)).total == 80
