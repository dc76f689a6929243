"""How often to sample: a loop of the firmware, and a decimation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from scrutiny.sdk import FixedFreqSamplingRate, SamplingRate

from ..output import one_line
from ..quantities import hertz, with_unit
from .errors import CaptureRefused

LARGEST_DECIMATION: Final = 0xFFFF  # the device has 16 bits for it
_HOW_TO_LIST: Final = "scrutiny scope --list tells more"


@dataclass(frozen=True, slots=True)
class Sampling:
    """A loop of the firmware, of which each so many-th iteration is sampled."""

    rate: SamplingRate
    decimation: int = 1

    @property
    def frequency_hz(self) -> float | None:
        """Samples per second; None if the loop has no fixed frequency."""
        loop_hz = frequency_of(self.rate)
        return None if loop_hz is None else loop_hz / self.decimation

    def __str__(self) -> str:
        every = "every" if self.decimation == 1 else f"every {_ordinal(self.decimation)}"
        loop = f"{every} iteration of the loop {loop_name(self.rate)}"
        if self.frequency_hz is None:
            return f"{loop}, which has no fixed frequency"
        if self.decimation == 1:
            return f"{with_unit(self.frequency_hz, 'Hz')}, {loop}"
        loop_hz = self.frequency_hz * self.decimation
        return f"{with_unit(self.frequency_hz, 'Hz')}, {loop} ({with_unit(loop_hz, 'Hz')})"


def choose_sampling(
    rates: Sequence[SamplingRate], text: str | None = None, decimation: int | None = None
) -> Sampling:
    """Return how to sample.

    Args:
        rates: what the device offers.
        text: name or id of a loop, or a frequency, of which the nearest one is taken; None for the
            first loop with a fixed frequency.
        decimation: 1 to 65535; None for 1, or for what comes nearest to a frequency.

    Raises:
        CaptureRefused: there is no such loop; the text lists those that there are.
    """
    if not rates:
        raise CaptureRefused("the firmware has no loop that records")
    if text is None:
        fixed = [rate for rate in rates if frequency_of(rate) is not None]
        return Sampling((fixed or rates)[0], decimation or 1)
    found = _named(rates, text)
    if found:
        return Sampling(found[0], decimation or 1)
    wanted_hz = hertz(text)
    if wanted_hz is None:
        hint = "; a frequency needs its unit, as 500Hz" if _is_number(text) else ""
        raise CaptureRefused(
            f"the firmware has no loop {one_line(text)!r}{hint}; loops are {loop_names(rates)}"
        )
    return _nearest(rates, wanted_hz, decimation)


def frequency_of(rate: SamplingRate) -> float | None:
    """Return how often a loop runs, in Hz; None if that varies or is not known."""
    if not isinstance(rate, FixedFreqSamplingRate) or not 0 < rate.frequency < math.inf:
        return None
    return rate.frequency


def loop_name(rate: SamplingRate) -> str:
    """Return the name of a loop, its id if it has none."""
    return one_line(rate.name) or f"{rate.identifier}"


def loop_names(rates: Iterable[SamplingRate]) -> str:
    """Return what can be given as a rate, in one line."""
    named = [
        f"{loop_name(rate)} ({_speed(rate)}, id {rate.identifier})" if rate.name else f"{rate}"
        for rate in rates
    ]
    return f"{', '.join(named)}; {_HOW_TO_LIST}"


def _speed(rate: SamplingRate) -> str:
    loop_hz = frequency_of(rate)
    return "no fixed frequency" if loop_hz is None else with_unit(loop_hz, "Hz")


def _named(rates: Sequence[SamplingRate], text: str) -> list[SamplingRate]:
    """Return the loop of a name or an id; the name counts first."""
    exact = [rate for rate in rates if rate.name == text]
    found = exact or [rate for rate in rates if rate.name.lower() == text.lower()]
    if len(found) > 1:
        ids = " or ".join(f"{rate.identifier}" for rate in found)
        raise CaptureRefused(f"several loops are called {one_line(text)!r}; use an id: {ids}")
    return found or [rate for rate in rates if f"{rate.identifier}" == text.strip()]


def _nearest(rates: Sequence[SamplingRate], wanted_hz: float, decimation: int | None) -> Sampling:
    candidates = [
        Sampling(rate, divisor)
        for rate in rates
        if (loop_hz := frequency_of(rate)) is not None
        for divisor in _divisors(loop_hz, wanted_hz, decimation)
    ]
    if not candidates or not 0 < wanted_hz < math.inf:
        raise CaptureRefused(f"no loop samples at {wanted_hz:g} Hz; loops are {loop_names(rates)}")

    def distance(sampling: Sampling) -> tuple[float, int]:
        reached_hz = sampling.frequency_hz
        assert reached_hz is not None
        return abs(math.log(reached_hz / wanted_hz)), sampling.decimation

    return min(candidates, key=distance)


def _divisors(loop_hz: float, wanted_hz: float, decimation: int | None) -> tuple[int, ...]:
    if decimation is not None:
        return (decimation,)
    ratio = min(loop_hz / wanted_hz if wanted_hz else math.inf, float(LARGEST_DECIMATION))
    low = max(1, int(ratio))
    return low, min(low + 1, LARGEST_DECIMATION)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
    return f"{number}{ending}"
