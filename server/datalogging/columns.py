"""From the octets of a recording to the samples of its series.

A value of each entry is a column of the octets. Slices with a stride cut it out, and lay it out as
8 octets per sample, so that integers are not touched one by one in Python; floats, scales and bit
fields of several octets are.
"""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate, pairwise
from typing import Final

from scrutiny.core.datalogging import SAMPLE_SIZE, Samples
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder

from .target import FieldBits
from .wanted import UNSCALED, Scale

_TIME_SIZE: Final = 4
_TIME_MASK: Final = 0xFFFF_FFFF
_TICKS_PER_S: Final = 10_000_000

# By an octet: whether it is true, and what stands above it in a number with a sign.
_TRUTH: Final = b"\0" + b"\1" * 255
_SIGN: Final = b"\x00" * 128 + b"\xff" * 128


class Columns:
    """The octets of a recording, entry after entry.

    Args:
        octets: of all entries, whole ones.
        entry_size: in octets.
    """

    def __init__(self, octets: bytes, entry_size: int) -> None:
        assert len(octets) % entry_size == 0
        self._octets = octets
        self._entry_size = entry_size
        self.count = len(octets) // entry_size

    def numbers(self, position: int, data_type: DataType, order: ByteOrder) -> Samples:
        """Return a value of each entry: integers and booleans as integers, the rest as floats."""
        parts = self._parts(position, data_type.size, order)
        match data_type.kind:
            case TypeKind.FLOAT if data_type is DataType.FLOAT32:
                return array("d", _floats(parts, "f"))
            case TypeKind.FLOAT:
                return _floats(parts, "d")
            case TypeKind.BOOL if len(parts) == 1:
                return _integers([parts[0].translate(_TRUTH)])
            case TypeKind.BOOL:
                return array("q", [number != 0 for number in _integers(parts)])
            case kind:
                return _integers(parts, is_signed=kind is TypeKind.SINT)

    def bit_fields(self, position: int, size: int, bits: FieldBits, order: ByteOrder) -> Samples:
        """Return a bit field of each entry, out of so many octets."""
        parts = self._parts(position, size, order)
        shift, mask = bits.shift, (1 << bits.size) - 1
        # Flipping the sign bit and taking it off again extends it.
        sign = 1 << (bits.size - 1) if bits.kind is TypeKind.SINT else 0
        if len(parts) == 1:
            table = bytes([(((o >> shift & mask) ^ sign) - sign) & 0xFF for o in range(256)])
            parts = [parts[0].translate(table)]
            if bits.kind is TypeKind.BOOL:
                parts = [parts[0].translate(_TRUTH)]
            return _integers(parts, is_signed=bool(sign))
        storages = _integers([*parts, *[bytes(self.count)] * (SAMPLE_SIZE - len(parts))])
        if bits.kind is TypeKind.BOOL:
            return array("q", [storage >> shift & mask != 0 for storage in storages])
        code = "Q" if bits.size == 8 * SAMPLE_SIZE and not sign else "q"
        return array(code, [((storage >> shift & mask) ^ sign) - sign for storage in storages])

    def seconds(self, position: int) -> array[float]:
        """Return times since the first entry; the clock counts 100 ns in 32 bits, and wraps."""
        ticks = _integers(self._parts(position, _TIME_SIZE, "big"))
        steps = [(after - before) & _TIME_MASK for before, after in pairwise(ticks)]
        return array("d", [tick / _TICKS_PER_S for tick in accumulate(steps, initial=0)])

    def _parts(self, position: int, size: int, order: ByteOrder) -> list[bytes]:
        """Return the octets of a number, the least significant one of all entries first."""
        places = range(position, position + size)
        if order == "big":
            places = places[::-1]
        return [self._octets[place :: self._entry_size] for place in places]


def _floats(parts: list[bytes], code: str) -> array[float]:
    samples: array[float] = array(code)
    samples.frombytes(_interleaved(parts))
    return samples


def _integers(parts: list[bytes], *, is_signed: bool = False) -> array[int]:
    """Return numbers of up to 8 octets: `Q` for those of 8 without a sign."""
    samples: array[int] = array("Q" if len(parts) == SAMPLE_SIZE and not is_signed else "q")
    above = parts[-1].translate(_SIGN) if is_signed else bytes(len(parts[0]))
    samples.frombytes(_interleaved([*parts, *[above] * (SAMPLE_SIZE - len(parts))]))
    return samples


def _interleaved(parts: list[bytes]) -> bytearray:
    """Return numbers as this machine has them in memory."""
    size = len(parts)
    octets = bytearray(size * len(parts[0]))
    for index, part in enumerate(parts if sys.byteorder == "little" else reversed(parts)):
        octets[index::size] = part
    return octets


def scaled(samples: Samples, scale: Scale) -> Samples:
    """Return samples in the user's units."""
    if scale == UNSCALED:
        return samples
    gain, offset = scale.gain, scale.offset
    return array("d", [sample * gain + offset for sample in samples])


def evenly_spaced_s(count: int, step_100ns: int) -> array[float]:
    """Return times from 0 on."""
    return array("d", [index * step_100ns / _TICKS_PER_S for index in range(count)])
