"""USB adapters of FTDI hold octets back; how long is a setting of their driver, on Linux."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from .findings import Cause, Finding

SYSFS: Final = Path("/sys")

_LONGEST_MS: Final = 1


def slow_latency_timer(port: str, sysfs: Path = SYSFS) -> Finding | None:
    """Tell of a timer above 1 ms: every answer waits for it, at its default for 16 ms.

    Args:
        port: its name; links are followed.
        sysfs: where the system tells of devices.
    """
    name = Path(port).resolve().name
    timer = sysfs / "bus" / "usb-serial" / "devices" / name / "latency_timer"
    with contextlib.suppress(OSError, ValueError):
        latency_ms = int(timer.read_text())
        if latency_ms > _LONGEST_MS:
            return Finding(
                Cause.SLOW_LATENCY_TIMER,
                f"the USB adapter of {port} holds octets back for up to {latency_ms} ms",
                f"echo 1 | sudo tee {timer}, or a udev rule that sets it for good; the server does "
                "so by itself while it has the port, if it may",
                prevents=False,
            )
    return None
