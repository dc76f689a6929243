"""What a device has: features, regions, published values, loops. Source: section 8."""

from __future__ import annotations

from struct import Struct
from typing import ClassVar, NamedTuple, Self

import msgspec

from scrutiny.core.firmware_id import FIRMWARE_ID_SIZE
from scrutiny.core.types import DataType

from ..codes import (
    MAX_LOOP_NAME_SIZE,
    Command,
    FeatureBits,
    GetInfoFunction,
    LoopType,
    RegionType,
)
from ..errors import AnswerMismatch, MessageError
from .base import AddressFormat, EmptyRequest, FixedRequest
from .octets import (
    U8,
    U16,
    U32,
    OctetReader,
    encode_text,
    pack,
    to_data_type_or_na,
    to_enum,
    unpack,
)

_TWO_U8 = Struct(">BB")
_TWO_U16 = Struct(">HH")
_DEFINITION = Struct(">HB")
_LOOP_HEAD = Struct(">BBB")
_DATALOGGING_ALLOWED = 0x80


class ProtocolVersion(msgspec.Struct, frozen=True):
    major: int
    minor: int

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_TWO_U8, self.major, self.minor)


class GetProtocolVersion(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask for the version, which Discover has announced already."""

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_PROTOCOL_VERSION
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return _TWO_U8.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ProtocolVersion:
        return ProtocolVersion(*unpack(_TWO_U8, payload, "the protocol version"))


class SoftwareId(msgspec.Struct, frozen=True):
    firmware_id: bytes  # 16 octets

    def payload(self, fmt: AddressFormat) -> bytes:
        if len(self.firmware_id) != FIRMWARE_ID_SIZE:
            raise ValueError(f"a firmware id has 16 octets, this one {len(self.firmware_id)}")
        return self.firmware_id


class GetSoftwareId(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask for the firmware id, the one of Discover."""

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_SOFTWARE_ID
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return FIRMWARE_ID_SIZE

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> SoftwareId:
        if len(payload) != FIRMWARE_ID_SIZE:
            raise MessageError(f"the firmware id has {len(payload)} octets, not 16")
        return SoftwareId(payload)


class SupportedFeatures(msgspec.Struct, frozen=True):
    features: FeatureBits

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(U8, self.features)


class GetSupportedFeatures(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask what the firmware was built with."""

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_SUPPORTED_FEATURES
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return U8.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> SupportedFeatures:
        (bitmap,) = unpack(U8, payload, "the feature bitmap")
        return SupportedFeatures(FeatureBits(bitmap))


class SpecialRegionCount(msgspec.Struct, frozen=True):
    readonly_count: int
    forbidden_count: int

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_TWO_U8, self.readonly_count, self.forbidden_count)


class GetSpecialRegionCount(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask how many regions are protected."""

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_SPECIAL_REGION_COUNT
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return _TWO_U8.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> SpecialRegionCount:
        return SpecialRegionCount(*unpack(_TWO_U8, payload, "the special region count"))


class SpecialRegion(msgspec.Struct, frozen=True):
    """A protected part of memory; ``end`` is inclusive, both are in the target's bytes."""

    kind: RegionType
    index: int
    start: int
    end: int

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_TWO_U8, self.kind, self.index) + fmt.encode(self.start) + fmt.encode(self.end)


class GetSpecialRegion(FixedRequest, msgspec.Struct, frozen=True):
    """Ask where a protected region lies; regions of each kind are numbered from 0."""

    kind: RegionType
    index: int

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_SPECIAL_REGION
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_TWO_U8, self.kind, self.index)

    def answer_size(self, fmt: AddressFormat) -> int:
        return _TWO_U8.size + 2 * fmt.address_size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> SpecialRegion:
        reader = OctetReader(payload, "the special region")
        kind, index = to_enum(RegionType, reader.take_u8()), reader.take_u8()
        start, end = reader.take_address(fmt), reader.take_address(fmt)
        reader.finish()
        if kind is not self.kind:
            raise AnswerMismatch("region type", self.kind.name, kind.name)
        if index != self.index:
            raise AnswerMismatch("region index", self.index, index)
        return SpecialRegion(kind, index, start, end)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        kind, index = unpack(_TWO_U8, payload, "GetSpecialRegion")
        return cls(to_enum(RegionType, kind), index)


class RpvCount(msgspec.Struct, frozen=True):
    count: int

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(U16, self.count)


class GetRpvCount(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask how many runtime published values there are."""

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_RPV_COUNT
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return U16.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> RpvCount:
        return RpvCount(*unpack(U16, payload, "the published value count"))


class PublishedValueDefinition(NamedTuple):
    """Id and type of a runtime published value."""

    id: int
    type: DataType


class RpvDefinitions(msgspec.Struct, frozen=True):
    rpvs: tuple[PublishedValueDefinition, ...]

    def payload(self, fmt: AddressFormat) -> bytes:
        return b"".join(pack(_DEFINITION, rpv_id, type_.value) for rpv_id, type_ in self.rpvs)


class GetRpvDefinitions(FixedRequest, msgspec.Struct, frozen=True):
    """Ask for a part of the table of published values; ``start`` is a position, not an id.

    On an empty table this is refused: ask for the count first.
    """

    start: int
    count: int

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_RPV_DEFINITIONS
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_TWO_U16, self.start, self.count)

    def answer_size(self, fmt: AddressFormat) -> int:
        return self.count * _DEFINITION.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> RpvDefinitions:
        if len(payload) != self.count * _DEFINITION.size:
            raise MessageError(
                f"{self.count} definitions take {self.count * _DEFINITION.size} octets, "
                f"the answer has {len(payload)}"
            )
        pairs = _DEFINITION.iter_unpack(payload)
        return RpvDefinitions(
            tuple(
                PublishedValueDefinition(rpv_id, to_data_type_or_na(number))
                for rpv_id, number in pairs
            )
        )

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        return cls(*unpack(_TWO_U16, payload, "GetRpvDefinitions"))


class LoopCount(msgspec.Struct, frozen=True):
    count: int

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(U8, self.count)


class GetLoopCount(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask how many loops there are; their ids are 0 to count - 1."""

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_LOOP_COUNT
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return U8.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> LoopCount:
        return LoopCount(*unpack(U8, payload, "the loop count"))


class LoopDefinition(msgspec.Struct, frozen=True):
    """A loop of the firmware, which is also a sampling rate of the datalogger.

    Attributes:
        period_100ns: As announced; None for a loop of variable frequency.
        supports_datalogging: Whether the datalogger may sample in it.
    """

    loop_id: int
    type: LoopType
    supports_datalogging: bool
    period_100ns: int | None
    name: str

    @property
    def is_period_known(self) -> bool:
        """False for a loop of variable frequency, and for the period 0 that none can have."""
        return bool(self.period_100ns)

    def payload(self, fmt: AddressFormat) -> bytes:
        attributes = _DATALOGGING_ALLOWED if self.supports_datalogging else 0
        head = pack(_LOOP_HEAD, self.loop_id, self.type, attributes)
        if (self.type is LoopType.FIXED_FREQUENCY) != (self.period_100ns is not None):
            raise ValueError(f"a {self.type.name} loop with a period of {self.period_100ns}")
        period = b"" if self.period_100ns is None else pack(U32, self.period_100ns)
        return head + period + encode_text(self.name)


class GetLoopDefinition(FixedRequest, msgspec.Struct, frozen=True):
    """Ask for one loop."""

    loop_id: int

    command: ClassVar[int] = Command.GET_INFO
    subfunction: ClassVar[int] = GetInfoFunction.GET_LOOP_DEFINITION
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(U8, self.loop_id)

    def answer_size(self, fmt: AddressFormat) -> int:
        return _LOOP_HEAD.size + U32.size + U8.size + MAX_LOOP_NAME_SIZE

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> LoopDefinition:
        reader = OctetReader(payload, "the loop definition")
        loop_id, loop_type = reader.take_u8(), to_enum(LoopType, reader.take_u8())
        attributes = reader.take_u8()
        period = reader.take_u32() if loop_type is LoopType.FIXED_FREQUENCY else None
        name = reader.take_text()
        reader.finish()
        if loop_id != self.loop_id:
            raise AnswerMismatch("loop id", self.loop_id, loop_id)
        supports_datalogging = bool(attributes & _DATALOGGING_ALLOWED)
        return LoopDefinition(loop_id, loop_type, supports_datalogging, period, name)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        return cls(*unpack(U8, payload, "GetLoopDefinition"))
