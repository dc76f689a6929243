"""What the server knows of a device's memory before it asks: addresses, protected regions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from scrutiny.firmware_link.codes import FeatureBits
from scrutiny.firmware_link.messages import AddressFormat
from scrutiny.firmware_link.profile import DeviceProfile, MemoryRegion

_LENGTH_SIZE: Final = 2  # of the length in the head of a block

FORBIDDEN: Final = "forbidden"


class TargetMemory:
    """The memory of one device. Addresses count its bytes, sizes are in octets.

    Attributes:
        fmt: how addresses are written.
        octets_per_byte: 1, or 2 when the smallest unit of the target has 16 bits.
        head_size: octets of a block's address and length on the wire.
    """

    def __init__(
        self,
        fmt: AddressFormat,
        forbidden: Iterable[MemoryRegion] = (),
        readonly: Iterable[MemoryRegion] = (),
        *,
        can_write: bool = True,
    ) -> None:
        self.fmt = fmt
        self.octets_per_byte = fmt.char_bit // 8
        self.head_size = fmt.address_size + _LENGTH_SIZE
        self._forbidden = _Regions(forbidden)
        self._readonly = _Regions(readonly)
        self._can_write = can_write

    @classmethod
    def of(cls, profile: DeviceProfile) -> TargetMemory:
        """Return the memory of a device as it has told about it."""
        return cls(
            profile.address_format,
            profile.forbidden_regions,
            profile.readonly_regions,
            can_write=FeatureBits.MEMORY_WRITE in profile.features,
        )

    def byte_count(self, size: int) -> int:
        """Return how many of the target's bytes hold so many octets."""
        return -(-size // self.octets_per_byte)

    def is_forbidden(self, address: int, size: int) -> bool:
        """Whether some of these octets are in a region that cannot be read."""
        if not self._forbidden.starts:
            return False
        return self._forbidden.touched_by(address, self.byte_count(size)) is not None

    def write_objection(self, address: int, size: int) -> str | None:
        """Return why a write would be refused, None if it is worth asking."""
        if not self._can_write:
            return "the firmware was built without memory writes"
        byte_count = self.byte_count(size)
        for word, regions in ((FORBIDDEN, self._forbidden), ("read only", self._readonly)):
            if (region := regions.touched_by(address, byte_count)) is not None:
                return f"{word}: the firmware protects {region.start:#x} to {region.end:#x}"
        return None

    def read_objection(self, address: int, size: int) -> str | None:
        """Return why a read would be refused, None if it is worth asking."""
        region = self._forbidden.touched_by(address, self.byte_count(size))
        if region is None:
            return None
        return f"{FORBIDDEN}: the firmware protects {region.start:#x} to {region.end:#x}"


class _Regions:
    """Regions in order, those that meet made one: a look-up is a bisection."""

    def __init__(self, regions: Iterable[MemoryRegion]) -> None:
        self._merged: list[MemoryRegion] = []
        for region in sorted(regions):
            last = self._merged[-1] if self._merged else None
            if last is not None and region.start <= last.end + 1:
                self._merged[-1] = MemoryRegion(last.start, max(last.end, region.end))
            else:
                self._merged.append(region)
        self.starts = [region.start for region in self._merged]

    def touched_by(self, start: int, byte_count: int) -> MemoryRegion | None:
        if not self.starts:
            return None
        last = start + max(byte_count, 1) - 1
        index = bisect_right(self.starts, last) - 1
        if index < 0 or self._merged[index].end < start:
            return None
        return self._merged[index]
