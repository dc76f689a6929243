"""How to reach a device: one settings class per kind of link, and their text form.

========================================================  =========================================
``serial:/dev/ttyACM0?baudrate=115200&parity=even``       serial port; ``serial:COM3`` on Windows
``serial:rfc2217://host:4000``                            any URL that pyserial opens
``udp://192.168.1.20:12345``, ``tcp://[fe80::1]:12345``   network
``memory:``, ``memory:name``                              simulated device in this process
``none``                                                  no device
========================================================  =========================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

PARITIES: Final = ("none", "even", "odd", "mark", "space")
STOPBITS: Final = (1, 1.5, 2)
DATABITS: Final = (5, 6, 7, 8)
MAX_PORT_LENGTH: Final = 1024
MAX_START_DELAY_S: Final = 60

# Of the URLs that pyserial opens. Clients choose the link, and some of the others write files.
SERIAL_SCHEMES: Final = ("rfc2217", "socket", "loop")

_EXAMPLES = (
    "serial:/dev/ttyACM0?baudrate=115200, serial:COM3, udp://192.168.1.20:12345, "
    "tcp://localhost:12345, memory: or none"
)
_SERIAL_KEYS = ("baudrate", "stopbits", "databits", "parity", "start_delay_s")


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """A serial port, or a URL that pyserial opens (``rfc2217://``, ``socket://``, ...)."""

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
        scheme, separator, _ = self.port.partition("://")
        if separator and scheme not in SERIAL_SCHEMES:
            raise ValueError(
                f"{scheme}:// is not a serial link; allowed are {_listed(SERIAL_SCHEMES)}"
            )
        if self.baudrate <= 0:
            raise ValueError(f"baudrate {self.baudrate} is not above 0; 115200 is common")
        if self.stopbits not in STOPBITS:
            raise ValueError(f"stopbits {self.stopbits} is none of {_listed(STOPBITS)}")
        if self.databits not in DATABITS:
            raise ValueError(f"databits {self.databits} is none of {_listed(DATABITS)}")
        if self.parity not in PARITIES:
            raise ValueError(f"parity {self.parity!r} is none of {_listed(PARITIES)}")
        if not 0 <= self.start_delay_s <= MAX_START_DELAY_S:
            raise ValueError(
                f"start_delay_s {self.start_delay_s} is not within 0 to {MAX_START_DELAY_S} seconds"
            )

    @property
    def is_url(self) -> bool:
        """The port is a URL for pyserial, not a device of this machine."""
        return "://" in self.port

    @property
    def bits_per_octet(self) -> float:
        """Bit times that one character takes on the line, 10 with the defaults."""
        return 1 + self.databits + (self.parity != "none") + self.stopbits


@dataclass(frozen=True, slots=True)
class UdpSettings:
    """A device that answers datagrams at one address."""

    host: str
    port: int

    def __post_init__(self) -> None:
        _check_address(self.host, self.port)


@dataclass(frozen=True, slots=True)
class TcpSettings:
    """A device, or a serial server, that listens on a TCP port."""

    host: str
    port: int

    def __post_init__(self) -> None:
        _check_address(self.host, self.port)


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """A device simulated in this process; the empty name is the built-in one."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class NoLink:
    """No device."""


LinkSettings = SerialSettings | UdpSettings | TcpSettings | MemorySettings | NoLink


def parse_link_url(url: str) -> LinkSettings:
    """Read the text form of a link.

    Raises:
        ValueError: the text is no link; the message says what is allowed.
    """
    scheme, _, rest = url.strip().partition(":")
    match scheme.lower():
        case "serial":
            return _parse_serial(rest)
        case "udp":
            return UdpSettings(*_parse_address(url, rest))
        case "tcp":
            return TcpSettings(*_parse_address(url, rest))
        case "memory":
            return MemorySettings(unquote(rest))
        case "none" if not rest:
            return NoLink()
        case _:
            raise ValueError(f"{url!r} is not a link; write it as {_EXAMPLES}")


def link_url(settings: LinkSettings) -> str:
    """Write a link as text; ``parse_link_url`` gives the same settings back."""
    match settings:
        case SerialSettings():
            return _serial_url(settings)
        case UdpSettings(host, port):
            return f"udp://{address_text(host, port)}"
        case TcpSettings(host, port):
            return f"tcp://{address_text(host, port)}"
        case MemorySettings(name):
            return f"memory:{quote(name)}"
        case NoLink():
            return "none"


def address_text(host: str, port: int) -> str:
    """Write ``host:port``, with brackets around IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parse_serial(text: str) -> SerialSettings:
    port, _, query = text.partition("?")
    ours: dict[str, str] = {}
    others: list[str] = []
    for item in filter(None, query.split("&")):
        key = item.partition("=")[0]
        if key in _SERIAL_KEYS:
            ours.update(parse_qsl(item, keep_blank_values=True))
        else:
            others.append(item)

    if "://" not in port:
        if others:
            raise ValueError(
                f"{others[0]!r} is no setting of a serial port; allowed are "
                f"{_listed(_SERIAL_KEYS)}, as in serial:/dev/ttyACM0?baudrate=115200"
            )
        port = unquote(port)
    elif others:  # options of pyserial's URL
        port = f"{port}?{'&'.join(others)}"

    return SerialSettings(
        port=port,
        baudrate=_integer("baudrate", ours.get("baudrate", "115200")),
        stopbits=_number("stopbits", ours.get("stopbits", "1")),
        databits=_integer("databits", ours.get("databits", "8")),
        parity=ours.get("parity", "none").lower(),
        start_delay_s=_number("start_delay_s", ours.get("start_delay_s", "0")),
    )


def _serial_url(settings: SerialSettings) -> str:
    defaults = SerialSettings(settings.port)
    query = {
        key: f"{getattr(settings, key)}"
        for key in _SERIAL_KEYS
        if key == "baudrate" or getattr(settings, key) != getattr(defaults, key)
    }
    port = settings.port if settings.is_url else quote(settings.port, safe="/:\\")
    return f"serial:{port}{'&' if '?' in port else '?'}{urlencode(query)}"


def _parse_address(url: str, rest: str) -> tuple[str, int]:
    host, _, port = rest.removeprefix("//").removesuffix("/").rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{url!r}: write an IPv6 address in brackets, as in udp://[::1]:12345")
    if not rest.startswith("//") or not host:
        raise ValueError(f"{url!r} is not complete; write it as udp://host:port or tcp://host:port")
    return host, _integer("port", port)


def _check_address(host: str, port: int) -> None:
    if not host:
        raise ValueError("the host is empty; give a name or an IP address")
    if not 1 <= port <= 65535:
        raise ValueError(f"port {port} is not within 1 to 65535")


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, not a whole number") from None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, not a number") from None


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(map(str, values))
