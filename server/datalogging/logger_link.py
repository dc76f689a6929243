"""What recordings ask of the connected device, one session after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from typing import Any, Final, Protocol, TypeVar

from scrutiny.core.values import decode
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.acquisition_transfer import AcquisitionTransfer
from scrutiny.firmware_link.codes import REQUEST_OVERHEAD, RESPONSE_OVERHEAD, DatalogState
from scrutiny.firmware_link.datalog import Download, reset
from scrutiny.firmware_link.errors import LinkError, RecordingFailed
from scrutiny.firmware_link.messages import BEFORE_PARAMS, GetStatus
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Ask, Wait

from ..datalog_lane import DatalogLane
from ..outcome import Outcome, OutcomeCallback
from .conversation import Conversation
from .errors import RecordingRefused, SessionLost
from .plan import RecordingPlan
from .target import has_datalogger
from .wanted import WantedRecording

logger = logging.getLogger(__name__)

# Between two questions about the status: often enough for events to be seen at once, but a slow
# line has more to do.
SHORTEST_POLL_NS: Final = 50_000_000
POLL_LINE_TIMES: Final = 20
_STATUS_OCTETS: Final = (
    REQUEST_OVERHEAD + RESPONSE_OVERHEAD + GetStatus().answer_size(BEFORE_PARAMS)
)

ResultT = TypeVar("ResultT")


class RecordingDevice(Protocol):
    """What is needed of the device driver.

    Attributes:
        on_ready: all are called when a device is ready.
        on_gone: all are called when it is gone.
        datalog: where what the datalogger is asked waits for the link.
    """

    on_ready: list[Callable[[DeviceProfile], None]]
    on_gone: list[Callable[[], None]]
    datalog: DatalogLane

    @property
    def profile(self) -> DeviceProfile | None:
        """The connected device; None unless it is ready."""
        ...

    def line_ns(self, octets: int) -> int:
        """Return how long octets take on the line."""
        ...

    def read_memory(self, address: int, size: int, done: OutcomeCallback) -> None:
        """Read memory, in as many requests as it takes."""
        ...


class LoggerLink:
    """The datalogger of the connected device.

    Args:
        loop: that all of this happens in.
        device: that it is in.

    Attributes:
        on_change: called when there is another device, or none, or it has an error.
        needs_reset: the device may be recording for nobody.
        has_error: the device said so, and was not reset since.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, device: RecordingDevice) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.needs_reset = False
        self.has_error = False
        self._loop = loop
        self._device = device
        self._conversation: Conversation[Any] | None = None
        device.on_gone.append(self._device_gone)

    @property
    def profile(self) -> DeviceProfile | None:
        """The connected device, None if it has no datalogger."""
        profile = self._device.profile
        return profile if has_datalogger(profile) else None

    @property
    def poll_ns(self) -> int:
        """How long to wait between two questions about the status."""
        return max(SHORTEST_POLL_NS, POLL_LINE_TIMES * self._device.line_ns(_STATUS_OCTETS))

    async def plan(self, wanted: WantedRecording) -> RecordingPlan:
        """Return how the connected device records something; pointers are read for that.

        Raises:
            RecordingRefused: it cannot.
            SessionLost: there is no device, or not the one any more that was looked at.
        """
        profile = self._device.profile
        if profile is None:
            raise SessionLost("no device is connected")
        pointers = {p.path: await self._value_of(p, profile) for p in wanted.pointers}
        if self._device.profile is not profile:
            raise SessionLost("the device was disconnected meanwhile")
        return RecordingPlan(wanted, profile, pointers)

    async def reset(self) -> None:
        """Let the device drop what it has been told; nothing happens without one."""
        profile = self.profile
        if profile is None:
            return
        try:
            await self.converse(reset(profile), profile)
        except SessionLost:
            return  # the next session begins with it
        except LinkError as error:
            logger.warning("%s", error)  # the next configuration may help
        else:
            self.has_error = False
        self.needs_reset = False

    async def converse(
        self,
        steps: Generator[Ask | Wait | Download, Any, ResultT],
        profile: DeviceProfile,
        on_chunk: Callable[[AcquisitionTransfer], None] = lambda transfer: None,
    ) -> ResultT:
        """Lead a conversation, one at a time, with the device that is connected.

        Cancelling is safe: nothing more is asked.

        Raises:
            SessionLost: the device went meanwhile.
            LinkError: of the conversation.
        """
        lane = self._device.datalog
        conversation = Conversation(self._loop, lane, profile.address_format, steps)
        conversation.on_chunk = on_chunk
        self._conversation = conversation
        try:
            return await conversation.run()
        except RecordingFailed:
            if conversation.device_state is DatalogState.ERROR:
                self.has_error = True
                self.on_change()
            raise
        finally:
            self._conversation = None

    def _device_gone(self) -> None:
        self.has_error = False
        if self._conversation is not None:
            self._conversation.break_off(SessionLost("the device is gone"))
        self.on_change()

    async def _value_of(self, pointer: Variable, profile: DeviceProfile) -> int:
        """Read a pointer, which may have moved since it was asked for."""
        read: asyncio.Future[Outcome] = self._loop.create_future()

        def done(outcome: Outcome) -> None:
            if not read.done():
                read.set_result(outcome)

        address = pointer.address & profile.address_format.mask
        self._device.read_memory(address, pointer.data_type.size, done)
        outcome = await read
        if self._device.profile is not profile:
            raise SessionLost("the device was disconnected meanwhile")
        if not outcome.success:
            raise RecordingRefused(
                f"the pointer {pointer.path} could not be read: {outcome.reason}"
            )
        return int(decode(outcome.data, pointer.data_type, pointer.byte_order))
