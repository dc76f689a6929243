"""How to reach a device: one settings class per kind of link. Their text form: ``urls.py``."""

from __future__ import annotations

from typing import Final

import msgspec

from .can_settings import CanSettings
from .networks import check_network
from .usb_name import is_usb_name, parse_usb_name

PARITIES: Final = ("none", "even", "odd", "mark", "space")
STOPBITS: Final = (1, 1.5, 2)
DATABITS: Final = (5, 6, 7, 8)
JLINK_INTERFACES: Final = ("jtag", "swd", "fine", "icsp", "spi", "c2")
MAX_TARGET_LENGTH: Final = 100
MAX_RTT_CHANNEL: Final = 255
MAX_PROBE: Final = 0xFFFF_FFFF
MAX_PORT_LENGTH: Final = 1024
MAX_START_DELAY_S: Final = 60

# Of the URLs that pyserial opens. Clients choose the link, and some of the others write files.
SERIAL_SCHEMES: Final = ("rfc2217", "socket", "loop")


class SerialSettings(msgspec.Struct, frozen=True):
    """A serial port.

    ``port`` is its name for the system, that of the USB device with it (``usb:0403:6001:A5069RR4``,
    see ``usb_name.py``), or a URL that pyserial opens (``rfc2217://``, ``socket://``, ...).
    """

    port: str
    baudrate: int = 115200
    stopbits: float = 1
    databits: int = 8
    parity: str = "none"
    start_delay_s: float = 0  # waited by the session: boards that reset when the port opens

    def __post_init__(self) -> None:
        if not self.port:
            raise ValueError("the serial port is empty; name one, as /dev/ttyACM0 or COM3")
        if len(self.port) > MAX_PORT_LENGTH or "\0" in self.port:
            raise ValueError(
                "the serial port is no name of a port; write it as /dev/ttyACM0 or COM3"
            )
        if self.is_usb:
            parse_usb_name(self.port)
        scheme = self.port.partition("://")[0]
        if self.is_url and scheme not in SERIAL_SCHEMES:
            raise ValueError(
                f"{scheme}:// is not a serial link; allowed are {listed(SERIAL_SCHEMES)}"
            )
        if self.baudrate <= 0:
            raise ValueError(f"baudrate {self.baudrate} is not above 0; 115200 is common")
        if self.stopbits not in STOPBITS:
            raise ValueError(f"stopbits {self.stopbits} is none of {listed(STOPBITS)}")
        if self.databits not in DATABITS:
            raise ValueError(f"databits {self.databits} is none of {listed(DATABITS)}")
        if self.parity not in PARITIES:
            raise ValueError(f"parity {self.parity!r} is none of {listed(PARITIES)}")
        if not 0 <= self.start_delay_s <= MAX_START_DELAY_S:
            raise ValueError(
                f"start_delay_s {self.start_delay_s} is not within 0 to {MAX_START_DELAY_S} seconds"
            )

    @property
    def is_url(self) -> bool:
        """The port is a URL for pyserial, not a device of this machine."""
        return "://" in self.port and not self.is_usb

    @property
    def is_usb(self) -> bool:
        """The port is that of a USB device; its name for the system is looked up when opened."""
        return is_usb_name(self.port)

    @property
    def bits_per_octet(self) -> float:
        """Bit times that one character takes on the line, 10 with the defaults."""
        return 1 + self.databits + (self.parity != "none") + self.stopbits


class UdpSettings(msgspec.Struct, frozen=True):
    """A device that answers datagrams at one address.

    ``host`` is a name or an IP address, or ``NAME@NETWORK`` for the device of that name wherever it
    is in a network: behind a broadcast address, as pump@192.168.1.255, or among the addresses of
    192.168.1.0/24. The name is what the device is called, or its firmware id; without one, it is
    the only device there.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        _check_address(self.host, self.port)
        if self.device_name is not None and not self.network:
            raise ValueError(
                f"{self.host!r} names no network; write the broadcast address behind the @, as "
                "@192.168.1.255, or @255.255.255.255 for all networks of this machine"
            )
        check_network(self.network)
        if self.device_name is None and "/" in self.host:
            raise ValueError(
                f"{self.host} is a whole network; write the name of the device before it, as "
                f"pump@{self.host}; `scrutiny discover {self.host}` tells the names"
            )

    @property
    def device_name(self) -> str | None:
        """Of the device that is looked for; empty for the only one. None: the host is known."""
        return self.host.rpartition("@")[0] if "@" in self.host else None

    @property
    def network(self) -> str:
        """Where to look for it: a host, a broadcast address, or all addresses of a network."""
        return self.host.rpartition("@")[2]


class TcpSettings(msgspec.Struct, frozen=True):
    """A device, or a serial server, that listens on a TCP port."""

    host: str
    port: int

    def __post_init__(self) -> None:
        _check_address(self.host, self.port)


class RttSettings(msgspec.Struct, frozen=True):
    """A device behind a J-Link probe of this machine, by Segger's RTT.

    Attributes:
        target: name of the microcontroller, as Segger's software knows it.
        interface: how the probe is wired to it, of `JLINK_INTERFACES`.
        channel: number of the pair of RTT buffers, 0 to 255.
        probe: serial number of the J-Link, up to 32 bits; 0: the only one of this machine.
    """

    target: str
    interface: str = "swd"
    channel: int = 0
    probe: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.target) <= MAX_TARGET_LENGTH or not self.target.isprintable():
            raise ValueError(
                "the target of the RTT link is no name of a microcontroller; write it as Segger "
                "does, as nRF52840_xxAA"
            )
        if self.interface not in JLINK_INTERFACES:
            raise ValueError(
                f"interface {self.interface!r} of the probe is none of {listed(JLINK_INTERFACES)}"
            )
        _check_rtt_channel(self.channel)
        if not 0 <= self.probe <= MAX_PROBE:
            raise ValueError(f"probe {self.probe} is no serial number of a J-Link, as 801012345")


class RttServerSettings(msgspec.Struct, frozen=True):
    """A device behind the TCP port on which OpenOCD, pyOCD or a J-Link offers RTT.

    Attributes:
        host: name or address.
        port: 1 to 65535; J-Link's is 19021, with the others it is what the server was told.
        channel: number of the pair of RTT buffers, 0 to 255. Only a J-Link is asked for another
            one than 0: the other servers have a port for each.
    """

    host: str
    port: int
    channel: int = 0

    def __post_init__(self) -> None:
        _check_address(self.host, self.port)
        _check_rtt_channel(self.channel)


class MemorySettings(msgspec.Struct, frozen=True):
    """A device simulated in this process; the empty name is the built-in one."""

    name: str = ""


class NoLink(msgspec.Struct, frozen=True):
    """No device."""


LinkSettings = (
    SerialSettings
    | UdpSettings
    | TcpSettings
    | CanSettings
    | RttSettings
    | RttServerSettings
    | MemorySettings
    | NoLink
)


def address_text(host: str, port: int) -> str:
    """Write ``host:port``, with brackets around IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listed(values: tuple[object, ...]) -> str:
    """Write choices for the text of an error."""
    return ", ".join(map(str, values))


def _check_address(host: str, port: int) -> None:
    if not host:
        raise ValueError("the host is empty; give a name or an IP address")
    if not 1 <= port <= 65535:
        raise ValueError(f"port {port} is not within 1 to 65535")


def _check_rtt_channel(channel: int) -> None:
    if not 0 <= channel <= MAX_RTT_CHANNEL:
        raise ValueError(f"RTT channel {channel} is not within 0 to {MAX_RTT_CHANNEL}")
