"""Reading and writing memory and published values. Source: device protocol, section 9.

Blocks are packed back to back, without a count, and answered in the order of the request.
Memory is raw, in the target's byte order; published values are big endian.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, NamedTuple, Self, TypeVar

import msgspec

from scrutiny.core.types import DataType

from ..codes import MAX_PAYLOAD, Command, MemoryControlFunction, ResponseCode
from ..errors import AnswerMismatch, MessageError
from .base import AddressFormat, FixedRequest
from .get_info import PublishedValueDefinition
from .octets import U8, U16, OctetReader, pack

ItemT = TypeVar("ItemT")

_ID_SIZE: Final = U16.size
_UNSIGNED_OF_SIZE: Final = {
    data_type.size: data_type for data_type in DataType if data_type.name.startswith("UINT")
}


# Parts of messages are tuples: cheap to build by the hundred, and a plain tuple will do as one.
class MemoryBlock(NamedTuple):
    """Where memory is, without its content."""

    address: int  # in the target's bytes
    size: int  # in octets


class MemoryData(NamedTuple):
    """Memory with its content, in the target's byte order."""

    address: int  # in the target's bytes
    data: bytes


class MaskedMemoryData(NamedTuple):
    """Content for those bits of memory that are set in the mask."""

    address: int  # in the target's bytes
    data: bytes
    mask: bytes  # as long as the data


class RpvValue(NamedTuple):
    """A published value, big endian, as long as its type says."""

    id: int
    data: bytes


class RpvWritten(NamedTuple):
    """Acknowledgement of one written value."""

    id: int
    size: int  # in octets


class ReadMemoryAnswer(msgspec.Struct, frozen=True):
    blocks: tuple[MemoryData, ...]

    def payload(self, fmt: AddressFormat) -> bytes:
        return b"".join(_block_head(a, len(data), fmt) + data for a, data in self.blocks)


class ReadMemory(FixedRequest, msgspec.Struct, frozen=True):
    """Read blocks of memory."""

    blocks: tuple[MemoryBlock, ...]

    command: ClassVar[int] = Command.MEMORY_CONTROL
    subfunction: ClassVar[int] = MemoryControlFunction.READ
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        _require_some(self.blocks)
        return _block_heads(self.blocks, fmt)

    def answer_size(self, fmt: AddressFormat) -> int:
        return sum([fmt.address_size + U16.size + size for _, size in self.blocks])

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ReadMemoryAnswer:
        if len(payload) != self.answer_size(fmt):
            raise MessageError(
                f"{len(self.blocks)} blocks take {self.answer_size(fmt)} octets, "
                f"the answer has {len(payload)}"
            )
        head_size = fmt.address_size + U16.size
        offset = 0
        blocks: list[MemoryData] = []
        for address, size in self.blocks:
            start = offset + head_size
            _check_head(payload[offset:start], address, size, fmt)
            offset = start + size
            blocks.append(MemoryData(address & fmt.mask, payload[start:offset]))
        return ReadMemoryAnswer(tuple(blocks))

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        reader = OctetReader(payload, "ReadMemory")
        blocks: list[MemoryBlock] = []
        while not reader.is_at_end:
            blocks.append(MemoryBlock(reader.take_address(fmt), _take_size(reader, fmt)))
        request = cls(_some(blocks))
        if request.answer_size(fmt) > MAX_PAYLOAD:
            raise MessageError(f"ReadMemory asks for more than {MAX_PAYLOAD} octets")
        return request


class WriteMemoryAnswer(msgspec.Struct, frozen=True):
    blocks: tuple[MemoryBlock, ...]

    def payload(self, fmt: AddressFormat) -> bytes:
        return _block_heads(self.blocks, fmt)


class WriteMemory(FixedRequest, msgspec.Struct, frozen=True):
    """Write blocks of memory. When one is refused, those before it have been written."""

    blocks: tuple[MemoryData, ...]

    command: ClassVar[int] = Command.MEMORY_CONTROL
    subfunction: ClassVar[int] = MemoryControlFunction.WRITE
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        _require_some(self.blocks)
        return b"".join(_block_head(a, len(data), fmt) + data for a, data in self.blocks)

    def answer_size(self, fmt: AddressFormat) -> int:
        return len(self.blocks) * (fmt.address_size + U16.size)

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> WriteMemoryAnswer:
        written = tuple(MemoryBlock(address, len(data)) for address, data in self.blocks)
        return _parse_written(payload, written, fmt)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        reader = OctetReader(payload, "WriteMemory")
        blocks: list[MemoryData] = []
        while not reader.is_at_end:
            address = reader.take_address(fmt)
            blocks.append(MemoryData(address, reader.take(_take_size(reader, fmt))))
        return cls(_some(blocks))


class WriteMemoryMaskedAnswer(msgspec.Struct, frozen=True):
    blocks: tuple[MemoryBlock, ...]

    def payload(self, fmt: AddressFormat) -> bytes:
        return _block_heads(self.blocks, fmt)


class WriteMemoryMasked(FixedRequest, msgspec.Struct, frozen=True):
    """Write single bits: ``new = (old AND NOT mask) OR (data AND mask)``."""

    blocks: tuple[MaskedMemoryData, ...]

    command: ClassVar[int] = Command.MEMORY_CONTROL
    subfunction: ClassVar[int] = MemoryControlFunction.WRITE_MASKED
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        _require_some(self.blocks)
        parts: list[bytes] = []
        for address, data, mask in self.blocks:
            if len(data) != len(mask):
                raise ValueError(f"{len(data)} octets of data with a mask of {len(mask)}")
            parts += (_block_head(address, len(data), fmt), data, mask)
        return b"".join(parts)

    def answer_size(self, fmt: AddressFormat) -> int:
        return len(self.blocks) * (fmt.address_size + U16.size)

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> WriteMemoryMaskedAnswer:
        written = tuple(MemoryBlock(address, len(data)) for address, data, _ in self.blocks)
        return WriteMemoryMaskedAnswer(_parse_written(payload, written, fmt).blocks)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        reader = OctetReader(payload, "WriteMemoryMasked")
        blocks: list[MaskedMemoryData] = []
        while not reader.is_at_end:
            address, size = reader.take_address(fmt), _take_size(reader, fmt)
            blocks.append(MaskedMemoryData(address, reader.take(size), reader.take(size)))
        return cls(_some(blocks))


class ReadRpvsAnswer(msgspec.Struct, frozen=True):
    values: tuple[RpvValue, ...]

    def payload(self, fmt: AddressFormat) -> bytes:
        return b"".join(pack(U16, rpv_id) + data for rpv_id, data in self.values)


class ReadRpvs(FixedRequest, msgspec.Struct, frozen=True):
    """Read published values. Only the size of a type counts here."""

    rpvs: tuple[PublishedValueDefinition, ...]

    command: ClassVar[int] = Command.MEMORY_CONTROL
    subfunction: ClassVar[int] = MemoryControlFunction.READ_RPV
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        _require_some(self.rpvs)
        return b"".join([pack(U16, rpv_id) for rpv_id, _ in self.rpvs])

    def answer_size(self, fmt: AddressFormat) -> int:
        return sum([_ID_SIZE + data_type.size for _, data_type in self.rpvs])

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ReadRpvsAnswer:
        if len(payload) != self.answer_size(fmt):
            raise MessageError(
                f"{len(self.rpvs)} published values take {self.answer_size(fmt)} octets, "
                f"the answer has {len(payload)}"
            )
        offset = 0
        values: list[RpvValue] = []
        for rpv_id, data_type in self.rpvs:
            start = offset + _ID_SIZE
            received = int.from_bytes(payload[offset:start], "big")
            if received != rpv_id:
                raise AnswerMismatch("published value id", rpv_id, received)
            offset = start + data_type.size
            values.append(RpvValue(rpv_id, payload[start:offset]))
        return ReadRpvsAnswer(tuple(values))

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat, rpv_sizes: Mapping[int, int]) -> Self:
        """Read the request as a device; types come out as unsigned ones of the right size.

        Raises:
            MessageError: malformed, or, with FAILURE_TO_PROCEED, an unknown id.
        """
        if not payload or len(payload) % _ID_SIZE:
            raise MessageError(f"ReadRpvs has {len(payload)} octets of payload")
        rpvs: list[PublishedValueDefinition] = []
        for (rpv_id,) in U16.iter_unpack(payload):
            data_type = _UNSIGNED_OF_SIZE.get(rpv_sizes.get(rpv_id, 0))
            if data_type is None:
                raise MessageError(
                    f"published value {rpv_id:#06x} is unknown", ResponseCode.FAILURE_TO_PROCEED
                )
            rpvs.append(PublishedValueDefinition(rpv_id, data_type))
        return cls(tuple(rpvs))


class WriteRpvsAnswer(msgspec.Struct, frozen=True):
    written: tuple[RpvWritten, ...]

    def payload(self, fmt: AddressFormat) -> bytes:
        return b"".join(pack(U16, rpv_id) + pack(U8, size) for rpv_id, size in self.written)


class WriteRpvs(FixedRequest, msgspec.Struct, frozen=True):
    """Write published values. When one is refused, those before it have been applied."""

    values: tuple[RpvValue, ...]

    command: ClassVar[int] = Command.MEMORY_CONTROL
    subfunction: ClassVar[int] = MemoryControlFunction.WRITE_RPV
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        _require_some(self.values)
        return b"".join(pack(U16, rpv_id) + data for rpv_id, data in self.values)

    def answer_size(self, fmt: AddressFormat) -> int:
        return len(self.values) * (_ID_SIZE + U8.size)

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> WriteRpvsAnswer:
        _check_acknowledged(payload, self.answer_size(fmt), len(self.values))
        reader = OctetReader(payload, "the answer to WriteRpvs")
        for rpv_id, data in self.values:
            received_id, received_size = reader.take_u16(), reader.take_u8()
            if received_id != rpv_id:
                raise AnswerMismatch("published value id", rpv_id, received_id)
            if received_size != len(data):
                raise AnswerMismatch("published value size", len(data), received_size)
        return WriteRpvsAnswer(tuple(RpvWritten(rpv_id, len(data)) for rpv_id, data in self.values))

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat, rpv_sizes: Mapping[int, int]) -> Self:
        """Read the request as a device; an unknown id ends it, for its size is unknown."""
        reader = OctetReader(payload, "WriteRpvs")
        values: list[RpvValue] = []
        while not reader.is_at_end:
            rpv_id = reader.take_u16()
            if rpv_id not in rpv_sizes:
                raise MessageError(f"published value {rpv_id:#06x} is unknown")
            values.append(RpvValue(rpv_id, reader.take(rpv_sizes[rpv_id])))
        return cls(_some(values))


def _require_some(items: tuple[object, ...]) -> None:
    if not items:
        raise ValueError("a request for nothing is not accepted by any device")


def _some(items: list[ItemT]) -> tuple[ItemT, ...]:
    if not items:
        raise MessageError("the payload is empty")
    return tuple(items)


def _block_head(address: int, size: int, fmt: AddressFormat) -> bytes:
    if not fmt.has_whole_chars(size):
        raise ValueError(f"{size} octets are not whole chars of {fmt.char_bit} bits")
    return fmt.encode(address) + pack(U16, size)


def _block_heads(blocks: Iterable[MemoryBlock], fmt: AddressFormat) -> bytes:
    return b"".join([_block_head(address, size, fmt) for address, size in blocks])


def _take_size(reader: OctetReader, fmt: AddressFormat) -> int:
    size = reader.take_u16()
    if not fmt.has_whole_chars(size):
        raise MessageError(f"{size} octets are not whole chars of {fmt.char_bit} bits")
    return size


def _check_head(head: bytes, address: int, size: int, fmt: AddressFormat) -> None:
    received_address = int.from_bytes(head[: fmt.address_size], "big")
    if received_address != address & fmt.mask:
        raise AnswerMismatch("address", hex(address & fmt.mask), hex(received_address))
    received_size = int.from_bytes(head[fmt.address_size :], "big")
    if received_size != size:
        raise AnswerMismatch("block size", size, received_size)


def _check_acknowledged(payload: bytes, expected_size: int, item_count: int) -> None:
    # The reference firmware may write the last block and leave its acknowledgement out when
    # its transmit buffer is full (section 9, multi-block writes).
    if len(payload) != expected_size:
        one_size = expected_size // item_count
        raise MessageError(
            f"{item_count} writes were asked for, {len(payload) / one_size:g} are acknowledged; "
            f"the others may have been done as well"
        )


def _parse_written(
    payload: bytes, written: tuple[MemoryBlock, ...], fmt: AddressFormat
) -> WriteMemoryAnswer:
    head_size = fmt.address_size + U16.size
    _check_acknowledged(payload, len(written) * head_size, len(written))
    for index, (address, size) in enumerate(written):
        _check_head(payload[index * head_size : (index + 1) * head_size], address, size, fmt)
    return WriteMemoryAnswer(tuple(MemoryBlock(a & fmt.mask, size) for a, size in written))
