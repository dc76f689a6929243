"""What a session has learnt about its device, as data."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from .codes import FeatureBits
from .messages import AddressFormat, DatalogSetup, LoopDefinition, PublishedValueDefinition

ANONYMOUS = "Anonymous"

RpvDefinition = PublishedValueDefinition


class MemoryRegion(NamedTuple):
    """A protected part of memory, in the target's bytes; ``end`` is inclusive."""

    start: int
    end: int

    def touches(self, start: int, size: int) -> bool:
        """Whether so many of the target's bytes from ``start`` on reach into the region.

        No bytes at all touch it when they lie inside (device protocol, section 9).
        """
        return start <= self.end and max(start, start + size - 1) >= self.start


class DeviceProfile(msgspec.Struct, frozen=True):
    """A device as its session knows it; made once per session, complete or not at all.

    Attributes:
        protocol: Version, (major, minor).
        firmware_id: 16 octets, the key of the firmware's description.
        max_rx_payload: Largest payload of a request, in octets.
        max_tx_payload: Largest payload of a response, in octets.
        max_bitrate_bps: 0 for no limit.
        rx_timeout_us: Silence after which the device starts a new frame.
        address_size: Octets of an address.
        char_bit: Bits of the target's addressable unit.
        datalog_setup: None without a datalogger.
    """

    protocol: tuple[int, int]
    firmware_id: bytes
    display_name: str
    session_id: int
    max_rx_payload: int
    max_tx_payload: int
    max_bitrate_bps: int
    heartbeat_timeout_us: int
    rx_timeout_us: int
    address_size: int
    char_bit: int
    features: FeatureBits
    forbidden_regions: tuple[MemoryRegion, ...] = ()
    readonly_regions: tuple[MemoryRegion, ...] = ()
    rpvs: tuple[RpvDefinition, ...] = ()
    loops: tuple[LoopDefinition, ...] = ()
    datalog_setup: DatalogSetup | None = None

    def __post_init__(self) -> None:
        if not self.display_name:
            msgspec.structs.force_setattr(self, "display_name", ANONYMOUS)

    @property
    def address_format(self) -> AddressFormat:
        """How addresses are written to this device."""
        return AddressFormat(self.address_size, self.char_bit)
