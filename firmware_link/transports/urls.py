"""The text form of links, as command lines and log lines have it.

========================================================  =========================================
``serial:/dev/ttyACM0?baudrate=115200&parity=even``       serial port; ``serial:COM3`` on Windows
``serial:usb:0403:6001:A5069RR4``                         port of the USB device with these numbers
``serial:rfc2217://host:4000``                            any URL that pyserial opens
``udp://192.168.1.20:12345``, ``tcp://[fe80::1]:12345``   network
``udp://pump@192.168.1.255:12345``                        the device of that name, somewhere in it
``can:socketcan:can0?txid=0x100&rxid=0x101&fd=1``         CAN bus behind an adapter of this machine
``rtt://localhost:19021?channel=1``                       RTT server of OpenOCD, pyOCD or a J-Link
``rtt:nRF52840_xxAA?interface=swd&channel=1``             RTT through a J-Link of this machine
``memory:``, ``memory:name``                              simulated device in this process
``none``                                                  no device
========================================================  =========================================
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode

from .can_settings import CAN_ADAPTERS, CanSettings
from .settings import (
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    UdpSettings,
    address_text,
    listed,
)
from .usb_name import is_usb_name

_EXAMPLES = (
    "serial:/dev/ttyACM0?baudrate=115200, serial:COM3, serial:usb:VID:PID:SERIAL, "
    "udp://192.168.1.20:12345, tcp://localhost:12345, rtt://localhost:19021, "
    "can:socketcan:can0?txid=0x100&rxid=0x101, memory: or none"
)
_CAN_EXAMPLE = "can:socketcan:can0?txid=0x100&rxid=0x101&fd=1"
_RTT_EXAMPLE = "rtt:nRF52840_xxAA?interface=swd&channel=1"
_CAN_NUMBERS = ("txid", "rxid", "bitrate", "data_bitrate")
_CAN_FLAGS = ("extended_id", "fd", "bitrate_switch", "fd_non_iso")
_SERIAL_KEYS = ("baudrate", "stopbits", "databits", "parity", "start_delay_s")


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
            return _parse_udp(url, rest)
        case "tcp":
            return TcpSettings(*_parse_address(url, rest))
        case "can":
            return _parse_can(rest)
        case "rtt":
            return _parse_rtt(url, rest)
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
        case UdpSettings():
            name = settings.device_name
            device = "" if name is None else f"{quote(name, safe='')}@"
            return f"udp://{device}{address_text(settings.network, settings.port)}"
        case TcpSettings(host, port):
            return f"tcp://{address_text(host, port)}"
        case CanSettings():
            return _can_url(settings)
        case RttServerSettings(host, port, channel):
            query = f"?channel={channel}" if channel else ""
            return f"rtt://{address_text(host, port)}{query}"
        case RttSettings(target, interface, channel, probe):
            query = f"&channel={channel}" if channel else ""
            query += f"&probe={probe}" if probe else ""
            return f"rtt:{quote(target)}?interface={interface}{query}"
        case MemorySettings(name):
            return f"memory:{quote(name)}"
        case NoLink():
            return "none"


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

    if "://" not in port or is_usb_name(port):
        if others:
            raise ValueError(
                f"{others[0]!r} is no setting of a serial port; allowed are "
                f"{listed(_SERIAL_KEYS)}, as in serial:/dev/ttyACM0?baudrate=115200"
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


def _parse_can(text: str) -> CanSettings:
    place, _, query = text.partition("?")
    interface, _, channel = place.partition(":")
    options = _options(query, (*_CAN_NUMBERS, *_CAN_FLAGS), "a CAN link", _CAN_EXAMPLE)
    missing = [name for name in ("txid", "rxid") if name not in options]
    if not channel or missing:
        what = " and ".join(missing) if channel else "a channel"
        raise ValueError(f"the CAN link lacks {what}; write it as {_CAN_EXAMPLE}")
    adapter = CAN_ADAPTERS.get(interface.lower())
    is_number = adapter is not None and adapter.has_number and channel.isdecimal()
    numbers = {name: _integer(name, options.get(name, "0"), base=0) for name in _CAN_NUMBERS}
    flags = {name: _flag(name, options.get(name, "0")) for name in _CAN_FLAGS}
    return CanSettings(
        interface=interface.lower(),
        channel=int(channel) if is_number else unquote(channel),
        txid=numbers["txid"],
        rxid=numbers["rxid"],
        extended_id=flags["extended_id"],
        fd=flags["fd"],
        bitrate_switch=flags["bitrate_switch"],
        bitrate=numbers["bitrate"],
        data_bitrate=numbers["data_bitrate"],
        fd_non_iso=flags["fd_non_iso"],
    )


def _can_url(settings: CanSettings) -> str:
    query = {
        "txid": f"{settings.txid:#x}",
        "rxid": f"{settings.rxid:#x}",
        "bitrate": f"{settings.bitrate or ''}",
        "data_bitrate": f"{settings.data_bitrate or ''}",
        **{name: "1" if getattr(settings, name) else "" for name in _CAN_FLAGS},
    }
    channel = quote(f"{settings.channel}", safe="/:")
    told = {name: text for name, text in query.items() if text}
    return f"can:{settings.interface}:{channel}?{urlencode(told)}"


def _parse_rtt(url: str, rest: str) -> RttServerSettings | RttSettings:
    place, _, query = rest.partition("?")
    if place.startswith("//"):
        options = _options(query, ("channel",), "an RTT server", "rtt://localhost:19021?channel=1")
        address = _parse_address(url, place)
        return RttServerSettings(*address, _integer("channel", options.get("channel", "0")))
    options = _options(query, ("interface", "channel", "probe"), "an RTT link", _RTT_EXAMPLE)
    return RttSettings(
        unquote(place),
        options.get("interface", "swd").lower(),
        _integer("channel", options.get("channel", "0")),
        _integer("probe", options.get("probe", "0")),
    )


def _options(query: str, names: tuple[str, ...], of: str, example: str) -> dict[str, str]:
    """Take the part behind the question mark apart; only some names may be there."""
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in names:
            raise ValueError(
                f"{name!r} is no setting of {of}; allowed are {listed(names)}, as in {example}"
            )
    return options


def _parse_udp(url: str, rest: str) -> UdpSettings:
    name, separator, address = rest.rpartition("@")
    if not separator:
        return UdpSettings(*_parse_address(url, rest))
    host, port = _parse_address(url, f"{name[:2]}{address}")
    return UdpSettings(f"{unquote(name[2:])}@{host}", port)


def _parse_address(url: str, rest: str) -> tuple[str, int]:
    host, _, port = rest.removeprefix("//").removesuffix("/").rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{url!r}: write an IPv6 address in brackets, as in udp://[::1]:12345")
    if not rest.startswith("//") or not host:
        raise ValueError(
            f"{url!r} is not complete; write it as udp://host:port, tcp://host:port or rtt://host:port"
        )
    return host, _integer("port", port)


def _integer(name: str, text: str, base: int = 10) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, not a whole number") from None


def _flag(name: str, text: str) -> bool:
    words = {"1": True, "true": True, "0": False, "false": False}
    if (is_set := words.get(text.lower())) is None:
        raise ValueError(f"{name} is {text!r}, neither 1 nor 0")
    return is_set


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, not a number") from None
