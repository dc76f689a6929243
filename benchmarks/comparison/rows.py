"""What scenarios measure, round by round, and the ratios of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

BOUND: Final = "bound"
LOOP: Final = "loop"
OURS: Final = "ours"
PEER: Final = "peer"
POLLING: Final = "polling"  # the scenario with most rows
USUAL_BUFFER: Final = 1024  # octets of payload, in the device
WHO: Final = (BOUND, LOOP, OURS, PEER)


@dataclass(slots=True)
class Row:
    """One thing that was measured of some of the four, in the same unit.

    Attributes:
        scenario: what kind of thing.
        case: under which circumstances.
        unit: of the figures.
        figures: of each, one per round; those with the same index belong together.
        cpu: share of a core that each server used, one per round.
        more_is_better: of the unit.
    """

    scenario: str
    case: str
    unit: str
    more_is_better: bool = True
    figures: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    cpu: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def note(self, who: str, figure: float, cpu: float | None = None) -> None:
        """Add what one round gave; not a number: it failed."""
        self.figures.setdefault(who, []).append(figure)
        if cpu is not None:
            self.cpu.setdefault(who, []).append(cpu)

    def median(self, who: str) -> float | None:
        """Return the middle of all rounds."""
        return statistics.median(self.figures[who]) if who in self.figures else None

    def spread(self, who: str) -> float:
        """Return the largest deviation from the median, as a share of it."""
        middle = self.median(who)
        if not middle:
            return 0.0
        return max(abs(one - middle) for one in self.figures[who]) / abs(middle)

    def ratio(self, to: str) -> float | None:
        """Return how many times as much as another ours is, round by round, in the middle."""
        if to not in self.figures or OURS not in self.figures:
            return None
        pairs = zip(self.figures[OURS], self.figures[to], strict=True)
        ratios = [ours / other for ours, other in pairs if other and math.isfinite(other)]
        return statistics.median(ratios) if ratios else None


class Rows:
    """All rows, each begun once and noted in each round."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Row] = {}

    def row(self, scenario: str, case: str, unit: str, *, more_is_better: bool = True) -> Row:
        """Return a row, which may be new."""
        key = (scenario, case, unit)
        if key not in self._rows:
            self._rows[key] = Row(scenario, case, unit, more_is_better)
        return self._rows[key]

    def figures_of(self, who: str) -> list[float]:
        """Return all that was measured of one of the four."""
        return [figure for row in self.all for figure in row.figures.get(who, ())]

    @property
    def all(self) -> Sequence[Row]:
        """In the order in which they were begun."""
        return list(self._rows.values())
