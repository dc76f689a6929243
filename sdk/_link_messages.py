"""Links between the classes of the SDK and the messages of the API, in both directions."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, cast

from scrutiny.api import messages as api

from .can_link_config import CAN_CONFIGS, CANLinkConfig
from .link_configs import (
    BaseLinkConfig,
    DeviceLinkType,
    NoneLinkConfig,
    RTTLinkConfig,
    SerialLinkConfig,
    SupportedLinkConfig,
    TCPLinkConfig,
    UDPLinkConfig,
)

_LINK_WORDS: Final = {
    DeviceLinkType.NONE: "none",
    DeviceLinkType.UDP: "udp",
    DeviceLinkType.TCP: "tcp",
    DeviceLinkType.Serial: "serial",
    DeviceLinkType.RTT: "rtt",
    DeviceLinkType.CAN: "canbus",
}
_LINK_TYPES: Final = {word: link_type for link_type, word in _LINK_WORDS.items()}
_CONFIGS: Final = {
    DeviceLinkType.NONE: NoneLinkConfig,
    DeviceLinkType.UDP: UDPLinkConfig,
    DeviceLinkType.TCP: TCPLinkConfig,
    DeviceLinkType.Serial: SerialLinkConfig,
    DeviceLinkType.RTT: RTTLinkConfig,
    DeviceLinkType.CAN: CANLinkConfig,
}
_CAN_WORDS: Final = {
    CANLinkConfig.CANInterface.SocketCAN: "socketcan",
    CANLinkConfig.CANInterface.Vector: "vector",
    CANLinkConfig.CANInterface.KVaser: "kvaser",
    CANLinkConfig.CANInterface.PCAN: "pcan",
    CANLinkConfig.CANInterface.ETAS: "etas",
}
_CAN_INTERFACES: Final = {word: interface for interface, word in _CAN_WORDS.items()}
_STOP_BIT_WORDS: Final = {"one": 1.0, "one_point_five": 1.5, "two": 2.0}


def link_from_message(
    word: str, fields: dict[str, Any]
) -> tuple[DeviceLinkType, SupportedLinkConfig | None]:
    """Return a link as the server tells it; no parameters where this SDK does not know them."""
    link_type = _LINK_TYPES.get(word, DeviceLinkType(-1))
    try:
        return link_type, _config(link_type, fields)
    except (KeyError, TypeError, ValueError):
        return link_type, None


def _config(link_type: DeviceLinkType, fields: dict[str, Any]) -> SupportedLinkConfig | None:
    match link_type:
        case DeviceLinkType.NONE:
            return NoneLinkConfig()
        case DeviceLinkType.UDP:
            return UDPLinkConfig(fields["host"], int(fields["port"]))
        case DeviceLinkType.TCP:
            return TCPLinkConfig(fields["host"], int(fields["port"]))
        case DeviceLinkType.Serial:
            return _serial(fields)
        case DeviceLinkType.RTT:
            interface = RTTLinkConfig.JLinkInterface.from_str(fields.get("jlink_interface", "swd"))
            return RTTLinkConfig(fields["target_device"], interface, fields.get("buffer_index", 0))
        case DeviceLinkType.CAN:
            return _can(fields)
        case _:
            return None


def _serial(fields: dict[str, Any]) -> SerialLinkConfig:
    stop_bits = str(fields.get("stopbits", "1"))
    return SerialLinkConfig(
        port=fields["portname"],
        baudrate=fields["baudrate"],
        start_delay=fields.get("start_delay", 0),
        stopbits=SerialLinkConfig.StopBits.from_float(
            _STOP_BIT_WORDS.get(stop_bits) or float(stop_bits)
        ),
        databits=SerialLinkConfig.DataBits.from_int(fields.get("databits", 8)),
        parity=SerialLinkConfig.Parity.from_str(fields.get("parity", "none")),
    )


def _can(fields: dict[str, Any]) -> CANLinkConfig:
    others = dict(fields)
    interface = _CAN_INTERFACES[others.pop("interface")]
    adapter = cast("dict[str, Any]", others.pop("subconfig"))
    return CANLinkConfig(
        interface=interface, interface_config=CAN_CONFIGS[interface](**adapter), **others
    )


def link_message(link_type: DeviceLinkType, config: BaseLinkConfig) -> api.SetLinkConfig:
    """Return the command that chooses a link.

    Raises:
        TypeError: the parameters are not those of this type of link.
        ValueError: links of this type cannot be chosen.
    """
    if link_type not in _CONFIGS:
        raise ValueError(f"links of type {link_type.name} cannot be configured")
    if not isinstance(config, _CONFIGS[link_type]):
        raise TypeError(f"{config!r} does not hold the parameters of a link {link_type.name}")
    return api.SetLinkConfig(link_type=_LINK_WORDS[link_type], link_config=_fields(config))


def _fields(config: BaseLinkConfig) -> dict[str, Any]:
    match config:
        case UDPLinkConfig(host, port) | TCPLinkConfig(host, port):
            return {"host": host, "port": port}
        case SerialLinkConfig():
            return {
                "portname": config.port,
                "baudrate": config.baudrate,
                "stopbits": f"{config.stopbits.to_float():g}",
                "databits": config.databits.to_int(),
                "parity": config.parity.to_str(),
                "start_delay": config.start_delay,
            }
        case RTTLinkConfig():
            return {
                "target_device": config.target_device,
                "jlink_interface": config.jlink_interface.to_str(),
                "buffer_index": config.buffer_index,
            }
        case CANLinkConfig():
            return {
                "interface": _CAN_WORDS[config.interface],
                "txid": config.txid,
                "rxid": config.rxid,
                "extended_id": config.extended_id,
                "fd": config.fd,
                "bitrate_switch": config.bitrate_switch,
                "subconfig": dataclasses.asdict(config.interface_config),
            }
        case _:
            return {}
