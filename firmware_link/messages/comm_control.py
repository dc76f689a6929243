"""Discovery, sessions and link parameters. Source: device protocol, section 7."""

from __future__ import annotations

from struct import Struct
from typing import ClassVar, Self

import msgspec

from scrutiny.core.firmware_id import FIRMWARE_ID_SIZE

from ..codes import (
    CONNECT_MAGIC,
    DISCOVER_MAGIC,
    MAX_DISPLAY_NAME_SIZE,
    Command,
    CommControlFunction,
)
from ..errors import AnswerMismatch, MessageError
from .base import ADDRESS_SIZES, CHAR_BITS, AddressFormat, EmptyAnswer, EmptyRequest, FixedRequest
from .octets import U8, U32, OctetReader, encode_text, pack, unpack

_MAGIC_SIZE = 4
_HEARTBEAT = Struct(">IH")
_PARAMS_OLD = Struct(">HHIIIB")  # without char_bit, before firmware library v0.6.0
_PARAMS = Struct(">HHIIIBB")


class DiscoverAnswer(msgspec.Struct, frozen=True):
    """Who a device is; it tells without a session.

    Attributes:
        firmware_id: 16 octets, the key of the firmware's description.
        display_name: As configured in the firmware, may be empty.
    """

    protocol_major: int
    protocol_minor: int
    firmware_id: bytes
    display_name: str

    def payload(self, fmt: AddressFormat) -> bytes:
        if len(self.firmware_id) != FIRMWARE_ID_SIZE:
            raise ValueError(f"a firmware id has 16 octets, this one {len(self.firmware_id)}")
        version = pack(U8, self.protocol_major) + pack(U8, self.protocol_minor)
        return version + self.firmware_id + encode_text(self.display_name)


class Discover(FixedRequest, msgspec.Struct, frozen=True):
    """Ask who is there, with or without a session."""

    command: ClassVar[int] = Command.COMM_CONTROL
    subfunction: ClassVar[int] = CommControlFunction.DISCOVER
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        return DISCOVER_MAGIC

    def answer_size(self, fmt: AddressFormat) -> int:
        return 2 + FIRMWARE_ID_SIZE + 1 + MAX_DISPLAY_NAME_SIZE

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> DiscoverAnswer:
        reader = OctetReader(payload, "the answer to Discover")
        answer = DiscoverAnswer(
            reader.take_u8(), reader.take_u8(), reader.take(FIRMWARE_ID_SIZE), reader.take_text()
        )
        reader.finish()
        return answer

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        if payload != DISCOVER_MAGIC:
            raise MessageError(f"Discover's magic is {payload[:8].hex()}")
        return cls()


class ConnectAnswer(msgspec.Struct, frozen=True):
    session_id: int  # 0 is a legal one

    def payload(self, fmt: AddressFormat) -> bytes:
        return CONNECT_MAGIC + pack(U32, self.session_id)


class Connect(FixedRequest, msgspec.Struct, frozen=True):
    """Open a session. A repetition after a lost answer meets Busy: hence not idempotent."""

    command: ClassVar[int] = Command.COMM_CONTROL
    subfunction: ClassVar[int] = CommControlFunction.CONNECT
    idempotent: ClassVar[bool] = False

    def payload(self, fmt: AddressFormat) -> bytes:
        return CONNECT_MAGIC

    def answer_size(self, fmt: AddressFormat) -> int:
        return _MAGIC_SIZE + U32.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ConnectAnswer:
        if len(payload) != _MAGIC_SIZE + U32.size:
            raise MessageError(f"the answer to Connect has {len(payload)} octets, not 8")
        if not payload.startswith(CONNECT_MAGIC):
            raise AnswerMismatch("magic", CONNECT_MAGIC.hex(), payload[:_MAGIC_SIZE].hex())
        return ConnectAnswer(int.from_bytes(payload[_MAGIC_SIZE:], "big"))

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        # The reference firmware looks at the length only; section 7.2 allows to check the value.
        if payload != CONNECT_MAGIC:
            raise MessageError(f"Connect's magic is {payload[:8].hex()}")
        return cls()


class HeartbeatAnswer(msgspec.Struct, frozen=True):
    session_id: int
    challenge_response: int  # the challenge with all bits inverted

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_HEARTBEAT, self.session_id, self.challenge_response)


class Heartbeat(FixedRequest, msgspec.Struct, frozen=True):
    """Keep the session open. The same challenge twice in a row is refused."""

    session_id: int
    challenge: int

    command: ClassVar[int] = Command.COMM_CONTROL
    subfunction: ClassVar[int] = CommControlFunction.HEARTBEAT
    idempotent: ClassVar[bool] = False

    @property
    def challenge_response(self) -> int:
        return self.challenge ^ 0xFFFF

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_HEARTBEAT, self.session_id, self.challenge)

    def answer_size(self, fmt: AddressFormat) -> int:
        return _HEARTBEAT.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> HeartbeatAnswer:
        session_id, response = unpack(_HEARTBEAT, payload, "the answer to Heartbeat")
        if session_id != self.session_id:
            raise AnswerMismatch("session id", self.session_id, session_id)
        if response != self.challenge_response:
            raise AnswerMismatch("challenge response", self.challenge_response, response)
        return HeartbeatAnswer(session_id, response)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        return cls(*unpack(_HEARTBEAT, payload, "Heartbeat"))


class DeviceParams(msgspec.Struct, frozen=True):
    """Limits and habits of a device.

    Attributes:
        max_rx_payload: Largest payload of a request, in octets: the device receives it.
        max_tx_payload: Largest payload of a response, in octets.
        max_bitrate_bps: 0 for no limit.
        rx_timeout_us: Silence after which the device starts a new frame.
        address_size: Octets of an address, 1, 2, 4 or 8.
        char_bit: Bits of the target's addressable unit, 8 or 16.
        is_short_form: Without char_bit, as firmware before v0.6.0 sends it.
    """

    max_rx_payload: int
    max_tx_payload: int
    max_bitrate_bps: int
    heartbeat_timeout_us: int
    rx_timeout_us: int
    address_size: int
    char_bit: int = 8
    is_short_form: bool = False

    def payload(self, fmt: AddressFormat) -> bytes:
        fields = (
            self.max_rx_payload,
            self.max_tx_payload,
            self.max_bitrate_bps,
            self.heartbeat_timeout_us,
            self.rx_timeout_us,
            self.address_size,
        )
        if self.is_short_form:
            return pack(_PARAMS_OLD, *fields)
        return pack(_PARAMS, *fields, self.char_bit)


class GetParams(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask for limits, time-outs and the address size."""

    command: ClassVar[int] = Command.COMM_CONTROL
    subfunction: ClassVar[int] = CommControlFunction.GET_PARAMS
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return _PARAMS.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> DeviceParams:
        is_short_form = len(payload) == _PARAMS_OLD.size
        whole = payload + b"\x08" if is_short_form else payload
        rx, tx, bitrate, heartbeat, silence, address_size, char_bit = unpack(
            _PARAMS, whole, "the answer to GetParams"
        )
        if address_size not in ADDRESS_SIZES:
            raise MessageError(f"address size {address_size} is not one of {ADDRESS_SIZES}")
        if char_bit not in CHAR_BITS:
            raise MessageError(f"char_bit {char_bit} is not one of {CHAR_BITS}")
        return DeviceParams(
            rx, tx, bitrate, heartbeat, silence, address_size, char_bit, is_short_form
        )


class DisconnectAnswer(EmptyAnswer, msgspec.Struct, frozen=True):
    """The session ends once this is sent."""


class Disconnect(FixedRequest, msgspec.Struct, frozen=True):
    """End the session. Repeated, it meets silence: there is no session any more."""

    session_id: int

    command: ClassVar[int] = Command.COMM_CONTROL
    subfunction: ClassVar[int] = CommControlFunction.DISCONNECT
    idempotent: ClassVar[bool] = False

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(U32, self.session_id)

    def answer_size(self, fmt: AddressFormat) -> int:
        return 0

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> DisconnectAnswer:
        return DisconnectAnswer.parse(payload)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        return cls(*unpack(U32, payload, "Disconnect"))
