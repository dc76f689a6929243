"""The text form of acquisitions, octet by octet."""

from __future__ import annotations

import csv
import io
import math
import time
from array import array
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrutiny.core.acquisition_csv import csv_rows, local_time_text, write_csv, write_csv_text
from scrutiny.core.datalogging import X_AXIS_ID, Acquisition, Axis, Samples, Series

ACQUISITION = Acquisition(
    reference_id="0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22",
    firmware_id="00112233445566778899aabbccddeeff",
    firmware_name="Pump controller V3.1",
    name="Startup",
    time_s=1772353800.75,
    trigger_index=1,
    axes=(Axis(0, "bar"),),
    x=Series("Time (ideal)", X_AXIS_ID, array("d", [0.0, 0.001])),
    series=(
        Series("pressure", 0, array("d", [1.25, 1.5])),
        Series("setpoint", 0, array("d", [2.0, 2.0])),
    ),
)

# The example of the specification; its time is one of a place without summer time, as UTC.
EXPECTED = """\
Acquisition Name,Startup
Acquisition ID,0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22
Acquisition time,2026-03-01 08:30:00
Firmware ID,00112233445566778899aabbccddeeff
Firmware Name,Pump controller V3.1

Time (ideal),pressure,setpoint,Trigger
0.0,1.25,2.0,0
0.001,1.5,2.0,1
""".replace("\n", "\r\n")


@pytest.fixture
def clock_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what sets the user's time zone."""

    def clock_of(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield clock_of
    monkeypatch.undo()
    time.tzset()


def text_of(acquisition: Acquisition) -> str:
    stream = io.StringIO(newline="")
    write_csv_text(acquisition, stream)
    return stream.getvalue()


def with_samples(*columns: Samples, trigger_index: int | None = None) -> Acquisition:
    x, *ys = columns
    return replace(
        ACQUISITION,
        trigger_index=trigger_index,
        x=replace(ACQUISITION.x, samples=x),
        series=tuple(Series(f"y{index}", 0, y) for index, y in enumerate(ys)),
    )


def sample_rows(acquisition: Acquisition) -> list[str]:
    return text_of(acquisition).split("\r\n")[7:-1]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="time zones of POSIX")
def test_the_example_of_the_specification_is_written_octet_by_octet(clock_of: Any) -> None:
    clock_of("UTC")

    assert text_of(ACQUISITION) == EXPECTED


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="time zones of POSIX")
def test_times_are_those_of_the_users_clock(clock_of: Any) -> None:
    clock_of("IST-5:30")

    assert local_time_text(1772353800.75) == "2026-03-01 14:00:00"


@pytest.mark.parametrize("time_s", [math.nan, math.inf, -math.inf, 1e300, -1e300])
def test_a_time_that_no_calendar_has_does_not_spoil_the_samples(time_s: float) -> None:
    assert ",N/A\r\n" in text_of(replace(ACQUISITION, time_s=time_s))


def test_a_firmware_without_a_name_is_not_available() -> None:
    assert "Firmware Name,N/A\r\n" in text_of(replace(ACQUISITION, firmware_name=None))


def test_without_a_trigger_there_is_no_trigger_column() -> None:
    text = text_of(replace(ACQUISITION, trigger_index=None))

    assert "Time (ideal),pressure,setpoint\r\n0.0,1.25,2.0\r\n" in text


@pytest.mark.parametrize(
    ("trigger_index", "column"), [(0, "111"), (1, "011"), (2, "001"), (3, "000"), (9, "000")]
)
def test_the_trigger_column_turns_to_one_at_the_trigger(trigger_index: int, column: str) -> None:
    acquisition = with_samples(array("q", [7, 8, 9]), trigger_index=trigger_index)

    assert [row.split(",")[-1] for row in sample_rows(acquisition)] == list(column)


def test_integers_keep_all_their_digits() -> None:
    acquisition = with_samples(
        array("Q", [2**64 - 1, 2**63]), array("q", [-(2**63), 2**63 - 1]), array("d", [2**63, 1])
    )

    assert sample_rows(acquisition) == [
        "18446744073709551615,-9223372036854775808,9.223372036854776e+18",
        "9223372036854775808,9223372036854775807,1.0",
    ]


def test_what_is_not_finite_is_written_as_python_reads_it() -> None:
    acquisition = with_samples(array("d", [math.nan, math.inf, -math.inf, -0.0]))

    assert sample_rows(acquisition) == ["nan", "inf", "-inf", "-0.0"]


def test_no_samples_are_no_rows() -> None:
    assert sample_rows(with_samples(array("d"), array("q"), trigger_index=0)) == []


def test_names_are_quoted_where_they_have_to_be() -> None:
    text = text_of(replace(ACQUISITION, name='a, "b"\r\nc'))

    assert text.startswith('Acquisition Name,"a, ""b""\r\nc"\r\n')


def test_rows_go_to_any_writer_in_its_own_dialect() -> None:
    stream = io.StringIO(newline="")

    write_csv(ACQUISITION, csv.writer(stream, delimiter=";", lineterminator="\n"))

    assert stream.getvalue().splitlines()[-2:] == ["0.0;1.25;2.0;0", "0.001;1.5;2.0;1"]


@given(
    names=st.lists(st.text(st.characters(blacklist_categories=["Cs"])), min_size=1, max_size=4),
    values=st.lists(st.floats(), max_size=5),
)
def test_what_was_written_can_be_read_back(names: list[str], values: list[float]) -> None:
    acquisition = replace(
        ACQUISITION,
        name=names[0],
        x=Series(names[-1], X_AXIS_ID, array("d", values)),
        series=tuple(Series(name, 0, array("d", values)) for name in names),
    )

    rows = list(csv.reader(io.StringIO(text_of(acquisition), newline="")))

    assert rows == [[str(field) for field in row] for row in csv_rows(acquisition)]
    read = [[repr(float(field)) for field in row[:-1]] for row in rows[7:]]
    assert read == [[repr(value)] * (len(names) + 1) for value in values]
