"""Memory of the simulated target: segments with nothing between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemorySegment:
    """A piece of memory. Addresses and sizes are in octets.

    Attributes:
        content: What the first octets hold after a reset; the rest is 0.
    """

    start: int
    size: int
    content: bytes = b""

    def __post_init__(self) -> None:
        if self.start < 0 or self.size <= 0 or len(self.content) > self.size:
            raise ValueError(
                f"no segment of {self.size} octets at {self.start:#x} with "
                f"{len(self.content)} octets of content"
            )

    @property
    def end(self) -> int:
        """The first address behind."""
        return self.start + self.size


class UnmappedAddress(LookupError):
    """No segment holds all of these octets."""

    def __init__(self, address: int, size: int) -> None:
        super().__init__(f"no memory holds {size} octets at {address:#x}")
        self.address = address
        self.size = size


class SparseMemory:
    """Octets by address, within segments."""

    def __init__(self, segments: Iterable[MemorySegment]) -> None:
        self._segments = sorted(segments, key=lambda segment: segment.start)
        for before, after in zip(self._segments, self._segments[1:], strict=False):
            if after.start < before.end:
                raise ValueError(f"segments at {before.start:#x} and {after.start:#x} overlap")
        self._starts = [segment.start for segment in self._segments]
        self._contents: list[bytearray] = []
        self.reset()

    def reset(self) -> None:
        """Give all octets their content after a restart."""
        self._contents = [
            bytearray(segment.content.ljust(segment.size, b"\0")) for segment in self._segments
        ]

    def read(self, address: int, size: int) -> bytes:
        """Return octets of one segment; reading none is possible anywhere.

        Raises:
            UnmappedAddress: they are not all within one segment.
        """
        if size == 0:
            return b""
        content, offset = self._locate(address, size)
        return bytes(content[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Replace octets of one segment.

        Raises:
            UnmappedAddress: they are not all within one segment; nothing was written.
        """
        if not data:
            return
        content, offset = self._locate(address, len(data))
        content[offset : offset + len(data)] = data

    def _locate(self, address: int, size: int) -> tuple[bytearray, int]:
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address + size > self._segments[index].end:
            raise UnmappedAddress(address, size)
        return self._contents[index], address - self._starts[index]
