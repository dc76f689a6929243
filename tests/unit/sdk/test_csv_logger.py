"""Updates as rows of CSV files."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scrutiny import sdk
from scrutiny.sdk._core import ClientCore
from scrutiny.sdk._watch_options import WatchOptions
from scrutiny.sdk._watch_state import WatchState
from scrutiny.sdk._watched_value import WatchedValue
from scrutiny.sdk.listeners import ValueUpdate
from scrutiny.sdk.listeners.csv_logger import CSVConfig, CSVLogger

START = datetime(2026, 2, 3, 4, 5, 6, 789_000)
COLUMNS = [
    CSVLogger.ColumnDescriptor("/a/speed", "speed", "s"),
    CSVLogger.ColumnDescriptor("/b/on", "on", "o"),
    CSVLogger.ColumnDescriptor("/b/mode", "mode", "m"),
]


def update(value: int | float | bool | None, after_us: int) -> ValueUpdate:
    status = sdk.ValueStatus.Valid if value is not None else sdk.ValueStatus.DeviceGone
    definition = sdk.DetailedVarWatchableConfiguration(
        sdk.WatchableType.Variable, sdk.EmbeddedDataType.float32, None, "1", "/x", 0, None, None
    )
    handle = WatchedValue(ClientCore(), WatchState(definition, WatchOptions()))
    time = START + timedelta(microseconds=after_us)
    return ValueUpdate(handle, value, None, status, time)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def started(folder: Path, **options: object) -> CSVLogger:
    logger = CSVLogger(folder, "log.csv", **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    logger.define_columns(COLUMNS)
    logger.start()
    return logger


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf8").splitlines()))


def write(logger: CSVLogger, *values: tuple[str, int | float | bool | None, int]) -> None:
    updates = [update(value, after_us) for _, value, after_us in values]
    logger.write(updates, [signal for signal, _, _ in values])


def test_one_read_of_the_device_is_one_row(tmp_path: Path) -> None:
    logger = started(tmp_path)

    write(logger, ("s", 1.5, 0), ("o", True, 3), ("m", 2, 7))
    write(logger, ("m", 3, 100_000), ("s", 2.5, 100_004))
    logger.stop()

    assert rows_of(tmp_path / "log.csv") == [
        ["", "", "/a/speed", "/b/on", "/b/mode"],
        ["Datetime", "Time [s]", "speed", "on", "mode", "update flags"],
        ["2026-02-03 04:05:06.789000", "0.0", "1.5", "1", "2", "1,1,1"],
        ["2026-02-03 04:05:06.889000", "0.1", "2.5", "1", "3", "1,0,1"],
    ]


def test_several_reads_in_one_message_are_several_rows(tmp_path: Path) -> None:
    logger = started(tmp_path)

    write(logger, ("s", 1, 0), ("s", 2, 300), ("s", 3, 600), ("o", False, 603), ("m", 1, 9_000))
    logger.stop()

    assert [row[2:] for row in rows_of(tmp_path / "log.csv")[2:]] == [
        ["1", "", "", "1,0,0"],
        ["2", "", "", "1,0,0"],
        ["3", "0", "", "1,1,0"],
        ["3", "0", "1", "0,0,1"],
    ]


def test_a_value_that_is_lost_leaves_an_empty_cell(tmp_path: Path) -> None:
    logger = started(tmp_path)

    write(logger, ("s", 1.5, 0), ("m", 4, 0))
    write(logger, ("s", None, 50_000))
    logger.stop()

    assert rows_of(tmp_path / "log.csv")[3][2:] == ["", "", "4", "1,0,0"]


def test_without_updates_there_is_no_row(tmp_path: Path) -> None:
    logger = started(tmp_path)
    logger.write([])
    write(logger, ("unknown", 1, 0))
    logger.stop()

    assert len(rows_of(tmp_path / "log.csv")) == 2


def test_the_zero_of_the_time_can_be_given(tmp_path: Path) -> None:
    logger = started(tmp_path, datetime_zero_sec=START - timedelta(seconds=2))
    write(logger, ("s", 1, 0))
    logger.stop()

    assert rows_of(tmp_path / "log.csv")[2][:2] == ["2026-02-03 04:05:06.789000", "2.0"]


def test_parts(tmp_path: Path) -> None:
    logger = started(tmp_path, lines_per_file=100, file_part_0pad=2)
    for number in range(101):
        write(logger, ("s", number, 10_000 * number))
    logger.stop()
    logger.start()
    write(logger, ("s", 101, 10_000 * 101))
    logger.stop()

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log_00.csv", "log_01.csv", "log_02.csv"]
    assert [len(rows_of(tmp_path / name)) for name in files] == [102, 3, 3]
    assert rows_of(tmp_path / "log_01.csv")[2][1:3] == ["1.0", "100"]
    assert CSVLogger.get_conflicting_files(tmp_path, "log") == sorted(tmp_path.iterdir())
    with pytest.raises(FileExistsError):
        CSVLogger(tmp_path, "log", lines_per_file=100)
    CSVLogger(tmp_path, "other", lines_per_file=100)


def test_a_logger_that_is_started_again_goes_on_in_its_file(tmp_path: Path) -> None:
    logger = started(tmp_path)
    write(logger, ("s", 1, 0))
    logger.stop()
    logger.stop()
    assert not logger.started()
    logger.start()
    write(logger, ("s", 2, 1_000_000))
    logger.stop()

    assert [row[1:3] for row in rows_of(tmp_path / "log.csv")[2:]] == [["0.0", "1"], ["1.0", "2"]]
    assert logger.get_actual_filename() == tmp_path / "log.csv"
    logger.define_columns(COLUMNS[:1])
    with pytest.raises(FileExistsError, match="other columns"):
        logger.start()


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("mine")
    logger = CSVLogger(tmp_path, "log")
    logger.define_columns(COLUMNS)

    with pytest.raises(FileExistsError):
        logger.start()

    assert (tmp_path / "log.csv").read_text() == "mine"


def test_format(tmp_path: Path) -> None:
    config = CSVConfig("utf-16", "\r\n", ";", "'", csv.QUOTE_ALL)
    logger = started(
        tmp_path,
        csv_config=config,
        datetime_format="%H.%M",
        convert_bool_to_int=False,
        file_headers=[["made by", "test"]],
    )
    write(logger, ("o", True, 0))
    logger.stop()

    assert (tmp_path / "log.csv").read_bytes().decode("utf-16").split("\r\n") == [
        "'made by';'test'",
        "'';'';'/a/speed';'/b/on';'/b/mode'",
        "'Datetime';'Time [s]';'speed';'on';'mode';'update flags'",
        "'04.05';'0.0';'';'True';'';'0,1,0'",
        "",
    ]


@pytest.mark.parametrize("name", ["", ".csv", f"sub{os.sep}log", "sub/log.csv", "sub\\log", ".."])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name of a file"):
        CSVLogger(tmp_path, name)


def test_other_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        CSVLogger(tmp_path / "nowhere", "log")
    for options in ({"lines_per_file": 99}, {"file_part_0pad": 21}, {"file_part_0pad": -1}):
        with pytest.raises(ValueError, match="is "):
            CSVLogger(tmp_path, "log", **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="not open"):
        CSVLogger(tmp_path, "log").write([])
    with pytest.raises(ValueError, match="no columns"):
        CSVLogger(tmp_path, "log").start()
    twice: Sequence[CSVLogger.ColumnDescriptor] = [COLUMNS[0], COLUMNS[0]]
    with pytest.raises(ValueError, match="same signal_id"):
        CSVLogger(tmp_path, "log").define_columns(twice)
