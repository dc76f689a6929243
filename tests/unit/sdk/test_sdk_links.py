"""Links by probe and by bus: what they refuse, and that the server takes their shape."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.sdk import CANLinkConfig, DeviceLinkType, RTTLinkConfig
from scrutiny.sdk._link_messages import link_from_message, link_message
from scrutiny.server.api.links import link_settings_from_api, link_to_api
from tests.unit.sdk.link_samples import CAN_CONFIGS, RTT_CONFIGS

CAN = CAN_CONFIGS[0]
PCAN = CANLinkConfig.PCANConfig("PCAN_USBBUS1", 125_000)


@pytest.mark.parametrize(
    ("link_type", "config"),
    [(DeviceLinkType.RTT, c) for c in RTT_CONFIGS] + [(DeviceLinkType.CAN, c) for c in CAN_CONFIGS],
)
def test_the_server_gives_back_what_it_was_given(
    link_type: DeviceLinkType, config: sdk.BaseLinkConfig
) -> None:
    command = link_message(link_type, config)

    settings = link_settings_from_api(command.link_type, command.link_config)

    assert link_from_message(*link_to_api(settings)) == (link_type, config)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"txid": 0x800}, ValueError),
        ({"rxid": -1}, ValueError),
        ({"extended_id": True, "rxid": 0x2000_0000}, ValueError),
        ({"txid": True}, TypeError),
        ({"txid": 1.0}, TypeError),
        ({"fd": 1}, TypeError),
        ({"extended_id": "no"}, TypeError),
        ({"bitrate_switch": True}, ValueError),
        ({"interface": 0}, TypeError),
        ({"interface_config": PCAN}, TypeError),
        ({"interface_config": None}, TypeError),
    ],
)
def test_wrong_can_parameters(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        dataclasses.replace(CAN, **changes)


@pytest.mark.parametrize(
    ("kind", "arguments", "error"),
    [
        (CANLinkConfig.SocketCANConfig, (0,), TypeError),
        (CANLinkConfig.VectorConfig, (1.5, 1, 1), TypeError),
        (CANLinkConfig.VectorConfig, (True, 1, 1), TypeError),
        (CANLinkConfig.VectorConfig, (-1, 1, 1), ValueError),
        (CANLinkConfig.VectorConfig, ("1", 0, 1), ValueError),
        (CANLinkConfig.KVaserConfig, ("0", 1, 1, True), TypeError),
        (CANLinkConfig.KVaserConfig, (0, 1, 1, 1), TypeError),
        (CANLinkConfig.PCANConfig, ("x", 1.5), TypeError),
        (CANLinkConfig.ETASConfig, ("x", 1, 0), ValueError),
        (RTTLinkConfig, (1, RTTLinkConfig.JLinkInterface.SWD), TypeError),
        (RTTLinkConfig, ("x", "swd"), TypeError),
        (RTTLinkConfig, ("x", RTTLinkConfig.JLinkInterface.SWD, -1), ValueError),
        (RTTLinkConfig, ("x", RTTLinkConfig.JLinkInterface.SWD, False), TypeError),
    ],
)
def test_wrong_parameters_of_adapters_and_probes(
    kind: type[Any], arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        kind(*arguments)


def test_names_of_probe_interfaces() -> None:
    assert RTTLinkConfig.JLinkInterface.from_str("JTAG").to_str() == "jtag"
    default = RTTLinkConfig.JLinkInterface.C2
    assert RTTLinkConfig.JLinkInterface.from_str("?", default) is default
    with pytest.raises(ValueError, match="none of jtag"):
        RTTLinkConfig.JLinkInterface.from_str("?")


def test_parameters_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError):
        link_message(DeviceLinkType.CAN, RTT_CONFIGS[0])
    with pytest.raises(ValueError, match="cannot be configured"):
        link_message(DeviceLinkType(-1), sdk.NoneLinkConfig())
