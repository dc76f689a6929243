"""What can go wrong on the way to a device.

ScrutinyError
└── LinkError
├── FrameError               octets that are not a frame
│   ├── CrcError
│   ├── LengthError
│   ├── DirectionError
│   └── UnknownCode
├── MessageError             a good frame whose payload makes no sense
│   ├── AnswerMismatch       it answers something else than was asked
│   └── UnsupportedRequest   device side: no such command or subfunction
├── DeviceRefused            a response code other than OK
├── NoAnswer                 silence, after all retries
├── RecordingFailed          the datalogger did not deliver
├── LinkOpenError            the transport cannot be opened
│   └── PortMissing          the device with the port in it is not plugged
└── LinkClosed               the transport was lost
"""

from __future__ import annotations

from scrutiny.core.errors import ScrutinyError

from .codes import ResponseCode


class LinkError(ScrutinyError):
    """Base of everything the link to a device raises."""


class FrameError(LinkError):
    """Octets that are not a frame; only silence resynchronises both ends."""


class CrcError(FrameError):
    """A frame arrived whole, and its CRC is wrong.

    ``following`` holds the octets that came after it in the same chunk: a device starts
    its next frame with them (device protocol, section 3.1).
    """

    def __init__(self, expected: int, received: int, following: bytes = b"") -> None:
        super().__init__(f"CRC is {received:#010x}, the frame's octets give {expected:#010x}")
        self.expected = expected
        self.received = received
        self.following = following


class LengthError(FrameError):
    """A frame declares a payload above the limit, or is not as long as it declares.

    ``declared`` and ``possible`` are octets of payload; ``possible`` is negative in a frame
    that ends before its header and CRC would.
    """

    def __init__(self, declared: int, possible: int) -> None:
        super().__init__(f"{declared} octets of payload are declared, {possible} are possible")
        self.declared = declared
        self.possible = possible


class DirectionError(FrameError):
    """The direction bit of the first octet is wrong: an echo, another device, or lost octets."""

    def __init__(self, first_octet: int) -> None:
        kind = "response" if first_octet & 0x80 else "request"
        super().__init__(f"first octet {first_octet:#04x} starts a {kind} here")
        self.first_octet = first_octet


class UnknownCode(FrameError):
    """A response carries a code that the protocol does not have."""

    def __init__(self, code: int) -> None:
        super().__init__(f"response code {code} is unknown, the last one is {max(ResponseCode)}")
        self.code = code


class MessageError(LinkError):
    """The payload of a good frame is malformed, or holds an unknown number.

    ``code`` is how a device answers a request like this.
    """

    def __init__(self, text: str, code: ResponseCode = ResponseCode.INVALID_REQUEST) -> None:
        super().__init__(text)
        self.code = code


class AnswerMismatch(MessageError):
    """What the device echoes (an address, an id, a challenge) is not what it was asked."""

    def __init__(self, field: str, expected: object, received: object) -> None:
        super().__init__(f"the answer's {field} is {received}, the request's is {expected}")
        self.field = field
        self.expected = expected
        self.received = received


class UnsupportedRequest(MessageError):
    """A request whose command or subfunction does not exist."""

    def __init__(self, command: int, subfunction: int) -> None:
        super().__init__(
            f"command {command} has no subfunction {subfunction}",
            ResponseCode.UNSUPPORTED_FEATURE,
        )
        self.command = command
        self.subfunction = subfunction


class DeviceRefused(LinkError):
    """The device answered, and the answer is no. The session goes on."""

    def __init__(self, code: ResponseCode, command: int, subfunction: int) -> None:
        super().__init__(
            f"{_REFUSALS[code]} ({code.name}, command {command}, subfunction {subfunction})"
        )
        self.code = code
        self.command = command
        self.subfunction = subfunction


_REFUSALS = {
    ResponseCode.OK: "the device agreed",
    ResponseCode.INVALID_REQUEST: "the device calls the request invalid",
    ResponseCode.UNSUPPORTED_FEATURE: "the firmware was built without this feature",
    ResponseCode.OVERFLOW: "the answer does not fit the buffer of the device",
    ResponseCode.BUSY: "the device is in use by another session",
    ResponseCode.FAILURE_TO_PROCEED: "the firmware refused",
    ResponseCode.FORBIDDEN: "the firmware forbids it",
}


class NoAnswer(LinkError):
    """Nothing usable came back in time; whether the device did the work is unknown."""


class RecordingFailed(LinkError):
    """An acquisition came to nothing; the text says why and what to do, for the user."""


class LinkOpenError(LinkError):
    """The transport cannot be opened; the text says what to do."""


class PortMissing(LinkOpenError):
    """No device is plugged that has the serial port in it."""


class LinkClosed(LinkError):
    """The transport was lost or closed while in use."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the link is closed: {reason}")
        self.reason = reason
