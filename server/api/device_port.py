"""What the clients' side needs from the device's side; the device driver has this shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from scrutiny.core.values import Value
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.transports.settings import LinkSettings

from ..datalogging.logger_link import RecordingDevice
from ..device_status import DeviceStatus
from ..entries import Entry
from ..metrics import DeviceStatistics
from ..outcome import OutcomeCallback, ReadCallback
from ..symbols import DescribedDevice


class Device(DescribedDevice, RecordingDevice, Protocol):
    """One device behind one link.

    An operation may end, and call its callback, before the method that started it returns.

    Attributes:
        on_status_changed: called after `status` has changed.
    """

    on_status_changed: Callable[[], None]

    @property
    def status(self) -> DeviceStatus:
        """State of device and link."""
        ...

    @property
    def profile(self) -> DeviceProfile | None:
        """The connected device; None unless it is ready."""
        ...

    @property
    def statistics(self) -> DeviceStatistics:
        """What has happened on the link since the start."""
        ...

    @property
    def loaded_firmware_id(self) -> str | None:
        """Identifier of the description in use; None while there is none."""
        ...

    def address_of(self, variable: Variable) -> int | None:
        """Return where a variable is; None behind a pointer that is null, or was not read yet."""
        ...

    def configure_link(self, settings: LinkSettings) -> None:
        """Leave the device and use this link from now on."""
        ...

    def write_value(
        self, entry: Entry, value: Value, done: OutcomeCallback, *, more_follow: bool = False
    ) -> None:
        """Write a value that fits the type of the entry; its watchers are told before `done`."""
        ...

    def write_octets(self, entry: Entry, octets: bytes, done: OutcomeCallback) -> None:
        """Write the whole storage of a variable; its watchers are told before `done`."""
        ...

    def user_command(self, subfunction: int, data: bytes, done: OutcomeCallback) -> None:
        """Run a command of the application."""
        ...

    def read_memory(self, address: int, size: int, done: OutcomeCallback) -> None:
        """Read memory, in as many requests as it takes."""
        ...

    def write_memory(self, address: int, data: bytes, done: OutcomeCallback) -> None:
        """Write memory, in as many requests as it takes."""
        ...

    def read_values(self, entries: Sequence[Entry], done: ReadCallback) -> None:
        """Read entries once, in as few requests as possible; the store takes the values too."""
        ...

    async def run(self) -> None:
        """Serve the link for ever; when cancelled, say goodbye to the device and close."""
        ...
