"""The tables of a compiled description, read from the mapped file as they are asked for."""

from __future__ import annotations

import mmap
import struct
from array import array
from bisect import bisect_left
from itertools import pairwise
from typing import Final, TypeVar

import msgspec

from .compiled_format import (
    BODY_START,
    FORMAT_VERSION,
    HEADER,
    MAGIC,
    RECORD,
    SECTIONS,
    Header,
    Info,
    Record,
    Section,
)
from .errors import PackageError

_BORDERS: Final = struct.Struct("=QQ")
_BORDER_SIZE: Final = 8

Buffer = mmap.mmap | bytes


class BlobTable:
    """A table of paths or blobs in a mapped file; holds nothing of it in memory.

    A damaged table gives wrong or empty pieces, never an error.

    Args:
        buffer: the file.
        content: where the content starts in it.
        borders: where the borders start.
        count: of pieces.
    """

    __slots__ = ("_borders", "_buffer", "_content", "_count")

    def __init__(self, buffer: Buffer, content: int, borders: int, count: int) -> None:
        self._buffer = buffer
        self._content = content
        self._borders = borders
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> bytes:
        """Return one piece; the index is in range."""
        place = self._borders + index * _BORDER_SIZE
        start, stop = _BORDERS.unpack_from(self._buffer, place)
        return self._buffer[self._content + start : self._content + stop]

    def checked(self, index: int) -> bytes:
        """Return one piece.

        Raises:
            PackageError: there are not as many.
        """
        if index >= self._count:
            raise PackageError("the compiled description is damaged: a table is too short")
        return self[index]

    def place(self, piece: bytes) -> int:
        """Return where a piece is, or would be, in a sorted table."""
        return bisect_left(range(self._count), piece, key=self.__getitem__)

    def find(self, piece: bytes) -> int | None:
        """Return the place of a piece in a sorted table, None if it is not in there."""
        index = self.place(piece)
        return index if index < self._count and self[index] == piece else None

    def has_prefix(self, prefix: bytes) -> bool:
        """Return whether any piece of a sorted table begins like this."""
        index = self.place(prefix)
        return index < self._count and self[index].startswith(prefix)

    def texts(self, start: int, stop: int) -> list[str]:
        """Return a slice of the pieces as texts."""
        places = range(self._count)[start:stop]
        if not places:
            return []
        first = self._borders + places.start * _BORDER_SIZE
        borders = array("Q", self._buffer[first : first + (len(places) + 1) * _BORDER_SIZE])
        content = self._buffer[self._content + borders[0] : self._content + borders[-1]]
        base = borders[0]
        if content.isascii():  # one decoding for all: 0.1 µs each instead of 0.25
            text = content.decode("ascii")
            return [text[a - base : b - base] for a, b in pairwise(borders)]
        return [content[a - base : b - base].decode(errors="replace") for a, b in pairwise(borders)]


class LeafTable:
    """Records and paths of the variables, or of the factories.

    Args:
        layout: of the file.
        records: section of the records; the two sections of the paths come after it.
    """

    def __init__(self, layout: Layout, records: Section) -> None:
        self.paths = layout.table(Section(records + 1))
        self._buffer = layout.buffer
        self._start = layout.starts[records]
        if layout.sizes[records] != len(self.paths) * RECORD.size:
            raise PackageError("the compiled description is damaged: leaves without a path")

    def record(self, index: int) -> Record:
        """Return the record of a leaf; the index is in range."""
        return Record(*RECORD.unpack_from(self._buffer, self._start + index * RECORD.size))

    def find(self, path: bytes) -> Record | None:
        """Return the record of the leaf at a path, None if there is none."""
        index = self.paths.find(path)
        return None if index is None else self.record(index)

    def at(self, index: int) -> tuple[str, Record]:
        """Return path and record of a leaf; IndexError if there are not as many."""
        index = range(len(self.paths))[index]
        return self.paths[index].decode(errors="replace"), self.record(index)


class Layout:
    """Where the sections of a file are; all of them are inside of it.

    Raises:
        PackageError: the file is no compiled description, or was written by another version.
    """

    def __init__(self, buffer: Buffer) -> None:
        if len(buffer) < BODY_START or buffer[: len(MAGIC)] != MAGIC:
            raise PackageError("the file is no compiled description")
        header = Header(*HEADER.unpack_from(buffer))
        if header.version != FORMAT_VERSION:
            raise PackageError(
                f"the compiled description has format {header.version}, not {FORMAT_VERSION}"
            )
        if header.file_size != len(buffer):
            raise PackageError(
                f"the compiled description is damaged: {len(buffer)} octets, not {header.file_size}"
            )
        sections: tuple[int, ...] = SECTIONS.unpack_from(buffer, HEADER.size)
        self.buffer = buffer
        self.starts = sections[::2]
        self.sizes = sections[1::2]
        if any(a + n > len(buffer) for a, n in zip(self.starts, self.sizes, strict=True)):
            raise PackageError("the compiled description is damaged: a section is cut off")

    def info(self) -> Info:
        """Return what concerns the whole description."""
        start = self.starts[Section.INFO]
        return decoded(_info_decoder, self.buffer[start : start + self.sizes[Section.INFO]])

    def table(self, content: Section) -> BlobTable:
        """Return a table by the section of its content; the next one has the borders."""
        borders = Section(content + 1)
        count = max(self.sizes[borders] // _BORDER_SIZE - 1, 0)
        return BlobTable(self.buffer, self.starts[content], self.starts[borders], count)


_Decoded = TypeVar("_Decoded")
_info_decoder = msgspec.json.Decoder(Info)


def decoded(
    decoder: msgspec.json.Decoder[_Decoded] | msgspec.msgpack.Decoder[_Decoded], blob: bytes
) -> _Decoded:
    """Return what a blob holds.

    Raises:
        PackageError: it is damaged.
    """
    try:
        return decoder.decode(blob)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"the compiled description is damaged: {error}") from error
