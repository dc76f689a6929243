"""What the server tells about acquisitions that it stores, without their samples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .sfd_info import SFDMetadata


@dataclass(frozen=True)
class DataloggingStorageEntry:
    """A stored acquisition.

    Attributes:
        reference_id: its name for ever, 32 hexadecimal digits.
        firmware_id: of the device it comes from, 32 hexadecimal digits.
        name: given by a user; may be empty.
        timestamp: when it was complete; local time, without time zone, in microseconds.
        firmware_metadata: of the description of that firmware, None if it is not installed.
        firmware_name: project and version, as known when it was recorded; else None.
        point_count: samples of each series; 0 if the server does not tell.
        signals: names of the series, in order; empty if the server does not tell.
    """

    reference_id: str
    firmware_id: str
    name: str
    timestamp: datetime
    firmware_metadata: SFDMetadata | None
    firmware_name: str | None = None
    point_count: int = 0
    signals: tuple[str, ...] = ()
