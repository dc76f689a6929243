"""Parameters of links by probe and by bus, one of each kind."""

from __future__ import annotations

from typing import Final

from scrutiny.sdk import CANLinkConfig, RTTLinkConfig

_Adapter = CANLinkConfig.CANInterface

RTT_CONFIGS: Final = [
    RTTLinkConfig("nRF52840_xxAA", RTTLinkConfig.JLinkInterface.SWD),
    RTTLinkConfig("R7FA6M5BH", RTTLinkConfig.JLinkInterface.C2, 3),
    RTTLinkConfig("rtt://localhost:19021", RTTLinkConfig.JLinkInterface.SWD, 1),
]
CAN_CONFIGS: Final = [
    CANLinkConfig(
        _Adapter.SocketCAN, 0x7FF, 1, False, False, False, CANLinkConfig.SocketCANConfig("can0")
    ),
    CANLinkConfig(
        _Adapter.Vector, 5, 6, False, True, True, CANLinkConfig.VectorConfig(1, 500_000, 2_000_000)
    ),
    CANLinkConfig(
        _Adapter.Vector, 5, 6, False, True, False, CANLinkConfig.VectorConfig("1", 500_000, 1)
    ),
    CANLinkConfig(
        _Adapter.KVaser,
        0x1FFF_FFFF,
        0x800,
        True,
        True,
        False,
        CANLinkConfig.KVaserConfig(0, 250_000, 1_000_000, True),
    ),
    CANLinkConfig(
        _Adapter.PCAN, 0, 1, True, False, False, CANLinkConfig.PCANConfig("PCAN_USBBUS1", 125_000)
    ),
    CANLinkConfig(
        _Adapter.ETAS,
        2,
        3,
        False,
        False,
        False,
        CANLinkConfig.ETASConfig("ETAS://USB/1", 125_000, 500_000),
    ),
]
