"""What all messages share: the address format and the shape of a request."""

from __future__ import annotations

from typing import ClassVar, Final, Protocol, Self, TypeVar

import msgspec

from ..errors import MessageError
from ..frames import Request

ADDRESS_SIZES: Final = (1, 2, 4, 8)
CHAR_BITS: Final = (8, 16)


class AddressFormat(msgspec.Struct, frozen=True):
    """How a device writes addresses and counts memory. Source: device protocol, section 16.

    Attributes:
        address_size: Octets of an address on the wire.
        char_bit: Bits of the target's addressable unit.
    """

    address_size: int
    char_bit: int = 8

    def __post_init__(self) -> None:
        if self.address_size not in ADDRESS_SIZES:
            raise ValueError(f"address size is {self.address_size}, not one of {ADDRESS_SIZES}")
        if self.char_bit not in CHAR_BITS:
            raise ValueError(f"char_bit is {self.char_bit}, not one of {CHAR_BITS}")

    @property
    def mask(self) -> int:
        """The largest address."""
        return (1 << (8 * self.address_size)) - 1

    def encode(self, address: int) -> bytes:
        """Return the address, masked to its size."""
        size = self.address_size
        return (address & ((1 << (8 * size)) - 1)).to_bytes(size, "big")

    def decode(self, data: bytes, offset: int = 0) -> int:
        """Read the address at ``offset``.

        Raises:
            MessageError: the data ends before.
        """
        end = offset + self.address_size
        if not 0 <= offset <= end <= len(data):
            raise MessageError(f"an address at octet {offset} ends beyond octet {len(data)}")
        return int.from_bytes(data[offset:end], "big")

    def has_whole_chars(self, size: int) -> bool:
        """Whether so many octets are whole units of the target's memory."""
        return self.char_bit == 8 or size % 2 == 0


BEFORE_PARAMS: Final = AddressFormat(4)  # assumed until GetParams has answered


AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class RequestMessage(Protocol[AnswerT_co]):
    """A typed request, with the type of its answer.

    Its subfunction is in the frame: a user command has one per request, the others one
    per class. Requests a device can receive also have a ``parse`` class method, see
    `parse_request`.

    Attributes:
        command: Command id.
        idempotent: Whether sending it again after a lost answer does no harm.
    """

    command: ClassVar[int]
    idempotent: ClassVar[bool]

    def payload(self, fmt: AddressFormat) -> bytes:
        """Encode the payload.

        Raises:
            ValueError: a field does not fit its place on the wire.
        """
        ...

    def request(self, fmt: AddressFormat) -> Request:
        """Return the frame to send."""
        ...

    def answer_size(self, fmt: AddressFormat) -> int:
        """Return the largest payload of an OK answer, in octets.

        Answers to a user command and chunks of an acquisition may be as large as the device's
        transmit buffer; for these two it is the smallest.
        """
        ...

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> AnswerT_co:
        """Decode the payload of an OK answer to this request.

        Raises:
            AnswerMismatch: it answers another request.
            MessageError: it is malformed.
        """
        ...


class AnswerMessage(Protocol):
    """A typed answer, as a device sends it."""

    def payload(self, fmt: AddressFormat) -> bytes:
        """Encode the payload of the OK response.

        Raises:
            ValueError: a field does not fit its place on the wire.
        """
        ...


class FixedRequest:
    """A request whose class has one subfunction."""

    __slots__ = ()

    command: ClassVar[int]
    subfunction: ClassVar[int]

    def payload(self, fmt: AddressFormat) -> bytes:
        raise NotImplementedError

    def request(self, fmt: AddressFormat) -> Request:
        """Return the frame to send."""
        return Request(self.command, self.subfunction, self.payload(fmt))


class EmptyRequest(FixedRequest):
    """A request without payload; a device ignores octets in it (device protocol, section 7)."""

    __slots__ = ()

    def payload(self, fmt: AddressFormat) -> bytes:
        return b""

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat) -> Self:
        return cls()


class EmptyAnswer:
    """An answer without payload: the code says it all."""

    __slots__ = ()

    def payload(self, fmt: AddressFormat) -> bytes:
        return b""

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        if payload:
            raise MessageError(f"{cls.__name__} has {len(payload)} octets of payload, not 0")
        return cls()
