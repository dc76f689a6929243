"""Links by CAN bus as clients and configuration files write them.

Source: client API, section 7.1, ``set_link_config``.
"""

from __future__ import annotations

from typing import Any, Final

from scrutiny.firmware_link.transports.can_settings import (
    LARGEST_EXTENDED_ID,
    LARGEST_STANDARD_ID,
    CanSettings,
)

from .link_fields import REQUIRED, Fields, LinkConfig, to_object

_FIELDS: Final = (
    *("interface", "txid", "rxid", "extended_id", "fd", "bitrate_switch"),
    "subconfig",
)
# What the subconfig of each interface has, and existing clients know; they throw away a status in
# which they find anything else.
_ADAPTER_FIELDS: Final = {
    "socketcan": ("channel",),
    "vector": ("channel", "bitrate", "data_bitrate"),
    "kvaser": ("channel", "bitrate", "data_bitrate", "fd_non_iso"),
    "pcan": ("channel", "bitrate"),
    "etas": ("channel", "bitrate", "data_bitrate"),
    "virtual": ("channel",),
    "udp_multicast": ("channel",),
}
_WITHOUT_HARDWARE: Final = ("virtual", "udp_multicast")


def can_settings_from_api(link_config: LinkConfig) -> CanSettings:
    """Check and convert a CAN link; nothing is opened.

    Raises:
        ValueError: a field is missing, unknown or out of range.
    """
    fields = Fields("canbus", link_config, _FIELDS)
    interface = fields.choice("interface", tuple(_ADAPTER_FIELDS))
    is_extended = fields.boolean("extended_id")
    largest = LARGEST_EXTENDED_ID if is_extended else LARGEST_STANDARD_ID
    names = _ADAPTER_FIELDS[interface]
    subconfig = fields.converted("subconfig", to_object, REQUIRED)
    adapter = Fields("canbus", subconfig, names)
    return CanSettings(
        interface=interface,
        channel=_channel(interface, subconfig),
        txid=fields.integer_within("txid", 0, largest),
        rxid=fields.integer_within("rxid", 0, largest),
        extended_id=is_extended,
        fd=fields.boolean("fd"),
        bitrate_switch=fields.boolean("bitrate_switch"),
        bitrate=adapter.integer_within("bitrate", 1, None) if "bitrate" in names else 0,
        data_bitrate=adapter.integer_within("data_bitrate", 1, None)
        if "data_bitrate" in names
        else 0,
        fd_non_iso=adapter.boolean("fd_non_iso") if "fd_non_iso" in names else False,
    )


def can_settings_to_api(settings: CanSettings) -> tuple[str, dict[str, Any]]:
    """Return type and fields of a CAN link.

    A bus without hardware is told as a simulated device: existing clients do not know it, and do
    not look at the fields of that.
    """
    subconfig = {name: getattr(settings, name) for name in _ADAPTER_FIELDS[settings.interface]}
    if "data_bitrate" in subconfig:
        subconfig["data_bitrate"] = settings.data_bitrate or settings.bitrate
    config = {
        "interface": settings.interface,
        "txid": settings.txid,
        "rxid": settings.rxid,
        "extended_id": settings.extended_id,
        "fd": settings.fd,
        "bitrate_switch": settings.bitrate_switch,
        "subconfig": subconfig,
    }
    return "dummy" if settings.interface in _WITHOUT_HARDWARE else "canbus", config


def _channel(interface: str, subconfig: LinkConfig) -> str | int:
    """Take a channel as it is: a number in quotes is a text, which vector can do with."""
    kinds: tuple[type, ...] = {"vector": (str, int), "kvaser": (int,)}.get(interface, (str,))
    channel = subconfig.get("channel", REQUIRED)
    if isinstance(channel, bool) or not isinstance(channel, kinds):
        words = " or ".join("a text" if kind is str else "a whole number" for kind in kinds)
        raise ValueError(f"channel of the canbus link is not {words}")
    assert isinstance(channel, str | int)
    return channel
