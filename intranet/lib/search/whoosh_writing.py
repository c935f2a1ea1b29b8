"""The one writer of a Whoosh index: changes in one commit, or everything anew beside what is there."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .contents import contents_of, key_of
from .protocol import Document, Removal
from .store import Manifest, Store, seal
from .whoosh_files import (
    NAME,
    TOC,
    FileStorage,
    SegmentReader,
    TermNotFound,
    Writer,
    new_schema,
    pack_positions,
)

# Raised with every change of what is written, so that an index made by another version is built anew
FORMAT = "whoosh-2"


def apply_changes(store: Store, changes: Iterable[Document | Removal], upto: int, after: int) -> None:
    """See `Engine.apply`. Raises SearchUnavailable, OSError."""
    store.current()  # there is a folder to lock
    with store.lock("WRITE"):
        manifest = store.current()
        if manifest.applied < after:
            return
        store.verify(manifest)
        latest = {key_of(change): change for change in changes}
        if latest:
            store.tidy(manifest)
            files, toc = _commit(store.root / manifest.folder, latest, manifest.files)
        else:
            files, toc = manifest.files, manifest.toc
        manifest = Manifest(manifest.folder, toc, max(upto, manifest.applied), files)
        store.publish(manifest)
        store.tidy(manifest)


def build(store: Store, documents: Iterable[Document], upto: int) -> None:
    """See `Engine.rebuild`. Raises OSError, and whatever reading `documents` raises: then nothing has changed."""
    store.root.mkdir(parents=True, exist_ok=True)
    with store.lock("REBUILD"):
        folder = store.new_folder()
        try:
            files, toc = _build(folder, documents)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with store.lock("WRITE"):
            manifest = Manifest(folder.name, toc, upto, files)
            store.publish(manifest)
            store.tidy(manifest)
            store.remove_others(manifest)


def _commit(
    folder: Path, latest: dict[str, Document | Removal], known: dict[str, tuple[int, int]]
) -> tuple[dict[str, tuple[int, int]], int]:
    with _writing(folder) as writer:
        for segment in writer.segments:
            reader = SegmentReader(writer.storage, writer.schema, segment)
            for key in latest:
                for docnum in documents_marked(reader, "key", key):
                    segment.delete_document(docnum)
        for change in latest.values():
            if isinstance(change, Document):
                writer.add_document(**fields_of(change))
        toc = writer.commit()
    return seal(folder, _names(toc), known), toc.generation


def _build(folder: Path, documents: Iterable[Document]) -> tuple[dict[str, tuple[int, int]], int]:
    TOC(new_schema(), [], 0).write(FileStorage(str(folder)), NAME)
    seen = set()
    with _writing(folder) as writer:
        for document in documents:
            # A document that changes while all are read may come twice; the change is applied afterwards.
            if (key := key_of(document)) not in seen:
                seen.add(key)
                writer.add_document(**fields_of(document))
        toc = writer.commit()
    return seal(folder, _names(toc), {}), toc.generation


@contextmanager
def _writing(folder: Path) -> Iterator[Writer]:
    writer = Writer(FileStorage(str(folder)))
    try:
        yield writer
    except BaseException:
        with suppress(Exception):  # what happened before is what counts
            writer.cancel()
        raise


def _names(toc: TOC) -> list[str]:
    segments = [segment.make_filename(segment.COMPOUND_EXT) for segment in toc.segments]
    return [TOC._filename(NAME, toc.generation), *segments]


def documents_marked(reader: SegmentReader, field: str, mark: str) -> list[int]:
    """The numbers, within its segment, of the documents that have `mark` in `field`."""
    try:
        return list(reader.postings(field, mark).all_ids())
    except TermNotFound:
        return []


def fields_of(document: Document) -> dict[str, Any]:
    """A document as the schema of the index has it."""
    content = contents_of(document)
    return {
        "key": [key_of(document)],
        "names": content.names,
        "terms": {term: (weight, pack_positions(places)) for term, (weight, places) in content.terms.items()},
        "words": content.words,
        "facts": _facts(document, content.length),
        "shown": content.shown,
    }


def _facts(document: Document, length: float) -> bytes:
    sets = (document.audiences, document.departments, document.topics)
    facts = [document.kind, document.id, document.at.timestamp(), document.boost, length, *map(sorted, sets)]
    return json.dumps(facts).encode()
