"""Links as clients and configuration files write them: a type, and an object with its fields.

Source: client API, section 7.1, ``set_link_config``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

from scrutiny.firmware_link.transports.settings import (
    LinkSettings,
    MemorySettings,
    NoLink,
    SerialSettings,
    TcpSettings,
    UdpSettings,
)

from ..demo import DEMO_LINK

LINK_TYPES: Final = ("none", "udp", "tcp", "serial", "memory", "dummy")
_JLINK_INTERFACES: Final = ("jtag", "swd", "fine", "icsp", "spi", "c2")
_LARGEST_STANDARD_CAN_ID: Final = 0x7FF
_LARGEST_EXTENDED_CAN_ID: Final = 0x1FFF_FFFF
_CAN_FIELDS: Final = (
    "interface",
    "txid",
    "rxid",
    "extended_id",
    "fd",
    "bitrate_switch",
    "subconfig",
)
_STOPBITS: Final = {"1": 1.0, "1.5": 1.5, "2": 2.0, "one": 1.0, "one_point_five": 1.5, "two": 2.0}
_REQUIRED: Final = object()

LinkConfig = Mapping[str, Any]
_T = TypeVar("_T")


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
            fields = _Fields(link_type, link_config, ("name",))
            return MemorySettings(fields.text("name", ""))
        case "udp":
            fields = _Fields(link_type, link_config, ("host", "port"))
            return UdpSettings(fields.text("host"), fields.integer("port"))
        case "tcp":
            fields = _Fields(link_type, link_config, ("host", "port"))
            return TcpSettings(fields.text("host"), fields.integer("port"))
        case "serial":
            return _serial(link_config)
        case "rtt" | "canbus":
            # What is wrong in any case is told first: such links will come.
            (_check_rtt if link_type == "rtt" else _check_can)(link_config)
            raise ValueError(
                f"this server cannot open {link_type} links yet, though the fields are right; "
                f"use {_listed()}"
            )
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
        case SerialSettings():
            return "serial", {
                "portname": settings.port,
                "baudrate": settings.baudrate,
                "stopbits": f"{settings.stopbits:g}",
                "databits": settings.databits,
                "parity": settings.parity,
                "start_delay": settings.start_delay_s,
            }


def nearest(word: str, words: Collection[str]) -> str:
    """Return ``; did you mean ...?`` if one of the words is close, else an empty text."""
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _serial(link_config: LinkConfig) -> SerialSettings:
    names = ("portname", "baudrate", "stopbits", "databits", "parity", "start_delay")
    fields = _Fields("serial", link_config, names)
    return SerialSettings(
        port=fields.text("portname"),
        baudrate=fields.integer("baudrate"),
        stopbits=fields.converted("stopbits", _stopbits, "1"),
        databits=fields.integer("databits", 8),
        parity=fields.text("parity", "none").strip().lower(),
        start_delay_s=fields.number("start_delay", 0.0),
    )


def _check_rtt(link_config: LinkConfig) -> None:
    fields = _Fields("rtt", link_config, ("target_device", "jlink_interface", "buffer_index"))
    fields.text("target_device")
    fields.choice("jlink_interface", _JLINK_INTERFACES, "swd")
    fields.integer_within("buffer_index", 0, None, 0)


def _check_can(link_config: LinkConfig) -> None:
    fields = _Fields("canbus", link_config, _CAN_FIELDS)
    interface = fields.choice("interface", tuple(_CAN_ADAPTERS))
    is_extended = fields.boolean("extended_id")
    largest = _LARGEST_EXTENDED_CAN_ID if is_extended else _LARGEST_STANDARD_CAN_ID
    fields.integer_within("txid", 0, largest)
    fields.integer_within("rxid", 0, largest)
    is_fd, switches = fields.boolean("fd"), fields.boolean("bitrate_switch")
    if switches and not is_fd:
        raise ValueError("bitrate_switch of the canbus link needs fd")
    _CAN_ADAPTERS[interface](fields.converted("subconfig", _object, _REQUIRED))


def _check_can_adapter(
    config: LinkConfig, *, channels: tuple[type, ...], numbers: tuple[str, ...], flag: str = ""
) -> None:
    names = ("channel", *numbers, *filter(None, (flag,)))
    fields = _Fields("canbus", config, names)
    channel = config.get("channel", _REQUIRED)
    if isinstance(channel, bool) or not isinstance(channel, channels):
        words = " or ".join("a text" if kind is str else "a whole number" for kind in channels)
        raise ValueError(f"channel of the canbus link is not {words}")
    for name in numbers:
        fields.integer_within(name, 1, None)
    if flag:
        fields.boolean(flag)


_RATES: Final = ("bitrate", "data_bitrate")
_CAN_ADAPTERS: Final[dict[str, Callable[[LinkConfig], None]]] = {
    "socketcan": partial(_check_can_adapter, channels=(str,), numbers=()),
    "virtual": partial(_check_can_adapter, channels=(str,), numbers=()),
    "vector": partial(_check_can_adapter, channels=(str, int), numbers=_RATES),
    "kvaser": partial(_check_can_adapter, channels=(int,), numbers=_RATES, flag="fd_non_iso"),
    "pcan": partial(_check_can_adapter, channels=(str,), numbers=("bitrate",)),
    "etas": partial(_check_can_adapter, channels=(str,), numbers=_RATES),
}


class _Fields:
    """The fields of one link, each converted and checked; errors name the field."""

    def __init__(self, link_type: str, config: LinkConfig, names: tuple[str, ...]) -> None:
        self._link_type = link_type
        self._config = config
        for key in config:
            if key not in names:
                raise ValueError(
                    f"a {link_type} link has no field {key[:80]!r}, only {', '.join(names)}"
                    f"{nearest(key[:80], names)}"
                )

    def text(self, name: str, default: object = _REQUIRED) -> str:
        return self.converted(name, _text, default)

    def integer(self, name: str, default: object = _REQUIRED) -> int:
        return self.converted(name, to_integer, default)

    def integer_within(
        self, name: str, low: int, high: int | None, default: object = _REQUIRED
    ) -> int:
        value = self.integer(name, default)
        if value < low or (high is not None and value > high):
            limits = f"{low} or more" if high is None else f"within {low} to {high}"
            raise ValueError(f"{name} of the {self._link_type} link is {value}, not {limits}")
        return value

    def boolean(self, name: str) -> bool:
        return self.converted(name, _boolean, _REQUIRED)

    def choice(self, name: str, words: Sequence[str], default: object = _REQUIRED) -> str:
        word = self.text(name, default).strip().lower()
        if word not in words:
            raise ValueError(
                f"{name} of the {self._link_type} link is {_shown(word)}, not one of "
                f"{', '.join(words)}"
            )
        return word

    def number(self, name: str, default: object = _REQUIRED) -> float:
        return self.converted(name, to_number, default)

    def converted(self, name: str, convert: Callable[[object], _T], default: object) -> _T:
        value = self._config.get(name, default)
        if value is _REQUIRED:
            raise ValueError(f"a {self._link_type} link needs the field {name}")
        try:
            return convert(value)
        except ValueError as error:
            raise ValueError(f"{name} of the {self._link_type} link {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {_shown(value)}, not a text")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {_shown(value)}, not true or false")
    return value


def _object(value: object) -> LinkConfig:
    if not isinstance(value, Mapping):
        raise ValueError(f"is {_shown(value)}, not an object")
    return cast("LinkConfig", value)


def _stopbits(value: object) -> float:
    text = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
    if isinstance(value, bool) or text not in _STOPBITS:
        raise ValueError(f"is {_shown(value)}, not one of 1, 1.5 and 2")
    return _STOPBITS[text]


def to_integer(value: object) -> int:
    """Return a whole number that is given as such, or as text.

    Raises:
        ValueError: it is neither; the text continues the name of what it is.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) < 40:
        try:
            return int(value.strip(), 10)
        except ValueError:
            pass
    raise ValueError(f"is {_shown(value)}, not a whole number")


def to_number(value: object) -> float:
    """Return a finite number that is given as such, or as text.

    Raises:
        ValueError: it is neither; the text continues the name of what it is.
    """
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(f"is {_shown(value)}, not a number")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "..."


def _listed() -> str:
    return ", ".join(LINK_TYPES[:-2]) + f" or {LINK_TYPES[-2]}"
