"""Where an index lies on disk, and how one commit replaces another in a single step.

    <root>/CURRENT                     which folder and table of contents count, and a checksum of every file
    <root>/generation-<id>/            what readers open: with Whoosh one build of the index, with Tantivy one commit
    <root>/WRITE.lock, REBUILD.lock    held by whoever writes; freed by the system when a process dies
    <root>/FOLLOW.lock                 held by the worker that follows the changes

Files are written first and never changed; then CURRENT is replaced. A crash before that leaves the old state, after
it the new one. Readers map only files whose checksum they have verified, and look before each search whether the
files are still the same: a file cut short under its map would end the process, not raise an error.
"""

import fcntl
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from .protocol import AlreadyFollowed, SearchUnavailable

CHUNK = 1 << 20
# Raised with every change of what is written here, as each engine does with its own part: an index made by another
# version, or by another engine, is built anew
LAYOUT = 3

# What distinguishes one state of a file from another: inode, size, time of change in nanoseconds.
Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Manifest:
    """What CURRENT says: the folder, its table of contents, the last change applied, and name -> (size, crc32)."""

    folder: str
    toc: int
    applied: int
    files: dict[str, tuple[int, int]]


class Store:
    """The folder of one index. Raises SearchUnavailable for what is missing or damaged when read."""

    def __init__(self, root: Path, made_by: str) -> None:
        self.root = Path(root)
        self._made_by = made_by
        self._verified: dict[Signature, tuple[int, int]] = {}

    @property
    def _format(self) -> str:
        return f"{self._made_by}/{LAYOUT}"

    def current(self) -> Manifest:
        """The manifest in force."""
        try:
            checksum, _, text = (self.root / "CURRENT").read_bytes().partition(b" ")
            if int(checksum, 16) != zlib.crc32(text):
                raise SearchUnavailable("The search index is damaged: CURRENT does not match its checksum.")
            found = json.loads(text)
            if found.pop("format", None) != self._format:
                raise SearchUnavailable("The search index was made by another version of the service.")
            files = {name: (size, checksum) for name, (size, checksum) in found.pop("files").items()}
            return Manifest(files=files, **found)
        except (OSError, ValueError) as error:
            raise SearchUnavailable(f"There is no usable search index in {self.root}.") from error

    def paths(self, manifest: Manifest) -> Iterator[Path]:
        """The files of `manifest`."""
        return (self.root / manifest.folder / name for name in manifest.files)

    def signatures(self, manifest: Manifest) -> tuple[Signature, ...]:
        """The state of CURRENT and of each file of `manifest`; a few microseconds each."""
        try:
            return tuple(signature(path) for path in (self.root / "CURRENT", *self.paths(manifest)))
        except OSError as error:
            raise SearchUnavailable("A file of the search index is missing.") from error

    def verify(self, manifest: Manifest) -> None:
        """Compare each file with its checksum, once for as long as it does not change."""
        verified = {}
        for path, expected in zip(self.paths(manifest), manifest.files.values(), strict=True):
            try:
                state = signature(path)
                if (self._verified.get(state) or measure(path)) != expected:
                    raise SearchUnavailable(f"The search index is damaged: {path.name} was changed.")
            except OSError as error:
                raise SearchUnavailable(f"The search index lacks {path.name}.") from error
            verified[state] = expected
        self._verified = verified

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Wait for the lock `name`, in this process and others."""
        with (self.root / f"{name}.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def following(self) -> Iterator[None]:
        """Be the one worker that follows the changes. Raises AlreadyFollowed, OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "FOLLOW.lock").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyFollowed(f"Another process follows the changes for {self.root}.") from error
            yield

    def new_folder(self, what: str = "generation") -> Path:
        """An empty folder for a new build, or another part of the work."""
        folder = self.root / f"{what}-{uuid4().hex}"
        folder.mkdir()
        return folder

    def publish(self, manifest: Manifest) -> None:
        """The point of no return: make `manifest` the one in force. Hold the lock."""
        text = json.dumps({"format": self._format, **asdict(manifest)}).encode()
        new = self.root / "CURRENT.new"
        with new.open("wb") as file:
            file.write(b"%08x %s" % (zlib.crc32(text), text))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.root / "CURRENT")

    def tidy(self, manifest: Manifest) -> None:
        """Delete what a commit left behind in its folder, whether it was finished or killed. Hold the lock."""
        for path in (self.root / manifest.folder).iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in manifest.files:
                path.unlink(missing_ok=True)

    def remove_others(self, manifest: Manifest) -> None:
        """Delete all builds but that of `manifest`. Readers that have one open keep it until they look again."""
        self.remove("generation", but=manifest.folder)

    def remove(self, what: str, but: str = "") -> None:
        """Delete the folders of one sort. Hold the lock under which they are made."""
        for path in self.root.glob(f"{what}-*"):
            if path.name != but:
                shutil.rmtree(path, ignore_errors=True)


def signature(path: Path) -> Signature:
    """The state of a file. Raises OSError."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def measure(path: Path) -> tuple[int, int]:
    """Size and crc32 of a file. Raises OSError."""
    size = checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            checksum = zlib.crc32(chunk, checksum)
    return size, checksum


def seal(folder: Path, names: Iterable[str], known: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Bring the files `names` safely to disk; their sizes and checksums. `known` ones are there already."""
    sealed = {}
    for name in names:
        if name not in known:
            with (folder / name).open("rb") as file:
                os.fsync(file.fileno())
        sealed[name] = known.get(name) or measure(folder / name)
    return sealed
