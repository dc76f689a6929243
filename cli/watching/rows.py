"""The newest of each watched value, and how it changes; no I/O, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from scrutiny.sdk import DetailedWatchableConfiguration, ValueStatus
from scrutiny.sdk.listeners.value_update import ValueUpdate

from ..server_connection import Definitions
from ..value_text import Value, value_text

_SPAN_S: Final = 1.0  # over which change is measured: shorter shows noise, longer comes late


class Row(NamedTuple):
    """A value as a table shows it.

    Attributes:
        path: of the watchable.
        value: or why there is none.
        change: per second, empty where that means nothing.
        updates: per second.
        age: of the newest update.
        is_valid: there is a value.
    """

    path: str
    value: str
    change: str
    updates: str
    age: str
    is_valid: bool


@dataclass(slots=True)
class _Series:
    definition: DetailedWatchableConfiguration
    value: Value | None = None
    status: ValueStatus = ValueStatus.NeverSet
    time_s: float | None = None  # of the newest update, or loss
    count: int = 0
    recent: deque[tuple[float, Value]] = field(default_factory=deque[tuple[float, Value]])


class WatchedRows:
    """Takes updates, gives rows. Times are of one monotonic clock, in seconds."""

    def __init__(self, definitions: Definitions) -> None:
        self._series = {path: _Series(one) for path, one in definitions.items()}

    def take(self, updates: Sequence[ValueUpdate], now_s: float) -> None:
        """Take updates that came at this time."""
        for update in updates:
            series = self._series[update.watchable.server_path]
            series.value, series.status, series.time_s = update.value, update.status, now_s
            if update.value is None:
                series.recent.clear()
                continue
            series.count += 1
            series.recent.append((now_s, update.value))
            while series.recent[0][0] < now_s - _SPAN_S:
                series.recent.popleft()

    @property
    def fewest(self) -> int:
        """How many values have come of each, at least."""
        return min((series.count for series in self._series.values()), default=0)

    def rows(self, now_s: float) -> list[Row]:
        """Return a row for each value, in the order of the definitions."""
        return [_row(path, series, now_s) for path, series in self._series.items()]


def _row(path: str, series: _Series, now_s: float) -> Row:
    if series.value is None:
        value = "" if series.status is ValueStatus.NeverSet else series.status.name
    else:
        value = value_text(series.value, series.definition)
    age = "" if series.time_s is None else f"{max(0.0, now_s - series.time_s):.1f} s"
    return Row(path, value, *_rates(series, now_s), age, series.value is not None)


def _rates(series: _Series, now_s: float) -> tuple[str, str]:
    recent = [(time_s, value) for time_s, value in series.recent if time_s >= now_s - _SPAN_S]
    if len(recent) < 2:
        return "", ""
    (first_s, first), (last_s, last) = recent[0], recent[-1]
    span_s = last_s - first_s
    if span_s <= 0:
        return "", ""
    updates = f"{(len(recent) - 1) / span_s:.3g}"
    if series.definition.enum is not None or isinstance(last, bool):
        return "", updates
    change = (last - first) / span_s
    return f"{change:+.3g}" if change else "0", updates
