"""Forms: how an attribute is laid out, and what its content becomes.

A form has a layout (octets to raw value), which depends on the unit's header only, and a
conversion (raw value to the value that `Entry.values` holds), which depends on the attribute and
on the other sections of the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from scrutiny.core.values import ByteOrder

from ..errors import ElfError
from . import constants as c
from . import entries

MAX_LEB_OCTETS: Final = 10  # 70 bits, enough for all that fits into 64

RawValue = int | bytes | bool | tuple[int, "RawValue"]
Reader = Callable[[bytes, int], tuple[RawValue, int]]  # at an offset: value, offset behind it


class Encoding(NamedTuple):
    """What the layout of forms depends on.

    Attributes:
        prefix: of struct codes, ``<`` or ``>``.
        version: of DWARF.
        address_size: in octets.
        offset_size: in octets: 4, or 8 in 64-bit DWARF.
    """

    prefix: str
    version: int
    address_size: int
    offset_size: int

    @property
    def byte_order(self) -> ByteOrder:
        """Of the target."""
        return "little" if self.prefix == "<" else "big"


class Conversion(Enum):
    """What turns the raw value into the value of the attribute."""

    NONE = auto()  # it is the value
    RELATIVE = auto()  # reference into the same unit
    SIGNATURE = auto()  # reference to a type unit by signature
    DECODED = auto()  # inline text
    STRP = auto()  # offset in .debug_str
    LINE_STRP = auto()  # offset in .debug_line_str
    STRX = auto()  # index in .debug_str_offsets
    STRX3 = auto()  # the same, in three octets
    LARGE = auto()  # integer of 16 octets
    INDIRECT = auto()  # the form comes with the value
    SUPPLEMENTARY = auto()  # in another file


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the octets of a form are.

    Attributes:
        code: of `struct`; empty: not of a fixed size.
        size: in octets, if it is fixed.
        read: for the others.
    """

    code: str = ""
    size: int = 0
    read: Reader | None = None


def uleb128(data: bytes, position: int) -> tuple[int, int]:
    """Read an unsigned number of variable length; give it and the offset behind it."""
    octet = data[position]
    position += 1
    if octet < 0x80:
        return octet, position
    value = octet & 0x7F
    for shift in range(7, 7 * MAX_LEB_OCTETS, 7):
        octet = data[position]
        position += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value, position
    raise ElfError("the debug information is damaged: a number is too long")


def sleb128(data: bytes, position: int) -> tuple[int, int]:
    """Read a signed number of variable length; give it and the offset behind it."""
    start = position
    value, position = uleb128(data, position)
    bits = 7 * (position - start)
    return value - ((value >> (bits - 1)) << bits), position


def inline_text(data: bytes, position: int) -> tuple[bytes, int]:
    """Read a text that ends with a zero octet."""
    end = data.index(0, position)
    return data[position:end], end + 1


def _block(data: bytes, position: int) -> tuple[bytes, int]:
    size, position = uleb128(data, position)
    return data[position : position + size], position + size


def _block1(data: bytes, position: int) -> tuple[bytes, int]:
    position += 1
    end = position + data[position - 1]
    return data[position:end], end


def _sized_block(encoding: Encoding, size_octets: int) -> Reader:
    order = encoding.byte_order

    def read(data: bytes, position: int) -> tuple[bytes, int]:
        start = position + size_octets
        end = start + int.from_bytes(data[position:start], order)
        return data[start:end], end

    return read


_FIXED: Final = {
    c.DW_FORM_data1: "B",
    c.DW_FORM_data2: "H",
    c.DW_FORM_data4: "I",
    c.DW_FORM_data8: "Q",
    c.DW_FORM_data16: "16s",
    c.DW_FORM_flag: "?",
    c.DW_FORM_ref1: "B",
    c.DW_FORM_ref2: "H",
    c.DW_FORM_ref4: "I",
    c.DW_FORM_ref8: "Q",
    c.DW_FORM_ref_sig8: "Q",
    c.DW_FORM_ref_sup4: "I",
    c.DW_FORM_ref_sup8: "Q",
    c.DW_FORM_strx1: "B",
    c.DW_FORM_strx2: "H",
    c.DW_FORM_strx3: "3s",
    c.DW_FORM_strx4: "I",
    c.DW_FORM_addrx1: "B",
    c.DW_FORM_addrx2: "H",
    c.DW_FORM_addrx3: "3s",
    c.DW_FORM_addrx4: "I",
}
_OFFSETS: Final = frozenset(
    {
        c.DW_FORM_strp,
        c.DW_FORM_line_strp,
        c.DW_FORM_sec_offset,
        c.DW_FORM_strp_sup,
        c.DW_FORM_GNU_ref_alt,
        c.DW_FORM_GNU_strp_alt,
    }
)
_VARIABLE: Final[dict[int, Reader]] = {
    c.DW_FORM_string: inline_text,
    c.DW_FORM_sdata: sleb128,
    c.DW_FORM_udata: uleb128,
    c.DW_FORM_ref_udata: uleb128,
    c.DW_FORM_strx: uleb128,
    c.DW_FORM_addrx: uleb128,
    c.DW_FORM_loclistx: uleb128,
    c.DW_FORM_rnglistx: uleb128,
    c.DW_FORM_GNU_str_index: uleb128,
    c.DW_FORM_GNU_addr_index: uleb128,
    c.DW_FORM_block: _block,
    c.DW_FORM_exprloc: _block,
    c.DW_FORM_block1: _block1,
}
_SIZE_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
_CODE_SIZES: Final = {"B": 1, "?": 1, "H": 2, "3s": 3, "I": 4, "Q": 8, "16s": 16}


def layout(form: int, encoding: Encoding) -> Layout:
    """Tell how a form is laid out.

    Raises:
        ElfError: the form is not known, so that what follows it cannot be found.
    """
    code = _FIXED.get(form) or _sized_code(form, encoding)
    if code:
        return Layout(code, _CODE_SIZES[code])
    if form in _VARIABLE:
        return Layout(read=_VARIABLE[form])
    if form == c.DW_FORM_block2:
        return Layout(read=_sized_block(encoding, 2))
    if form == c.DW_FORM_block4:
        return Layout(read=_sized_block(encoding, 4))
    if form == c.DW_FORM_indirect:
        return Layout(read=_indirect(encoding))
    raise ElfError(f"the debug information uses form {form:#x}, which DWARF 2 to 5 does not have")


def _sized_code(form: int, encoding: Encoding) -> str:
    if form in _OFFSETS:
        return _SIZE_CODES[encoding.offset_size]
    if form == c.DW_FORM_addr:
        return _SIZE_CODES[encoding.address_size]
    if form == c.DW_FORM_ref_addr:
        # DWARF 2 gave it the size of an address.
        size = encoding.address_size if encoding.version == 2 else encoding.offset_size
        return _SIZE_CODES[size]
    return ""


def _indirect(encoding: Encoding) -> Reader:
    def read(data: bytes, position: int) -> tuple[RawValue, int]:
        form, position = uleb128(data, position)
        if form == c.DW_FORM_indirect:
            raise ElfError("the debug information is damaged: a form is twice indirect")
        if form == c.DW_FORM_flag_present:
            return (form, True), position
        shape = layout(form, encoding)
        if shape.read is not None:
            value, position = shape.read(data, position)
            return (form, value), position
        end = position + shape.size
        raw = data[position:end]
        is_text = shape.code.endswith("s")
        return (form, raw if is_text else int.from_bytes(raw, encoding.byte_order)), end

    return read


_CONSTANT_FORMS: Final = {
    c.DW_FORM_data1: Conversion.NONE,
    c.DW_FORM_data2: Conversion.NONE,
    c.DW_FORM_data4: Conversion.NONE,
    c.DW_FORM_data8: Conversion.NONE,
    c.DW_FORM_data16: Conversion.LARGE,
    c.DW_FORM_udata: Conversion.NONE,
    c.DW_FORM_sdata: Conversion.NONE,
    c.DW_FORM_implicit_const: Conversion.NONE,
}
_FLAG_FORMS: Final = {
    c.DW_FORM_flag: Conversion.NONE,
    c.DW_FORM_flag_present: Conversion.NONE,
}
_BLOCK_FORMS: Final = {
    c.DW_FORM_block: Conversion.NONE,
    c.DW_FORM_block1: Conversion.NONE,
    c.DW_FORM_block2: Conversion.NONE,
    c.DW_FORM_block4: Conversion.NONE,
    c.DW_FORM_exprloc: Conversion.NONE,
}
_REFERENCE_FORMS: Final = {
    c.DW_FORM_ref1: Conversion.RELATIVE,
    c.DW_FORM_ref2: Conversion.RELATIVE,
    c.DW_FORM_ref4: Conversion.RELATIVE,
    c.DW_FORM_ref8: Conversion.RELATIVE,
    c.DW_FORM_ref_udata: Conversion.RELATIVE,
    c.DW_FORM_ref_addr: Conversion.NONE,
    c.DW_FORM_ref_sig8: Conversion.SIGNATURE,
    c.DW_FORM_ref_sup4: Conversion.SUPPLEMENTARY,
    c.DW_FORM_ref_sup8: Conversion.SUPPLEMENTARY,
    c.DW_FORM_GNU_ref_alt: Conversion.SUPPLEMENTARY,
}
_STRING_FORMS: Final = {
    c.DW_FORM_string: Conversion.DECODED,
    c.DW_FORM_strp: Conversion.STRP,
    c.DW_FORM_line_strp: Conversion.LINE_STRP,
    c.DW_FORM_strx: Conversion.STRX,
    c.DW_FORM_strx1: Conversion.STRX,
    c.DW_FORM_strx2: Conversion.STRX,
    c.DW_FORM_strx3: Conversion.STRX3,
    c.DW_FORM_strx4: Conversion.STRX,
    c.DW_FORM_GNU_str_index: Conversion.STRX,
    c.DW_FORM_strp_sup: Conversion.SUPPLEMENTARY,
    c.DW_FORM_GNU_strp_alt: Conversion.SUPPLEMENTARY,
}
_SECTION_OFFSET_FORMS: Final = {
    c.DW_FORM_sec_offset: Conversion.NONE,
    c.DW_FORM_data4: Conversion.NONE,
    c.DW_FORM_data8: Conversion.NONE,
}
_INDIRECT_FORM: Final = {c.DW_FORM_indirect: Conversion.INDIRECT}

FormConversions = dict[int, Conversion]


def _accepted_forms() -> dict[int, FormConversions]:
    kinds: tuple[tuple[frozenset[int], FormConversions], ...] = (
        (entries.REFERENCES, _REFERENCE_FORMS),
        (entries.STRINGS, _STRING_FORMS),
        (entries.CONSTANTS, _CONSTANT_FORMS),
        (entries.FLAGS, _FLAG_FORMS),
        (entries.EXPRESSIONS, _BLOCK_FORMS),
        (entries.CONSTANTS_OR_EXPRESSIONS, _CONSTANT_FORMS | _BLOCK_FORMS),
        (
            entries.CONSTANTS_BLOCKS_OR_STRINGS,
            _CONSTANT_FORMS | _BLOCK_FORMS | _STRING_FORMS,
        ),
    )
    return {
        attribute: forms | _INDIRECT_FORM for attributes, forms in kinds for attribute in attributes
    }


# By attribute: the forms that give it a value. In any other form it is skipped.
WANTED_FORMS: Final = _accepted_forms()

# The same for the top entry, when all that is asked is what the unit is.
TOP_FORMS: Final[dict[int, FormConversions]] = {
    **dict.fromkeys(
        (c.DW_AT_name, c.DW_AT_comp_dir, c.DW_AT_producer, c.DW_AT_dwo_name, c.DW_AT_GNU_dwo_name),
        _STRING_FORMS | _INDIRECT_FORM,
    ),
    c.DW_AT_language: _CONSTANT_FORMS | _INDIRECT_FORM,
    **dict.fromkeys(
        (c.DW_AT_str_offsets_base, c.DW_AT_addr_base, c.DW_AT_GNU_addr_base),
        _SECTION_OFFSET_FORMS,
    ),
}
