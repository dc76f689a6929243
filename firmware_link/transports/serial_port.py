"""Opening a serial port through pyserial, and saying why it does not open."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
import sys
from pathlib import Path

import serial
from msgspec.structs import replace

from ..errors import LinkOpenError
from .settings import SerialSettings
from .usb_ports import find_usb_port, present_ports

if sys.platform == "win32":
    PORT_ERRORS = (OSError,)
else:
    import termios

    # pyserial lets termios.error through, which is not an OSError; its own errors are.
    PORT_ERRORS = (OSError, termios.error)

logger = logging.getLogger(__name__)

_PARITY = {"none": "N", "even": "E", "odd": "O", "mark": "M", "space": "S"}
_MAX_PORTS_LISTED = 8
_IS_CONTROL = "option 'control'"  # in what pyserial says of RFC 2217
# Reads of some URL handlers cannot be interrupted: how often their reader looks around.
_URL_READ_S = 0.25


def open_port(settings: SerialSettings, *, blocking: bool) -> serial.Serial:
    """Open a port with input and driver set up. Blocks: for worker threads.

    Args:
        settings: What to open.
        blocking: ``read`` and ``write`` of the port wait; otherwise they return at once.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    settings = located(settings)
    wait_s = None if blocking else 0
    try:
        port = serial.serial_for_url(
            settings.port,
            baudrate=settings.baudrate,
            bytesize=settings.databits,
            parity=_PARITY[settings.parity],
            stopbits=settings.stopbits,
            timeout=_URL_READ_S if settings.is_url else wait_s,
            write_timeout=wait_s,
            exclusive=None if settings.is_url or sys.platform == "win32" else True,
        )
    except (*PORT_ERRORS, ValueError, OverflowError, LookupError) as error:
        raise LinkOpenError(_open_failure(settings, error)) from error
    if sys.platform == "linux" and not settings.is_url:
        # USB adapters hold octets back up to 16 ms otherwise. Many drivers lack the flag.
        with contextlib.suppress(ValueError, OSError, NotImplementedError):
            port.set_low_latency_mode(True)
    return port


def located(settings: SerialSettings) -> SerialSettings:
    """Replace the name of a USB device by the one that the system has for its port now.

    Raises:
        LinkOpenError: there is no such device, or there are several.
    """
    if not settings.is_usb:
        return settings
    device = find_usb_port(settings.port)
    logger.debug("%s is %s", settings.port, device)
    return replace(settings, port=device)


def close_port(port: serial.Serial) -> None:
    """Close a port without waiting for its output, whatever state it is in."""
    # The kernel waits up to 30 s in close() for a driver that cannot get rid of its output.
    with contextlib.suppress(*PORT_ERRORS, AttributeError):  # no such property: URL handlers
        if port.out_waiting:
            port.reset_output_buffer()
    with contextlib.suppress(*PORT_ERRORS):
        port.close()


def line_rate(settings: SerialSettings) -> int | None:
    """Bits per second of the line as ``Transport.bits_per_second`` counts them."""
    if settings.is_url and not settings.port.startswith("rfc2217://"):
        return None
    return round(settings.baudrate * 10 / settings.bits_per_octet)


def loss_reason(port_name: str, error: Exception | None) -> str:
    """Text for a port that failed while open; it keeps what the system said."""
    detail = f": {error}" if error is not None and str(error) else ""
    return f"the serial port {port_name} went away (unplugged?){detail}"


def _open_failure(settings: SerialSettings, error: Exception) -> str:
    name = settings.port
    if settings.is_url:
        if _IS_CONTROL in f"{error}":
            separator = "&" if "?" in name else "?"
            return (
                f"cannot open {name}: the server cannot set the control lines of its port. "
                f"If the board needs none of them, write {name}{separator}ign_set_control"
            )
        return f"cannot open {name}: {error}. Check the address, and that the server runs"
    match _errno(error):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return f"there is no serial port {name}. {_ports_found()}. Check the cable"
        case errno.EACCES | errno.EPERM:
            return _permission_failure(name)
        case errno.EBUSY | errno.EAGAIN:
            return (
                f"another program holds the serial port {name}. "
                "Close it (a terminal, a second server), and try again"
            )
        case _ if _is_no_device(name):
            return f"{name} is not a serial port. {_ports_found()}"
        case _:
            return (
                f"cannot open the serial port {name}: {error}. "
                f"Check that it supports {settings.baudrate} baud and the other settings"
            )


def _errno(error: Exception) -> int | None:
    if sys.platform == "win32":
        # pyserial keeps the system's error in the text only; "access denied" means busy there.
        for marker, code in (("FileNotFoundError", errno.ENOENT), ("PermissionError", errno.EBUSY)):
            if marker in str(error):
                return code
    return error.errno if isinstance(error, OSError) else None


def _permission_failure(name: str) -> str:
    text = f"no permission to use the serial port {name}. "
    group = _owning_group(name)
    if group is None or group == "root":
        return text + "Give your user access to it (a udev rule), or run as its owner"
    return text + f"Join its group: sudo usermod -aG {group} $USER, then log in again"


def _owning_group(name: str) -> str | None:
    """Group that may read and write the node; None when there is none."""
    if sys.platform == "win32":
        return None
    import grp

    try:
        node = Path(name).stat()
        is_enough = node.st_mode & (stat.S_IRGRP | stat.S_IWGRP) == stat.S_IRGRP | stat.S_IWGRP
        return grp.getgrgid(node.st_gid).gr_name if is_enough else None
    except (OSError, KeyError):
        return None


def _is_no_device(name: str) -> bool:
    try:
        return os.name == "posix" and not stat.S_ISCHR(Path(name).stat().st_mode)
    except OSError:
        return False


def _ports_found() -> str:
    ports = present_ports()
    if not ports:
        return "No serial port was found"
    texts = [
        port.device if port.description in ("n/a", "") else f"{port.device} ({port.description})"
        for port in sorted(ports, key=lambda port: (port.hwid == "n/a", port.device))
    ]
    more = len(texts) - _MAX_PORTS_LISTED
    listed = ", ".join(texts[:_MAX_PORTS_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"Found: {listed}"
