"""Samples of a series: a numpy array where numpy is installed, an ``array.array`` without it."""

from __future__ import annotations

import numbers
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, overload

from scrutiny.core.datalogging import SAMPLE_TYPE_NAMES, SampleType
from scrutiny.core.datalogging import Samples as CoreSamples

if TYPE_CHECKING:
    import numpy as np

# What to tell somebody who lacks an optional package.
INSTALL_HINT: Final = "pip install 'scrutiny-bridge[analysis]'"

_SAMPLE_TYPES: Final[dict[str, SampleType]] = {
    name: code for code, name in SAMPLE_TYPE_NAMES.items()
}
_SMALLEST_INT: Final = -(1 << 63)
_LARGEST_INT: Final = (1 << 63) - 1
_LARGEST_UINT: Final = (1 << 64) - 1


class Samples(Protocol):
    """Numbers of one type, oldest first.

    A ``numpy.ndarray`` of one dimension if numpy is installed, else an ``array.array``: float64,
    int64 or uint64 in both. This is what the two have in common.
    """

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __iter__(self) -> Iterator[float]:
        """Go through them; integers are integers."""
        ...

    @overload
    def __getitem__(self, index: int, /) -> float: ...
    @overload
    def __getitem__(self, index: slice, /) -> Samples: ...

    def tolist(self) -> list[Any]:
        """Return them as ``int`` or ``float``."""
        ...


def make_samples(values: CoreSamples) -> Samples:
    """Return the samples as users get them; they share the memory of ``values``."""
    try:
        import numpy as np  # here: it takes as long as all of the SDK, and may be missing
    except ImportError:
        return cast("Samples", values)
    dtype = SAMPLE_TYPE_NAMES[cast("SampleType", values.typecode)]
    return cast("Samples", np.frombuffer(values, dtype=dtype))


def from_octets(octets: bytes | memoryview, type_name: str) -> CoreSamples:
    """Return samples from 8 octets each, little endian; the type is one of ``SAMPLE_TYPE_NAMES``.

    Raises:
        ValueError: the number of octets is no multiple of 8.
    """
    samples = cast("CoreSamples", array(_SAMPLE_TYPES[type_name]))
    samples.frombytes(octets)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def from_numbers(values: Iterable[float]) -> CoreSamples:
    """Return samples from any collection of numbers, integers as integers if all of them are.

    Raises:
        TypeError: an element is no number.
        ValueError: it has more than one dimension, or a number is too large.
    """
    if _is_numpy_array(values):
        return _from_numpy(values)
    elements = list(values)
    if all(isinstance(element, numbers.Integral) for element in elements) and elements:
        return _from_integers([int(element) for element in elements])
    for element in elements:
        if not isinstance(element, numbers.Real):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a sample is a number, not {element!r}")
    try:
        return array("d", [float(element) for element in elements])
    except OverflowError:
        raise ValueError("a sample is too large a number") from None


def type_name(samples: Samples) -> str:
    """Return ``float64``, ``int64`` or ``uint64``."""
    if isinstance(samples, array):
        return SAMPLE_TYPE_NAMES[cast("SampleType", samples.typecode)]
    return str(cast("np.ndarray[Any, np.dtype[Any]]", samples).dtype)


def _from_integers(elements: Sequence[int]) -> CoreSamples:
    low, high = min(elements), max(elements)
    if low >= _SMALLEST_INT and high <= _LARGEST_INT:
        return array("q", elements)
    if low >= 0 and high <= _LARGEST_UINT:
        return array("Q", elements)
    raise ValueError("integer samples have 64 bits, all signed or all unsigned")


def _is_numpy_array(values: object) -> bool:
    np = sys.modules.get("numpy")  # who has an array has imported it
    return np is not None and isinstance(values, np.ndarray)


def _from_numpy(values: Any) -> CoreSamples:
    if values.ndim != 1:
        raise ValueError(f"samples have one dimension, not {values.ndim}")
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "f":
        name = "float64"
    elif kind in "bi" or (kind == "u" and size < 8):
        name = "int64"
    elif kind == "u":
        name = "uint64"
    else:
        raise TypeError(f"samples are numbers, not {values.dtype}")
    samples = cast("CoreSamples", array(_SAMPLE_TYPES[name]))
    samples.frombytes(values.astype(name).tobytes())
    return samples
