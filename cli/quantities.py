"""Numbers with units, as people read and type them: 10 kHz, 819 ms."""

from __future__ import annotations

import math
import re
from typing import Final

_PREFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"))
_SMALLEST: Final = 1e-9, "n"
_FREQUENCY: Final = re.compile(r"([0-9.]+(?:[eE][+-]?\d+)?)\s*([kMm]?)[Hh][Zz]")
_FACTORS: Final = {"k": 1e3, "M": 1e6, "": 1.0, "m": 1e-3}


def with_unit(value: float, unit: str) -> str:
    """Return a number with three digits, and a unit with the prefix that suits it."""
    if not value or not math.isfinite(value):
        return f"{value:g} {unit}"
    factor, prefix = prefix_of(value)
    return f"{_three_digits(value / factor)} {prefix}{unit}"


def in_seconds(duration_s: float) -> str:
    """Return a duration with three digits: 819 ms, 8.19 s, 8190 s."""
    if 1 <= abs(duration_s) < math.inf:
        return f"{_three_digits(duration_s)} s"
    return with_unit(duration_s, "s")


def prefix_of(value: float) -> tuple[float, str]:
    """Return the factor and the letter that leave 1 to 999 in front of the unit."""
    for factor, letter in _PREFIXES:
        if abs(value) >= factor * 0.9995:  # 999.6 m is shown as 1.00
            return factor, letter
    return _SMALLEST


def hertz(text: str) -> float | None:
    """Return the frequency that a text says, as ``2.5 kHz``; None if it says none."""
    match = _FREQUENCY.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return float(match[1]) * _FACTORS[match[2]]
    except ValueError:  # 1.2.3
        return None


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):g}"
