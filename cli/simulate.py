"""``scrutiny simulate``: run a simulated device."""

from __future__ import annotations

from collections.abc import Sequence

from scrutiny.firmware_link.simulator import __main__ as simulator


def main(argv: Sequence[str]) -> int:
    """Run a simulated device with its own arguments until it is interrupted."""
    return simulator.main(argv, "scrutiny simulate")
