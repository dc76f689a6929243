"""What is stored comes back, octet by octet, or as an error that says what is wrong."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
import tracemalloc
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scrutiny.core.datalogging import X_AXIS_ID, Acquisition, Axis, Samples, Series
from scrutiny.server.datalogging import sqlite_file
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.errors import (
    AcquisitionDamaged,
    AcquisitionExists,
    AcquisitionRefused,
    AcquisitionUnknown,
    AxisUnknown,
    DatabaseMalformed,
    DatabaseUnusable,
)
from scrutiny.server.datalogging.sqlite_file import SqliteFile
from tests.support.acquisitions import (
    FIRMWARE_ID,
    OTHER_FIRMWARE_ID,
    TIME_S,
    acquisition,
    content,
)
from tests.support.example_board import ROOT

NO_IDS = ["0" * 32, "", "0" * 31, "g" * 32, "../../etc/passwd", "\ud800" * 32, "' OR 1=1 --"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "acquisitions.sqlite3"


@pytest.fixture
def database(file: Path) -> Iterator[AcquisitionDatabase]:
    database = AcquisitionDatabase.open(file)
    yield database
    database.close()


def change(file: Path, statement: str, *values: Any) -> None:
    """Change a database as another program would."""
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(statement, values)
    connection.close()


def open_and_read(file: Path, reference_id: str) -> Acquisition:
    database = AcquisitionDatabase.open(file)
    try:
        return database.read(reference_id)
    finally:
        database.close()


# --- what was stored


def test_every_type_comes_back_octet_by_octet(database: AcquisitionDatabase) -> None:
    stored = acquisition()

    database.add(stored)

    assert content(database.read(stored.reference_id)) == content(stored)


@pytest.mark.parametrize("columns", [(array("d"),), (array("Q"), array("q"))])
def test_acquisitions_without_samples_or_series_come_back(
    database: AcquisitionDatabase, columns: tuple[Samples, ...]
) -> None:
    stored = acquisition(*columns, axes=(Axis(0, ""),), trigger_index=None, firmware_name=None)

    database.add(stored)

    assert content(database.read(stored.reference_id)) == content(stored)


def test_what_was_stored_is_there_when_the_file_is_opened_again(file: Path) -> None:
    stored = acquisition()
    database = AcquisitionDatabase.open(file)
    database.add(stored)
    database.close()

    database = AcquisitionDatabase.open(file)

    assert content(database.read(stored.reference_id)) == content(stored)
    database.close()
    assert list(file.parent.iterdir()) == [file]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(
    floats=st.lists(st.floats(), max_size=3),
    integers=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    axis_id=st.integers(0, 2**63 - 1),
    time_us=st.integers(0, 4_000_000_000_000_000),
)
def test_whatever_is_stored_comes_back(
    database: AcquisitionDatabase,
    floats: list[float],
    integers: list[int],
    name: str,
    axis_id: int,
    time_us: int,
) -> None:
    count = min(len(floats), len(integers))
    database.delete_all()
    stored = acquisition(
        name=name,
        firmware_name=name,
        time_s=time_us / 1e6,
        axes=(Axis(axis_id, name),),
        x=Series(name, X_AXIS_ID, array("q", integers[:count])),
        series=(Series(name, axis_id, array("d", floats[:count]), name, "var"),),
    )

    database.add(stored)

    assert content(database.read(stored.reference_id)) == content(stored)


def test_half_of_a_surrogate_pair_is_replaced(database: AcquisitionDatabase) -> None:
    stored = acquisition(name="a\ud800b", axes=(Axis(0, "\udfff"), Axis(7, "")))

    database.add(stored)

    read = database.read(stored.reference_id)
    assert (read.name, read.axes[0].name) == ("a?b", "?")


def test_long_names_are_cut_and_paths_are_not(database: AcquisitionDatabase) -> None:
    x = Series("x" * 2000, X_AXIS_ID, array("d"), "/" + "p" * 9000, "var")
    stored = acquisition(name="n" * 2000, x=x, series=())

    database.add(stored)

    read = database.read(stored.reference_id)
    assert (len(read.name), len(read.x.name)) == (1000, 1000)
    assert read.x.path == x.path


def test_a_reference_id_is_taken_once(database: AcquisitionDatabase) -> None:
    stored = acquisition()
    database.add(stored)

    with pytest.raises(AcquisitionExists, match=stored.reference_id):
        database.add(acquisition(reference_id=stored.reference_id, name="other"))

    assert [one.name for one in database.summaries()] == ["Startup"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"reference_id": "A" * 32}, "32 hexadecimal digits"),
        ({"firmware_id": "demo"}, "32 hexadecimal digits"),
        ({"time_s": math.nan}, "no number"),
        ({"trigger_index": 2**63}, "too large"),
        ({"axes": (Axis(0, ""), Axis(7, ""), Axis(2**63, ""))}, "too large"),
        ({"axes": tuple(Axis(number, "") for number in range(1001))}, "1001 axes"),
        ({"x": Series("", X_AXIS_ID, array("i", [0] * 5))}, "type 'i'"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_is_stored(
    database: AcquisitionDatabase, wrong: dict[str, Any], reason: str
) -> None:
    with pytest.raises(AcquisitionRefused, match=reason):
        database.add(acquisition(**wrong))

    assert database.summaries() == []


@pytest.mark.parametrize(("series_count", "point_count"), [(1000, 0), (256, 1 << 17)])
def test_acquisitions_that_are_too_large_are_refused(
    database: AcquisitionDatabase, series_count: int, point_count: int
) -> None:
    samples = array("d", bytes(8 * point_count))

    with pytest.raises(AcquisitionRefused, match="at most"):
        database.add(acquisition(samples, *[samples] * series_count))


def test_a_clock_far_off_is_no_reason_to_lose_a_recording(database: AcquisitionDatabase) -> None:
    for time_s in (-5.0, 1e300):
        database.add(acquisition(time_s=time_s))

    assert [one.time_s for one in database.summaries()] == [253402300799.0, 0.0]


# --- lists


def test_the_newest_comes_first_with_what_there_is_to_know(database: AcquisitionDatabase) -> None:
    for age_s in (1, 2, 0):
        database.add(acquisition(name=f"{age_s} s ago", time_s=TIME_S - age_s))

    first, *others = database.summaries()

    assert [one.name for one in (first, *others)] == ["0 s ago", "1 s ago", "2 s ago"]
    assert first.signals == ("y0", "y1", "y2")
    assert (first.time_s, first.point_count) == (TIME_S, 5)
    assert (first.firmware_id, first.firmware_name) == (FIRMWARE_ID, "Pump controller V3.1")
    assert database.summary(first.reference_id) == first


def test_lists_can_be_of_one_firmware_of_so_many_and_of_what_is_older(
    database: AcquisitionDatabase,
) -> None:
    for second in range(10):
        firmware_id = (FIRMWARE_ID, OTHER_FIRMWARE_ID)[second % 2]
        database.add(acquisition(firmware_id=firmware_id, time_s=float(second)))

    def times(**conditions: Any) -> list[float]:
        return [one.time_s for one in database.summaries(**conditions)]

    assert times(firmware_id=OTHER_FIRMWARE_ID) == [9, 7, 5, 3, 1]
    assert times(firmware_id=OTHER_FIRMWARE_ID.upper(), count=1) == [9]
    assert times(count=3) == [9, 8, 7]
    assert times(before_s=2.0) == [1, 0]
    assert times(before_s=5.5, firmware_id=FIRMWARE_ID, count=2) == [4, 2]
    assert times(before_s=math.inf, count=1) == [9]
    assert times(before_s=-1.0) == times(count=0) == times(count=-1) == []
    assert len(times(count=10**30)) == 10


@pytest.mark.parametrize("firmware_id", NO_IDS)
def test_nothing_is_of_a_firmware_that_is_none(
    database: AcquisitionDatabase, firmware_id: str
) -> None:
    database.add(acquisition())

    assert database.summaries(firmware_id=firmware_id) == []


def test_pages_show_each_acquisition_once_although_all_are_of_one_moment(
    database: AcquisitionDatabase,
) -> None:
    for number in range(7):
        database.add(acquisition(name=f"{number}"))

    seen: list[str] = []
    page = database.summaries(count=3)
    while page:
        seen += [one.name for one in page]
        page = database.summaries(count=3, before_s=page[-1].time_s)

    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert all(abs(one.time_s - TIME_S) < 1e-5 for one in database.summaries())


def test_ids_can_be_found_by_their_first_digits(database: AcquisitionDatabase) -> None:
    ids = [digits.ljust(32, "0") for digits in ("abcdef", "abcde0", "ffffff", "000000")]
    for reference_id in ids:
        database.add(acquisition(reference_id=reference_id))

    assert database.matching("ABCDE") == [ids[1], ids[0]]
    assert database.matching("ff") == [ids[2]]
    assert database.matching("", 10) == database.matching("abc%") == []
    assert database.matching("ab", count=1) == [ids[1]]
    assert database.matching(ids[3]) == [ids[3]]


# --- changes


def test_an_acquisition_and_its_axes_get_other_names(database: AcquisitionDatabase) -> None:
    stored, other = acquisition(), acquisition()
    database.add(stored)
    database.add(other)

    database.rename(stored.reference_id, "new", {7: "1/min", X_AXIS_ID: "Time"})

    expected = replace(
        stored,
        name="new",
        axes=(Axis(0, "bar"), Axis(7, "1/min")),
        x=replace(stored.x, name="Time"),
    )
    assert content(database.read(stored.reference_id)) == content(expected)
    database.rename(stored.reference_id.upper(), axis_names={0: "Pa"})
    assert database.read(stored.reference_id).axes == (Axis(0, "Pa"), Axis(7, "1/min"))
    assert content(database.read(other.reference_id))[1:4] == content(other)[1:4]


@pytest.mark.parametrize("axis_id", [1, -2, 2**63, -(2**70)])
def test_nothing_is_renamed_if_an_axis_is_unknown(
    database: AcquisitionDatabase, axis_id: int
) -> None:
    stored = acquisition()
    database.add(stored)

    with pytest.raises(AxisUnknown, match=f"no axis {axis_id}"):
        database.rename(stored.reference_id, "new", {0: "Pa", axis_id: "?"})

    assert content(database.read(stored.reference_id)) == content(stored)


@pytest.mark.parametrize("reference_id", NO_IDS)
def test_an_unknown_id_is_an_error_whatever_is_asked_for(
    database: AcquisitionDatabase, reference_id: str
) -> None:
    database.add(acquisition())

    assert database.summary(reference_id) is None
    for ask in (database.read, database.delete, database.rename):  # also to rename nothing
        with pytest.raises(AcquisitionUnknown):
            ask(reference_id)
    assert len(database.summaries()) == 1


def test_a_deleted_acquisition_is_gone_and_the_others_are_not(
    database: AcquisitionDatabase, file: Path
) -> None:
    stored, other = acquisition(), acquisition()
    database.add(stored)
    database.add(other)

    database.delete(stored.reference_id)

    assert [one.reference_id for one in database.summaries()] == [other.reference_id]
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM series").fetchone() == (4,)
    assert connection.execute("SELECT count(*) FROM axis").fetchone() == (2,)
    connection.close()


def test_deleting_all_tells_how_many_there_were_and_gives_the_room_back(file: Path) -> None:
    database = AcquisitionDatabase.open(file)
    noise = array("d", [math.sin(number**2) for number in range(10_000)])
    for _ in range(5):
        database.add(acquisition(noise, noise))
    assert database.info().size > 500_000

    assert database.delete_all() == 5

    assert database.delete_all() == 0
    database.close()
    assert file.stat().st_size < 100_000


def test_info_tells_what_there_is(database: AcquisitionDatabase, file: Path) -> None:
    nothing = database.info()
    for second in (5.0, 3.0, 4.0):
        database.add(acquisition(time_s=second))

    info = database.info()

    assert (nothing.count, nothing.oldest_s, nothing.newest_s) == (0, None, None)
    assert (info.count, info.oldest_s, info.newest_s) == (3, 3.0, 5.0)
    assert info.file == file
    assert info.size >= file.stat().st_size
    assert info.structure_hash == nothing.structure_hash
    assert len(info.structure_hash) == 40


def test_settings_are_kept(file: Path) -> None:
    database = AcquisitionDatabase.open(file)
    assert database.setting("a") is None
    database.set_setting("a", "1")
    database.set_setting("a", "2")
    database.close()

    database = AcquisitionDatabase.open(file)
    assert database.setting("a") == "2"
    database.close()


# --- several at once


def test_others_see_changes_at_once(database: AcquisitionDatabase, file: Path) -> None:
    other = AcquisitionDatabase.open(file)
    stored = acquisition()

    database.add(stored)
    assert content(other.read(stored.reference_id)) == content(stored)
    other.rename(stored.reference_id, "renamed by the other")
    assert database.read(stored.reference_id).name == "renamed by the other"
    database.delete(stored.reference_id)
    assert other.summaries() == []

    other.close()


def test_processes_that_begin_and_fill_a_database_at_once_lose_nothing(file: Path) -> None:
    program = f"""
from pathlib import Path
from scrutiny.server.datalogging.database import AcquisitionDatabase
from tests.support.acquisitions import acquisition
database = AcquisitionDatabase.open(Path({str(file)!r}))
for number in range(25):
    stored = acquisition()
    database.add(stored)
    database.rename(stored.reference_id, f"{{number}}")
database.close()
"""
    writers = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(4)]

    assert [writer.wait(60) for writer in writers] == [0] * 4

    database = AcquisitionDatabase.open(file)
    names = [one.name for one in database.summaries()]
    assert sorted(names, key=int) == [f"{number}" for number in range(25) for _ in range(4)]
    database.close()


def test_a_locked_database_is_an_error_that_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0.0)
    database = AcquisitionDatabase.open(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnusable, match="locked by another program"):
        database.add(acquisition())
    assert database.summaries() == []

    other.execute("ROLLBACK")
    database.add(acquisition())
    assert len(database.summaries()) == 1
    other.close()
    database.close()


def test_an_open_database_knows_when_it_was_replaced(
    database: AcquisitionDatabase, file: Path
) -> None:
    assert database.is_current

    file.rename(file.with_name("moved"))
    assert not database.is_current

    AcquisitionDatabase.open(file).close()
    assert not database.is_current


# --- damage


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE series SET sample_type = 'Q' WHERE sample_type = 'q'",
        "UPDATE series SET sample_type = 'x' WHERE position = 2",
        "UPDATE series SET sample_count = 4 WHERE position = 1",
        "UPDATE series SET samples_crc32 = samples_crc32 + 1 WHERE position = 3",
        "UPDATE series SET samples = x'00' WHERE position = 1",
        "UPDATE series SET samples = x'' WHERE position = 1",
        "UPDATE series SET samples = substr(samples, 1, length(samples) - 1) WHERE position = 1",
        "UPDATE series SET samples = CAST(samples || x'00' AS BLOB) WHERE position = 1",
        "UPDATE series SET position = 3 - position WHERE position > 0",
        "UPDATE series SET position = 9 WHERE position = 1",
        "UPDATE series SET axis_id = 0",
        "UPDATE series SET path = '/other' WHERE position = 1",
        "UPDATE series SET kind = 'rpv' WHERE position = 1",
        "UPDATE series SET name = 'other' WHERE position = 1",
        "DELETE FROM series WHERE position = 3",
        "DELETE FROM series WHERE position = 0",
        "DELETE FROM series",
        "DELETE FROM axis WHERE axis_id = 7",
        "UPDATE axis SET axis_id = 1 WHERE axis_id = 0",
        "UPDATE acquisition SET time_us = time_us + 1",
        "UPDATE acquisition SET trigger_index = 2",
        "UPDATE acquisition SET firmware_name = 'other'",
        "UPDATE acquisition SET point_count = 6",
        "UPDATE acquisition SET point_count = -1",
        "UPDATE acquisition SET series_count = 3",
        "UPDATE acquisition SET series_count = 1 << 40",
        "UPDATE acquisition SET checksum = 0",
    ],
)
def test_damage_to_an_acquisition_is_noticed_and_affects_no_other(
    database: AcquisitionDatabase, file: Path, statement: str
) -> None:
    damaged = acquisition()
    database.add(damaged)
    change(file, statement)
    whole = acquisition()
    database.add(whole)

    with pytest.raises(AcquisitionDamaged, match=f"{damaged.reference_id} is damaged"):
        database.read(damaged.reference_id)

    assert len(database.summaries()) == 2
    assert content(database.read(whole.reference_id))[6:] == content(whole)[6:]
    database.delete(damaged.reference_id)
    assert [one.reference_id for one in database.summaries()] == [whole.reference_id]


def test_no_damage_makes_us_allocate_more_than_was_announced(
    database: AcquisitionDatabase, file: Path
) -> None:
    stored = acquisition()
    database.add(stored)
    bomb = zlib.compress(bytes(64 << 20))
    change(file, "UPDATE series SET samples = ?", bomb)

    tracemalloc.start()
    with pytest.raises(AcquisitionDamaged):
        database.read(stored.reference_id)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1 << 20


def test_a_search_that_has_no_end_is_given_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "_STEPS_MAX", 3)
    sqlite = SqliteFile(file)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    with pytest.raises(DatabaseUnusable, match="more work"), sqlite.reading() as connection:
        connection.execute(endless).fetchone()

    with sqlite.reading() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    sqlite.close()


@pytest.mark.parametrize("size", [100, 5000, 20_000])
def test_a_file_that_was_cut_off_is_malformed_and_stays_as_it_is(file: Path, size: int) -> None:
    database = AcquisitionDatabase.open(file)
    noise = array("d", [math.sin(number**2) for number in range(5000)])
    stored = acquisition(noise, noise)
    database.add(stored)
    database.close()
    cut = file.read_bytes()[:size]
    file.write_bytes(cut)

    with pytest.raises((DatabaseMalformed, AcquisitionDamaged)):
        open_and_read(file, stored.reference_id)

    assert file.read_bytes() == cut


def test_what_is_no_database_is_malformed_and_stays_as_it_is(file: Path) -> None:
    file.write_text("my notes" * 1000)

    with pytest.raises(DatabaseMalformed, match="not a database"):
        AcquisitionDatabase.open(file)

    assert file.read_text() == "my notes" * 1000


# --- files that cannot be used


def test_an_empty_file_becomes_a_database(file: Path) -> None:
    file.touch()

    database = AcquisitionDatabase.open(file)

    assert database.summaries() == []
    database.close()


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE notes (text)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"],
)
def test_a_database_of_another_program_stays_as_it_is(file: Path, statement: str) -> None:
    change(file, statement)
    before = file.read_bytes()

    with pytest.raises(DatabaseUnusable, match="of another program; move it away") as caught:
        AcquisitionDatabase.open(file)

    assert not isinstance(caught.value, DatabaseMalformed)
    assert file.read_bytes() == before


def test_folders_are_made_as_they_are_needed(tmp_path: Path) -> None:
    database = AcquisitionDatabase.open(tmp_path / "a" / "b c?#%" / "x.sqlite3")

    database.add(acquisition())

    assert (tmp_path / "a" / "b c?#%" / "x.sqlite3").is_file()
    database.close()


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(DatabaseUnusable, match=r"cannot make .*taken.*--data-folder"):
        AcquisitionDatabase.open(tmp_path / "taken" / "x.sqlite3")
    with pytest.raises(DatabaseUnusable, match=r"cannot make .*taken/folder.*--data-folder"):
        AcquisitionDatabase.open(tmp_path / "taken" / "folder" / "x.sqlite3")


def test_a_folder_in_the_place_of_the_file_is_an_error(file: Path) -> None:
    file.mkdir()

    with pytest.raises(DatabaseUnusable, match="is no file; move it away"):
        AcquisitionDatabase.open(file)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_in_the_place_of_the_file_stops_nobody(file: Path) -> None:
    os.mkfifo(file)

    with pytest.raises(DatabaseUnusable, match="is no file; move it away"):
        AcquisitionDatabase.open(file)


def test_an_sqlite_that_is_too_old_is_an_error_that_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))

    with pytest.raises(DatabaseUnusable, match=r"3\.37 or later"):
        AcquisitionDatabase.open(file)

    assert not file.exists()
