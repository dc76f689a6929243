"""Where the storage unit of a bit field is.

Bits are counted as `BitField.offset` counts them: upwards from the least significant one on little
endian targets, downwards from the most significant one on big endian targets. Then one number, the
distance from the start of the structure, says where a field begins on both.

Source: firmware description, sections 2.9, 4.9 and 10.2 (F3).
"""

from __future__ import annotations

from typing import Final, NamedTuple

_STORAGE_SIZES: Final = (1, 2, 4, 8)  # octets


class Storage(NamedTuple):
    """A storage unit that holds all of a field.

    Attributes:
        byte: from the start of the structure, in the target's bytes.
        size: in octets.
        bit_offset: of the field in it.
    """

    byte: int
    size: int
    bit_offset: int


def start_from_bit_offset(
    location: int, bit_offset: int, bit_size: int, storage_size: int, char_bit: int, *, little: bool
) -> int:
    """Return where a field of DWARF 2 to 4 begins, in bits from the start of the structure.

    Args:
        location: of the storage, in the target's bytes.
        bit_offset: DW_AT_bit_offset: from the most significant bit of the storage to that of the
            field; negative when a packed field begins above its storage.
        bit_size: of the field.
        storage_size: in octets.
        char_bit: bits in a byte of the target.
        little: the target is little endian.
    """
    in_storage = 8 * storage_size - bit_offset - bit_size if little else bit_offset
    return location * char_bit + in_storage


def signed_bit_offset(bit_offset: int) -> int:
    """Return DW_AT_bit_offset with its sign, which is lost in the forms that some compilers use.

    Storages have 64 bits at most: a number beyond 127 is negative.
    """
    for bits in (8, 16, 32, 64):
        if 1 << (bits - 1) <= bit_offset < 1 << bits:
            return bit_offset - (1 << bits)
    return bit_offset


def find_storage(
    start: int,
    bit_size: int,
    size: int,
    char_bit: int,
    *,
    preferred_byte: int | None,
    structure_size: int | None,
) -> Storage | None:
    """Return a storage unit that contains the field.

    The preferred place, or else a whole number of units from the start of the structure, is taken
    if the field fits there. A field that crosses the border of its unit, as in packed structures,
    gets the unit moved, then widened; one inside the structure is preferred, because what is
    behind the structure may not be accessible.

    Args:
        start: of the field, in bits from the start of the structure.
        bit_size: of the field.
        size: of the type, in octets.
        char_bit: bits in a byte of the target.
        preferred_byte: where the program says that the storage is; None: it does not say.
        structure_size: in the target's bytes; None: not known.

    Returns:
        None: no storage of up to 8 octets contains it.
    """
    width = 8 * size
    if preferred_byte is None:
        preferred_byte = start // width * width // char_bit
    bit_offset = start - preferred_byte * char_bit
    if bit_offset >= 0 and bit_offset + bit_size <= width:
        return Storage(preferred_byte, size, bit_offset)
    sizes = [other for other in _STORAGE_SIZES if other >= size and 8 * other >= char_bit]
    limits = (None,) if structure_size is None else (structure_size, None)
    for limit in limits:
        for other in sizes:
            byte = start // char_bit
            if limit is not None:
                byte = min(byte, limit - 8 * other // char_bit)
            bit_offset = start - byte * char_bit
            if byte >= 0 and bit_offset + bit_size <= 8 * other:
                return Storage(byte, other, bit_offset)
    return None
