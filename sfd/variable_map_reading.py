"""Read a symbol map from JSON text of any version and any quality.

The entries are decoded one at a time: one that is wrong is left out with a message, and a document
of 100 MB does not become a tree of objects.

Source: firmware description, sections 2.3 to 2.9 and 10.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import ArraySegment, normalize_path
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import BitField

from .errors import VariableMapError
from .omissions import Omissions
from .variable_map import ADDRESS_MAX, Leaf, LeafType, PointerPath, VariableMap, problem_of

LEAVES_MAX: Final = 1_000_000
PATH_SIZE_MAX: Final = 65_535  # in characters; template names have reached some thousand
CHAR_BITS: Final = (8, 16)

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TYPES_BY_NAME: Final = {t.api_name: t for t in DataType} | {"boolean": DataType.BOOL8}
_ADDRESS_KINDS: Final = frozenset((TypeKind.PTR, TypeKind.UINT))


class _Document(msgspec.Struct):
    endianness: str
    type_map: dict[str, msgspec.Raw]
    variables: dict[str, msgspec.Raw]
    enums: dict[str, msgspec.Raw]
    char_bit: int = 8


class _TypeEntry(msgspec.Struct):
    type: str
    name: str = ""


class _EnumEntry(msgspec.Struct):
    values: dict[str, int]
    name: str = ""


class _ArrayEntry(msgspec.Struct):
    dims: list[int]
    byte_size: int


class _PointerEntry(msgspec.Struct):
    path: str
    offset: int
    array_segments: dict[str, _ArrayEntry] | None = None


class _LeafEntry(msgspec.Struct):
    type_id: str | int
    addr: int | None = None
    pointer: _PointerEntry | None = None
    bitoffset: int | None = None
    bitsize: int | None = None
    enum: str | int | None = None
    array_segments: dict[str, _ArrayEntry] | None = None


def read_variable_map(data: bytes) -> tuple[VariableMap, list[str]]:
    """Read a symbol map; entries that make no sense are left out.

    Args:
        data: JSON text in UTF-8.

    Returns:
        The map, and messages about what was left out: one per reason, about 20 at most.

    Raises:
        VariableMapError: the text is no JSON, lacks a part, or has too many variables.
    """
    try:
        document = msgspec.json.decode(data.removeprefix(_BYTE_ORDER_MARK), type=_Document)
    except (ValueError, RecursionError) as error:
        raise VariableMapError(f"the symbol map cannot be read: {error}") from error
    byte_order = _byte_order(document.endianness)
    if document.char_bit not in CHAR_BITS:
        raise VariableMapError(f"the symbol map has bytes of {document.char_bit} bits, not 8 or 16")
    if len(document.variables) > LEAVES_MAX:
        raise VariableMapError(
            f"the symbol map has {len(document.variables)} variables, more than {LEAVES_MAX}"
        )
    reader = _LeafReader(document)
    leaves = _follow_pointers(reader.read(document.variables), reader.omissions)
    return VariableMap(byte_order, document.char_bit, leaves), reader.messages()


def _byte_order(text: str) -> ByteOrder:
    match text.strip().lower():
        case "little":
            return "little"
        case "big":
            return "big"
        case _:
            pass
    raise VariableMapError(f"the symbol map has endianness {text[:40]!r}, not 'little' or 'big'")


class _Unusable(Exception):
    """An entry is left out.

    Attributes:
        reason: one of few texts.
        detail: with the values.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class _LeafReader:
    """Decode variable entries; objects that several leaves have in common exist once."""

    def __init__(self, document: _Document) -> None:
        self.omissions = Omissions("variable", "variables")
        self._type_omissions = Omissions("type", "types")
        self._enum_omissions = Omissions("enumeration", "enumerations")
        self._types = _read_types(document.type_map, self._type_omissions)
        self._enums = _read_enums(document.enums, self._enum_omissions)
        self._arrays: dict[tuple[object, ...], tuple[ArraySegment, ...]] = {}
        self._pointers: dict[str, PointerPath] = {}
        self._decoder = msgspec.json.Decoder(_LeafEntry)

    def messages(self) -> list[str]:
        """Return what was left out, and why."""
        tables = self._type_omissions.messages() + self._enum_omissions.messages()
        return tables + self.omissions.messages()

    def read(self, entries: Mapping[str, msgspec.Raw]) -> list[Leaf]:
        """Return the leaves; whether their pointers exist is not known yet."""
        leaves: list[Leaf] = []
        renamed: set[str] = set()
        for key, raw in entries.items():
            try:
                path = _canonical(key)
                if path is not key:
                    if path in entries or path in renamed:
                        raise _Unusable("there is another variable of the same path")
                    renamed.add(path)
                leaves.append(self._leaf(path, self._decoder.decode(raw)))
            except _Unusable as error:
                self.omissions.add(error.reason, key, error.detail)
            except (ValueError, RecursionError) as error:
                self.omissions.add("its entry cannot be read", key, str(error))
        return leaves

    def _leaf(self, path: str, entry: _LeafEntry) -> Leaf:
        leaf_type = self._type(entry.type_id)
        pointer, address, first = None, entry.addr, 0
        if entry.pointer is not None:
            if address is not None:
                raise _Unusable("it has an address and a pointer")
            pointer, address = self._pointer(entry.pointer), entry.pointer.offset
            first = _dereference_end(path, pointer.path)
        if address is None:
            raise _Unusable("it has neither an address nor a pointer")
        leaf = Leaf(
            path,
            leaf_type,
            address,
            _bit_field(entry, leaf_type.data_type),
            None if entry.enum is None else self._enum(entry.enum),
            self._array_segments(path, entry.array_segments, first),
            pointer,
        )
        problem = problem_of(leaf)
        if problem is not None:
            raise _Unusable(problem)
        return leaf

    def _type(self, type_id: str | int) -> LeafType:
        found = self._types.get(str(type_id))
        if found is None:
            raise _Unusable("its type is not in the table of types", f"type {type_id}")
        if not found.data_type.is_readable:
            name = found.data_type.api_name
            raise _Unusable("values of its type cannot be read", f"type {name}")
        return found

    def _enum(self, enum_id: str | int) -> Enumeration:
        found = self._enums.get(str(enum_id))
        if found is None:
            raise _Unusable("its enumeration is not in the table of enumerations", str(enum_id))
        return found

    def _pointer(self, entry: _PointerEntry) -> PointerPath:
        path = _canonical(entry.path)
        return self._pointers.setdefault(path, PointerPath(path, ()))

    def _array_segments(
        self, path: str, entries: dict[str, _ArrayEntry] | None, first: int
    ) -> tuple[ArraySegment, ...]:
        """Return the arrays that end behind a place of the path, outermost first."""
        if not entries:
            return ()
        found: dict[int, _ArrayEntry] = {}
        for key, entry in entries.items():
            array = _canonical(key)
            if not f"{path}/".startswith(f"{array}/"):
                raise _Unusable("an array of it is not on its path", key)
            if len(array) > first:
                found[len(array)] = entry
        shape = tuple((end, *found[end].dims, found[end].byte_size) for end in sorted(found))
        shared = self._arrays.get(shape)
        if shared is None:
            shared = tuple(ArraySegment(end, tuple(dims), size) for end, *dims, size in shape)
            self._arrays[shape] = shared
        return shared


def _canonical(path: str) -> str:
    """Return the canonical form; the very same object if it is canonical already."""
    if path[:1] != "/" or path[-1] == "/" or "//" in path:
        path = normalize_path(path)
        if path == "/":
            raise _Unusable("its path, or one that it refers to, is empty")
    if len(path) > PATH_SIZE_MAX:
        raise _Unusable("its path, or one that it refers to, is too long", f"{len(path)}")
    return path


def _dereference_end(path: str, pointer: str) -> int:
    """Return where the segment ends that goes through a pointer."""
    parent, _, name = pointer.rpartition("/")
    if not path.startswith(f"{parent}/*{name}/") and path != f"{parent}/*{name}":
        raise _Unusable("its path does not go through its pointer", pointer)
    return len(pointer) + 1


def _bit_field(entry: _LeafEntry, data_type: DataType) -> BitField | None:
    """Return the bits; None for the whole storage, told or not."""
    if entry.bitoffset is None and entry.bitsize is None:
        return None
    width = 8 * data_type.size
    offset = entry.bitoffset or 0
    size = width - offset if entry.bitsize is None else entry.bitsize
    if offset == 0 and size == width:
        return None
    return BitField(offset, size)


def _follow_pointers(leaves: list[Leaf], omissions: Omissions) -> list[Leaf]:
    """Leave out what lies behind a pointer that does not exist; give the others its arrays."""
    wanted = {leaf.pointer.path for leaf in leaves if leaf.pointer is not None}
    if not wanted:
        return leaves
    found = {leaf.path: leaf for leaf in leaves if leaf.path in wanted}
    pointers: dict[str, PointerPath] = {}
    reasons: dict[str, str] = {}
    for path in wanted:
        reason = _why_no_pointer(found.get(path))
        if reason is None:
            pointers[path] = PointerPath(path, found[path].arrays)
        else:
            reasons[path] = reason
    kept: list[Leaf] = []
    for leaf in leaves:
        if leaf.pointer is None:
            kept.append(leaf)
        elif leaf.pointer.path in pointers:
            kept.append(leaf._replace(pointer=pointers[leaf.pointer.path]))
        else:
            omissions.add(reasons[leaf.pointer.path], leaf.path, leaf.pointer.path)
    return kept


def _why_no_pointer(leaf: Leaf | None) -> str | None:
    if leaf is None:
        return "its pointer is not in the map"
    if leaf.pointer is not None:
        return "its pointer is itself behind a pointer"
    if leaf.type.data_type.kind not in _ADDRESS_KINDS or leaf.bit_field is not None:
        return "its pointer is no pointer"
    return None


def _read_types(entries: dict[str, msgspec.Raw], omissions: Omissions) -> dict[str, LeafType]:
    decoder = msgspec.json.Decoder(_TypeEntry)
    types: dict[str, LeafType] = {}
    for type_id, raw in entries.items():
        try:
            entry = decoder.decode(raw)
        except (ValueError, RecursionError) as error:
            omissions.add("its entry cannot be read", type_id, str(error))
            continue
        data_type = _TYPES_BY_NAME.get(entry.type)
        if data_type is None:
            omissions.add("it is of no known kind", type_id, entry.type)
        else:
            types[type_id] = LeafType(entry.name, data_type)
    return types


def _read_enums(entries: dict[str, msgspec.Raw], omissions: Omissions) -> dict[str, Enumeration]:
    decoder = msgspec.json.Decoder(_EnumEntry)
    enums: dict[str, Enumeration] = {}
    for enum_id, raw in entries.items():
        try:
            entry = decoder.decode(raw)
        except (ValueError, RecursionError) as error:
            omissions.add("its entry cannot be read", enum_id, str(error))
            continue
        if all(-(1 << 63) <= value <= ADDRESS_MAX for value in entry.values.values()):
            enums[enum_id] = Enumeration(entry.name, entry.values)
        else:
            omissions.add("a value of it is beyond 64 bits", enum_id, entry.name)
    return enums
