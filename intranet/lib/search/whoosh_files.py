"""Whoosh as we use it: its schema, its files read through the memory map, its writer. Nothing else imports Whoosh.

Whoosh 2.7.4 copies the whole of a segment into memory each time it opens one (`BufferFile` wraps the map in a
BytesIO): hundreds of megabytes and a fifth of a second for every reader and every update of a large index. The
classes here are given to Whoosh in place of its own, at the points it leaves open for that, and read the map itself.
"""

import mmap
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Whoosh is older than the warnings today's Python has for it
    from whoosh.codec.whoosh3 import W3Codec, W3Segment
    from whoosh.columns import VarBytesColumn
    from whoosh.fields import COLUMN, STORED, FieldType, Schema
    from whoosh.filedb.compound import CompoundStorage
    from whoosh.filedb.filestore import FileStorage
    from whoosh.filedb.structfile import BufferFile
    from whoosh.formats import Format
    from whoosh.index import TOC, FileIndex
    from whoosh.lang.porter import stem as porter_stem
    from whoosh.reading import SegmentReader, TermNotFound
    from whoosh.writing import SegmentWriter

__all__ = [
    "NAME",
    "TOC",
    "FileStorage",
    "SegmentReader",
    "TermNotFound",
    "Writer",
    "new_schema",
    "pack_positions",
    "porter_stem",
    "unpack_positions",
]

NAME = "documents"
LAST_POSITION = 65_535  # where positions end; phrases further down a very long text are not found

# A segment of this many documents is only merged again when half of it is deleted: merging it would stop the
# writer for half a minute, and a few more segments cost a search next to nothing.
LARGE_SEGMENT = 5_000


class _MapView:
    """A file object over a part of the memory map."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._view) if size is None or size < 0 else self._position + size
        found = bytes(self._view[self._position : end])
        self._position += len(found)
        return found

    def readline(self, size: int = -1) -> bytes:
        start, found = self._position, bytearray()
        while not found.endswith(b"\n"):
            piece = self.read(256)
            if not piece:
                break
            found += piece[: piece.find(b"\n") + 1] if b"\n" in piece else piece
        if 0 <= size < len(found):
            del found[size:]
        self._position = start + len(found)
        return bytes(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._position, len(self._view))[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        """The map goes when nothing looks at it any more."""


class _MapFile(BufferFile):
    def __init__(self, view: memoryview, name: str) -> None:
        super().__init__(b"", name)
        self._buf = view
        self.file = _MapView(view)


class _MapStorage(CompoundStorage):
    _source: mmap.mmap | None

    def open_file(self, name: str, *args: Any, **kwargs: Any) -> _MapFile:
        if self._source is None:
            raise OSError(f"{name}: closed, or this system cannot map files")
        offset, length = self.range(name)
        return _MapFile(memoryview(self._source)[offset : offset + length], name)

    def close(self) -> None:
        self._source = None
        self.is_closed = True


class Segment(W3Segment):
    """A segment that is read through the memory map. Pickled into the table of contents, as its codec is."""

    def open_compound_file(self, storage: FileStorage) -> _MapStorage:
        return _MapStorage(storage.open_file(self.make_filename(self.COMPOUND_EXT)))


class Codec(W3Codec):
    """Larger blocks of postings than Whoosh's own: we read whole lists, five times faster so.

    Lengths are kept with our facts: without this switch Whoosh would look for its file of them at every posting.
    """

    length_stats = False

    def __init__(self) -> None:
        super().__init__(blocklimit=1024)

    def new_segment(self, storage: FileStorage, indexname: str) -> Segment:
        return Segment(self, indexname)


class Positions(Format):
    """A posting's value: the places of the term in the document."""

    posting_size = -1


class Presence(Format):
    """A posting's value says nothing; a byte, because merging in Whoosh fails on none."""

    posting_size = 1


class Terms(FieldType):
    """A field given its terms ready made: term -> (weight, packed positions)."""

    def __init__(self) -> None:
        super().__init__(Positions(), analyzer=None)

    def index(self, value: Mapping[str, tuple[float, bytes]], **kwargs: Any) -> Iterator[tuple[Any, ...]]:
        for term, (weight, positions) in value.items():
            yield term.encode(), 1, weight, positions


class Marks(FieldType):
    """A field given strings that a document has or has not."""

    def __init__(self) -> None:
        super().__init__(Presence(), analyzer=None)

    def index(self, value: Iterable[str], **kwargs: Any) -> Iterator[tuple[Any, ...]]:
        for mark in value:
            yield mark.encode(), 1, 1.0, b"\x01"


def new_schema() -> Schema:
    """`key` kind:id · `names` whole names · `terms` for ranking and phrases · `words` unstemmed, for beginnings and
    spelling · `facts` what filters, facets and scores need of each document · `shown` its texts, stored compressed.

    Whoever changes it raises `FORMAT` in `whoosh_writing`.
    """
    marks = {"key": Marks(), "names": Marks(), "words": Marks()}
    return Schema(**marks, terms=Terms(), facts=COLUMN(VarBytesColumn()), shown=STORED)


def pack_positions(positions: list[int]) -> bytes:
    """Places in a text, as a posting keeps them."""
    kept = [position for position in positions if position < LAST_POSITION]
    return array("H", kept or [LAST_POSITION]).tobytes()


def unpack_positions(value: bytes) -> "array[int]":
    """What `pack_positions` packed."""
    return array("H", value)


class Writer(SegmentWriter):
    """Whoosh's writer of one commit, without its lock and its clean-up: we have our own point of no return."""

    def __init__(self, storage: FileStorage) -> None:
        super().__init__(FileIndex(storage, indexname=NAME), _lk=False, codec=Codec())

    def commit(self) -> TOC:
        """Write segments and table of contents, delete nothing. Returns the table of contents."""
        super().commit(mergetype=_merge_small)
        return self.toc

    def _commit_toc(self, segments: list[Segment]) -> None:
        self.toc = TOC(self.schema, segments, self.generation)
        self.toc.write(self.storage, self.indexname)


def _merge_small(writer: Writer, segments: list[Segment]) -> list[Segment]:
    """Merge into the new segment those not much larger than it: few segments, each document rewritten rarely."""
    kept = []
    size = writer.doc_count()
    for segment in sorted(segments, key=lambda each: each.doc_count()):
        live, all_ = segment.doc_count(), segment.doc_count_all()
        if live * 2 <= all_ or (live <= 2 * size and live < LARGE_SEGMENT):
            if live:
                writer.add_reader(SegmentReader(writer.storage, writer.schema, segment))
            size += live
        else:
            kept.append(segment)
    return kept
