"""One recording, planned: what the device is told, and how its octets become an acquisition.

Everything that the device would refuse, or would take and not do, is found out here.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Final

import msgspec

from scrutiny.core.datalogging import X_AXIS_ID, Acquisition, Samples, Series
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.codes import LoopType
from scrutiny.firmware_link.errors import RecordingFailed
from scrutiny.firmware_link.messages import Configure, LoopDefinition
from scrutiny.firmware_link.profile import DeviceProfile

from .columns import Columns, evenly_spaced_s, scaled
from .entry_layout import EntryLayout
from .errors import RecordingRefused
from .target import RecordingTarget
from .trigger import device_trigger
from .wanted import Recordable, WantedRecording, WantedSignal, XAxis

# Samples of all series of one acquisition, 8 octets each: 128 MiB.
MOST_SAMPLES: Final = 1 << 24

INDEX_NAME: Final = "Index"
IDEAL_TIME_NAME: Final = "Time (ideal)"
MEASURED_TIME_NAME: Final = "Time (measured)"


class Recorded(msgspec.Struct, frozen=True):
    """What the device gave: the octets of so many entries, and the one at which it triggered."""

    octets: bytes
    point_count: int
    trigger_index: int


class Origin(msgspec.Struct, frozen=True):
    """What an acquisition is to tell about itself besides its samples; see `Acquisition`."""

    reference_id: str
    firmware_id: str
    firmware_name: str | None
    time_s: float


class RecordingPlan:
    """A recording on one device, with the pointers as they are now.

    Args:
        wanted: by a client.
        profile: of the device.
        pointers: values of the pointers in `WantedRecording.pointers`, by path.

    Raises:
        RecordingRefused: it cannot be done; the text says why.
    """

    def __init__(
        self, wanted: WantedRecording, profile: DeviceProfile, pointers: Mapping[str, int]
    ) -> None:
        self.wanted = wanted
        self._target = target = RecordingTarget(profile, pointers)
        self._loop = target.loop(wanted.loop_id)
        _check_x_axis(wanted, self._loop)
        self._condition, self._operands = device_trigger(wanted.trigger, target)
        with_time = wanted.x_axis is XAxis.MEASURED_TIME
        self._layout = EntryLayout(wanted.recorded, target, with_time=with_time)
        _check_size(self._layout, wanted, target)
        payload_size = len(self.configuration(0).payload(profile.address_format))
        if payload_size > profile.max_rx_payload:
            raise RecordingRefused(
                f"the configuration has {payload_size} octets, the device takes "
                f"{profile.max_rx_payload}; record less, or enlarge its receive buffer"
            )

    def configuration(self, config_id: int) -> Configure:
        """Return what the device is told."""
        wanted = self.wanted
        return Configure(
            loop_id=wanted.loop_id,
            config_id=config_id,
            decimation=wanted.decimation,
            probe_location=wanted.probe_location,
            timeout_100ns=wanted.timeout_100ns,
            condition=self._condition,
            hold_time_100ns=wanted.trigger.hold_time_100ns,
            operands=self._operands,
            signals=self._layout.signals,
        )

    @property
    def entry_size(self) -> int:
        """Octets of one sample of all signals."""
        return self._layout.size

    def acquisition(self, recorded: Recorded, origin: Origin) -> Acquisition:
        """Return what was recorded, in the user's units.

        Raises:
            RecordingFailed: the octets are not those of whole entries, or there are none.
        """
        size, count = self._layout.size, recorded.point_count
        if len(recorded.octets) != count * size:
            raise RecordingFailed(
                f"the device gave {len(recorded.octets)} octets for {count} samples of {size}"
            )
        if not count:
            raise RecordingFailed(
                "the recording ended before its first sample; the timeout is shorter than the time "
                "between two samples"
            )
        columns = Columns(recorded.octets, size)
        decoded: dict[Recordable, Samples] = {}
        wanted = self.wanted
        return Acquisition(
            reference_id=origin.reference_id,
            firmware_id=origin.firmware_id,
            firmware_name=origin.firmware_name,
            name=wanted.name,
            time_s=origin.time_s,
            trigger_index=recorded.trigger_index if recorded.trigger_index < count else None,
            axes=wanted.axes,
            x=self._x_series(columns, decoded),
            series=tuple(
                [
                    self._series(signal, signal.axis_id, columns, decoded)
                    for signal in wanted.signals
                ]
            ),
        )

    def _x_series(self, columns: Columns, decoded: dict[Recordable, Samples]) -> Series:
        match self.wanted.x_axis:
            case XAxis.INDEX:
                return Series(INDEX_NAME, X_AXIS_ID, array("q", range(columns.count)))
            case XAxis.IDEAL_TIME:
                assert self._loop.period_100ns is not None
                step_100ns = self._loop.period_100ns * self.wanted.decimation
                times = evenly_spaced_s(columns.count, step_100ns)
                return Series(IDEAL_TIME_NAME, X_AXIS_ID, times)
            case XAxis.MEASURED_TIME:
                assert self._layout.time_position is not None
                times = columns.seconds(self._layout.time_position)
                return Series(MEASURED_TIME_NAME, X_AXIS_ID, times)
            case XAxis.SIGNAL:
                assert self.wanted.x_signal is not None
                return self._series(self.wanted.x_signal, X_AXIS_ID, columns, decoded)

    def _series(
        self,
        signal: WantedSignal,
        axis_id: int,
        columns: Columns,
        decoded: dict[Recordable, Samples],
    ) -> Series:
        watchable = signal.watchable
        if watchable not in decoded:
            decoded[watchable] = scaled(self._samples(watchable, columns), watchable.scale)
        return Series(signal.name, axis_id, decoded[watchable], watchable.path, watchable.kind)

    def _samples(self, watchable: Recordable, columns: Columns) -> Samples:
        """Return samples in the units of the device."""
        source = watchable.source
        if isinstance(source, PublishedValue):
            position = self._layout.published_position(source.id)
            return columns.numbers(position, source.data_type, "big")
        place, bits = self._target.place_of(source)
        position = self._layout.position_of(place)
        if bits is None:
            return columns.numbers(position, source.data_type, source.byte_order)
        return columns.bit_fields(position, place.size, bits, source.byte_order)


def _check_x_axis(wanted: WantedRecording, loop: LoopDefinition) -> None:
    if wanted.x_axis is not XAxis.IDEAL_TIME:
        return
    if loop.type is not LoopType.FIXED_FREQUENCY or not loop.is_period_known:
        raise RecordingRefused(
            f"the loop {loop.loop_id} ({loop.name}) has no fixed frequency, so that there is no "
            "ideal time; use measured_time"
        )


def _check_size(layout: EntryLayout, wanted: WantedRecording, target: RecordingTarget) -> None:
    setup = target.setup
    if len(layout.signals) > setup.max_signal_count:
        time = ", of which the measured time is one" if layout.time_position is not None else ""
        raise RecordingRefused(
            f"{len(layout.signals)} signals are too many{time}: the device records "
            f"{setup.max_signal_count}, where memory without gaps counts as one"
        )
    buffer_size = setup.buffer_size * target.char_size
    if layout.size > buffer_size:
        raise RecordingRefused(
            f"one sample of all signals has {layout.size} octets, more than the buffer of the "
            f"device with {buffer_size}; record less"
        )
    sample_count = buffer_size // layout.size * (len(wanted.signals) + 1)
    if sample_count > MOST_SAMPLES:
        raise RecordingRefused(
            f"the recording could have {sample_count} samples, the server takes {MOST_SAMPLES}; "
            "ask for fewer series"
        )
