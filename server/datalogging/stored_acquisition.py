"""The form in which an acquisition is stored: rows, with checksums over all that never changes.

Names that users may change are not covered: of the acquisition, its axes and its x axis.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from scrutiny.core.datalogging import (
    SAMPLE_SIZE,
    SAMPLE_TYPE_NAMES,
    X_AXIS_ID,
    Acquisition,
    Axis,
    LoggedKind,
    Samples,
    Series,
)

from .sqlite_file import SAMPLES_MAX

SERIES_MAX: Final = 1000  # of an acquisition; devices count them in an octet
AXES_MAX: Final = 1000

NAME_LENGTH_MAX: Final = 1000  # characters

_TIME_MAX_S: Final = 253_402_300_799.0  # the end of the year 9999
_KINDS: Final[tuple[LoggedKind, ...]] = ("var", "alias", "rpv")
_COMPRESSION_LEVEL: Final = 1  # 128 KiB of noise: 4 ms; higher levels take longer and save little


class Damage(Exception):
    """What is stored is not what was stored; the text says what is wrong."""


class AcquisitionRow(NamedTuple):
    """As in table ``acquisition``, in this order."""

    reference_id: str
    firmware_id: str
    firmware_name: str | None
    name: str
    time_us: int
    trigger_index: int | None
    point_count: int
    series_count: int
    checksum: int


class AxisRow(NamedTuple):
    """As in table ``axis``, in this order."""

    position: int
    axis_id: int
    name: str


class SeriesRow(NamedTuple):
    """As in table ``series``, in this order."""

    position: int
    axis_id: int
    name: str
    path: str | None
    kind: str | None
    sample_type: str
    sample_count: int
    samples_crc32: int
    samples: bytes


class Rows(NamedTuple):
    """All rows of an acquisition; axes and series in the order of their positions."""

    acquisition: AcquisitionRow
    axes: Sequence[AxisRow]
    series: Sequence[SeriesRow]

    def at(self, time_us: int) -> Rows:
        """Return the same, stored under another time."""
        row = self.acquisition._replace(time_us=time_us)
        checksum = _checksum(row, self.axes, self.series)
        return self._replace(acquisition=row._replace(checksum=checksum))


def to_rows(acquisition: Acquisition) -> Rows:
    """Return what to store; long names are cut, so that a list of acquisitions has an end.

    Raises:
        ValueError: it has too many samples or series, or not the types that it should have.
    """
    time_us = to_microseconds(acquisition.time_s)
    all_series = (acquisition.x, *acquisition.series)
    check_size(len(all_series), acquisition.point_count, len(acquisition.axes))
    axes = [
        AxisRow(position, axis.axis_id, storable_name(axis.name))
        for position, axis in enumerate(acquisition.axes)
    ]
    series = [_series_row(position, one) for position, one in enumerate(all_series)]
    row = AcquisitionRow(
        acquisition.reference_id,
        acquisition.firmware_id,
        None if acquisition.firmware_name is None else storable_name(acquisition.firmware_name),
        storable_name(acquisition.name),
        time_us,
        acquisition.trigger_index,
        acquisition.point_count,
        len(series),
        checksum=0,
    )
    return Rows(row, axes, series).at(time_us)


def from_rows(
    row: AcquisitionRow, axes: Iterable[AxisRow], series: Iterable[SeriesRow]
) -> Acquisition:
    """Return what was stored; axes and series come in the order of their positions.

    Raises:
        Damage: it is not as it was stored.
    """
    try:
        return _from_rows(row, list(axes), series)
    except (ValueError, TypeError) as error:
        raise Damage(f"{error}") from error


def _from_rows(
    row: AcquisitionRow, axes: Sequence[AxisRow], series: Iterable[SeriesRow]
) -> Acquisition:
    check_size(row.series_count, row.point_count, len(axes))
    read: list[Series] = []
    heads: list[SeriesRow] = []
    for one in series:
        if one.position != len(read):
            raise Damage(f"its series {len(read)} is missing")
        read.append(_series(one, row.point_count))
        heads.append(one._replace(samples=b""))
        if len(read) > row.series_count:
            break
    if len(read) != row.series_count:
        raise Damage(f"it has {row.series_count} series, of which {len(read)} are there")
    for name in (row.name, heads[0].name, *(axis.name for axis in axes)):
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] # of a row
            raise Damage(f"a name is {name!r}")
    if row.checksum != _checksum(row, axes, heads):
        raise Damage("its checksum is wrong")
    return Acquisition(
        reference_id=row.reference_id,
        firmware_id=row.firmware_id,
        firmware_name=row.firmware_name,
        name=row.name,
        time_s=row.time_us / 1e6,
        trigger_index=row.trigger_index,
        axes=tuple(Axis(axis.axis_id, axis.name) for axis in axes),
        x=read[0],
        series=tuple(read[1:]),
    )


def check_size(series_count: int, point_count: int, axis_count: int) -> None:
    """Refuse what would take too much memory.

    Raises:
        ValueError: it would.
    """
    if not 0 < series_count <= SERIES_MAX:
        raise ValueError(f"it has {series_count} series, at most {SERIES_MAX} are stored")
    if not 0 <= series_count * point_count <= SAMPLES_MAX:
        raise ValueError(
            f"it has {series_count} series of {point_count} samples, at most {SAMPLES_MAX} samples "
            f"are stored"
        )
    if axis_count > AXES_MAX:
        raise ValueError(f"it has {axis_count} axes, at most {AXES_MAX} are stored")


def storable(text: str) -> str:
    """Return a text without what UTF-8 cannot express: half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


def storable_name(text: str) -> str:
    """Return the beginning of a text, without what UTF-8 cannot express."""
    return storable(text[:NAME_LENGTH_MAX])


def to_microseconds(time_s: float) -> int:
    """Return a Unix time as it is stored; what no calendar has becomes the next one that it has.

    Raises:
        ValueError: that is no number.
    """
    if math.isnan(time_s):
        raise ValueError("the time is no number")
    return round(min(max(time_s, 0.0), _TIME_MAX_S) * 1e6)


def decompress(compressed: bytes, size_max: int) -> bytes:
    """Return what was compressed; whatever that is, it takes no more memory than it may.

    Raises:
        ValueError: it is no whole zlib stream, or contains more than ``size_max`` octets.
    """
    reader = zlib.decompressobj()
    try:
        octets = reader.decompress(compressed, size_max + 1)
    except zlib.error as error:
        raise ValueError(f"samples cannot be decompressed ({error})") from error
    if len(octets) > size_max:
        raise ValueError(f"there are more samples than {size_max // SAMPLE_SIZE}")
    if not reader.eof or reader.unused_data:
        raise ValueError("samples do not end where they should")
    return octets


def _series_row(position: int, series: Series) -> SeriesRow:
    if series.samples.typecode not in SAMPLE_TYPE_NAMES:
        raise ValueError(f"series {series.name!r} has samples of type {series.samples.typecode!r}")
    octets = _little_endian(series.samples).tobytes()
    return SeriesRow(
        position,
        series.axis_id,
        storable_name(series.name),
        None if series.path is None else storable(series.path),
        series.kind,
        series.samples.typecode,
        len(series.samples),
        zlib.crc32(octets),
        zlib.compress(octets, _COMPRESSION_LEVEL),
    )


def _series(row: SeriesRow, point_count: int) -> Series:
    if row.sample_count != point_count or row.sample_type not in SAMPLE_TYPE_NAMES:
        raise Damage(f"series {row.position} has {row.sample_count} samples {row.sample_type!r}")
    octets = decompress(row.samples, row.sample_count * SAMPLE_SIZE)
    if len(octets) != row.sample_count * SAMPLE_SIZE:
        raise Damage(f"series {row.position} has {len(octets)} octets")
    if zlib.crc32(octets) != row.samples_crc32:
        raise Damage(f"the checksum of series {row.position} is wrong")
    samples: Samples = array(row.sample_type, octets)
    kind = row.kind if row.kind in _KINDS else None
    return Series(row.name, row.axis_id, _little_endian(samples), row.path, kind)


def _little_endian(samples: Samples) -> Samples:
    if sys.byteorder == "little":
        return samples
    swapped = samples[:]
    swapped.byteswap()
    return swapped


def _checksum(row: AcquisitionRow, axes: Sequence[AxisRow], series: Sequence[SeriesRow]) -> int:
    x, *others = series
    content: list[Any] = [
        [row.reference_id, row.firmware_id, row.firmware_name, row.time_us, row.trigger_index],
        [axis.axis_id for axis in axes],
        [X_AXIS_ID, "", *x[3:-1]],
        *(one[1:-1] for one in others),
    ]
    return zlib.crc32(json.dumps(content).encode())
