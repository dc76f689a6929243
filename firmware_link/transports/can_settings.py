"""Links by CAN bus: the adapter, the identifiers, the kind of frames."""

from __future__ import annotations

from typing import Final

import msgspec

LARGEST_STANDARD_ID: Final = 0x7FF
LARGEST_EXTENDED_ID: Final = 0x1FFF_FFFF
MAX_CHANNEL_LENGTH: Final = 200


class CanAdapter(msgspec.Struct, frozen=True):
    """What an adapter is told besides the channel.

    Attributes:
        example: of a channel.
        has_number: its channels are numbers.
        has_rate: it sets the bit rate; otherwise the system does.
        has_non_iso: it can do CAN FD as it was before the standard.
    """

    example: str
    has_number: bool = False
    has_rate: bool = True
    has_non_iso: bool = False


CAN_ADAPTERS: Final = {
    "socketcan": CanAdapter("can0", has_rate=False),
    "vector": CanAdapter("0", has_number=True),
    "kvaser": CanAdapter("0", has_number=True, has_non_iso=True),
    "pcan": CanAdapter("PCAN_USBBUS1"),
    "etas": CanAdapter("ETAS://USB/ES582:1234/CAN:1"),
    # Without hardware: between threads, and between programs.
    "virtual": CanAdapter("bench", has_rate=False),
    "udp_multicast": CanAdapter("239.74.163.2", has_rate=False),
}


class CanSettings(msgspec.Struct, frozen=True):
    """A device on a CAN bus, and the adapter of this machine that leads there.

    Attributes:
        interface: kind of the adapter, of `CAN_ADAPTERS`.
        channel: of the adapter; a number for vector and kvaser, of vector perhaps a text too.
        txid: identifier of what is sent: at most 0x7FF, with ``extended_id`` 0x1FFFFFFF.
        rxid: identifier of what the device sends; same range.
        extended_id: identifiers have 29 bits instead of 11.
        fd: frames are CAN FD.
        bitrate_switch: the data of a frame are sent faster; only with ``fd``.
        bitrate: in bit/s; 0 where the system sets it.
        data_bitrate: of the data with ``bitrate_switch``, in bit/s; 0: as ``bitrate``.
        fd_non_iso: CAN FD as it was before ISO 11898-1:2015; kvaser only.
    """

    interface: str
    channel: str | int
    txid: int
    rxid: int
    extended_id: bool = False
    fd: bool = False
    bitrate_switch: bool = False
    bitrate: int = 0
    data_bitrate: int = 0
    fd_non_iso: bool = False

    def __post_init__(self) -> None:
        adapter = CAN_ADAPTERS.get(self.interface)
        if adapter is None:
            raise ValueError(
                f"CAN interface {self.interface!r} is none of {', '.join(CAN_ADAPTERS)}"
            )
        _check_channel(self.interface, adapter, self.channel)
        _check_id("txid", self.txid, is_extended=self.extended_id)
        _check_id("rxid", self.rxid, is_extended=self.extended_id)
        if self.bitrate_switch and not self.fd:
            raise ValueError("bitrate_switch needs fd: only frames of CAN FD have two bit rates")
        if self.fd_non_iso and not adapter.has_non_iso:
            raise ValueError(f"fd_non_iso is for kvaser, not for {self.interface}")
        _check_rates(self.interface, adapter, self.bitrate, self.data_bitrate)


def _check_channel(interface: str, adapter: CanAdapter, channel: str | int) -> None:
    if isinstance(channel, int):
        if not adapter.has_number or channel < 0:
            raise ValueError(
                f"channel {channel} is none of {interface}; write it as {adapter.example}"
            )
    elif (
        not 1 <= len(channel) <= MAX_CHANNEL_LENGTH
        or not channel.isprintable()
        or interface == "kvaser"
    ):
        raise ValueError(
            f"channel {channel[:80]!r} is none of {interface}; write it as {adapter.example}"
        )


def _check_id(name: str, value: int, *, is_extended: bool) -> None:
    largest = LARGEST_EXTENDED_ID if is_extended else LARGEST_STANDARD_ID
    if not 0 <= value <= largest:
        more = "" if is_extended else f"; with extended_id up to {LARGEST_EXTENDED_ID:#x}"
        raise ValueError(f"{name} {value:#x} is not within 0 to {largest:#x}{more}")


def _check_rates(interface: str, adapter: CanAdapter, bitrate: int, data_bitrate: int) -> None:
    if not adapter.has_rate:
        if bitrate or data_bitrate:
            raise ValueError(
                f"the bit rate of {interface} is set where the channel is, as in "
                "`sudo ip link set can0 up type can bitrate 500000`: leave it out"
            )
    elif bitrate <= 0 or data_bitrate < 0:
        raise ValueError(
            f"bitrate {bitrate}, data_bitrate {data_bitrate} of {interface}: bit/s above 0 are "
            "due, as bitrate=500000"
        )
