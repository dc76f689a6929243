"""A device on a CAN bus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ._link_checks import check_int, check_type
from .base_link_config import BaseLinkConfig

_LARGEST_STANDARD_ID: Final = 0x7FF
_LARGEST_EXTENDED_ID: Final = 0x1FFF_FFFF


@dataclass(frozen=True)
class CANLinkConfig(BaseLinkConfig):
    """A device on a CAN bus, and the adapter of the server's machine that leads there.

    Attributes:
        interface: kind of adapter.
        txid: identifier of what the server sends: at most 0x7FF, with ``extended_id`` 0x1FFFFFFF.
        rxid: identifier of what the device sends; same range.
        extended_id: identifiers have 29 bits instead of 11.
        fd: frames are CAN FD.
        bitrate_switch: the data of a frame are sent faster; only with ``fd``.
        interface_config: of the class that belongs to the interface.
    """

    class CANInterface(Enum):
        """Kinds of adapters."""

        SocketCAN = 0
        Vector = 1
        KVaser = 2
        PCAN = 3
        ETAS = 4

    @dataclass(frozen=True)
    class SocketCANConfig:
        """Name of a network interface of Linux, as ``can0``."""

        channel: str

        def __post_init__(self) -> None:
            """Check types."""
            check_type("channel", self.channel, str)

    @dataclass(frozen=True)
    class VectorConfig:
        """Number or serial number of a channel; bit rates in bit/s."""

        channel: str | int
        bitrate: int
        data_bitrate: int

        def __post_init__(self) -> None:
            """Check types and ranges."""
            if isinstance(self.channel, int):
                check_int("channel", self.channel, 0, None)
            else:
                check_type("channel", self.channel, str)
            _check_rates(self.bitrate, self.data_bitrate)

    @dataclass(frozen=True)
    class KVaserConfig:
        """Number of a channel; bit rates in bit/s; ``fd_non_iso``: CAN FD before ISO 11898."""

        channel: int
        bitrate: int
        data_bitrate: int
        fd_non_iso: bool

        def __post_init__(self) -> None:
            """Check types and ranges."""
            check_int("channel", self.channel, 0, None)
            _check_rates(self.bitrate, self.data_bitrate)
            check_type("fd_non_iso", self.fd_non_iso, bool)

    @dataclass(frozen=True)
    class PCANConfig:
        """Name of a channel, as ``PCAN_USBBUS1``; bit rate in bit/s."""

        channel: str
        bitrate: int

        def __post_init__(self) -> None:
            """Check types and ranges."""
            check_type("channel", self.channel, str)
            check_int("bitrate", self.bitrate, 1, None)

    @dataclass(frozen=True)
    class ETASConfig:
        """Address of a channel; bit rates in bit/s."""

        channel: str
        bitrate: int
        data_bitrate: int

        def __post_init__(self) -> None:
            """Check types and ranges."""
            check_type("channel", self.channel, str)
            _check_rates(self.bitrate, self.data_bitrate)

    interface: CANInterface
    txid: int
    rxid: int
    extended_id: bool
    fd: bool
    bitrate_switch: bool
    interface_config: SocketCANConfig | VectorConfig | KVaserConfig | PCANConfig | ETASConfig

    def __post_init__(self) -> None:
        """Check types and ranges."""
        check_type("interface", self.interface, CANLinkConfig.CANInterface)
        for name in ("extended_id", "fd", "bitrate_switch"):
            check_type(name, getattr(self, name), bool)
        largest = _LARGEST_EXTENDED_ID if self.extended_id else _LARGEST_STANDARD_ID
        check_int("txid", self.txid, 0, largest)
        check_int("rxid", self.rxid, 0, largest)
        if self.bitrate_switch and not self.fd:
            raise ValueError("bitrate_switch is for CAN FD only: set fd as well")
        check_type("interface_config", self.interface_config, CAN_CONFIGS[self.interface])


CAN_CONFIGS: Final[
    dict[
        CANLinkConfig.CANInterface,
        type[
            CANLinkConfig.SocketCANConfig
            | CANLinkConfig.VectorConfig
            | CANLinkConfig.KVaserConfig
            | CANLinkConfig.PCANConfig
            | CANLinkConfig.ETASConfig
        ],
    ]
] = {
    CANLinkConfig.CANInterface.SocketCAN: CANLinkConfig.SocketCANConfig,
    CANLinkConfig.CANInterface.Vector: CANLinkConfig.VectorConfig,
    CANLinkConfig.CANInterface.KVaser: CANLinkConfig.KVaserConfig,
    CANLinkConfig.CANInterface.PCAN: CANLinkConfig.PCANConfig,
    CANLinkConfig.CANInterface.ETAS: CANLinkConfig.ETASConfig,
}


def _check_rates(bitrate: object, data_bitrate: object) -> None:
    check_int("bitrate", bitrate, 1, None)
    check_int("data_bitrate", data_bitrate, 1, None)
