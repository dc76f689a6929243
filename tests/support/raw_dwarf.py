"""Programs put together octet by octet, for shapes and sizes that no tool would write."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from scrutiny.sfd.dwarf import constants as c

DATA_ADDRESS: Final = 0x1000
DATA_SIZE: Final = 1 << 30  # variables may be anywhere in there
HEADER_SIZE: Final = 11  # of a unit of DWARF 4

_SHT_PROGBITS, _SHT_SYMTAB, _SHT_STRTAB, _SHT_NOTE, _SHT_NOBITS = 1, 2, 3, 7, 8
_KINDS: Final = {".symtab": _SHT_SYMTAB, ".strtab": _SHT_STRTAB, ".data": _SHT_NOBITS}
_ALLOCATED_WRITABLE: Final = 3
_COMPRESSED: Final = 0x800

_NAME = (c.DW_AT_name, c.DW_FORM_string)
_SHARED_NAME = (c.DW_AT_name, c.DW_FORM_strp)
_TYPE = (c.DW_AT_type, c.DW_FORM_ref4)
_DISTANT_TYPE = (c.DW_AT_type, c.DW_FORM_ref_addr)
_PLACE = (c.DW_AT_data_member_location, c.DW_FORM_udata)
_EXTERNAL = (c.DW_AT_external, c.DW_FORM_flag_present)
_LOCATION = (c.DW_AT_location, c.DW_FORM_exprloc)
_SIZE = (c.DW_AT_byte_size, c.DW_FORM_udata)
_ENCODING = (c.DW_AT_encoding, c.DW_FORM_data1)


class Kind(NamedTuple):
    """How entries of one kind are written."""

    tag: int
    has_children: bool
    attributes: tuple[tuple[int, int], ...]


KINDS: Final = {
    "unit": Kind(c.DW_TAG_compile_unit, True, (_NAME,)),
    "base": Kind(c.DW_TAG_base_type, False, (_NAME, _ENCODING, _SIZE)),
    "base_strp": Kind(c.DW_TAG_base_type, False, (_SHARED_NAME, _ENCODING, _SIZE)),
    "bare": Kind(c.DW_TAG_base_type, False, ()),
    "struct": Kind(c.DW_TAG_structure_type, True, (_NAME, _SIZE)),
    "member": Kind(c.DW_TAG_member, False, (_NAME, _TYPE, _PLACE)),
    "member_strp": Kind(c.DW_TAG_member, False, (_SHARED_NAME, _TYPE, _PLACE)),
    "inheritance": Kind(c.DW_TAG_inheritance, False, (_TYPE, _PLACE)),
    "array": Kind(c.DW_TAG_array_type, True, (_TYPE,)),
    "count": Kind(c.DW_TAG_subrange_type, False, ((c.DW_AT_count, c.DW_FORM_udata),)),
    "variable": Kind(c.DW_TAG_variable, False, (_NAME, _TYPE, _EXTERNAL, _LOCATION)),
    "variable_strp": Kind(c.DW_TAG_variable, False, (_SHARED_NAME, _TYPE, _EXTERNAL, _LOCATION)),
    "variable_far": Kind(c.DW_TAG_variable, False, (_NAME, _DISTANT_TYPE, _EXTERNAL, _LOCATION)),
    "typedef": Kind(c.DW_TAG_typedef, False, (_NAME, _TYPE)),
    "const": Kind(c.DW_TAG_const_type, False, (_TYPE,)),
    "pointer": Kind(c.DW_TAG_pointer_type, False, (_SIZE, _TYPE)),
    "enum": Kind(c.DW_TAG_enumeration_type, True, (_SIZE,)),
    "enumerator": Kind(c.DW_TAG_enumerator, False, (_NAME, (c.DW_AT_const_value, c.DW_FORM_sdata))),
    "namespace": Kind(c.DW_TAG_namespace, True, (_NAME,)),
    "linked": Kind(
        c.DW_TAG_variable,
        False,
        (_NAME, (c.DW_AT_linkage_name, c.DW_FORM_string), _TYPE, _EXTERNAL, _LOCATION),
    ),
}
CODES: Final = {name: code for code, name in enumerate(KINDS, 1)}


def uleb(number: int) -> bytes:
    """Write an unsigned number of variable length."""
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def sleb(number: int) -> bytes:
    """Write a signed number of variable length."""
    octets = bytearray()
    while not -64 <= number < 64:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number & 0x7F)
    return bytes(octets)


def abbreviations() -> bytes:
    """Write the table of all kinds."""
    return (
        b"".join(
            uleb(CODES[name])
            + uleb(kind.tag)
            + bytes([kind.has_children])
            + b"".join(uleb(attribute) + uleb(form) for attribute, form in kind.attributes)
            + b"\0\0"
            for name, kind in KINDS.items()
        )
        + b"\0"
    )


class UnitWriter:
    """Writes the entries of a unit of DWARF 4, in little endian."""

    def __init__(self, name: str = "f.c", start: int = 0) -> None:
        self.start = start
        self._octets = bytearray()
        self.add("unit", name)

    @property
    def here(self) -> int:
        """Where the next entry begins, from the start of the unit."""
        return HEADER_SIZE + len(self._octets)

    def add(self, kind: str, *values: str | int | bytes) -> int:
        """Write an entry; texts and octets as they are, numbers in the form of their attribute."""
        here = self.here
        self._octets += uleb(CODES[kind])
        forms = [form for _, form in KINDS[kind].attributes if form != c.DW_FORM_flag_present]
        for form, value in zip(forms, values, strict=True):
            self._octets += _encoded(form, value)
        return here

    def variable(self, name: str, type_: int, address: int = DATA_ADDRESS) -> int:
        """Write an external variable."""
        return self.add("variable", name, type_, address_of(address))

    def raw(self, octets: bytes) -> None:
        """Write anything."""
        self._octets += octets

    def end(self) -> None:
        """End the children of an entry."""
        self._octets.append(0)

    def finished(self) -> bytes:
        """Return the unit, with its header."""
        body = struct.pack("<HIB", 4, 0, 8) + bytes(self._octets) + b"\0"
        return struct.pack("<I", len(body)) + body


def address_of(address: int) -> bytes:
    """Write the location of a variable."""
    return b"\x09\x03" + address.to_bytes(8, "little")


def symbol_table(symbols: Sequence[tuple[int, int]]) -> bytes:
    """Write data objects: offset of the name, address."""
    return bytes(24) + b"".join(struct.pack("<IBBHQQ", n, 1, 0, 1, a, 8) for n, a in symbols)


def program(sections: Mapping[str, bytes], compressed: Mapping[str, bytes] | None = None) -> bytes:
    """Put a linked program of 64 bits together, with a .data section and these.

    Args:
        sections: by name.
        compressed: with the compression header, as they are in the file.
    """
    compressed = compressed or {}
    contents = {".data": b"", **sections, **compressed}
    names = b"\0" + b"".join(name.encode() + b"\0" for name in [*contents, ".shstrtab"])
    contents[".shstrtab"] = names
    headers = [bytes(64)]
    body = bytearray()
    for name, content in contents.items():
        kind = _KINDS.get(name, _SHT_NOTE if name.startswith(".note") else _SHT_PROGBITS)
        is_data = name == ".data"
        flags = _ALLOCATED_WRITABLE if is_data else _COMPRESSED if name in compressed else 0
        headers.append(
            struct.pack(
                "<IIQQQQIIQQ",
                names.index(b"\0" + name.encode() + b"\0") + 1,
                kind,
                flags,
                DATA_ADDRESS if is_data else 0,
                64 + len(body),
                DATA_SIZE if is_data else len(content),
                *(0, 0, 1, 0),
            )
        )
        body += content
    return _elf_header(64 + len(body), len(headers)) + bytes(body) + b"".join(headers)


def described(*units: bytes, **more: bytes) -> bytes:
    """Put a program together of units and further debug sections: ``str`` is ``.debug_str``."""
    extra = {f".debug_{name}": content for name, content in more.items()}
    return program(
        {".debug_info": b"".join(units), ".debug_abbrev": abbreviations(), **extra},
    )


def _elf_header(table: int, count: int) -> bytes:
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    executable, machine = 2, 62
    kind = struct.pack("<HHI", executable, machine, 1)
    places = struct.pack("<QQQI", 0, 0, table, 0)
    return ident + kind + places + struct.pack("<HHHHHH", 64, 56, 0, 64, count, count - 1)


def _encoded(form: int, value: str | int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode() + b"\0"
    if form == c.DW_FORM_udata:
        return uleb(value)
    if form == c.DW_FORM_sdata:
        return sleb(value)
    size = 1 if form == c.DW_FORM_data1 else 4
    return value.to_bytes(size, "little")
