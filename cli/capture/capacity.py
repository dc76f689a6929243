"""How much the buffer of a device holds: how many samples, and how long that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scrutiny.sdk import (
    DataloggingCapabilities,
    DetailedAliasWatchableConfiguration,
    DetailedWatchableConfiguration,
)

from ..quantities import in_seconds, with_unit
from .sampling import LARGEST_DECIMATION, Sampling, frequency_of, loop_name

_TIME_SIZE: Final = 4  # octets of the time that the device measures
_LISTED_DECIMATIONS: Final = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the device can hold of certain signals.

    Attributes:
        sample_size: octets of one sample of all signals, at most: bit fields may take less.
        sample_count: how many samples fit, at least.
    """

    sample_size: int
    sample_count: int

    def duration_s(self, sampling: Sampling) -> float | None:
        """Return how long a recording is; None if the loop has no fixed frequency."""
        frequency_hz = sampling.frequency_hz
        return None if frequency_hz is None else self.sample_count / frequency_hz

    def decimation_for(self, duration_s: float, sampling: Sampling) -> int:
        """Return the smallest decimation with which a recording is so long."""
        loop_hz = frequency_of(sampling.rate)
        if loop_hz is None or not self.sample_count:
            return 1
        needed = math.ceil(duration_s * loop_hz / self.sample_count)
        return max(1, min(needed, LARGEST_DECIMATION))


def capacity_for(
    definitions: Iterable[DetailedWatchableConfiguration],
    capabilities: DataloggingCapabilities,
    *,
    with_time: bool = False,
) -> Capacity:
    """Return how much of some signals a device holds.

    Args:
        definitions: of all signals, that of the X axis included.
        capabilities: of the device.
        with_time: the device measures the time, too.
    """
    sizes: dict[str, int] = {}
    for each in definitions:
        path = each.server_path
        if isinstance(each, DetailedAliasWatchableConfiguration):
            path = each.target
        sizes[path] = each.datatype.get_size_8bits()
    size = sum(sizes.values()) + (_TIME_SIZE if with_time else 0)
    return Capacity(size, capabilities.buffer_size // size if size else 0)


def listing(capabilities: DataloggingCapabilities, capacity: Capacity | None) -> list[str]:
    """Return lines that tell what there is, and how long a recording can be at each rate.

    Args:
        capabilities: of the device.
        capacity: for the signals that were chosen; None without any.
    """
    signals = "signal" if capabilities.max_nb_signal == 1 else "signals"
    lines = [f"Buffer: {capabilities.buffer_size} octets, {capabilities.max_nb_signal} {signals}"]
    if capacity is not None:
        lines.append(
            f"Sample: {capacity.sample_size} octets of these signals; "
            f"{capacity.sample_count} samples fit"
        )
    head = ["Id", "Loop", "Frequency"]
    if capacity is not None:
        head += [f"every {each}" if each > 1 else "each" for each in _LISTED_DECIMATIONS]
    rows = [head]
    for rate in capabilities.sampling_rates:
        loop_hz = frequency_of(rate)
        speed = "varies" if loop_hz is None else with_unit(loop_hz, "Hz")
        rows.append([f"{rate.identifier}", loop_name(rate), speed])
        if capacity is not None:
            rows[-1] += [_lasts(capacity, Sampling(rate, each)) for each in _LISTED_DECIMATIONS]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return [*lines, "", *table]


def _lasts(capacity: Capacity, sampling: Sampling) -> str:
    duration_s = capacity.duration_s(sampling)
    return "" if duration_s is None else in_seconds(duration_s)
