"""What went wrong on an open CAN bus, in words."""

from __future__ import annotations

import errno
from typing import Final

import can

from .can_settings import CanSettings
from .driver_words import told

BUS_ERRORS: Final = (can.CanError, OSError, ValueError)
_FULL: Final = (errno.ENOBUFS, errno.EAGAIN)
_DOWN: Final = (errno.ENETDOWN, errno.ENODEV, errno.ENXIO)
_SET_UP: Final = "`sudo ip link set {} up type can bitrate 500000`"


class BusOff(can.CanError):
    """The adapter takes no part any more: most of what it sent was answered with errors."""

    def __init__(self) -> None:
        super().__init__("bus off")


def bus_name(settings: CanSettings) -> str:
    """Name of the bus, for texts."""
    return f"the CAN bus at {settings.interface} {settings.channel}"


def is_full(error: Exception) -> bool:
    """Whether an adapter has no room for a frame, as far as drivers tell that."""
    text = f"{error}".lower()
    return (
        isinstance(error, can.CanTimeoutError)
        or _code(error) in _FULL
        or "full" in text
        or "overflow" in text
    )


def loss_reason(settings: CanSettings, error: Exception) -> str:
    """Text for a bus that failed while open."""
    name = bus_name(settings)
    if isinstance(error, BusOff):
        return (
            f"the adapter has left {name} after too many errors (bus off). Check the bit rate of "
            f"both ends, the wires and the termination; then {_SET_UP.format(settings.channel)}"
        )
    if is_full(error):
        return (
            f"{name} takes no frames: nobody acknowledges them. Check that the device has power, "
            "the bit rate of both ends, the wires and the termination (120 ohms at each end)"
        )
    if settings.interface == "socketcan":
        if _code(error) in _DOWN:
            return f"{name} is down. Set it up: {_SET_UP.format(settings.channel)}"
        if _code(error) == errno.EINVAL and settings.fd:
            return (
                f"{name} takes no frames of CAN FD. Leave fd out, or set the channel up with "
                f"{_SET_UP.format(settings.channel)[:-1]} dbitrate 2000000 fd on`"
            )
    return f"{name} failed: {told(error)}"


def _code(error: Exception) -> int | None:
    if isinstance(error, can.CanError):
        return error.error_code
    return error.errno if isinstance(error, OSError) else None
