"""What a simulated device does for an open session: information, memory, published values.

Requests that concern the session itself are in `device`.
"""

from __future__ import annotations

from collections.abc import Iterable

from scrutiny.core.errors import ValueCodecError
from scrutiny.core.values import decode, encode

from ..codes import Command, FeatureBits, MemoryControlFunction, RegionType, ResponseCode
from ..errors import UnsupportedRequest
from ..frames import Request
from ..messages import (
    AnswerMessage,
    AnyRequest,
    DeviceParams,
    GetLoopCount,
    GetLoopDefinition,
    GetParams,
    GetProtocolVersion,
    GetRpvCount,
    GetRpvDefinitions,
    GetSoftwareId,
    GetSpecialRegion,
    GetSpecialRegionCount,
    GetSupportedFeatures,
    LoopCount,
    LoopDefinition,
    MemoryBlock,
    MemoryData,
    ProtocolVersion,
    PublishedValueDefinition,
    ReadMemory,
    ReadMemoryAnswer,
    ReadRpvs,
    ReadRpvsAnswer,
    RpvCount,
    RpvDefinitions,
    RpvValue,
    RpvWritten,
    SoftwareId,
    SpecialRegion,
    SpecialRegionCount,
    SupportedFeatures,
    UserCommand,
    UserCommandAnswer,
    WriteMemory,
    WriteMemoryAnswer,
    WriteMemoryMasked,
    WriteMemoryMaskedAnswer,
    WriteRpvs,
    WriteRpvsAnswer,
)
from .application import Application
from .memory import SparseMemory, UnmappedAddress
from .refusal import Refusal
from .settings import AddressRange, DeviceSettings


class Services:
    """Answers requests that need a session; no framing, no session, no time."""

    def __init__(
        self, settings: DeviceSettings, memory: SparseMemory, application: Application
    ) -> None:
        self._settings = settings
        self._fmt = settings.address_format
        self._octets_per_byte = settings.char_bit // 8
        self._memory = memory
        self._application = application
        self.rpvs = settings.available_rpvs
        self._rpv_types = {rpv.id: rpv.type for rpv in self.rpvs}
        self.rpv_sizes = {rpv.id: rpv.type.size for rpv in self.rpvs}

    @property
    def features(self) -> FeatureBits:
        settings = self._settings
        return (
            (FeatureBits.MEMORY_WRITE if settings.supports_memory_write else FeatureBits(0))
            | (FeatureBits.DATALOGGING if settings.offers_datalogging else FeatureBits(0))
            | (FeatureBits.USER_COMMAND if settings.supports_user_command else FeatureBits(0))
            | (FeatureBits.SUPPORT_64BITS if settings.supports_64bits else FeatureBits(0))
        )

    def check_supported(self, request: Request) -> None:
        """Refuse what the firmware was built without, before its payload is looked at.

        Raises:
            Refusal: with UNSUPPORTED_FEATURE or, for memory writes, FORBIDDEN.
        """
        write_functions = (MemoryControlFunction.WRITE, MemoryControlFunction.WRITE_MASKED)
        rpv_functions = (MemoryControlFunction.READ_RPV, MemoryControlFunction.WRITE_RPV)
        match request.command:
            case Command.USER_COMMAND if not self._settings.supports_user_command:
                raise Refusal(ResponseCode.UNSUPPORTED_FEATURE)
            case Command.MEMORY_CONTROL if request.subfunction in rpv_functions and not self.rpvs:
                raise Refusal(ResponseCode.UNSUPPORTED_FEATURE)
            case Command.MEMORY_CONTROL if (
                request.subfunction in write_functions and not self._settings.supports_memory_write
            ):
                raise Refusal(ResponseCode.FORBIDDEN)
            case _:
                pass

    def answer(self, message: AnyRequest) -> AnswerMessage:
        """Do what a request asks for.

        Raises:
            Refusal: the answer is a code.
            UnsupportedRequest: it is not for this class.
        """
        match message:
            case ReadMemory():
                return self._read_memory(message)
            case ReadRpvs():
                return self._read_rpvs(message)
            case WriteMemory():
                return WriteMemoryAnswer(self._write_memory(message.blocks))
            case WriteMemoryMasked():
                return WriteMemoryMaskedAnswer(self._write_masked(message))
            case WriteRpvs():
                return self._write_rpvs(message)
            case UserCommand():
                return self._user_command(message)
            case _:
                return self._answer_info(message)

    def _answer_info(self, message: AnyRequest) -> AnswerMessage:
        settings = self._settings
        match message:
            case GetParams():
                return self._params()
            case GetProtocolVersion():
                return ProtocolVersion(*settings.protocol_version)
            case GetSoftwareId():
                return SoftwareId(settings.firmware_id)
            case GetSupportedFeatures():
                return SupportedFeatures(self.features)
            case GetSpecialRegionCount():
                return SpecialRegionCount(
                    len(settings.readonly_regions), len(settings.forbidden_regions)
                )
            case GetSpecialRegion():
                return self._special_region(message)
            case GetRpvCount():
                return RpvCount(len(self.rpvs))
            case GetRpvDefinitions():
                return self._rpv_definitions(message)
            case GetLoopCount():
                return LoopCount(len(settings.loops))
            case GetLoopDefinition():
                return self._loop_definition(message)
            case _:
                raise UnsupportedRequest(message.command, message.subfunction)

    def _params(self) -> DeviceParams:
        settings = self._settings
        return DeviceParams(
            settings.max_rx_payload,
            settings.max_tx_payload,
            settings.max_bitrate_bps,
            settings.heartbeat_timeout_us,
            settings.rx_timeout_us,
            settings.address_size,
            settings.char_bit,
            is_short_form=not settings.announces_char_bit,
        )

    def _special_region(self, message: GetSpecialRegion) -> SpecialRegion:
        settings = self._settings
        is_readonly = message.kind is RegionType.READ_ONLY
        regions = settings.readonly_regions if is_readonly else settings.forbidden_regions
        if message.index >= len(regions):
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
        region = regions[message.index]
        return SpecialRegion(message.kind, message.index, region.start, region.end)

    def _rpv_definitions(self, message: GetRpvDefinitions) -> RpvDefinitions:
        end = message.start + message.count
        if message.start >= len(self.rpvs) or end > len(self.rpvs):
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
        return RpvDefinitions(self.rpvs[message.start : end])

    def _loop_definition(self, message: GetLoopDefinition) -> LoopDefinition:
        loops = self._settings.loops
        if message.loop_id >= len(loops):
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
        return loops[message.loop_id]

    def _user_command(self, message: UserCommand) -> UserCommandAnswer:
        answer = self._application.user_command(message.subfunction, message.data)
        if answer is None:
            raise Refusal(ResponseCode.OVERFLOW)
        return UserCommandAnswer(answer)

    def _read_memory(self, message: ReadMemory) -> ReadMemoryAnswer:
        transmit_size = self._settings.max_tx_payload
        head_size = self._fmt.address_size + 2
        # The firmware counts all blocks but the last before it looks at protections.
        if sum(head_size + size for _, size in message.blocks[:-1]) > transmit_size:
            raise Refusal(ResponseCode.OVERFLOW)
        blocks: list[MemoryData] = []
        answer_size = 0
        for address, size in message.blocks:
            self._check_regions(address, size, self._settings.forbidden_regions)
            answer_size += head_size + size
            if answer_size > transmit_size:
                raise Refusal(ResponseCode.OVERFLOW)
            blocks.append(MemoryData(address, self._read(address, size)))
        return ReadMemoryAnswer(tuple(blocks))

    def _write_masked(self, message: WriteMemoryMasked) -> tuple[MemoryBlock, ...]:
        self._check_writable(MemoryBlock(a, len(data)) for a, data, _ in message.blocks)
        written: list[MemoryBlock] = []
        for address, data, mask in message.blocks:
            # One block after the other: a later one may mask what an earlier one wrote.
            old = self._read(address, len(data))
            new = bytes((o & ~m) | (d & m) for o, d, m in zip(old, data, mask, strict=True))
            written += self._write_memory((MemoryData(address, new),))
        return tuple(written)

    def _write_memory(self, blocks: tuple[MemoryData, ...]) -> tuple[MemoryBlock, ...]:
        written = tuple(MemoryBlock(address, len(data)) for address, data in blocks)
        self._check_writable(written)
        for address, data in blocks:
            self._memory.write(address * self._octets_per_byte, data)
        self._application.memory_written()
        return written

    def _check_writable(self, blocks: Iterable[MemoryBlock]) -> None:
        """Refuse the request if one of its blocks cannot be written: all of it or nothing."""
        settings = self._settings
        blocks = tuple(blocks)
        if len(blocks) * (self._fmt.address_size + 2) > settings.max_tx_payload:
            raise Refusal(ResponseCode.OVERFLOW)
        for address, size in blocks:
            self._check_regions(address, size, settings.forbidden_regions)
            self._check_regions(address, size, settings.readonly_regions)
        for address, size in blocks:
            self._read(address, size)

    def _check_regions(self, address: int, size: int, regions: tuple[AddressRange, ...]) -> None:
        byte_count = size // self._octets_per_byte
        if any(region.touches(address, byte_count) for region in regions):
            raise Refusal(ResponseCode.FORBIDDEN)

    def _read(self, address: int, size: int) -> bytes:
        try:
            return self._memory.read(address * self._octets_per_byte, size)
        except UnmappedAddress:
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED) from None

    def _read_rpvs(self, message: ReadRpvs) -> ReadRpvsAnswer:
        if message.answer_size(self._fmt) > self._settings.max_tx_payload:
            raise Refusal(ResponseCode.OVERFLOW)
        return ReadRpvsAnswer(tuple(self._read_rpv(rpv) for rpv in message.rpvs))

    def _read_rpv(self, rpv: PublishedValueDefinition) -> RpvValue:
        value = self._application.read_rpv(rpv.id)
        if value is None:
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
        try:
            return RpvValue(rpv.id, encode(value, self._rpv_types[rpv.id], "big"))
        except ValueCodecError:
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED) from None

    def _write_rpvs(self, message: WriteRpvs) -> WriteRpvsAnswer:
        if message.answer_size(self._fmt) > self._settings.max_tx_payload:
            raise Refusal(ResponseCode.OVERFLOW)
        for rpv_id, data in message.values:
            value = decode(data, self._rpv_types[rpv_id], "big")
            if not self._application.write_rpv(rpv_id, value):
                raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
        return WriteRpvsAnswer(tuple(RpvWritten(i, len(data)) for i, data in message.values))
