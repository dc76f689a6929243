"""State of the datalogger, as clients are told."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from .queue import RecordingRequest, RequestState


class LoggerState(Enum):
    """The value is the word of the client API."""

    UNAVAILABLE = "unavailable"  # no device, or one without a datalogger
    STANDBY = "standby"
    WAITING = "waiting_for_trigger"
    ACQUIRING = "acquiring"
    DOWNLOADING = "downloading"
    ERROR = "error"  # the device says so; ends when it was reset


class LoggerStatus(msgspec.Struct, frozen=True):
    """One snapshot; ``completion`` is 0 to 1, None if it is not known."""

    state: LoggerState
    completion: float | None = None

    @classmethod
    def of(cls, active: RecordingRequest | None) -> LoggerStatus:
        """Return the status of a datalogger that is busy with a request, or with none."""
        state = None if active is None else _STATES.get(active.state)
        if active is None or state is None:
            return cls(LoggerState.STANDBY)
        return cls(state, active.completion)


_STATES: Final = {
    RequestState.WAITING: LoggerState.WAITING,
    RequestState.ACQUIRING: LoggerState.ACQUIRING,
    RequestState.DOWNLOADING: LoggerState.DOWNLOADING,
    RequestState.STORING: LoggerState.DOWNLOADING,
}
