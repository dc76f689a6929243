"""Opening a CAN adapter through python-can, and saying why it does not open."""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Any, Final

from ..errors import LinkOpenError
from .base import Transport
from .can_settings import LARGEST_EXTENDED_ID, LARGEST_STANDARD_ID, CanSettings
from .driver_words import hush, told
from .worker import open_in_worker

if TYPE_CHECKING:
    import can

# python-can takes any other rate for 500000, and tells nobody.
_PCAN_RATES: Final = (
    *(1_000_000, 800_000, 500_000, 250_000, 125_000, 100_000, 95_238, 83_333, 50_000),
    *(47_619, 33_333, 20_000, 10_000, 5_000),
)
_PCAN_CLOCK_HZ: Final = 8_000_000
_PCAN_FD_CLOCK_HZ: Final = 80_000_000
_SAMPLE_POINT: Final = 87.5  # per cent of a bit, as CiA recommends
_FD_SAMPLE_POINT: Final = 80.0


async def open_can(settings: CanSettings, *, force_thread: bool = False) -> Transport:
    """Open an adapter in a worker thread. Cancelling is safe.

    Args:
        settings: Which adapter, and under which identifiers.
        force_thread: Read in a thread even where the loop could watch a descriptor.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    bus = await open_in_worker(lambda: open_bus(settings), lambda bus: bus.shutdown())
    from .can_transport import CanTransport  # which needs python-can

    return CanTransport(settings, bus, force_thread=force_thread)


def open_bus(settings: CanSettings) -> can.BusABC:
    """Open an adapter. Blocks: for worker threads.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    hush("can")
    try:
        import can
    except ImportError as error:
        raise LinkOpenError(
            "CAN links need python-can: pip install 'scrutiny-bridge[can]'"
        ) from error
    try:
        return can.Bus(**bus_arguments(settings))
    except Exception as error:  # what drivers that are not there raise is not only of python-can
        raise LinkOpenError(_open_failure(settings, error)) from error


def bus_arguments(settings: CanSettings) -> dict[str, Any]:
    """Return what `can.Bus` is called with.

    Raises:
        ValueError: the adapter cannot do the bit rate.
    """
    mask = LARGEST_EXTENDED_ID if settings.extended_id else LARGEST_STANDARD_ID
    wanted = {"can_id": settings.rxid, "can_mask": mask, "extended": settings.extended_id}
    arguments: dict[str, Any] = {
        "interface": settings.interface,
        "channel": settings.channel,
        "can_filters": [wanted],
        "ignore_config": True,  # files of python-can; this link is described here
        "fd": settings.fd,
    }
    if settings.interface == "pcan":
        arguments |= _pcan_timing(settings)
    elif settings.bitrate:
        arguments["bitrate"] = settings.bitrate
        if settings.fd:
            arguments["data_bitrate"] = settings.data_bitrate or settings.bitrate
    if settings.fd_non_iso:
        arguments["fd_non_iso"] = True
    return arguments


def _pcan_timing(settings: CanSettings) -> dict[str, Any]:
    from can import BitTiming, BitTimingFd

    if settings.fd:
        return {
            "timing": BitTimingFd.from_sample_point(
                f_clock=_PCAN_FD_CLOCK_HZ,
                nom_bitrate=settings.bitrate,
                nom_sample_point=_FD_SAMPLE_POINT,
                data_bitrate=settings.data_bitrate or settings.bitrate,
                data_sample_point=_FD_SAMPLE_POINT,
            )
        }
    if settings.bitrate in _PCAN_RATES:
        return {"bitrate": settings.bitrate}
    return {
        "timing": BitTiming.from_sample_point(
            f_clock=_PCAN_CLOCK_HZ, bitrate=settings.bitrate, sample_point=_SAMPLE_POINT
        )
    }


def _open_failure(settings: CanSettings, error: Exception) -> str:
    text = f"cannot open the CAN bus at {settings.interface} {settings.channel}: {told(error)}"
    if settings.interface == "socketcan":
        return _socketcan_failure(f"{settings.channel}", text, error)
    if settings.interface == "udp_multicast":
        return f"{text}. Check the address of the group, as 239.74.163.2"
    return (
        f"{text}. Check the channel, that the driver of its vendor is installed, and that no other "
        "program holds the channel"
    )


def _socketcan_failure(channel: str, text: str, error: Exception) -> str:
    if sys.platform != "linux":
        return f"{text}. socketcan is of Linux: use the interface of the adapter's vendor"
    match error.errno if isinstance(error, OSError) else None:
        case errno.EAFNOSUPPORT | errno.EPROTONOSUPPORT:
            return f"this kernel cannot do CAN: {told(error)}. Try `sudo modprobe can_raw`"
        case errno.ENODEV:
            return (
                f"there is no CAN interface {channel}. `ip -brief link` lists them; with the "
                f"adapter in, `sudo ip link set {channel} up type can bitrate 500000`"
            )
        case _:
            return f"{text}. Check it with `ip -details link show {channel}`"
