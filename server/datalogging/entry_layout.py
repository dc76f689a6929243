"""From what is recorded to the device's signals, and where each value is in an entry.

The device has few signals, but one may be 255 bytes of memory long. So memory that touches or
overlaps is one signal, and the same octets are recorded once. An area that is longer goes on with
the next signal, without a gap: a value may lie in both.

    entry:  memory, in the order of its addresses | published values | time
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from scrutiny.core.watchables import PublishedValue, Variable
from scrutiny.firmware_link.messages import MemorySignal, RpvSignal, Signal, TimeSignal

from .target import Place, RecordingTarget
from .wanted import Recordable

_LONGEST_SIGNAL: Final = 255  # in the target's bytes
TIME_SIZE: Final = 4  # octets


class EntryLayout:
    """One entry of the recording: the device writes its signals one after the other.

    Attributes:
        signals: for the device, in the order of the entry.
        size: of an entry, in octets.
        time_position: of the time; None if it is not recorded.

    Raises:
        RecordingRefused: something is protected, or has no address.
    """

    def __init__(
        self, recorded: Iterable[Recordable], target: RecordingTarget, *, with_time: bool
    ) -> None:
        places: list[Place] = []
        published: dict[int, PublishedValue] = {}
        for watchable in recorded:
            source = watchable.source
            if isinstance(source, Variable):
                places.append(target.place_of(source)[0])
            else:
                target.check_published(source)
                published[source.id] = source
        signals: list[Signal] = []
        self._areas = _joined(places, target.char_size)
        self._area_positions = [0, *accumulate(area.size for area in self._areas)]
        for area in self._areas:
            signals += _memory_signals(area, target.char_size)
        position = self._area_positions[-1]
        self._published: dict[int, int] = {}
        for rpv_id, value in sorted(published.items()):
            signals.append(RpvSignal(rpv_id))
            self._published[rpv_id] = position
            position += value.data_type.size
        self.time_position: int | None = None
        if with_time:
            signals.append(TimeSignal())
            self.time_position = position
            position += TIME_SIZE
        self.signals = tuple(signals)
        self.size = position

    def position_of(self, place: Place) -> int:
        """Return where octets of memory that are recorded begin in an entry."""
        for area, position in zip(self._areas, self._area_positions, strict=False):
            if area.start <= place.start and place.end <= area.end:
                return position + place.start - area.start
        raise AssertionError(f"{place} is not recorded")

    def published_position(self, rpv_id: int) -> int:
        """Return where a published value that is recorded begins in an entry."""
        return self._published[rpv_id]


def _joined(places: Sequence[Place], char_size: int) -> list[Place]:
    """Return the areas that hold these places, in whole bytes of the target."""
    areas: list[Place] = []
    for place in sorted(places, key=lambda place: (place.start, place.end)):
        start = place.start - place.start % char_size
        end = place.end + place.end % char_size
        if areas and start <= areas[-1].end:
            areas[-1] = Place(areas[-1].start, max(areas[-1].end, end))
        else:
            areas.append(Place(start, end))
    return areas


def _memory_signals(area: Place, char_size: int) -> list[Signal]:
    first, end = area.start // char_size, area.end // char_size
    return [
        MemorySignal(address, min(_LONGEST_SIGNAL, end - address))
        for address in range(first, end, _LONGEST_SIGNAL)
    ]
