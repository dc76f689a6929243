"""Samples of one signal, and where they belong: what was recorded, and the axis to draw it on."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scrutiny.core.datalogging import SAMPLE_SIZE, UNNAMED

from ._arguments import check_octets, check_str
from ._samples import INSTALL_HINT, Samples, from_numbers, make_samples, type_name
from .watchable_configs import WatchableType

if TYPE_CHECKING:
    import numpy as np

# Of what a compressed text may become: far more than any device records.
_LARGEST_SERIES: Final = 64 << 20


@dataclass(frozen=True)
class LoggedWatchable:
    """What samples were recorded from."""

    path: str
    type: WatchableType


@dataclass(frozen=True)
class AxisDefinition:
    """An axis of a plot.

    Attributes:
        axis_id: by which it is told from the others; -1 is the X axis.
    """

    name: str
    axis_id: int


class DataSeries:
    """Samples of one signal, oldest first, in the units of the user: aliases are applied.

    Args:
        data: Numbers. They are copied; integers stay integers if all of them are.
        name: For display.
        logged_watchable: What they were recorded from; None for an index or a time.

    Attributes:
        name: for display.
        logged_watchable: what they were recorded from; None for an index or a time.

    Raises:
        TypeError: an element is no number.
        ValueError: there is more than one dimension, or an integer has more than 64 bits.
    """

    def __init__(
        self,
        data: Iterable[float] = (),
        name: str = UNNAMED,
        logged_watchable: LoggedWatchable | None = None,
    ) -> None:
        self.name: str = check_str("name", name)
        self.logged_watchable = logged_watchable
        self._data = make_samples(from_numbers(data))

    @classmethod
    def of_samples(
        cls, samples: Samples, name: str, logged_watchable: LoggedWatchable | None
    ) -> DataSeries:
        """Return a series that takes the samples over; for the client."""
        series = cls((), name, logged_watchable)
        series._data = samples
        return series

    @property
    def data(self) -> Samples:
        """The samples: a numpy array if numpy is installed, else an ``array.array``.

        Shape ``(points,)``. The type is float64; int64 or uint64 for what the firmware has as
        integers, so that those of 64 bits are exact.
        """
        return self._data

    @data.setter
    def data(self, values: Iterable[float]) -> None:
        self._data = make_samples(from_numbers(values))

    def get_data(self) -> Samples:
        """Return :attr:`data`."""
        return self._data

    def set_data(self, data: Iterable[float]) -> None:
        """Replace the samples; raises like the constructor."""
        self.data = data

    def to_list(self) -> list[float]:
        """Return the samples as a list of ``int`` or ``float``."""
        return self._data.tolist()

    def to_numpy(self) -> np.ndarray[tuple[int], np.dtype[Any]]:
        """Return the samples as a numpy array of shape ``(points,)``, not copied.

        Raises:
            ImportError: numpy is not installed.
        """
        try:
            import numpy as np
        except ImportError:
            raise ImportError(f"numpy is not installed: {INSTALL_HINT}") from None
        return np.asarray(self._data)

    def get_data_binary(self) -> bytes:
        """Return the samples as big-endian doubles, compressed with zlib.

        Integers beyond 2^53 lose their last digits.
        """
        doubles = array("d", [float(sample) for sample in self._data])
        if sys.byteorder == "little":
            doubles.byteswap()
        return zlib.compress(doubles.tobytes())

    def set_data_binary(self, data: bytes) -> None:
        """Replace the samples by those of :meth:`get_data_binary`.

        Raises:
            ValueError: it is something else, or damaged.
        """
        decompressor = zlib.decompressobj()
        try:
            octets = decompressor.decompress(check_octets("data", data), _LARGEST_SERIES)
        except zlib.error as error:
            raise ValueError(f"data does not hold samples: {error}") from error
        if not decompressor.eof or decompressor.unused_data or len(octets) % SAMPLE_SIZE:
            raise ValueError("data does not hold samples: its length is wrong")
        doubles = array("d", octets)
        if sys.byteorder == "little":
            doubles.byteswap()
        self._data = make_samples(doubles)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<DataSeries {self.name!r}: {len(self)} samples of {type_name(self._data)}>"


@dataclass(frozen=True)
class DataSeriesWithAxis:
    """A series, and the Y axis to draw it on."""

    series: DataSeries
    axis: AxisDefinition
