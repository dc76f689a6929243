from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrutiny.cli.plotting.terminal import Look
from scrutiny.cli.plotting.terminal_plot import draw
from scrutiny.sdk import EmbeddedEnum, WatchableType
from scrutiny.sdk.datalogging import (
    AxisDefinition,
    DataloggingAcquisition,
    DataSeries,
    LoggedWatchable,
)

RPM, STATE = AxisDefinition("rpm", 0), AxisDefinition("state", 1)
PLAIN = Look(60, 16, is_unicode=False)


def acquisition(
    xs: list[float],
    *series: tuple[str, AxisDefinition, Sequence[float]],
    x_name: str = "Time (ideal)",
) -> DataloggingAcquisition:
    made = DataloggingAcquisition("00" * 16, name="step")
    made.set_xdata(DataSeries(xs, x_name))
    for name, axis, ys in series:
        watchable = LoggedWatchable(f"/{name}", WatchableType.Variable)
        made.add_data(DataSeries(ys, name, watchable), axis)
    return made


def step() -> DataloggingAcquisition:
    xs = [number * 0.01 for number in range(81)]
    ys = [1200.0 if x < 0.2 else 2200 - 1000 * math.exp((0.2 - x) / 0.1) for x in xs]
    made = acquisition(xs, ("setpoint", RPM, [1200.0] * 20 + [2200.0] * 61), ("speed", RPM, ys))
    made.set_trigger_index(20)
    return made


def test_a_step_in_ascii() -> None:
    assert draw(step(), Look(60, 15, is_unicode=False)) == [
        "step: 81 samples",
        "rpm",
        "2200 |           |'''''''''''''|||||''''''''''''''' setpoint",
        "     |           |        _--''                     speed",
        "2000 |           |      _-'",
        "     |           |    .-'",
        "1800 |           |   |'",
        "1600 |          |:  |",
        "     |          |: |'",
        "1400 |          |:.'",
        "     |          |.'",
        "1200 |__________||",
        "     ++----------^----------+----------+----------+",
        "      0         200        400        600        800",
        "         Time (ideal) [ms]  ^ trigger at 200 ms",
    ]


def test_letters_of_unicode_have_more_dots_and_the_same_places() -> None:
    lines = draw(step(), Look(60, 15))
    assert [len(line) for line in lines] == [
        len(line) for line in draw(step(), Look(60, 15, is_unicode=False))
    ]
    assert lines[-3].startswith("     └┬──────────▲")
    assert re.search("[\u2801-\u28ff]", lines[3])


def test_the_size_is_that_of_the_terminal() -> None:
    for width in (30, 40, 79, 200):
        for height in (10, 23, 60):
            lines = draw(step(), Look(width, height))
            assert len(lines) == height
            assert max(map(len, lines)) <= width


def test_colours_tell_series_apart_and_are_nothing_but_colours() -> None:
    plain = draw(step(), Look(60, 15))
    coloured = draw(step(), Look(60, 15, is_coloured=True))

    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured] == plain
    assert "\x1b[0;36msetpoint\x1b[0m" in "\n".join(coloured)
    assert "\x1b[0;33mspeed\x1b[0m" in "\n".join(coloured)
    for line in coloured:
        assert "\x1b" not in line or line.endswith("\x1b[0m")


def test_each_axis_has_its_diagram_over_one_x_axis() -> None:
    made = acquisition([0.0, 1.0], ("speed", RPM, [0.0, 5.0]), ("state", STATE, [0, 1]))
    lines = draw(made, PLAIN)

    assert lines[1] == "rpm: speed"
    assert lines[7] == "state"
    with_unit = acquisition([0.0, 1.0], ("speed [rpm]", RPM, [0.0, 5.0]))
    assert draw(with_unit, PLAIN)[1] == "speed [rpm]"
    assert sum("+-" in line for line in lines) == 1
    assert lines[-1].strip() == "Time (ideal) [s]"


def test_values_of_an_enumeration_have_their_names() -> None:
    states = EmbeddedEnum("state", {"OFF": 0, "ON": 1, "BURNT": 9})
    made = acquisition([0.0, 1.0, 2.0], ("state", STATE, [0, 1, 1]))

    labels = [line.partition("|")[0].strip() for line in draw(made, PLAIN, {"/state": states})]
    assert [label for label in labels if label in states.vals] == ["ON", "OFF"]
    assert "OFF" not in "".join(draw(made, PLAIN, {"/other": states}))


def test_an_enumeration_with_too_many_values_is_a_number() -> None:
    many = EmbeddedEnum("many", {f"NAME{value}": value for value in range(100)})
    made = acquisition([0.0, 1.0], ("state", STATE, [0, 99]))
    assert "NAME" not in "".join(draw(made, PLAIN, {"/state": many}))


@pytest.mark.parametrize(
    ("xs", "x_name", "index", "title"),
    [
        ([0, 1, 2], "Index", 1, "Index  ^ trigger at sample 1"),
        ([0.0, 1.5, 3.0], "Time (measured)", 1, "Time (measured) [s]  ^ trigger at 1.5 s"),
        ([0.0, 1e-5, 2e-5], "Time (ideal)", 1, "Time (ideal) [µs]  ^ trigger at 10 µs"),
        ([0.0, 0.0], "Time (ideal)", 0, "Time (ideal) [s]  ^ trigger at 0 s"),
        ([0.0, 1.0], "Time (ideal)", None, "Time (ideal) [s]"),
    ],
)
def test_the_x_axis_has_a_name_a_unit_and_the_trigger(
    xs: list[float], x_name: str, index: int | None, title: str
) -> None:
    made = acquisition(xs, ("a", RPM, [0.0] * len(xs)), x_name=x_name)
    made.set_trigger_index(index)
    assert draw(made, PLAIN)[-1].strip() == title


def test_a_signal_as_x_axis_has_its_own_name() -> None:
    made = acquisition([0.0], ("a", RPM, [0.0]))
    angle = LoggedWatchable("/Time of day", WatchableType.Variable)
    made.set_xdata(DataSeries([3.0], "Time of day", angle))
    made.set_trigger_index(0)
    assert draw(made, PLAIN)[-1].strip() == "Time of day  ^ trigger at 3"


def test_names_from_a_firmware_reach_no_terminal() -> None:
    hostile = "\x1b[2J\n\r"
    made = acquisition([0.0, 1.0], (hostile, AxisDefinition(hostile, 0), [0, 1]), x_name=hostile)
    made.name = hostile
    made.add_data(DataSeries([0, 1], hostile), made.ydata[0].axis)
    lines = draw(made, PLAIN, {f"/{hostile}": EmbeddedEnum("e", {hostile: 0})})
    assert all(line.isprintable() for line in lines)


def test_long_names_leave_room_for_the_diagram() -> None:
    made = acquisition([0.0, 1.0], ("x" * 500, RPM, [0, 1]), ("y" * 500, RPM, [0, 1]))
    made.name = "z" * 500
    lines = draw(made, PLAIN)
    assert all(len(line) <= 60 for line in lines)
    assert lines[0].endswith("z~")
    assert "xxx~" in "".join(lines)


def test_an_acquisition_without_anything_is_drawn() -> None:
    assert draw(acquisition([]), PLAIN)[0] == "step: 0 samples"
    assert draw(acquisition([], ("a", RPM, [])), PLAIN)[1] == "rpm: a"
    assert draw(acquisition([0.0], ("a", RPM, [math.nan])), PLAIN)[0] == "step: 1 sample"


def test_more_axes_than_lines_make_it_higher() -> None:
    made = acquisition(
        [0.0, 1.0], *((f"s{n}", AxisDefinition(f"s{n}", n), [0, n]) for n in range(9))
    )
    lines = draw(made, PLAIN)
    assert len(lines) == 1 + 9 * 4 + 3
    assert [line for line in lines if line.startswith("s")][1:] == [f"s{n}" for n in range(9)]


def test_more_series_than_lines_leave_names_out() -> None:
    made = acquisition([0.0, 1.0], *((f"s{n}", RPM, [0, n]) for n in range(9)))
    assert len(draw(made, Look(60, 10))) == 10


numbers = st.floats() | st.integers(-(1 << 63), (1 << 64) - 1)


@settings(max_examples=50)
@given(
    st.lists(numbers, max_size=8),
    st.lists(st.lists(numbers, min_size=8, max_size=8), max_size=3),
    st.integers(30, 100),
    st.integers(10, 40),
    st.booleans(),
)
def test_whatever_was_recorded_has_a_plot_of_that_size(
    xs: list[float], series: list[list[float]], width: int, height: int, is_unicode: bool
) -> None:
    axes = [RPM, STATE, RPM]
    made = DataloggingAcquisition("00" * 16)
    kinds = {type(x) for x in xs}
    if len(kinds) > 1:
        xs = [float(x) for x in xs]
    try:
        made.set_xdata(DataSeries(xs))
        for axis, ys in zip(axes, series, strict=False):
            made.add_data(DataSeries(ys[: len(xs)], "s"), axis)
    except ValueError:  # integers of both signs beyond 63 bits
        return
    if xs:
        made.set_trigger_index(len(xs) - 1)
    lines = draw(made, Look(width, height, is_unicode=is_unicode))
    assert all(len(line) <= width for line in lines)
    assert len(lines) >= min(height, 4)
