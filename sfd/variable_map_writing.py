"""Write a symbol map as JSON text, in pieces: 50,000 leaves are more than 20 MB.

Source: firmware description, sections 2.3 to 2.9.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii
from typing import BinaryIO, Final

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import ArraySegment

from .omissions import Omissions
from .variable_map import Leaf, LeafType, VariableMap, problem_of

_LEAVES_PER_WRITE: Final = 512  # about 250 kB of text


def write_variable_map(variables: VariableMap, stream: BinaryIO, indent: str | None) -> list[str]:
    """Write the text, which is ASCII, so that it can be read in any encoding.

    Args:
        variables: the map.
        stream: where to.
        indent: what a level is indented by; None gives compact text in one line.

    Returns:
        What was left out because no device can have it: the peer's server ends on such entries.
    """
    style = _Style(indent)
    types = _TypeTable()
    enums = _EnumTable()
    for leaf in variables.leaves:
        types.add(leaf.type)
        if leaf.enum is not None:
            enums.add(leaf.enum)
    head: dict[str, object] = {
        "endianness": variables.byte_order,
        "char_bit": variables.char_bit,
        "type_map": types.document,
        "enums": enums.document,
    }
    stream.write(style.open_document(head).encode("ascii"))
    omissions = Omissions("variable", "variables")
    _write_leaves(variables.leaves, _LeafText(style, types, enums), stream, omissions)
    stream.write(style.close_document.encode("ascii"))
    return omissions.messages()


def _write_leaves(
    leaves: list[Leaf], text: _LeafText, stream: BinaryIO, omissions: Omissions
) -> None:
    before = text.style.before_first_leaf
    for start in range(0, len(leaves), _LEAVES_PER_WRITE):
        pieces: list[str] = []
        for leaf in leaves[start : start + _LEAVES_PER_WRITE]:
            problem = _why_not_written(leaf)
            if problem is None:
                pieces += (before, text.of(leaf))
                before = text.style.between_leaves
            else:
                omissions.add(problem, leaf.path)
        stream.write("".join(pieces).encode("ascii"))


def _why_not_written(leaf: Leaf) -> str | None:
    if not leaf.path.isascii():
        try:
            leaf.path.encode()
        except UnicodeEncodeError:
            return "its name is no valid text"
    return problem_of(leaf)


class _Style:
    """Where lines break and what is between the tokens; levels count from the whole document."""

    def __init__(self, indent: str | None) -> None:
        self._indent = indent
        self.colon = ":" if indent is None else ": "
        self.between_leaves = "," + self.line(2)
        self.before_first_leaf = self.line(2)
        self.close_document = self.line(1) + "}" + self.line(0) + "}"

    def line(self, level: int) -> str:
        """Return the line break before something of a level."""
        return "" if self._indent is None else "\n" + self._indent * level

    def open_document(self, head: dict[str, object]) -> str:
        """Return the document up to the bracket after which the variables come."""
        separators = (",", ":") if self._indent is None else (",", ": ")
        text = json.dumps(head, indent=self._indent, separators=separators)
        closing = len(self.line(0)) + 1
        return f'{text[:-closing]},{self.line(1)}"variables"{self.colon}{{'


class _TypeTable:
    """Number the types that the leaves use."""

    def __init__(self) -> None:
        self.document: dict[str, dict[str, str]] = {}
        # Hashing a type costs more than all else about it; the leaves keep the objects alive.
        self._by_identity: dict[int, str] = {}
        self._by_value: dict[LeafType, str] = {}

    def add(self, leaf_type: LeafType) -> None:
        if id(leaf_type) in self._by_identity:
            return
        type_id = self._by_value.setdefault(leaf_type, str(len(self._by_value)))
        self._by_identity[id(leaf_type)] = type_id
        self.document[type_id] = {
            "name": leaf_type.name,
            "type": leaf_type.data_type.api_name,
        }

    def id_of(self, leaf_type: LeafType) -> str:
        return self._by_identity[id(leaf_type)]


class _EnumTable:
    """Number the enumerations that the leaves use."""

    def __init__(self) -> None:
        self.document: dict[str, dict[str, object]] = {}
        self._by_identity: dict[int, int] = {}
        self._by_value: dict[tuple[str, tuple[tuple[str, int], ...]], int] = {}

    def add(self, enum: Enumeration) -> None:
        if id(enum) in self._by_identity:
            return
        value = (enum.name, tuple(enum.values.items()))
        enum_id = self._by_value.setdefault(value, len(self._by_value))
        self._by_identity[id(enum)] = enum_id
        self.document[str(enum_id)] = {"name": enum.name, "values": dict(enum.values)}

    def id_of(self, enum: Enumeration) -> int:
        return self._by_identity[id(enum)]


class _LeafText:
    """Make the text of a leaf: its path and its entry.

    By hand and of prepared pieces: with indentation the json module runs in Python, and would take
    ten times as long.
    """

    def __init__(self, style: _Style, types: _TypeTable, enums: _EnumTable) -> None:
        self.style = style
        self._types = types
        self._enums = enums
        line, colon = style.line, style.colon
        self._opening = f'{colon}{{{line(3)}"type_id"{colon}"'
        self._address = f'",{line(3)}"addr"{colon}'
        self._pointer = f'",{line(3)}"pointer"{colon}{{{line(4)}"path"{colon}'
        self._offset = f',{line(4)}"offset"{colon}'
        self._pointer_closing = line(3) + "}"
        self._bit_offset = f',{line(3)}"bitoffset"{colon}'
        self._bit_size = f',{line(3)}"bitsize"{colon}'
        self._enum = f',{line(3)}"enum"{colon}'
        self._arrays = _ArraysText(style, 3)
        self._pointer_arrays = _ArraysText(style, 4)
        self._closing = line(2) + "}"

    def of(self, leaf: Leaf) -> str:
        path, leaf_type, address, bits, enum, arrays, pointer = leaf
        text = encode_basestring_ascii(path) + self._opening + self._types.id_of(leaf_type)
        if pointer is None:
            text += f"{self._address}{address}"
        else:
            name = encode_basestring_ascii(pointer.path)
            text += f"{self._pointer}{name}{self._offset}{address}"
            if pointer.arrays:
                text += self._pointer_arrays.of(pointer.path, pointer.arrays)
            text += self._pointer_closing
        if bits is not None:
            text += f"{self._bit_offset}{bits.offset}{self._bit_size}{bits.size}"
        if enum is not None:
            text += f"{self._enum}{self._enums.id_of(enum)}"
        if arrays:
            text += self._arrays.of(path, arrays)
        return text + self._closing


class _ArraysText:
    """Make the text of the arrays on a path, as the last member of an object at a level."""

    def __init__(self, style: _Style, level: int) -> None:
        line, colon = style.line, style.colon
        self._opening = f',{line(level)}"array_segments"{colon}{{{line(level + 1)}'
        self._dims = f'{colon}{{{line(level + 2)}"dims"{colon}[{line(level + 3)}'
        self._between_dims = f",{line(level + 3)}"
        self._byte_size = f'{line(level + 2)}],{line(level + 2)}"byte_size"{colon}'
        self._array_closing = line(level + 1) + "}"
        self._between_arrays = f",{line(level + 1)}"
        self._closing = line(level) + "}"
        self._last: tuple[tuple[ArraySegment, ...], str, str] = ((), "", "")

    def of(self, path: str, arrays: tuple[ArraySegment, ...]) -> str:
        # Members of a structure follow each other and are in the same arrays.
        last_arrays, last_path, text = self._last
        if arrays is not last_arrays or not path.startswith(last_path):
            text = self._made(path, arrays)
            self._last = (arrays, path[: max(array.end for array in arrays)], text)
        return text

    def _made(self, path: str, arrays: tuple[ArraySegment, ...]) -> str:
        texts: list[str] = []
        for array in arrays:
            dims = self._between_dims.join(map(str, array.dimensions))
            texts.append(
                f"{encode_basestring_ascii(path[: array.end])}{self._dims}{dims}"
                f"{self._byte_size}{array.element_size}{self._array_closing}"
            )
        return f"{self._opening}{self._between_arrays.join(texts)}{self._closing}"
