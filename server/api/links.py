"""Links as clients and configuration files write them: a type, and an object with its fields.

Source: client API, section 7.1, ``set_link_config``.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from scrutiny.firmware_link.transports.can_settings import CanSettings
from scrutiny.firmware_link.transports.settings import (
    JLINK_INTERFACES,
    MAX_PROBE,
    MAX_RTT_CHANNEL,
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    UdpSettings,
)
from scrutiny.firmware_link.transports.urls import link_url, parse_link_url

from ..demo import DEMO_LINK
from .can_links import can_settings_from_api, can_settings_to_api
from .link_fields import Fields, LinkConfig, shown

LINK_TYPES: Final = ("none", "udp", "tcp", "serial", "rtt", "canbus", "memory", "dummy")
_STOPBITS: Final = {"1": 1.0, "1.5": 1.5, "2": 2.0, "one": 1.0, "one_point_five": 1.5, "two": 2.0}


def link_settings_from_api(link_type: str, link_config: LinkConfig) -> LinkSettings:
    """Check and convert a link; nothing is opened.

    Numbers may be given as text, as options of the command line are.

    Raises:
        ValueError: the type is unknown, a field is missing, unknown or out of range.
    """
    match link_type:
        case "none":
            return NoLink()
        case "memory" | "dummy":
            fields = Fields(link_type, link_config, ("name",))
            return MemorySettings(fields.text("name", ""))
        case "udp":
            fields = Fields(link_type, link_config, ("host", "port"))
            return UdpSettings(fields.text("host"), fields.integer("port"))
        case "tcp":
            fields = Fields(link_type, link_config, ("host", "port"))
            return TcpSettings(fields.text("host"), fields.integer("port"))
        case "serial":
            return _serial(link_config)
        case "rtt":
            return _rtt(link_config)
        case "canbus":
            return can_settings_from_api(link_config)
        case _:
            raise ValueError(f"unknown link type {link_type[:80]!r}; use {_listed()}")


def link_to_api(settings: LinkSettings) -> tuple[str, dict[str, Any]]:
    """Return type and fields of a link, defaults filled in.

    A simulated device is a ``dummy`` link, the only word for it that existing clients know; they
    throw away a status that has a word in it which they do not know.
    """
    match settings:
        case NoLink():
            return "none", {}
        case MemorySettings(name):
            return "dummy", {"name": name} if name and settings != DEMO_LINK else {}
        case UdpSettings(host, port):
            return "udp", {"host": host, "port": port}
        case TcpSettings(host, port):
            return "tcp", {"host": host, "port": port}
        case CanSettings():
            return can_settings_to_api(settings)
        case RttSettings(target, interface, channel, _):  # there is no word for the probe
            return _rtt_to_api(target, interface, channel)
        case RttServerSettings(_, _, channel):
            # The word for the target is one that clients of all kinds can show and send back.
            return _rtt_to_api(link_url(replace(settings, channel=0)), "swd", channel)
        case SerialSettings():
            return "serial", {
                "portname": settings.port,
                "baudrate": settings.baudrate,
                "stopbits": f"{settings.stopbits:g}",
                "databits": settings.databits,
                "parity": settings.parity,
                "start_delay": settings.start_delay_s,
            }


def _serial(link_config: LinkConfig) -> SerialSettings:
    names = ("portname", "baudrate", "stopbits", "databits", "parity", "start_delay")
    fields = Fields("serial", link_config, names)
    return SerialSettings(
        port=fields.text("portname"),
        baudrate=fields.integer("baudrate"),
        stopbits=fields.converted("stopbits", _stopbits, "1"),
        databits=fields.integer("databits", 8),
        parity=fields.text("parity", "none").strip().lower(),
        start_delay_s=fields.number("start_delay", 0.0),
    )


def _rtt(link_config: LinkConfig) -> RttSettings | RttServerSettings:
    names = ("target_device", "jlink_interface", "buffer_index", "probe")
    fields = Fields("rtt", link_config, names)
    target = fields.text("target_device")
    interface = fields.choice("jlink_interface", JLINK_INTERFACES, "swd")
    channel = fields.integer_within("buffer_index", 0, MAX_RTT_CHANNEL, 0)
    if target.startswith("rtt://"):
        server = parse_link_url(target)
        assert isinstance(server, RttServerSettings)
        return replace(server, channel=channel or server.channel)
    return RttSettings(target, interface, channel, fields.integer_within("probe", 0, MAX_PROBE, 0))


def _rtt_to_api(target: str, interface: str, channel: int) -> tuple[str, dict[str, Any]]:
    return "rtt", {
        "target_device": target,
        "jlink_interface": interface,
        "buffer_index": channel,
    }


def _stopbits(value: object) -> float:
    text = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
    if isinstance(value, bool) or text not in _STOPBITS:
        raise ValueError(f"is {shown(value)}, not one of 1, 1.5 and 2")
    return _STOPBITS[text]


def _listed() -> str:
    return ", ".join(LINK_TYPES[:-2]) + f" or {LINK_TYPES[-2]}"
