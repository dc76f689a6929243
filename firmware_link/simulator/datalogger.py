"""The recording engine: samples in one loop, its owner, until some time after a trigger.

The twin of the C library's: the same states, the same answers, the same sample at the trigger.
Source: device protocol, sections 11 and 12.
"""

from __future__ import annotations

from typing import Final

from ..codes import DatalogState
from ..messages import AcquisitionMetadata, DatalogStatus
from .datalog_setup import Recording
from .entry_ring import EntryRing

_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF
_NS_PER_TIME_UNIT: Final = 100


class Datalogger:
    """Records entries into a ring and watches for the trigger.

    ::

        IDLE        ends with configure
        CONFIGURED  records the time before a trigger; ends with arm
        ARMED       ends when the trigger fires, or with disarm
        TRIGGERED   ends with enough entries, or the timeout; arm and disarm end it, too
        ACQUISITION_COMPLETED   ends with arm or disarm, which give up the data

    Configure and reset end any state. What the C library leaves to the next iteration of the loop
    (arm, disarm) happens here at once; nobody can tell the difference.
    """

    def __init__(self, octets_per_byte: int) -> None:
        self._octets_per_byte = octets_per_byte
        self._acquisition_id = 0
        self._recording: Recording | None = None
        self._ring = EntryRing(0, 0)
        self._state = DatalogState.IDLE
        self._time_100ns = 0
        self._skipped = 0  # iterations since the last entry
        self._triggered_100ns = 0
        self._entries_since_trigger = 0
        self._target_size = 0  # in the target's bytes, like all sizes that are told

    @property
    def state(self) -> DatalogState:
        return self._state

    @property
    def owner(self) -> int | None:
        """The loop that records; None while nothing is configured."""
        return None if self._recording is None else self._recording.loop_id

    @property
    def is_recording(self) -> bool:
        """Whether the owner's next iteration is looked at: memory has to be up to date then."""
        return self._state not in (DatalogState.IDLE, DatalogState.ACQUISITION_COMPLETED)

    def reset(self) -> None:
        """Forget the configuration and what was recorded."""
        self._recording = None
        self._ring = EntryRing(0, 0)
        self._state = DatalogState.IDLE
        self._time_100ns = 0
        self._skipped = 0

    def configure(self, recording: Recording) -> None:
        """Start to record."""
        self.reset()
        self._recording = recording
        self._ring = EntryRing(recording.entry_size * self._octets_per_byte, recording.capacity)
        self._state = DatalogState.CONFIGURED

    def arm(self) -> bool:
        """Wait for the trigger; False if nothing is configured."""
        return self._change_state(DatalogState.ARMED)

    def disarm(self) -> bool:
        """Stop to wait for the trigger; False if nothing is configured."""
        return self._change_state(DatalogState.CONFIGURED)

    def status(self) -> DatalogStatus:
        """Tell state and progress."""
        if self._recording is None or self._state is not DatalogState.TRIGGERED:
            return DatalogStatus(self._state, 0, 0)
        size = self._entries_since_trigger * self._recording.entry_size
        return DatalogStatus(self._state, self._target_size, size & _U32)

    def metadata(self) -> AcquisitionMetadata | None:
        """Describe a completed acquisition; None if there is none."""
        if self._recording is None or self._state is not DatalogState.ACQUISITION_COMPLETED:
            return None
        return AcquisitionMetadata(
            self._acquisition_id,
            self._recording.config_id,
            self._ring.entry_count,
            self._ring.entry_count * self._recording.entry_size,
            self._entries_since_trigger,
        )

    def octets(self) -> bytes:
        """Return a copy of all entries, oldest first."""
        return self._ring.octets()

    def run(self, loop_id: int, now_ns: int) -> None:
        """Let a loop iterate once, at a time that only loops of variable frequency look at."""
        recording = self._recording
        if recording is None or recording.loop_id != loop_id:
            return
        if recording.period_100ns is None:
            self._time_100ns = now_ns // _NS_PER_TIME_UNIT & _U32
        else:
            self._time_100ns = (self._time_100ns + recording.period_100ns) & _U32
        if self._state is DatalogState.ACQUISITION_COMPLETED:
            return
        self._record(recording)
        if self._state is DatalogState.ARMED and recording.trigger.fires(self._time_100ns):
            self._fire(recording)
        if self._state is DatalogState.TRIGGERED and self._is_complete(recording):
            self._acquisition_id = (self._acquisition_id + 1) & _U16
            self._state = DatalogState.ACQUISITION_COMPLETED

    def _change_state(self, state: DatalogState) -> bool:
        if self._recording is None:
            return False
        self._state = state
        return True

    def _record(self, recording: Recording) -> None:
        self._skipped += 1
        if self._skipped < recording.decimation:
            return
        self._skipped = 0
        time_100ns = self._time_100ns
        self._ring.append(b"".join([sample(time_100ns) for sample in recording.samples]))
        if self._state is DatalogState.TRIGGERED:
            self._entries_since_trigger += 1

    def _fire(self, recording: Recording) -> None:
        self._triggered_100ns = self._time_100ns
        self._entries_since_trigger = 0
        self._target_size = recording.target_size(self._ring.entry_count)
        self._state = DatalogState.TRIGGERED

    def _is_complete(self, recording: Recording) -> bool:
        if self._entries_since_trigger * recording.entry_size >= self._target_size:
            return True
        elapsed_100ns = (self._time_100ns - self._triggered_100ns) & _U32
        return 0 < recording.timeout_100ns <= elapsed_100ns
