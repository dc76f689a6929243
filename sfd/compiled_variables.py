"""Make variables of the records in a compiled description.

Source: firmware description, sections 2.6 to 2.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from scrutiny.core.enums import Enumeration
from scrutiny.core.errors import PathError
from scrutiny.core.paths import ArraySegment
from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import ArrayFactory, BitField, Variable

from .compiled_format import FACTORY_FLAG, ArrayBlob, EnumBlob, Record, Section
from .compiled_tables import Layout, LeafTable, decoded
from .errors import PackageError

# Those on a path without indices, by the length of the path up to the end of their segment.
Indices = Mapping[int, tuple[int, ...]]

_CACHED_BLOBS_MAX: Final = 1024
_ZERO_IN_FRONT: Final = "[0"  # of an index, or a zero, or something in a name
_DATA_TYPES: Final = {t.value: t for t in DataType if t.is_readable}
_enum_decoder = msgspec.msgpack.Decoder(EnumBlob)
_arrays_decoder = msgspec.msgpack.Decoder(list[ArrayBlob])


class VariableBuilder:
    """Make variables, array elements and factories of paths and records.

    All methods raise `PackageError` if the file is damaged.
    """

    def __init__(
        self,
        layout: Layout,
        variables: LeafTable,
        factories: LeafTable,
        byte_order: ByteOrder,
    ) -> None:
        self._variables = variables
        self._factories = factories
        self._byte_order: ByteOrder = byte_order
        self._enums = layout.table(Section.ENUMS)
        self._arrays = layout.table(Section.ARRAYS)
        self._enum_at = lru_cache(_CACHED_BLOBS_MAX)(self._decode_enum)
        self._arrays_at = lru_cache(_CACHED_BLOBS_MAX)(self._decode_arrays)

    def variable(self, path: str, record: Record) -> Variable:
        """Make a variable that has no indices."""
        pointer = self._pointer(record, {}) if record.pointer else None
        return self._build(path, record, 0, pointer)

    def element(self, path: str, raw: str, indices: Indices, record: Record) -> Variable:
        """Make the element of an array, on either side of a dereferenced pointer.

        The segments up to the one with the ``*`` have the same indices as the pointer's own path.

        Args:
            path: canonical, but for zeros in front of indices.
            raw: path without indices.
            indices: those that were on it.
            record: of the factory.

        Raises:
            PathError: an index is missing, superfluous or out of range.
        """
        own = self._arrays_of(record)
        if record.pointer:
            before = self._arrays_to_pointer(record)
            _check_indices(raw, indices, (*before, *own))
            _offset(raw, indices, before)  # its indices are to be in range, too
            pointer = self._pointer(record, indices)
        else:
            _check_indices(raw, indices, own)
            pointer = None
        if _ZERO_IN_FRONT in path:
            path = _with_indices(raw, indices)
        return self._build(path, record, _offset(raw, indices, own), pointer)

    def factory(self, path: str, record: Record) -> ArrayFactory:
        """Make the factory of a leaf inside arrays."""
        before = self._arrays_to_pointer(record) if record.pointer else ()
        arrays = (*before, *self._arrays_of(record))
        return ArrayFactory(
            path,
            _data_type(record),
            self._enum_at(record.enum - 1) if record.enum else None,
            {path[: array.end]: array.dimensions for array in arrays},
        )

    def _build(self, path: str, record: Record, offset: int, pointer: Variable | None) -> Variable:
        data_type = _data_type(record)
        address = record.address
        if pointer is not None and address >> 63:  # the offset from a pointer may be negative
            address -= 1 << 64
        return Variable(
            path,
            data_type,
            self._byte_order,
            address + offset,
            _bit_field(record, data_type),
            self._enum_at(record.enum - 1) if record.enum else None,
            pointer,
        )

    def _pointer(self, record: Record, indices: Indices) -> Variable:
        """Make the variable that holds the address of another one, which has these indices."""
        raw, pointer = self._pointer_leaf(record)
        arrays = self._arrays_of(pointer)
        own = {array.end: indices[_end_behind(raw, array)] for array in arrays}
        return self._build(_with_indices(raw, own), pointer, _offset(raw, own, arrays), None)

    def _arrays_to_pointer(self, record: Record) -> list[ArraySegment]:
        """Return the arrays on the way to the pointer, as they are on the path of the leaf."""
        raw, pointer = self._pointer_leaf(record)
        return [
            ArraySegment(_end_behind(raw, array), array.dimensions, array.element_size)
            for array in self._arrays_of(pointer)
        ]

    def _pointer_leaf(self, record: Record) -> tuple[str, Record]:
        reference = record.pointer - 1
        leaves = self._factories if reference & FACTORY_FLAG else self._variables
        try:
            return leaves.at(reference & ~FACTORY_FLAG)
        except IndexError as error:
            raise PackageError("the compiled description is damaged: no such pointer") from error

    def _arrays_of(self, record: Record) -> tuple[ArraySegment, ...]:
        return self._arrays_at(record.arrays - 1) if record.arrays else ()

    def _decode_enum(self, index: int) -> Enumeration:
        blob = decoded(_enum_decoder, self._enums.checked(index))
        return Enumeration(blob.name, blob.values)

    def _decode_arrays(self, index: int) -> tuple[ArraySegment, ...]:
        blobs = decoded(_arrays_decoder, self._arrays.checked(index))
        return tuple(ArraySegment(blob.end, blob.dimensions, blob.element_size) for blob in blobs)


def no_array_error(raw: str, indices: Iterable[int]) -> PathError:
    """Return the error for indices where there is no array."""
    places = ", ".join(raw[:end] for end in sorted(indices))
    return PathError(f"{places} is no array and takes no index")


def _check_indices(raw: str, indices: Indices, arrays: Iterable[ArraySegment]) -> None:
    """Raise the error that names the array, if not exactly the arrays are indexed."""
    if set(indices) == {array.end for array in arrays}:
        return
    by_end = {array.end: array for array in arrays}
    superfluous = indices.keys() - by_end.keys()
    if superfluous:
        raise no_array_error(raw, superfluous)
    missing = sorted(by_end.keys() - indices.keys())
    shapes = ", ".join(raw[:end] + _shape(by_end[end].dimensions) for end in missing)
    raise PathError(f"{raw} is inside of an array: indices are missing at {shapes}")


def _offset(raw: str, indices: Indices, arrays: Iterable[ArraySegment]) -> int:
    """Return how far an element is from the first one; raise if an index is out of range."""
    offset = 0
    for array in arrays:
        offset += array.offset(indices[array.end], raw[: array.end])
    return offset


def _end_behind(raw: str, array: ArraySegment) -> int:
    """Return where an array ends on paths through a pointer, whose own path is ``raw``.

    Only the last segment is different there: it begins with ``*``.
    """
    return array.end + 1 if array.end == len(raw) else array.end


def _with_indices(raw: str, indices: Indices) -> str:
    path = ""
    start = 0
    for end, numbers in indices.items():  # ascending, as in paths
        path += raw[start:end] + _shape(numbers)
        start = end
    return path + raw[start:]


def _shape(numbers: Iterable[int]) -> str:
    return f"[{']['.join(map(str, numbers))}]"


def _data_type(record: Record) -> DataType:
    try:
        return _DATA_TYPES[record.data_type]
    except KeyError as error:
        raise PackageError("the compiled description is damaged: no such data type") from error


def _bit_field(record: Record, data_type: DataType) -> BitField | None:
    if not record.bit_size:
        return None
    if record.bit_offset + record.bit_size > 8 * data_type.size:
        raise PackageError("the compiled description is damaged: impossible bit field")
    return BitField(record.bit_offset, record.bit_size)
