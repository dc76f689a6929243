"""What can go wrong with recordings and where they are stored.

ScrutinyError
├── RecordingRefused           the device cannot record what is asked for
├── RequestNotEnded            a request cannot be cancelled
├── LinkError                  of the link to the device; see there for `RecordingFailed`
│   └── SessionLost            the device is gone, and goes on recording
└── StorageError               what is stored cannot be read or changed; the text says what to do
    ├── DatabaseUnusable       the file: no rights, no room, locked, of another program, too new
    │   └── DatabaseMalformed  SQLite says that it is malformed, or no database at all
    ├── AcquisitionUnknown     nothing is stored under this id
    ├── AcquisitionRefused     it is too large, or not as acquisitions are
    ├── AcquisitionExists      something is stored under this id already
    ├── AcquisitionDamaged     it is stored, but not all of it is as it was
    ├── AxisUnknown            the acquisition has no axis of this number
    └── ImportFailed           nothing can be taken from a file
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from scrutiny.core.errors import ScrutinyError
from scrutiny.firmware_link.errors import LinkError


class RecordingRefused(ScrutinyError):
    """The device cannot record this; the text says why, and what to ask for instead."""


class RequestNotEnded(ScrutinyError):
    """A request cannot be ended: it is unknown, or too far."""


class SessionLost(LinkError):
    """The device is gone; it goes on recording."""


class FileIdentity(NamedTuple):
    """Tells a file from another one that takes its name later."""

    device: int
    inode: int


class StorageError(ScrutinyError):
    """Stored acquisitions cannot be read or changed; the text says why and what to do."""


class DatabaseUnusable(StorageError):
    """The file cannot be used; it has not been changed."""


class DatabaseMalformed(DatabaseUnusable):
    """SQLite says that the file is malformed, or that it is no database.

    Attributes:
        identity: of the file; None if it could not be told.
    """

    def __init__(self, file: Path, reason: str, identity: FileIdentity | None) -> None:
        super().__init__(
            f"{file} is damaged ({reason}); the server moves it aside when it starts, begins a new "
            f"one, and keeps what is whole"
        )
        self.file = file
        self.reason = reason
        self.identity = identity


class AcquisitionUnknown(StorageError):
    """Nothing is stored under this id."""

    def __init__(self, reference_id: str) -> None:
        super().__init__(f"no acquisition is stored as {reference_id[:60]!r}")
        self.reference_id = reference_id


class AcquisitionRefused(StorageError):
    """An acquisition is too large, or not as acquisitions are; it has not been stored."""


class AcquisitionExists(StorageError):
    """An acquisition is stored under this id already; it stays."""

    def __init__(self, reference_id: str) -> None:
        super().__init__(f"an acquisition is stored as {reference_id} already")
        self.reference_id = reference_id


class AcquisitionDamaged(StorageError):
    """What is stored under this id is not what was stored; others are not affected."""

    def __init__(self, reference_id: str, reason: str) -> None:
        super().__init__(f"acquisition {reference_id} is damaged: {reason}; it can only be deleted")
        self.reference_id = reference_id
        self.reason = reason


class AxisUnknown(StorageError):
    """The acquisition has no such axis; nothing has been renamed."""

    def __init__(self, reference_id: str, axis_id: int) -> None:
        super().__init__(f"acquisition {reference_id} has no axis {axis_id}")
        self.reference_id = reference_id
        self.axis_id = axis_id


class ImportFailed(StorageError):
    """A file holds no acquisitions, or cannot be read; it has not been changed."""
