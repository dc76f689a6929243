"""Addresses in location expressions.

Source: firmware description, section 4.2; DWARF 5, section 2.5.
"""

from __future__ import annotations

from enum import Enum

from scrutiny.core.values import ByteOrder

from . import constants as c
from .reader import DebugInfo
from .units import Unit

_THREAD_LOCAL = {bytes([c.DW_OP_form_tls_address]), bytes([c.DW_OP_GNU_push_tls_address])}
_INDEXED = {c.DW_OP_addrx, c.DW_OP_GNU_addr_index}
# What a thread-local variable is addressed with.
_CONSTANT_SIZES = {
    c.DW_OP_const1u: 1,
    c.DW_OP_const2u: 2,
    c.DW_OP_const4u: 4,
    c.DW_OP_const8u: 8,
}
_INDEXED_CONSTANTS = {c.DW_OP_constu, c.DW_OP_constx, c.DW_OP_GNU_const_index}


class NoAddress(Enum):
    """Why a location is no address."""

    THREAD_LOCAL = "thread-local"
    COMPUTED = "in registers, on the stack, or nowhere"
    REMOVED = "left out by the linker"
    NO_DATA = "in flash or EEPROM, where reading data does not reach"


def static_address(
    expression: bytes, unit: Unit, debug: DebugInfo, byte_order: ByteOrder
) -> int | NoAddress:
    """Return the address that an expression always has, in the target's bytes.

    That is DW_OP_addr or DW_OP_addrx, alone or with a constant added.
    """
    if not expression:
        return NoAddress.COMPUTED
    address: int | None = None
    position = 1
    if expression[0] == c.DW_OP_addr:
        position = min(1 + unit.address_size, len(expression))
        address = int.from_bytes(expression[1:position], byte_order)
    elif expression[0] in _INDEXED:
        index, position = unsigned_leb128(expression, 1)
        address = debug.address(unit, index)
    elif expression[0] in _CONSTANT_SIZES:
        position = 1 + _CONSTANT_SIZES[expression[0]]
    elif expression[0] in _INDEXED_CONSTANTS:
        _, position = unsigned_leb128(expression, 1)
    if expression[position:] in _THREAD_LOCAL:
        return NoAddress.THREAD_LOCAL
    if address is None:
        return NoAddress.COMPUTED
    if position == len(expression):
        return address
    if expression[position] != c.DW_OP_plus_uconst:
        return NoAddress.COMPUTED
    added, position = unsigned_leb128(expression, position + 1)
    return address + added if position == len(expression) else NoAddress.COMPUTED


def member_offset(location: object) -> int | None:
    """Return how far a member is from the start of its structure, in the target's bytes.

    Args:
        location: DW_AT_data_member_location: a number, or an expression that adds one to the
            structure's address.

    Returns:
        None: it depends on the object, as with virtual bases.
    """
    if location is None:
        return 0
    if isinstance(location, int):
        return location
    if isinstance(location, bytes) and location[:1] == bytes([c.DW_OP_plus_uconst]):
        offset, position = unsigned_leb128(location, 1)
        if position == len(location):
            return offset
    return None


def unsigned_leb128(data: bytes, position: int) -> tuple[int, int]:
    """Return a number, and where the next octet is; a number that is cut off ends with the data."""
    value = shift = 0
    while position < len(data):
        octet = data[position]
        position += 1
        value |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            break
    return value, position
