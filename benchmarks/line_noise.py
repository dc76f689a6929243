"""The kinds of bad lines that are measured, and what they are asked for on the command line."""

from __future__ import annotations

import argparse

from scrutiny.firmware_link.simulator.faults import LineFaults


def noise_parser(description: str, seconds: float) -> argparse.ArgumentParser:
    """Return a parser for lines of some speeds, with a default for the seconds of each kind."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=seconds, help="of each kind of fault")
    parser.add_argument("--one-in", type=int, default=2000, help="octets, each way, meets a fault")
    parser.add_argument(
        "--baud", type=int, nargs="+", default=[0, 115200], help="0: as fast as it goes"
    )
    parser.add_argument("--seed", type=int, default=1, help="other faults for another number")
    return parser


def kinds_of_faults(one_in: int) -> dict[str, LineFaults]:
    """Return what one octet in so many meets, each way; the clean line first."""
    rate = 1 / one_in
    return {
        "none": LineFaults(),
        "flips": LineFaults(flip=rate),
        "drops": LineFaults(drop=rate),
        "doubles": LineFaults(duplicate=rate),
        "all three": LineFaults(flip=rate, drop=rate, duplicate=rate),
    }
