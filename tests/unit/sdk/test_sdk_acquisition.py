"""Acquisitions: their parts, and as text."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scrutiny.sdk.datalogging import AxisDefinition, DataloggingAcquisition, DataSeries
from tests.unit.sdk.acquisition_bench import RPM, STATES, make_acquisition

TEXT = """\
Acquisition Name,Startup
Acquisition ID,0f3c0f3c0f3c0f3c0f3c0f3c0f3c0f3c
Acquisition time,2026-03-01 08:30:00
Firmware ID,00110011001100110011001100110011
Firmware Name,Pump V3.1

Time (ideal),state,speed,setpoint,Trigger
-0.001,1,98.0,100,0
0.0,2,101.5,100,1
0.001,9223372036854775807,nan,100,1
"""


# --------------------------------------------------------------------- parts


def test_a_new_acquisition_is_empty_and_has_a_name_of_its_own() -> None:
    before = datetime.now()
    first, second = DataloggingAcquisition("f" * 32), DataloggingAcquisition("f" * 32)

    assert before <= first.acq_time <= datetime.now()
    assert first.reference_id != second.reference_id
    assert len(bytes.fromhex(first.reference_id)) == 16
    assert len(bytes.fromhex(DataloggingAcquisition.make_unique_id())) == 16
    assert (first.name, first.firmware_name, first.trigger_index) == (None, None, None)
    assert (len(first.xdata), first.ydata) == (0, [])


def test_series_come_with_their_axes() -> None:
    acquisition = make_acquisition()

    assert acquisition.get_data() is acquisition.ydata
    assert [entry.series.name for entry in acquisition.ydata] == ["state", "speed", "setpoint"]
    assert [entry.axis for entry in acquisition.ydata] == [STATES, RPM, RPM]
    assert acquisition.get_unique_yaxis_list() == [RPM, STATES]


def test_the_axis_of_a_series_is_found_by_the_series_itself() -> None:
    acquisition = make_acquisition()

    for entry in acquisition.ydata:
        assert acquisition.find_axis_for_dataseries(entry.series) is entry.axis
    for stranger in (DataSeries([1, 2, 3], "state"), acquisition.xdata):
        with pytest.raises(LookupError):
            acquisition.find_axis_for_dataseries(stranger)


def test_only_series_and_axes_are_parts() -> None:
    acquisition = make_acquisition()
    wrong: Any = [1.0, 2.0]

    with pytest.raises(TypeError, match="DataSeries"):
        acquisition.set_xdata(wrong)
    with pytest.raises(TypeError, match="DataSeries"):
        acquisition.add_data(wrong, RPM)
    with pytest.raises(TypeError, match="AxisDefinition"):
        acquisition.add_data(DataSeries(), wrong)


@pytest.mark.parametrize("index", [-1, 1.0, True, "1"])
def test_a_trigger_index_is_a_number_of_a_sample(index: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="trigger index"):
        make_acquisition().set_trigger_index(index)


def test_an_acquisition_introduces_itself() -> None:
    assert repr(make_acquisition()) == "<DataloggingAcquisition 'Startup': 3 signals, 3 samples>"
    assert "0f3c0f3c" in repr(make_acquisition(name=""))


# --------------------------------------------------------------------- text


def test_a_file_holds_all_digits_and_replaces_an_older_one(tmp_path: Path) -> None:
    file = tmp_path / "startup.csv"
    file.write_text("something longer " * 100)

    make_acquisition().to_csv(file)
    assert file.read_bytes() == TEXT.replace("\n", "\r\n").encode()
    make_acquisition(name="Startüp").to_csv(str(file))
    assert "Startüp" in file.read_text(encoding="utf-8")


def test_the_same_rows_go_to_a_writer_in_its_own_dialect() -> None:
    stream = io.StringIO()

    make_acquisition().write_csv(csv.writer(stream, delimiter=";", lineterminator="\n"))

    assert stream.getvalue() == TEXT.replace(",", ";")


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    acquisition = make_acquisition(name=None)
    acquisition.firmware_name = None
    acquisition.set_trigger_index(None)

    acquisition.to_csv(tmp_path / "x.csv")

    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines[0] == "Acquisition Name,"
    assert lines[4] == "Firmware Name,N/A"
    assert lines[6] == "Time (ideal),state,speed,setpoint"
    assert lines[7] == "-0.001,1,98.0,100"


def test_axes_with_one_id_do_not_hinder_an_export(tmp_path: Path) -> None:
    acquisition = make_acquisition()
    acquisition.add_data(DataSeries([1, 2, 3], "more"), AxisDefinition("other", RPM.axis_id))

    acquisition.to_csv(tmp_path / "x.csv")

    assert "setpoint,more,Trigger" in (tmp_path / "x.csv").read_text()


def test_a_series_of_another_length_is_named_before_a_file_is_lost(tmp_path: Path) -> None:
    acquisition = make_acquisition()
    acquisition.add_data(DataSeries([1, 2], "short"), RPM)
    file = tmp_path / "x.csv"
    file.write_text("precious")

    with pytest.raises(ValueError, match="short"):
        acquisition.to_csv(file)
    with pytest.raises(ValueError, match="short"):
        acquisition.write_csv(csv.writer(io.StringIO()))
    assert file.read_text() == "precious"
