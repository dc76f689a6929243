"""Write a compiled description.

Source: firmware description, sections 2.8, 3 and 10.2.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import msgspec

from scrutiny.core.enums import Enumeration
from scrutiny.core.errors import PathError
from scrutiny.core.paths import ArraySegment, normalize_path
from scrutiny.core.watchables import Alias, parse_rpv_path, rpv_path

from .compiled import CompiledDescription
from .compiled_format import (
    BODY_START,
    CRC_START,
    FACTORY_FLAG,
    FORMAT_VERSION,
    HEADER,
    MAGIC,
    RECORD,
    SECTIONS,
    AliasBlob,
    ArrayBlob,
    EnumBlob,
    Info,
    Section,
    join_blobs,
)
from .omissions import Omissions
from .variable_map import ADDRESS_MAX, Leaf, VariableMap


@dataclass(slots=True)
class Description:
    """What is known about one firmware.

    Attributes:
        firmware_id: 32 lower-case hexadecimal digits.
        variables: its symbol map.
        metadata: JSON object, for display.
        aliases: by path; their targets are checked when the description is compiled.
        warnings: what was left out so far.
    """

    firmware_id: str
    variables: VariableMap
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    aliases: Mapping[str, Alias] = field(default_factory=dict[str, Alias])
    warnings: list[str] = field(default_factory=list[str])


def compile_description(description: Description, stream: BinaryIO) -> None:
    """Write a description for look-up, see `CompiledDescription`.

    Aliases whose target does not exist are left out, with a warning.

    Raises:
        ValueError: a leaf lies behind a pointer that is not in the map.
        OSError: the stream cannot be written.
    """
    info = _info(description)
    sections = _compile_leaves(description.variables.leaves)
    if description.aliases:
        # The targets are looked up as the server will do it, in what is there already.
        symbols = CompiledDescription(b"".join(_file_pieces(sections, info)))
        aliases, warnings = _compile_aliases(description.aliases, symbols)
        sections |= aliases
        info.warnings += map(_valid_text, warnings)
    stream.writelines(_file_pieces(sections, info))


def _info(description: Description) -> Info:
    info = Info(
        description.firmware_id,
        description.metadata,
        description.variables.char_bit,
        description.variables.byte_order,
        [_valid_text(warning) for warning in description.warnings],
    )
    try:
        msgspec.json.decode(msgspec.json.encode(info), type=Info)
    except (ValueError, OverflowError, RecursionError) as error:
        info.metadata = {}
        info.warnings.append(f"metadata left out: {error}")
    return info


def _valid_text(text: str) -> str:
    """Return a text that can be encoded: JSON may hold half a surrogate pair."""
    return text.encode(errors="replace").decode()


def _file_pieces(sections: Mapping[Section, bytes], info: Info) -> list[bytes]:
    """Return what makes the file, one after the other."""
    contents = {section: sections.get(section, b"") for section in Section}
    contents[Section.INFO] = msgspec.json.encode(info)
    places: list[int] = []
    end = BODY_START
    for content in contents.values():
        places += (end, len(content))
        end += len(content)
    body = [SECTIONS.pack(*places), *contents.values()]
    crc = zlib.crc32(HEADER.pack(MAGIC, FORMAT_VERSION, 0, end)[CRC_START:])
    for piece in body:
        crc = zlib.crc32(piece, crc)
    return [HEADER.pack(MAGIC, FORMAT_VERSION, crc, end), *body]


def _compile_leaves(leaves: list[Leaf]) -> dict[Section, bytes]:
    # Code points sort like their UTF-8.
    plain = sorted((leaf for leaf in leaves if not leaf.is_factory), key=_path)
    factories = sorted((leaf for leaf in leaves if leaf.is_factory), key=_path)
    records = _RecordWriter(_pointer_references(leaves, plain, factories))
    sections = {
        Section.VARIABLES: b"".join([records.record(leaf) for leaf in plain]),
        Section.FACTORIES: b"".join([records.record(leaf) for leaf in factories]),
    }
    sections |= _table(Section.VARIABLE_PATHS, (leaf.path.encode() for leaf in plain))
    sections |= _table(Section.FACTORY_PATHS, (leaf.path.encode() for leaf in factories))
    return sections | records.tables()


def _path(leaf: Leaf) -> str:
    return leaf.path


def _table(section: Section, blobs: Iterable[bytes]) -> dict[Section, bytes]:
    """Return a table of blobs: a section, and the next one for the borders."""
    content, borders = join_blobs(blobs)
    return {section: content, Section(section + 1): borders}


def _pointer_references(
    leaves: list[Leaf], plain: list[Leaf], factories: list[Leaf]
) -> dict[str, int]:
    """Return how records refer to the pointers that are in use, by path."""
    wanted = {leaf.pointer.path for leaf in leaves if leaf.pointer is not None}
    if not wanted:
        return {}
    references = {leaf.path: i + 1 for i, leaf in enumerate(plain) if leaf.path in wanted}
    for i, leaf in enumerate(factories):
        if leaf.path in wanted:
            references[leaf.path] = (i | FACTORY_FLAG) + 1
    return references


class _RecordWriter:
    """Make records; enumerations and arrays go into tables, each once."""

    def __init__(self, pointers: Mapping[str, int]) -> None:
        self._pointers = pointers
        # Enumerations are told apart by identity: those of one type are one object.
        self._enums: dict[int, int] = {}
        self._enum_blobs: list[bytes] = []
        self._arrays: dict[tuple[ArraySegment, ...], int] = {}

    def record(self, leaf: Leaf) -> bytes:
        bits = leaf.bit_field
        return RECORD.pack(
            leaf.address & ADDRESS_MAX,
            leaf.type.data_type.value,
            0 if bits is None else bits.offset,
            0 if bits is None else bits.size,
            0 if leaf.enum is None else self._enum(leaf.enum),
            self._arrays.setdefault(leaf.arrays, len(self._arrays) + 1) if leaf.arrays else 0,
            0 if leaf.pointer is None else self._pointer(leaf),
        )

    def tables(self) -> dict[Section, bytes]:
        """Return the tables that the records refer to."""
        arrays = [
            msgspec.msgpack.encode(
                [ArrayBlob(a.end, a.dimensions, a.element_size) for a in segments]
            )
            for segments in self._arrays
        ]
        return _table(Section.ENUMS, self._enum_blobs) | _table(Section.ARRAYS, arrays)

    def _enum(self, enum: Enumeration) -> int:
        reference = self._enums.get(id(enum))
        if reference is None:
            self._enum_blobs.append(msgspec.msgpack.encode(_enum_blob(enum)))
            reference = self._enums[id(enum)] = len(self._enum_blobs)
        return reference

    def _pointer(self, leaf: Leaf) -> int:
        assert leaf.pointer is not None
        try:
            return self._pointers[leaf.pointer.path]
        except KeyError:
            raise ValueError(f"{leaf.path} has a pointer that is not in the map") from None


def _enum_blob(enum: Enumeration) -> EnumBlob:
    return EnumBlob(enum.name, dict(enum.values))


class _InvalidAlias(Exception):
    """An alias is left out; the arguments are the reason, one of few, and details."""


def _compile_aliases(
    aliases: Mapping[str, Alias], symbols: CompiledDescription
) -> tuple[dict[Section, bytes], list[str]]:
    """Return the sections with the aliases whose target exists, and warnings about the others."""
    omissions = Omissions("alias", "aliases")
    paths: list[bytes] = []
    blobs: list[bytes] = []
    for path in sorted(aliases):
        try:
            if symbols.has_variable(path):
                raise _InvalidAlias("there is a variable of that path", "")
            target, target_type = _resolve_target(aliases[path].target, aliases, symbols)
            blob = _alias_blob(aliases[path], target, target_type)
            paths.append(path.encode())
            blobs.append(blob)
        except _InvalidAlias as error:
            omissions.add(error.args[0], path, error.args[1])
        except (UnicodeEncodeError, OverflowError) as error:
            omissions.add("it holds what is no valid text, or no 64-bit number", path, str(error))
    sections = _table(Section.ALIAS_PATHS, paths) | _table(Section.ALIASES, blobs)
    return sections, omissions.messages()


def _alias_blob(alias: Alias, target: str, target_type: Literal["var", "rpv"]) -> bytes:
    return msgspec.msgpack.encode(
        AliasBlob(
            target,
            target_type,
            alias.gain,
            alias.offset,
            alias.minimum,
            alias.maximum,
            None if alias.enum is None else _enum_blob(alias.enum),
        )
    )


def _resolve_target(
    text: str, aliases: Mapping[str, Alias], symbols: CompiledDescription
) -> tuple[str, Literal["var", "rpv"]]:
    target = normalize_path(text)
    try:
        variable = symbols.find_variable(target)
    except PathError as error:
        raise _InvalidAlias("its target is no element of an array", str(error)) from error
    if variable is not None:
        return variable.path, "var"
    # Which values the device publishes shows only when it is connected.
    rpv_id = parse_rpv_path(target)
    if rpv_id is not None:
        return rpv_path(rpv_id), "rpv"
    if target in aliases:
        raise _InvalidAlias("its target is another alias", target)
    raise _InvalidAlias("its target does not exist", target)
