"""A description prepared for look-up: one file that is mapped into memory, not parsed.

A server with a description of 200,000 leaves watches some hundred of them. So the leaves stay in a
file of sorted paths and fixed-size records, written once by a worker process, and objects exist
only for what is asked for.
"""

from __future__ import annotations

import mmap
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import split_indices
from scrutiny.core.watchables import Alias, ArrayFactory, Variable

from .compiled_format import CRC_START, HEADER, AliasBlob, Header, Section
from .compiled_tables import BlobTable, Buffer, Layout, LeafTable, decoded
from .compiled_variables import VariableBuilder, no_array_error
from .errors import PackageError
from .regular_files import open_regular

_CACHED_ARRAYS: Final = 1024
_alias_decoder = msgspec.msgpack.Decoder(AliasBlob)


class CompiledDescription:
    """The variables and aliases of one firmware, looked up by path.

    A file that was damaged after it was written gives wrong data or `PackageError`; see `verify`.

    Args:
        buffer: content of a compiled description.

    Attributes:
        firmware_id: 32 lower-case hexadecimal digits.
        metadata: as in the description file.
        char_bit: bits in a byte of the target.
        variable_count: leaves that are no arrays.
        factory_count: leaves inside arrays.
        alias_count: aliases.
        warnings: what was left out of the description, and why.
    """

    firmware_id: str
    metadata: dict[str, Any]
    char_bit: int
    variable_count: int
    factory_count: int
    alias_count: int
    warnings: list[str]

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        layout = Layout(buffer)
        info = layout.info()
        self.firmware_id = info.firmware_id
        self.metadata = info.metadata
        self.char_bit = info.char_bit
        self.warnings = info.warnings
        self._variables = LeafTable(layout, Section.VARIABLES)
        self._factories = LeafTable(layout, Section.FACTORIES)
        self._alias_paths = layout.table(Section.ALIAS_PATHS)
        self._aliases = layout.table(Section.ALIASES)
        self._builder = VariableBuilder(layout, self._variables, self._factories, info.byte_order)
        # Who asks for one element of an array mostly asks for many.
        self._begins_variables = lru_cache(_CACHED_ARRAYS)(self._variables.paths.has_prefix)
        self._find_factory = lru_cache(_CACHED_ARRAYS)(self._factories.find)
        self.variable_count = len(self._variables.paths)
        self.factory_count = len(self._factories.paths)
        self.alias_count = len(self._alias_paths)
        if len(self._aliases) != self.alias_count:
            raise PackageError("the compiled description is damaged: aliases without a path")

    @classmethod
    def open(cls, path: Path) -> CompiledDescription:
        """Map a compiled description; takes well below a millisecond, whatever its size.

        Raises:
            PackageError: the file is none, or was written by another version.
        """
        try:
            with open_regular(path) as file:
                buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # an empty file is a ValueError
            raise PackageError(f"{path} cannot be opened: {error}") from error
        try:
            return cls(buffer)
        except BaseException:
            buffer.close()
            raise

    def close(self) -> None:
        """Unmap the file; nothing can be looked up any more."""
        if isinstance(self._buffer, mmap.mmap):
            self._buffer.close()

    def verify(self) -> None:
        """Compare the content with its CRC, which reads all of it.

        Raises:
            PackageError: something has changed since the file was written.
        """
        header = Header(*HEADER.unpack_from(self._buffer))
        with memoryview(self._buffer) as view, view[CRC_START:] as body:
            crc = zlib.crc32(body)
        if crc != header.crc:
            raise PackageError(
                f"the compiled description is damaged: CRC is {crc:#010x}, not {header.crc:#010x}"
            )

    def find_variable(self, path: str) -> Variable | None:
        """Return the variable, or the element of an array, at a canonical path.

        Raises:
            PathError: an array on the path lacks an index, or one is out of range; the text names
                array, index and limit. Also for indices where there is no array.
            PackageError: the compiled description is damaged.
        """
        try:
            name = path.encode()
        except UnicodeEncodeError:
            return None
        bracket = name.find(b"[") + 1
        if not bracket or self._begins_variables(name[:bracket]):
            variable = self._variables.find(name)
            if variable is not None:
                return self._builder.variable(path, variable)
        raw, indices = split_indices(path)
        name = raw.encode()
        factory = self._find_factory(name)
        if factory is not None:
            return self._builder.element(path, raw, indices, factory)
        if indices and self._variables.paths.find(name) is not None:
            raise no_array_error(raw, indices)
        return None

    def has_variable(self, path: str) -> bool:
        """Return whether a variable that is no array element is at a canonical path."""
        try:
            return self._variables.paths.find(path.encode()) is not None
        except UnicodeEncodeError:
            return False

    def find_alias(self, path: str) -> Alias | None:
        """Return the alias at a canonical path; its target type is known.

        Raises:
            PackageError: the compiled description is damaged.
        """
        try:
            index = self._alias_paths.find(path.encode())
        except UnicodeEncodeError:
            return None
        return None if index is None else self._build_alias(path, index)

    @property
    def factory_table(self) -> BlobTable:
        """The sorted paths of the array leaves."""
        return self._factories.paths

    def path_tables(self) -> tuple[BlobTable, ...]:
        """Return the sorted paths of variables, array leaves and aliases."""
        return self._variables.paths, self._factories.paths, self._alias_paths

    def variables(self, start: int, stop: int) -> list[Variable]:
        """Return a slice of the variables that are no array elements, in the order of paths."""
        paths = self.variable_paths(start, stop)
        places = range(self.variable_count)[start:stop]
        return [
            self._builder.variable(path, self._variables.record(index))
            for path, index in zip(paths, places, strict=True)
        ]

    def variable_paths(self, start: int, stop: int) -> list[str]:
        """Return a slice of their paths only, which is what a filter has to look at."""
        return self._variables.paths.texts(start, stop)

    def variable_at(self, index: int) -> Variable:
        """Return one of them, by its place in the order of paths.

        Raises:
            IndexError: there are not as many.
        """
        return self._builder.variable(*self._variables.at(index))

    def factories(self, start: int, stop: int) -> list[ArrayFactory]:
        """Return a slice of the array leaves, in the order of paths."""
        paths = self.factory_paths(start, stop)
        places = range(self.factory_count)[start:stop]
        return [
            self._builder.factory(path, self._factories.record(index))
            for path, index in zip(paths, places, strict=True)
        ]

    def factory_paths(self, start: int, stop: int) -> list[str]:
        """Return a slice of their paths only."""
        return self._factories.paths.texts(start, stop)

    def factory_at(self, index: int) -> ArrayFactory:
        """Return one of them, by its place in the order of paths.

        Raises:
            IndexError: there are not as many.
        """
        return self._builder.factory(*self._factories.at(index))

    def aliases(self, start: int, stop: int) -> list[Alias]:
        """Return a slice of the aliases, in the order of paths."""
        paths = self._alias_paths.texts(start, stop)
        places = range(self.alias_count)[start:stop]
        return [self._build_alias(path, index) for path, index in zip(paths, places, strict=True)]

    def _build_alias(self, path: str, index: int) -> Alias:
        blob = decoded(_alias_decoder, self._aliases[index])
        return Alias(
            path,
            blob.target,
            blob.target_type,
            blob.gain,
            blob.offset,
            blob.minimum,
            blob.maximum,
            None if blob.enum is None else Enumeration(blob.enum.name, blob.enum.values),
        )
