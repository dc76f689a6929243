"""What can be watched in a device: published values, variables, and aliases of both.

Source: firmware description, sections 2.5 to 2.9 and 3.
"""

from __future__ import annotations

import math
import re
from typing import Final, Literal

import msgspec

from .enums import Enumeration
from .types import DataType
from .values import ByteOrder, Value

_RPV_PATH = re.compile(r"/?rpv/x([0-9A-F]{4})/?")
RPV_ID_MAX: Final = 0xFFFF


class PublishedValue(msgspec.Struct, frozen=True):
    """A value that the firmware offers under a number (RPV), without any symbol."""

    id: int  # 0 to 65535, chosen by the author of the firmware
    data_type: DataType

    @property
    def path(self) -> str:
        """Where clients find it, for example ``/rpv/x10AB``."""
        return rpv_path(self.id)


class BitField(msgspec.Struct, frozen=True):
    """The bits of a storage unit that hold a value.

    Attributes:
        offset: of the first bit; counted from the least significant bit of the storage in little
            endian, from the most significant one in big endian.
        size: in bits, at least 1; ``offset + size`` is at most the width of the storage type.
    """

    offset: int
    size: int


class Variable(msgspec.Struct, frozen=True, gc=False):
    """A variable in memory: a scalar, an enum, a bit field, a pointer, or an element of an array.

    Attributes:
        path: canonical, with indices.
        data_type: of the storage; can be decoded (`DataType.is_readable`).
        byte_order: of the target.
        address: in the target's bytes; with a pointer, what is added to the pointer's value.
        bit_field: None if it takes the whole storage.
        enum: names of its values.
        pointer: the variable whose value the address counts from; itself not behind a pointer.
    """

    path: str
    data_type: DataType
    byte_order: ByteOrder
    address: int
    bit_field: BitField | None = None
    enum: Enumeration | None = None
    pointer: Variable | None = None


class ArrayFactory(msgspec.Struct, frozen=True):
    """A leaf inside arrays, which stands for all its elements.

    Attributes:
        path: without indices.
        data_type: of the storage.
        enum: names of its values.
        dimensions: sizes of each array, outermost first, by the part of the path that it ends;
            the array behind the pointer and those on the way to it are not told apart.
    """

    path: str
    data_type: DataType
    enum: Enumeration | None
    dimensions: dict[str, tuple[int, ...]]


TargetType = Literal["var", "rpv"]


class Alias(msgspec.Struct, frozen=True):
    """Another name for a variable or a published value, in units of the user.

    Attributes:
        path: where clients find it.
        target: path of a variable, with indices, or of a published value; never of an alias.
        target_type: what the target is; None when not known yet.
        gain: user units per unit of the target; finite, not 0.
        offset: user value where the target is 0; finite.
        minimum: written values are raised to this; may be -inf.
        maximum: written values are lowered to this; may be inf.
        enum: replaces that of the target.
    """

    path: str
    target: str
    target_type: TargetType | None = None
    gain: float = 1.0
    offset: float = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf
    enum: Enumeration | None = None

    @property
    def is_scaled(self) -> bool:
        """Whether user and device units differ."""
        return self.gain != 1.0 or self.offset != 0.0

    def to_user(self, value: Value) -> Value:
        """Return what the user sees for a value of the target; booleans pass unchanged."""
        if isinstance(value, bool) or not self.is_scaled:
            return value
        return value * self.gain + self.offset

    def to_device(self, value: Value) -> Value:
        """Return what has to be written to the target, before it is made to fit its type.

        The value is limited to ``minimum`` and ``maximum`` first. An integer stays exact as long as
        no scaling is asked for. Booleans pass unchanged. What scaling takes beyond the range of
        float64 is infinite.

        Raises:
            OverflowError: the value itself is an integer beyond that range.
        """
        if isinstance(value, bool):
            return value
        limited = min(max(value, self.minimum), self.maximum)
        if not self.is_scaled:
            return limited
        return (limited - self.offset) / self.gain


def rpv_path(rpv_id: int) -> str:
    """Return the path of a published value: four upper-case hexadecimal digits."""
    return f"/rpv/x{rpv_id:04X}"


def parse_rpv_path(path: str) -> int | None:
    """Return the id in the path of a published value, None for any other path."""
    match = _RPV_PATH.fullmatch(path)
    return int(match.group(1), 16) if match else None
