"""Series of samples as rows of letters with 2 x 4 dots each."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_LARGEST: Final = sys.float_info.max
_DOTS_ACROSS: Final = 2
_DOTS_DOWN: Final = 4
_EMPTY: Final = "\u2800"

# Bits of the dots of a letter, for each of its four rows from the top.
_ROWS: Final = (0x01 | 0x08, 0x02 | 0x10, 0x04 | 0x20, 0x40 | 0x80)
_ASCII: Final[dict[tuple[bool, ...], str]] = {
    (True, False, False, False): "'",
    (True, True, False, False): "'",
    (False, True, False, False): "-",
    (False, True, True, False): "-",
    (False, False, True, False): "-",
    (False, False, True, True): ".",
    (False, False, False, True): "_",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to places on an axis, 0 for the first one.

    Attributes:
        low: number at the first place; finite.
        high: number at the last place, above ``low``; finite.
        size: how many places there are, 2 or more.
    """

    low: float
    high: float
    size: int

    @classmethod
    def around(cls, numbers: Sequence[float], size: int) -> Scale:
        """Return the scale that just holds all numbers that are finite."""
        finite = [number for number in numbers if math.isfinite(number)]
        low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
        if float(high - low) <= 0.0:  # no number between them, or none that floats can tell
            margin = max(1.0, abs(float(low)) * 1e-3) if low else 1.0
            low, high = max(low - margin, -_LARGEST), min(high + margin, _LARGEST)
        return cls(low, high, size)

    def place(self, number: float) -> int:
        """Return the place of a finite number."""
        half = self.high / 2 - self.low / 2  # their difference may be too large for a float
        share = (number / 2 - self.low / 2) / half if half > 1e300 else self._share(number)
        return round(share * (self.size - 1))

    def _share(self, number: float) -> float:
        return (number - self.low) / (self.high - self.low)  # exact for integers of 64 bits


def trace(xs: Sequence[float], ys: Sequence[float], x_scale: Scale, y_scale: Scale) -> list[str]:
    """Return rows of letters of dots, the upper one first, in which a line joins the samples.

    Where a number is not finite the line has a gap. No sample is left out that would show.
    """
    from plotille import Canvas  # pyright: ignore[reportMissingTypeStubs]

    columns, rows = x_scale.size // _DOTS_ACROSS, y_scale.size // _DOTS_DOWN
    canvas = Canvas(columns, rows, xmax=x_scale.size, ymax=y_scale.size)
    last: tuple[int, int] | None = None
    for point in _points(xs, ys, x_scale, y_scale):
        if point is not None and point != last:
            start = last or point
            canvas.line(*start, *point)
        last = point
    drawn: str = canvas.plot(linesep="\n")
    return drawn.split("\n")


def has_dots(letter: str) -> bool:
    """Whether a letter of a trace has any."""
    return letter > _EMPTY


def merged(first: str, second: str) -> str:
    """Return the letter with the dots of both."""
    return chr(ord(first) | ord(second))


def as_ascii(letter: str) -> str:
    """Return what comes nearest to a letter of a trace."""
    if not has_dots(letter):
        return " "
    dots = ord(letter) - ord(_EMPTY)
    rows = tuple(bool(dots & row) for row in _ROWS)
    return _ASCII.get(rows, "|")


def _points(
    xs: Sequence[float], ys: Sequence[float], x_scale: Scale, y_scale: Scale
) -> Iterator[tuple[int, int] | None]:
    """Yield the dots to join, None for a gap.

    Of samples in a row that share a column, the first, the lowest, the highest and the last do.
    """
    run: list[int] = []
    column = -1
    for x, y in zip(xs, ys, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            yield from _extremes(column, run)
            yield None
            run = []
            continue
        place = x_scale.place(x)
        if run and place != column:
            yield from _extremes(column, run)
            run = []
        column = place
        run.append(y_scale.place(y))
    yield from _extremes(column, run)


def _extremes(column: int, run: list[int]) -> Iterator[tuple[int, int]]:
    if run:
        yield from ((column, y) for y in dict.fromkeys((run[0], min(run), max(run), run[-1])))
