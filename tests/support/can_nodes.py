"""Other ends of a CAN bus, made of python-can alone: nothing is shared with links under test."""

from __future__ import annotations

import secrets
from asyncio import AbstractEventLoop
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import can
from msgspec.structs import replace

from scrutiny.firmware_link.transports import CanSettings, Endpoint

_GROUP: Final = "239.74.163.2"
_FD_SIZES: Final = (64, 48, 32, 24, 20, 16, 12, 8, 7, 6, 5, 4, 3, 2, 1)


def new_link(interface: str, **options: Any) -> CanSettings:
    """Return a link that nobody else uses.

    The identifiers are what keeps tests apart that run at the same time: a socket of one multicast
    group gets the datagrams of all groups that are joined on the machine.

    Args:
        interface: without hardware.
        options: fields of `CanSettings`.
    """
    channel = _GROUP if interface == "udp_multicast" else secrets.token_hex(4)
    txid = 2 * secrets.randbelow(0x800_0000 if options.get("extended_id") else 0x300)
    return replace(CanSettings(interface, channel, 0, 0, **options), txid=txid, rxid=txid + 1)


def vcan_channels() -> list[str]:
    """Return the virtual CAN interfaces of this machine."""
    types = Path("/sys/class/net").glob("vcan*/type")
    return sorted(path.parent.name for path in types)


def open_node(settings: CanSettings) -> can.BusABC:
    """Join the bus of a link."""
    return can.Bus(
        interface=settings.interface,
        channel=settings.channel,
        fd=settings.fd,
        ignore_config=True,
    )


def frames_to_host(settings: CanSettings, octets: bytes) -> list[can.Message]:
    """Cut what a device says."""
    frames: list[can.Message] = []
    while octets:
        sizes = (size for size in _FD_SIZES if size <= (64 if settings.fd else 8))
        size = next(size for size in sizes if size <= len(octets))
        frames.append(
            can.Message(
                arbitration_id=settings.rxid,
                is_extended_id=settings.extended_id,
                is_fd=settings.fd,
                bitrate_switch=settings.bitrate_switch,
                data=octets[:size],
            )
        )
        octets = octets[size:]
    return frames


@contextmanager
def device_node(
    settings: CanSettings,
    device: Endpoint,
    loop: AbstractEventLoop,
    on_frame: Callable[[can.Message], bool] = lambda frame: True,
) -> Generator[can.BusABC]:
    """Put a device on the bus of a link; yield its node.

    Args:
        settings: of the link.
        device: what is there.
        loop: in which it lives.
        on_frame: is asked for each frame, in both directions, whether it arrives.
    """
    with open_node(settings) as bus:

        def send(octets: bytes) -> None:
            for frame in frames_to_host(settings, octets):
                if on_frame(frame):
                    bus.send(frame)

        def receive(frame: can.Message) -> None:
            if frame.arbitration_id == settings.txid and on_frame(frame):
                device.receive(bytes(frame.data))

        notifier = can.Notifier(bus, [receive], timeout=0.02, loop=loop)
        device.attach(send, loop)
        try:
            yield bus
        finally:
            device.detach()
            notifier.stop()
