"""How the server reaches the device."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from ._link_checks import check_delay, check_int, check_type
from .base_link_config import BaseLinkConfig
from .can_link_config import CANLinkConfig

__all__ = [
    "BaseLinkConfig",
    "CANLinkConfig",
    "DeviceLinkType",
    "NoneLinkConfig",
    "RTTLinkConfig",
    "SerialLinkConfig",
    "SupportedLinkConfig",
    "TCPLinkConfig",
    "UDPLinkConfig",
]


class DeviceLinkType(Enum):
    """Kind of channel between server and device."""

    _Dummy = -1  # the device that the server emulates
    NONE = 0
    NA = 0  # noqa: PIE796 - the older name of NONE: the same member
    UDP = 1
    TCP = 2
    Serial = 3
    RTT = 4
    CAN = 5


@dataclass(frozen=True)
class NoneLinkConfig(BaseLinkConfig):
    """No link: the server talks to no device."""


@dataclass(frozen=True)
class _NetworkLinkConfig(BaseLinkConfig):
    host: str
    port: int

    def __post_init__(self) -> None:
        check_type("host", self.host, str)
        check_int("port", self.port, 0, 0xFFFF)


@dataclass(frozen=True)
class UDPLinkConfig(_NetworkLinkConfig):
    """A device that listens on a UDP port (0 to 65535).

    ``host`` is a name or an IP address, or ``NAME@NETWORK`` for the device of that name at whatever
    address: behind a broadcast address, as ``pump@192.168.1.255``, or among those of
    ``pump@192.168.1.0/24``. Servers of the original know hosts only.
    """


@dataclass(frozen=True)
class TCPLinkConfig(_NetworkLinkConfig):
    """A device that listens on a TCP port (0 to 65535)."""


@dataclass(frozen=True)
class SerialLinkConfig(BaseLinkConfig):
    """A serial port of the machine that runs the server.

    ``port`` is its name there, or ``usb:0403:6001:A5069RR4`` for the USB device with this vendor,
    product and serial number, whatever its port is called; ``scrutiny ports`` lists them. Or it is
    a URL, as ``rfc2217://host:4000``. Servers of the original know names only.
    """

    class StopBits(Enum):
        """Length of the pause after each character, in bits."""

        ONE = 1
        ONE_POINT_FIVE = 1.5
        TWO = 2

        def get_numerical(self) -> float:
            """Return the number of bits."""
            return float(self.value)

        def to_float(self) -> float:
            """Return the number of bits."""
            return float(self.value)

        @classmethod
        def from_float(
            cls, v: float, default: SerialLinkConfig.StopBits | None = None
        ) -> SerialLinkConfig.StopBits:
            """Return the member of that many bits, else ``default``; ValueError without one."""
            return _find(cls, v, default)

    class DataBits(Enum):
        """Size of a character."""

        FIVE = 5
        SIX = 6
        SEVEN = 7
        EIGHT = 8

        def get_numerical(self) -> int:
            """Return the number of bits."""
            return int(self.value)

        def to_int(self) -> int:
            """Return the number of bits."""
            return int(self.value)

        @classmethod
        def from_int(
            cls, v: int, default: SerialLinkConfig.DataBits | None = None
        ) -> SerialLinkConfig.DataBits:
            """Return the member of that many bits, else ``default``; ValueError without one."""
            return _find(cls, v, default)

    class Parity(Enum):
        """Check bit of each character."""

        NONE = "none"
        EVEN = "even"
        ODD = "odd"
        MARK = "mark"
        SPACE = "space"

        def get_displayable_name(self) -> str:
            """Return the name for a form."""
            return str(self.value).capitalize()

        def to_str(self) -> str:
            """Return the name in lower case."""
            return str(self.value)

        @classmethod
        def from_str(
            cls, v: str, default: SerialLinkConfig.Parity | None = None
        ) -> SerialLinkConfig.Parity:
            """Return the member of that name, else ``default``; ValueError without one."""
            return _find(cls, str(v).strip().lower(), default)

    port: str
    baudrate: int
    start_delay: float  # seconds of silence after opening, for boards that reset then
    stopbits: StopBits = StopBits.ONE
    databits: DataBits = DataBits.EIGHT
    parity: Parity = Parity.NONE

    def __post_init__(self) -> None:
        """Check types and ranges."""
        check_type("port", self.port, str)
        check_int("baudrate", self.baudrate, 1, None)
        check_delay("start_delay", self.start_delay)
        check_type("stopbits", self.stopbits, SerialLinkConfig.StopBits)
        check_type("databits", self.databits, SerialLinkConfig.DataBits)
        check_type("parity", self.parity, SerialLinkConfig.Parity)


@dataclass(frozen=True)
class RTTLinkConfig(BaseLinkConfig):
    """A board behind a debug probe, reached by Segger RTT.

    Attributes:
        target_device: name of the microcontroller, as the probe's software knows it; or the
            address of an RTT server (OpenOCD, pyOCD, J-Link), as rtt://localhost:19021.
        jlink_interface: how the probe is wired to the board.
        buffer_index: which pair of RTT buffers the firmware uses, 0 or more.
    """

    class JLinkInterface(Enum):
        """Wiring between probe and board."""

        JTAG = "jtag"
        SWD = "swd"
        FINE = "fine"
        ICSP = "icsp"
        SPI = "spi"
        C2 = "c2"

        def to_str(self) -> str:
            """Return the name in lower case."""
            return str(self.value)

        @classmethod
        def from_str(
            cls, v: str, default: RTTLinkConfig.JLinkInterface | None = None
        ) -> RTTLinkConfig.JLinkInterface:
            """Return the member of that name, else ``default``; ValueError without one."""
            return _find(cls, str(v).strip().lower(), default)

    target_device: str
    jlink_interface: JLinkInterface
    buffer_index: int = 0

    def __post_init__(self) -> None:
        """Check types and ranges."""
        check_type("target_device", self.target_device, str)
        check_type("jlink_interface", self.jlink_interface, RTTLinkConfig.JLinkInterface)
        check_int("buffer_index", self.buffer_index, 0, None)


SupportedLinkConfig = (
    NoneLinkConfig
    | UDPLinkConfig
    | TCPLinkConfig
    | SerialLinkConfig
    | RTTLinkConfig
    | CANLinkConfig
)

_Member = TypeVar("_Member", bound=Enum)


def _find(kind: type[_Member], value: object, default: _Member | None) -> _Member:
    try:
        return kind(value)
    except ValueError:
        if default is None:
            choices = ", ".join(str(member.value) for member in kind)
            raise ValueError(f"{value!r} is none of {choices}") from None
        return default
