"""An acquisition as lines of text: a diagram per Y axis, one below the other, over one X axis.

    step: 81 samples
    rpm
    2200 |        |'''''''''||||| setpoint
         |        |     _--''    speed
    2000 |        |    .'
         |        |   |'
    1800 |        :  |
         |        : |'
    1600 |        :.'
    1400 |________|'
         ++-------^--------+-----
          0      200      400
      Time (ideal) [ms]  ^ trigger at 200 ms

Pure: what the terminal can show is told by :class:`.terminal.Look`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from scrutiny.sdk import EmbeddedEnum
from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.data_series import DataSeries

from ..output import one_line
from ..quantities import prefix_of, with_unit
from .terminal import Look
from .ticks import Tick, round_ticks
from .traces import Scale, as_ascii, has_dots, merged, trace

_COLOURS: Final = (36, 33, 35, 32, 34, 31)  # cyan, yellow, magenta, green, blue, red
_FAINT: Final = 90
_BOLD: Final = 1

_LABELS_WIDEST: Final = 16  # of the Y axis, in letters
_NAMES_WIDEST: Final = 16  # of series, beside their lines
_NARROWEST: Final = 10  # diagram, in letters
_LOWEST: Final = 3  # diagram, in lines
_ROWS_PER_TICK: Final = 2
_COLUMNS_PER_TICK: Final = 10
_NAMED_VALUES_MOST: Final = 12  # an enumeration with more is shown as numbers

NamesOfValues = Mapping[str, EmbeddedEnum]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The letters around the diagrams."""

    upright: str
    corner: str
    level: str
    mark: str
    trigger: str
    trigger_mark: str
    ellipsis: str


_UNICODE: Final = _Frame("│", "└", "─", "┬", "┊", "▲", "…")
_ASCII: Final = _Frame("|", "+", "-", "+", ":", "^", "~")


@dataclass(slots=True)
class _Row:
    """A line of letters, some of which have a colour."""

    letters: list[str]
    colours: dict[int, int] = field(default_factory=dict[int, int])

    def put(self, column: int, text: str, colour: int | None = None) -> None:
        """Write over what is there, as far as there is room."""
        for place, letter in enumerate(text, max(0, column)):
            if place < len(self.letters):
                self.letters[place] = letter
                if colour is not None:
                    self.colours[place] = colour

    def text(self, *, is_coloured: bool) -> str:
        """Return it without blanks at its end."""
        if not is_coloured:
            return "".join(self.letters).rstrip()
        pieces: list[str] = []
        last = None
        for place, letter in enumerate("".join(self.letters).rstrip()):
            colour = self.colours.get(place)
            if colour != last:
                pieces.append("\x1b[0m" if colour is None else f"\x1b[0;{colour}m")
                last = colour
            pieces.append(letter)
        return "".join(pieces) + ("" if last is None else "\x1b[0m")


def draw(
    acquisition: DataloggingAcquisition, look: Look, enums: NamesOfValues | None = None
) -> list[str]:
    """Return the lines of a plot.

    Args:
        acquisition: all series are as long as the X axis.
        look: the plot has this size, or is higher, if there are many axes.
        enums: names of the values of some series, by the path of what was recorded.
    """
    return _Plot(acquisition, look, enums or {}).lines()


class _Plot:
    def __init__(
        self, acquisition: DataloggingAcquisition, look: Look, enums: NamesOfValues
    ) -> None:
        self._acquisition = acquisition
        self._look = look
        self._frame = _UNICODE if look.is_unicode else _ASCII
        self._axes = [
            (axis.name, [e.series for e in acquisition.ydata if e.axis == axis])
            for axis in acquisition.get_unique_yaxis_list()
        ]
        self._x = _XAxis(acquisition)
        heads_and_x_axis = 4 + len(self._axes)
        rows = (look.height - heads_and_x_axis) // max(1, len(self._axes))
        self._rows = max(rows, _LOWEST)
        self._diagrams = [_Diagram(name, series, enums) for name, series in self._axes]
        ticks = [diagram.ticks(self._rows) for diagram in self._diagrams]
        widest = max((len(tick.label) for each in ticks for tick in each), default=1)
        self._ticks = ticks
        self._left = min(widest, _LABELS_WIDEST) + 1  # where the upright is
        names = [len(s.name) for _, series in self._axes if len(series) > 1 for s in series]
        right = min(max(names, default=-1), _NAMES_WIDEST, look.width // 4) + 1
        self._columns = max(look.width - self._left - 1 - right, _NARROWEST)

    def lines(self) -> list[str]:
        count = len(self._acquisition.xdata)
        name = one_line(self._acquisition.name or "")
        samples = f"{count} sample{'' if count == 1 else 's'}"
        rows = [self._head(f"{name}: {samples}" if name else samples)]
        scale = Scale.around(self._x.numbers, 2 * self._columns)
        trigger = self._trigger_column(scale)
        for diagram, ticks in zip(self._diagrams, self._ticks, strict=True):
            rows += self._diagram_rows(diagram, ticks, scale, trigger)
        rows += self._x_axis_rows(scale, trigger)
        return [row.text(is_coloured=self._look.is_coloured) for row in rows]

    def _blank(self) -> _Row:
        return _Row([" "] * max(self._look.width, self._left + 1 + self._columns))

    def _head(self, text: str) -> _Row:
        row = self._blank()
        row.put(0, self._cut(text, len(row.letters)), _BOLD)
        return row

    def _cut(self, text: str, width: int) -> str:
        return text if len(text) <= width else text[: width - 1] + self._frame.ellipsis

    def _trigger_column(self, scale: Scale) -> int | None:
        at = self._x.trigger
        return None if at is None or not math.isfinite(at) else scale.place(at) // 2

    # ------------------------------------------------------------------ diagrams

    def _diagram_rows(
        self, diagram: _Diagram, ticks: Sequence[Tick], x_scale: Scale, trigger: int | None
    ) -> list[_Row]:
        head = self._blank()
        head.put(0, self._cut(diagram.title, len(head.letters)))
        rows = [self._blank() for _ in range(self._rows)]
        first = self._left + 1
        for row in rows:
            row.put(self._left, self._frame.upright, _FAINT)
            if trigger is not None:
                row.put(first + trigger, self._frame.trigger, _FAINT)
        y_scale = diagram.scale(self._rows)
        for tick in ticks:
            row = rows[self._row_of(y_scale.place(tick.value))]
            label = self._cut(tick.label, self._left - 1)
            row.put(0, label.rjust(self._left - 1))
        self._draw_series(diagram, rows, x_scale, y_scale)
        if len(diagram.series) > 1:
            self._name_series(diagram, rows, y_scale)
        return [head, *rows]

    def _row_of(self, place: int) -> int:
        return self._rows - 1 - min(max(place // 4, 0), self._rows - 1)

    def _draw_series(
        self, diagram: _Diagram, rows: Sequence[_Row], x_scale: Scale, y_scale: Scale
    ) -> None:
        first = self._left + 1
        dots: dict[tuple[int, int], str] = {}
        for number, numbers in enumerate(diagram.numbers):
            for y, letters in enumerate(trace(self._x.numbers, numbers, x_scale, y_scale)):
                for x, letter in enumerate(letters):
                    if not has_dots(letter):
                        continue
                    both = merged(dots.get((x, y), letter), letter)
                    dots[x, y] = both
                    shown = both if self._look.is_unicode else as_ascii(both)
                    rows[y].put(first + x, shown, _colour(number))

    def _name_series(self, diagram: _Diagram, rows: Sequence[_Row], y_scale: Scale) -> None:
        """Write each name where its line ends, or as near as there is room."""
        ends: list[tuple[int, int]] = []
        for number, numbers in enumerate(diagram.numbers):
            last = next((y for y in reversed(numbers) if math.isfinite(y)), None)
            row = self._rows - 1 if last is None else self._row_of(y_scale.place(last))
            ends.append((row, number))
        column = self._left + 2 + self._columns
        lowest_free = 0
        for place, (row, number) in enumerate(sorted(ends)):
            still_to_come = len(ends) - 1 - place
            row = max(lowest_free, min(row, self._rows - 1 - still_to_come))
            if row >= self._rows:
                break
            lowest_free = row + 1
            name = one_line(diagram.series[number].name)
            width = len(rows[row].letters) - column
            rows[row].put(column, self._cut(name, width), _colour(number))

    # ------------------------------------------------------------------ x axis

    def _x_axis_rows(self, scale: Scale, trigger: int | None) -> list[_Row]:
        line, labels, name = self._blank(), self._blank(), self._blank()
        first, frame = self._left + 1, self._frame
        line.put(self._left, frame.corner + frame.level * self._columns, _FAINT)
        end = 0
        count = max(1, self._columns // _COLUMNS_PER_TICK)
        for tick in self._x.ticks(scale.low, scale.high, count):
            column = first + scale.place(tick.value) // 2
            line.put(column, frame.mark, _FAINT)
            left = min(max(column - len(tick.label) // 2, 0), len(labels.letters) - len(tick.label))
            if left >= end:
                labels.put(left, tick.label)
                end = left + len(tick.label) + 1
        title = self._x.title
        if trigger is not None:
            line.put(first + trigger, frame.trigger_mark)
            title += f"  {frame.trigger_mark} {self._x.trigger_text}"
        text = self._cut(title, len(name.letters))
        middle = first + self._columns // 2
        name.put(min(middle - len(text) // 2, len(name.letters) - len(text)), text)
        return [line, labels, name]


class _Diagram:
    """What is drawn on one Y axis."""

    def __init__(self, name: str, series: Sequence[DataSeries], enums: NamesOfValues) -> None:
        self.series = series
        self.numbers: list[list[float]] = [each.to_list() for each in series]
        self._name = one_line(name)
        self._enum = _common_enum(series, enums)
        self._is_whole = all(isinstance(y, int) for numbers in self.numbers for y in numbers[:1])

    @property
    def title(self) -> str:
        """Name of the axis, and of its series if it has one only."""
        if len(self.series) != 1:
            return self._name
        name = one_line(self.series[0].name)
        is_said = name == self._name or f"[{self._name}]" in name
        return name if is_said else f"{self._name}: {name}"

    def scale(self, rows: int) -> Scale:
        return Scale.around([y for numbers in self.numbers for y in numbers], 4 * rows)

    def ticks(self, rows: int) -> list[Tick]:
        scale = self.scale(rows)
        if self._enum is not None:
            named = {value: name for name, value in reversed(self._enum.vals.items())}
            inside = [value for value in sorted(named) if scale.low <= value <= scale.high]
            if 0 < len(inside) <= min(rows, _NAMED_VALUES_MOST):
                return [Tick(value, one_line(named[value])) for value in inside]
        count = max(2, rows // _ROWS_PER_TICK)
        return round_ticks(scale.low, scale.high, count, whole=self._is_whole)


class _XAxis:
    """The X axis; times have a prefix that makes their numbers short."""

    def __init__(self, acquisition: DataloggingAcquisition) -> None:
        series = acquisition.xdata
        numbers: list[float] = series.to_list()
        name = one_line(series.name)
        self.title = name
        self.numbers = numbers
        self._number: Callable[[float], str] = lambda x: f"{x:g}"
        is_measured = series.logged_watchable is None
        if is_measured and name.startswith("Time"):
            span = max(map(abs, numbers), default=0.0)
            factor, prefix = prefix_of(span) if 0 < span < 1 else (1.0, "")
            self.numbers = [number / factor for number in numbers]
            self.title = f"{name} [{prefix}s]"
            self._number = lambda x: with_unit(x * factor, "s")
        elif is_measured:
            self._number = lambda x: f"sample {x:g}"
        self._is_whole = all(isinstance(x, int) for x in numbers[:1])
        index = acquisition.trigger_index
        self.trigger = None if index is None or index >= len(numbers) else self.numbers[index]

    @property
    def trigger_text(self) -> str:
        return f"trigger at {self._number(self.trigger or 0)}"

    def ticks(self, low: float, high: float, count: int) -> list[Tick]:
        return round_ticks(low, high, count, whole=self._is_whole)


def _colour(number: int) -> int:
    return _COLOURS[number % len(_COLOURS)]


def _common_enum(series: Sequence[DataSeries], enums: NamesOfValues) -> EmbeddedEnum | None:
    paths = [each.logged_watchable.path for each in series if each.logged_watchable is not None]
    found = [enums[path] for path in paths if path in enums]
    is_common = len(found) == len(series) and all(enum == found[0] for enum in found)
    return found[0] if found and is_common else None
