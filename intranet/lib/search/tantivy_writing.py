"""The writer of a Tantivy index: changes in one commit, or everything anew beside what is there.

A writer works in a folder of its own, which begins as links to the files of the commit in force. Each commit becomes
a further folder of links that never changes; CURRENT names it. Whatever a killed writer leaves behind is nobody's.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from .contents import key_of
from .protocol import Document, Removal, SearchUnavailable
from .store import Manifest, Store, seal
from .tantivy_index import fields_of, new_index, open_index

META = "meta.json"
MANAGED = ".managed.json"  # what Tantivy may delete in its folder
HEAP = 64_000_000  # bytes of a writer that applies changes
REBUILD_HEAP = 256_000_000  # of one that builds everything
ATTEMPTS = 50  # at linking the files of a commit while merges replace them


class TantivyWriter:
    """Writes commits. While `following` it keeps Tantivy's writer, the merges of which then go on in the background."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = RLock()
        self._following = False
        self._work: _Work | None = None

    @contextmanager
    def following(self) -> Iterator[None]:
        """See `Engine.following`."""
        with self._store.following():
            self._store.remove("held")
            self._following = True
            try:
                yield
            finally:
                with self._lock:
                    self._following = False
                    self._let_go()

    def apply(self, changes: Iterable[Document | Removal], upto: int, after: int) -> None:
        """See `Engine.apply`. Raises SearchUnavailable, OSError."""
        self._store.current()  # there is a folder to lock
        with self._lock, self._store.lock("WRITE"):
            manifest = self._store.current()
            if manifest.applied < after:
                return
            self._store.verify(manifest)
            latest = {key_of(change): change for change in changes}
            applied = max(upto, manifest.applied)
            if not latest:
                self._store.publish(Manifest(manifest.folder, 0, applied, manifest.files))
                return
            try:
                self._commit(manifest, latest, applied)
            except BaseException:
                self._let_go()
                raise
            if not self._following:
                self._let_go()

    def _commit(self, manifest: Manifest, latest: dict[str, Document | Removal], applied: int) -> None:
        if self._work is None or self._work.published != manifest.folder:
            self._let_go()
            if not self._following:
                self._store.remove("work")
            self._work = _Work(self._store, manifest, "held" if self._following else "work")
        with writing():
            self._work.write(latest, wait=not self._following)
        self._work.published = publish(self._store, self._work.folder, applied, manifest.files)

    def _let_go(self) -> None:
        work, self._work = self._work, None
        if work:
            work.close()


class _Work:
    """A folder in which Tantivy's writer is open."""

    def __init__(self, store: Store, manifest: Manifest, what: str) -> None:
        self.folder = store.new_folder(what)
        self.published = manifest.folder
        for name in manifest.files:
            if name != META:
                os.link(store.root / manifest.folder / name, self.folder / name)
        shutil.copyfile(store.root / manifest.folder / META, self.folder / META)
        (self.folder / MANAGED).write_text(json.dumps(sorted(manifest.files)))
        with writing():
            self._writer = open_index(self.folder).writer(HEAP, 1)

    def write(self, latest: dict[str, Document | Removal], wait: bool) -> None:
        for key, change in latest.items():
            self._writer.delete_documents_by_term("key", key)
            if isinstance(change, Document):
                self._writer.add_document(fields_of(change))
        self._writer.commit()
        if wait:
            self._writer.wait_merging_threads()

    def close(self) -> None:
        # What merges are under way is lost, and done again
        del self._writer
        shutil.rmtree(self.folder, ignore_errors=True)


def build(store: Store, documents: Iterable[Document], upto: int) -> None:
    """See `Engine.rebuild`. Raises OSError, and whatever reading `documents` raises: then nothing has changed."""
    store.root.mkdir(parents=True, exist_ok=True)
    with store.lock("REBUILD"):
        store.remove("build")
        folder = store.new_folder("build")
        try:
            _write_all(folder, documents)
            with store.lock("WRITE"):
                publish(store, folder, upto, {})
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _write_all(folder: Path, documents: Iterable[Document]) -> None:
    writer = new_index(folder).writer(REBUILD_HEAP, 1)
    try:
        seen = set()
        for document in documents:
            # A document that changes while all are read may come twice; the change is applied afterwards.
            if (key := key_of(document)) not in seen:
                seen.add(key)
                writer.add_document(fields_of(document))
        writer.commit()
        writer.wait_merging_threads()
    finally:
        # Its threads end with it: nothing writes into a folder that is being deleted
        del writer


def publish(store: Store, work: Path, applied: int, known: dict[str, tuple[int, int]]) -> str:
    """Make the last commit in the folder `work` the one in force; the name of its folder. Hold the lock WRITE."""
    folder = store.new_folder()
    try:
        files = seal(folder, _link(work, folder), {name: known[name] for name in known if name != META})
        manifest = Manifest(folder.name, 0, applied, files)
        store.publish(manifest)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    store.remove_others(manifest)
    return folder.name


def _link(work: Path, folder: Path) -> list[str]:
    """Link the files of the commit that meta.json names; a merge may replace both at any moment."""
    for _ in range(ATTEMPTS):
        meta = (work / META).read_bytes()
        names = _files_of(meta, work)
        with suppress(FileNotFoundError):
            for name in names:
                os.link(work / name, folder / name)
            (folder / META).write_bytes(meta)
            return [*names, META]
        for path in folder.iterdir():
            path.unlink()
    raise SearchUnavailable("The files of the search index change too fast to be kept.")


def _files_of(meta: bytes, work: Path) -> list[str]:
    # A deletion's file carries the number of its operation; those of earlier ones are not part of the commit
    deletes = {
        each["segment_id"].replace("-", ""): each["deletes"] and f"{each['deletes']['opstamp']}.del"
        for each in json.loads(meta)["segments"]
    }
    parts = [(path.name, *path.name.partition(".")[::2]) for path in work.iterdir()]
    return sorted(
        name
        for name, segment, ending in parts
        if segment in deletes and (not ending.endswith("del") or ending == deletes[segment])
    )


@contextmanager
def writing() -> Iterator[None]:
    """What Tantivy cannot read or write means that the index is damaged. Raises SearchUnavailable."""
    try:
        yield
    except ValueError as error:
        raise SearchUnavailable("The search index cannot be written.") from error
