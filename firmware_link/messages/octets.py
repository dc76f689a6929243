"""Checked reading and writing of payload octets: too short is a MessageError, never a crash."""

from __future__ import annotations

import struct
from enum import IntEnum
from struct import Struct
from typing import Final, TypeVar

from scrutiny.core.types import DataType

from ..errors import MessageError
from .base import AddressFormat

U8: Final = Struct(">B")
U16: Final = Struct(">H")
U32: Final = Struct(">I")

EnumT = TypeVar("EnumT", bound=IntEnum)


def pack(layout: Struct, *values: int) -> bytes:
    """Encode integers.

    Raises:
        ValueError: one does not fit.
    """
    try:
        return layout.pack(*values)
    except struct.error as error:
        raise ValueError(f"cannot encode {values}: {error}") from error


def unpack(layout: Struct, payload: bytes, what: str) -> tuple[int, ...]:
    """Decode a payload that consists of integers only.

    Raises:
        MessageError: its size is another one.
    """
    if len(payload) != layout.size:
        raise MessageError(f"{what} has {len(payload)} octets of payload, not {layout.size}")
    return layout.unpack(payload)


def to_enum(enum: type[EnumT], number: int) -> EnumT:
    """Look up a number of the protocol.

    Raises:
        MessageError: there is none.
    """
    try:
        return enum(number)
    except ValueError:
        raise MessageError(f"{enum.__name__} {number} is unknown") from None


def to_data_type(number: int) -> DataType:
    """Look up the type of a value that a device can send.

    Raises:
        MessageError: there is none, or it has no size.
    """
    try:
        data_type = DataType(number)
    except ValueError:
        raise MessageError(f"data type {number:#04x} is unknown") from None
    if not data_type.size:
        raise MessageError(f"data type {data_type.name} ({number:#04x}) has no size")
    return data_type


def to_data_type_or_na(number: int) -> DataType:
    """Look up a type where the rest is of use without it: NA for a number that is none."""
    try:
        return to_data_type(number)
    except MessageError:
        return DataType.NA


def encode_text(text: str) -> bytes:
    """Encode a text behind its length, which counts octets.

    Raises:
        ValueError: above 255 octets, or not encodable.
    """
    octets = text.encode()
    return pack(U8, len(octets)) + octets


class OctetReader:
    """Read a payload from front to back; it cannot run past the end."""

    __slots__ = ("_offset", "_payload", "_what")

    def __init__(self, payload: bytes, what: str) -> None:
        self._payload = payload
        self._offset = 0
        self._what = what

    @property
    def is_at_end(self) -> bool:
        return self._offset == len(self._payload)

    def take(self, size: int) -> bytes:
        """Take so many octets.

        Raises:
            MessageError: fewer are left.
        """
        end = self._offset + size
        if end > len(self._payload):
            raise MessageError(
                f"{self._what} is truncated: {size} octets are due at octet {self._offset}, "
                f"it has {len(self._payload)}"
            )
        octets = self._payload[self._offset : end]
        self._offset = end
        return octets

    def take_rest(self) -> bytes:
        return self.take(len(self._payload) - self._offset)

    def take_u8(self) -> int:
        return self.take(1)[0]

    def take_u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def take_u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def take_address(self, fmt: AddressFormat) -> int:
        return int.from_bytes(self.take(fmt.address_size), "big")

    def take_text(self) -> str:
        """Take a text behind its length; a device may have cut it inside a character."""
        return self.take(self.take_u8()).decode(errors="replace")

    def finish(self) -> None:
        """Say that nothing may follow.

        Raises:
            MessageError: something does.
        """
        if not self.is_at_end:
            excess = len(self._payload) - self._offset
            raise MessageError(f"{self._what} has {excess} octets too many")
