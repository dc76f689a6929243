"""What is taken over from the stock server's database, and from one of ours that was moved."""

from __future__ import annotations

import math
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import tracemalloc
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.core.datalogging import X_AXIS_ID, Acquisition, Axis, Series
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.errors import DatabaseUnusable, ImportFailed
from scrutiny.server.datalogging.imports import import_acquisitions
from tests.support.acquisitions import acquisition, content
from tests.support.peer_database import FIRMWARE_ID, SCHEMA, TIME_S, HandmadePeerDatabase, blob

IDS = [f"{number:032x}" for number in range(20)]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[AcquisitionDatabase]:
    database = AcquisitionDatabase.open(tmp_path / "ours" / "acquisitions.sqlite3")
    yield database
    database.close()


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[HandmadePeerDatabase]:
    peer = HandmadePeerDatabase(tmp_path / "scrutiny_datalog.sqlite")
    yield peer
    peer.close()


def fingerprint(file: Path) -> list[Any]:
    """Return all about a database that an import must not change."""
    return [
        (path.name, path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in sorted(file.parent.iterdir())
        if path.name.startswith(file.name)
    ]


# --- of the stock server


def test_an_acquisition_of_the_stock_server_is_taken_over_whole(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    peer.add(IDS[1], columns=((math.nan, math.inf), (-0.0, -math.inf)))

    report = import_acquisitions(peer.close(), database)

    assert (report.added, report.present, report.skipped, report.is_complete) == (1, 0, 0, True)
    expected = Acquisition(
        reference_id=IDS[1],
        firmware_id=FIRMWARE_ID,
        firmware_name="Pump controller V3.1",
        name="Startup",
        time_s=TIME_S,
        trigger_index=1,
        axes=(Axis(0, "axis 0"), Axis(1, "axis 1")),
        x=Series("Time (ideal)", X_AXIS_ID, array("d", [0.0, 0.001])),
        series=(
            Series("y0", 0, array("d", [math.nan, math.inf]), "/alias/y0", "alias"),
            Series("y1", 1, array("d", [-0.0, -math.inf]), "/alias/y1", "alias"),
        ),
    )
    assert content(database.read(IDS[1])) == content(expected)


def test_what_the_stock_server_leaves_out_has_our_values(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    peer.add(IDS[1], name=None, firmware_name=None, trigger_index=None)
    peer.execute("UPDATE dataseries SET name = NULL, logged_watchable_type = 'unheard of'")
    peer.execute("UPDATE axis SET name = NULL WHERE is_xaxis = 0")

    import_acquisitions(peer.close(), database)

    read = database.read(IDS[1])
    assert (read.name, read.firmware_name, read.trigger_index) == ("", None, None)
    assert read.axes == (Axis(0, ""), Axis(1, ""))
    assert [one.name for one in (read.x, *read.series)] == ["X-Axis", "unnamed", "unnamed"]
    assert [(one.path, one.kind) for one in read.series] == [(None, None)] * 2


def test_series_are_in_the_order_of_their_positions(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    peer.add(IDS[1])
    peer.execute("UPDATE dataseries SET position = 10 - position")

    import_acquisitions(peer.close(), database)

    assert database.summaries()[0].signals == ("y1", "y0")


def test_acquisitions_of_one_second_keep_their_order(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    for reference_id in IDS:
        peer.add(reference_id)

    import_acquisitions(peer.close(), database)

    assert [one.reference_id for one in database.summaries()] == IDS[::-1]


def test_an_import_can_be_repeated(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    peer.add(IDS[1])
    peer.add(IDS[2])
    import_acquisitions(peer.file, database)
    database.rename(IDS[1], "renamed here")
    peer.add(IDS[3].upper())

    report = import_acquisitions(peer.close(), database)

    assert (report.added, report.present, report.skipped) == (1, 2, 0)
    names = {one.reference_id: one.name for one in database.summaries()}
    assert names == {IDS[1]: "renamed here", IDS[2]: "Startup", IDS[3]: "Startup"}


def test_the_original_stays_as_it_is_octet_for_octet(
    database: AcquisitionDatabase,
    peer: HandmadePeerDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place_of_copies = tmp_path / "copies"
    place_of_copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place_of_copies))
    peer.add(IDS[1])
    file = peer.close()
    os.utime(file, ns=(1_000_000_000, 1_000_000_000))
    before = fingerprint(file)

    assert import_acquisitions(file, database).added == 1

    assert fingerprint(file) == before
    assert list(place_of_copies.iterdir()) == []


def test_a_change_that_was_interrupted_is_undone_in_the_copy_only(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase, tmp_path: Path
) -> None:
    """As when the stock server was killed: its journal lies beside the database."""
    peer.add(IDS[1])
    peer.execute("PRAGMA cache_size = 1")
    peer.execute("BEGIN")
    peer.add(IDS[2], columns=[[math.sin(number**2) for number in range(9000)]], x=range(9000))
    killed = tmp_path / "killed"
    killed.mkdir()
    for ending in ("", "-journal"):
        shutil.copy(f"{peer.file}{ending}", killed)
    peer.execute("ROLLBACK")
    file = killed / peer.file.name
    before = fingerprint(file)

    report = import_acquisitions(file, database)

    assert [one.reference_id for one in database.summaries()] == [IDS[1]]
    assert (report.added, report.skipped) == (1, 0)
    assert len(before) == 2
    assert fingerprint(file) == before


def test_what_is_in_a_write_ahead_log_is_taken_over(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    peer.execute("PRAGMA journal_mode = WAL")
    peer.add(IDS[1])  # is in the log until the database is closed
    before = fingerprint(peer.file)

    assert import_acquisitions(peer.file, database).added == 1

    assert fingerprint(peer.file) == before


def test_what_a_link_leads_to_is_taken_over_with_its_log(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase, tmp_path: Path
) -> None:
    peer.execute("PRAGMA journal_mode = WAL")
    peer.add(IDS[1])
    link = tmp_path / "elsewhere" / "link.sqlite"
    link.parent.mkdir()
    link.symlink_to(peer.file)

    assert import_acquisitions(link, database).added == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE acquisitions SET reference_id = 'no id'", "32 hexadecimal digits"),
        ("UPDATE acquisitions SET reference_id = 5", "32 hexadecimal digits"),
        ("UPDATE acquisitions SET firmware_id = 'demo'", "32 hexadecimal digits"),
        ("UPDATE acquisitions SET timestamp = 'yesterday'", "its time is 'yesterday'"),
        ("UPDATE acquisitions SET timestamp = -1", "its time is -1"),
        ("UPDATE acquisitions SET timestamp = 9e999", "its time is inf"),
        ("UPDATE axis SET is_xaxis = 0, axis_id = id", "0 series for the x axis"),
        ("UPDATE axis SET is_xaxis = 1", "3 series for the x axis"),
        ("UPDATE axis SET axis_id = 1 WHERE is_xaxis = 0", "two axes"),
        ("UPDATE axis SET axis_id = 'a' WHERE is_xaxis = 0", "an axis has the number 'a'"),
        ("DELETE FROM axis", "0 series"),
        ("DELETE FROM axis WHERE is_xaxis = 1", "0 series for the x axis"),
        ("DELETE FROM dataseries", "0 series"),
        ("DELETE FROM dataseries WHERE position = 0", "0 series for the x axis"),
        ("UPDATE dataseries SET data = 'text'", "samples are missing"),
        ("UPDATE dataseries SET data = x''", "do not end where they should"),
        ("UPDATE dataseries SET data = x'00112233'", "cannot be decompressed"),
        ("UPDATE dataseries SET data = substr(data, 1, 12)", "do not end where they should"),
        ("UPDATE dataseries SET data = CAST(data || x'00' AS BLOB)", "do not end"),
        ("UPDATE dataseries SET data = :seven WHERE position = 0", "multiple"),
        ("UPDATE dataseries SET data = :three WHERE position = 1", "more samples than 2"),
        ("UPDATE dataseries SET data = :three WHERE position = 0", "has 2 samples, x has 3"),
    ],
)
def test_what_is_damaged_is_left_out_and_the_rest_is_taken_over(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase, damage: str, reason: str
) -> None:
    peer.add(IDS[1])
    octets = {"seven": zlib.compress(bytes(7)), "three": blob([1, 2, 3])}
    peer.connection.execute(damage, octets)
    peer.add(IDS[2])

    report = import_acquisitions(peer.close(), database)

    assert (report.added, report.skipped, report.is_complete) == (1, 1, True)
    assert [one.reference_id for one in database.summaries()] == [IDS[2]]
    (text,) = report.reasons
    assert re.search(reason, text), text


def test_reasons_are_few_and_short_however_much_is_damaged(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    for number in range(30):
        peer.add("\x1b[31m" * 1000 + f"{number}")

    report = import_acquisitions(peer.close(), database)

    assert report.skipped == 30
    assert len(report.reasons) == 10
    assert all(len(reason) < 300 for reason in report.reasons)


def test_a_trigger_outside_of_the_samples_is_none(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    for number, trigger_index in enumerate((2, -1, "x", 1.5)):
        peer.add(IDS[number], trigger_index=trigger_index)

    assert import_acquisitions(peer.close(), database).added == 4

    assert {database.read(reference_id).trigger_index for reference_id in IDS[:4]} == {None}


def test_no_samples_make_us_allocate_more_than_are_stored(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrutiny.server.datalogging.peer_database.SAMPLES_MAX", 1 << 12)
    peer.add(IDS[1])
    peer.execute("UPDATE dataseries SET data = ?", zlib.compress(bytes(64 << 20)))

    tracemalloc.start()
    report = import_acquisitions(peer.close(), database)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert report.skipped == 1
    assert peak < 1 << 20


def test_columns_that_earlier_versions_lack_are_done_without(
    database: AcquisitionDatabase, tmp_path: Path
) -> None:
    early = HandmadePeerDatabase(tmp_path / "early.sqlite")
    early.add(IDS[1])
    for table, column in (
        ("acquisitions", "name"),
        ("acquisitions", "firmware_name"),
        ("acquisitions", "trigger_index"),
        ("axis", "name"),
        ("dataseries", "name"),
        ("dataseries", "logged_watchable"),
        ("dataseries", "logged_watchable_type"),
        ("dataseries", "position"),
    ):
        early.execute(f"ALTER TABLE {table} DROP COLUMN {column}")

    assert import_acquisitions(early.close(), database).added == 1

    read = database.read(IDS[1])
    assert list(read.series[1].samples) == [2.0, 2.0]
    assert (read.name, read.trigger_index, read.series[0].name) == ("", None, "unnamed")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("CREATE TABLE notes (text);", "none of acquisitions"),
        (
            SCHEMA.replace("`reference_id` VARCHAR(32) UNIQUE NOT NULL,", ""),
            "no column ref",
        ),
        (SCHEMA.replace("`data` BLOB NOT NULL", "`other` BLOB"), "no column data"),
        (
            SCHEMA.replace("`data` BLOB NOT NULL", "`data` AS (zeroblob(1000000000))"),
            "no column data",
        ),
        (
            SCHEMA.replace("`axis` (", "`base` (", 1)[: SCHEMA.index("CREATE INDEX")]
            + "CREATE VIRTUAL TABLE axis USING fts5(id, acquisition_id, axis_id, is_xaxis);",
            "no table axis",
        ),
    ],
)
def test_a_database_of_something_else_is_an_error_that_says_so(
    database: AcquisitionDatabase, tmp_path: Path, schema: str, reason: str
) -> None:
    other = HandmadePeerDatabase(tmp_path / "other.sqlite", schema)

    with pytest.raises(ImportFailed, match=reason) as caught:
        import_acquisitions(other.close(), database)

    assert f"{other.file}" in f"{caught.value}"


def test_an_endless_view_in_the_place_of_a_table_is_not_looked_at(
    database: AcquisitionDatabase, tmp_path: Path
) -> None:
    endless = (
        "CREATE VIEW acquisitions AS WITH RECURSIVE n(id) AS "
        "(SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT * FROM n;"
    )
    schema = SCHEMA.replace("`acquisitions` (", "`base` (", 1) + endless
    other = HandmadePeerDatabase(tmp_path / "other.sqlite", schema)

    with pytest.raises(ImportFailed, match="none of acquisitions"):
        import_acquisitions(other.close(), database)


# --- of ours


def test_one_of_ours_can_be_taken_over(database: AcquisitionDatabase, tmp_path: Path) -> None:
    stored = [acquisition(), acquisition(time_s=5.0, name="other")]
    moved = AcquisitionDatabase.open(tmp_path / "moved.sqlite3")
    for one in stored:
        moved.add(one)
    before = fingerprint(tmp_path / "moved.sqlite3")  # some of it is in the log

    report = import_acquisitions(tmp_path / "moved.sqlite3", database)

    assert report.added == 2
    assert fingerprint(tmp_path / "moved.sqlite3") == before
    for one in stored:
        assert content(database.read(one.reference_id)) == content(one)
    moved.close()


def test_what_is_whole_in_a_damaged_one_of_ours_is_taken_over(
    database: AcquisitionDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "damaged.sqlite3"
    damaged = AcquisitionDatabase.open(file)
    noise = [math.sin(number**2) for number in range(3000)]
    stored = [acquisition(array("d", noise), array("d", noise)) for _ in range(30)]
    for one in stored:
        damaged.add(one)
    damaged.close()
    octets = bytearray(file.read_bytes())
    middle = len(octets) // 2 // 4096 * 4096
    octets[middle : middle + 8 * 4096] = bytes(8 * 4096)
    file.write_bytes(octets)

    report = import_acquisitions(file, database)

    assert report.added >= 28
    assert report.added + report.skipped == 30
    listed = {one.reference_id for one in database.summaries()}
    for one in stored:
        if one.reference_id in listed:
            read = database.read(one.reference_id)
            assert content(read)[6:] == content(one)[6:]


def test_a_damaged_index_costs_nothing(database: AcquisitionDatabase, tmp_path: Path) -> None:
    file = tmp_path / "damaged.sqlite3"
    damaged = AcquisitionDatabase.open(file)
    stored = [acquisition() for _ in range(50)]
    for one in stored:
        damaged.add(one)
    damaged.close()
    connection = sqlite3.connect(file)
    pages = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND rootpage > 0"
    ).fetchall()
    connection.close()
    octets = bytearray(file.read_bytes())
    for (page,) in pages:
        octets[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    file.write_bytes(octets)

    report = import_acquisitions(file, database)

    assert (report.added, report.skipped) == (50, 0)


def test_one_of_a_later_version_is_an_error_that_names_it(
    database: AcquisitionDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "later.sqlite3"
    AcquisitionDatabase.open(file).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(ImportFailed, match=rf"^{re.escape(str(file))} was written by a later"):
        import_acquisitions(file, database)


# --- files that cannot be imported


def test_a_file_that_is_not_there_is_an_error(
    database: AcquisitionDatabase, tmp_path: Path
) -> None:
    with pytest.raises(ImportFailed, match="there is no such file"):
        import_acquisitions(tmp_path / "none.sqlite", database)


@pytest.mark.parametrize(
    "kind",
    [
        "folder",
        pytest.param(
            "pipe", marks=pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
        ),
    ],
)
def test_folders_and_pipes_are_errors(
    database: AcquisitionDatabase, tmp_path: Path, kind: str
) -> None:
    if sys.platform == "win32" or kind == "folder":
        (tmp_path / "strange").mkdir()
    else:
        os.mkfifo(tmp_path / "strange")

    with pytest.raises(ImportFailed, match=r"cannot read .*strange"):
        import_acquisitions(tmp_path / "strange", database)


@pytest.mark.parametrize("octets", [b"", b"no database", b"no database" * 1000])
def test_a_file_that_is_no_database_is_an_error(
    database: AcquisitionDatabase, tmp_path: Path, octets: bytes
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(octets)

    with pytest.raises(ImportFailed, match=r"notes\.txt"):
        import_acquisitions(file, database)

    assert file.read_bytes() == octets


def test_no_place_for_the_copy_is_an_error_that_says_what_to_set(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")

    with pytest.raises(ImportFailed, match="set TMPDIR"):
        import_acquisitions(peer.close(), database)


def test_a_file_that_others_write_to_meanwhile_is_an_error(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.add(IDS[1])
    copy = shutil.copyfileobj
    written: list[int] = []

    def copy_while_others_write(reader: Any, writer: Any) -> None:
        copy(reader, writer)
        written.append(peer.add(IDS[len(written) + 2]))

    monkeypatch.setattr(shutil, "copyfileobj", copy_while_others_write)

    with pytest.raises(ImportFailed, match="is being written to; end the program"):
        import_acquisitions(peer.file, database)

    assert len(written) == 3


def test_a_database_of_ours_that_cannot_be_written_ends_the_import(
    database: AcquisitionDatabase, peer: HandmadePeerDatabase
) -> None:
    noise = [math.sin(number**2) for number in range(5000)]
    peer.add(IDS[1], x=noise, columns=[noise])
    sqlite = database._sqlite  # pyright: ignore[reportPrivateUsage] # no other way to fill it
    sqlite.connection.execute("PRAGMA max_page_count = 1")
    file = peer.close()

    with pytest.raises(DatabaseUnusable, match="no room"):
        import_acquisitions(file, database)

    sqlite.connection.execute("PRAGMA max_page_count = 1000000")
    assert import_acquisitions(file, database).added == 1


def test_progress_is_told(database: AcquisitionDatabase, peer: HandmadePeerDatabase) -> None:
    for reference_id in IDS[:3]:
        peer.add(reference_id)
    seen: list[tuple[int, int]] = []

    import_acquisitions(peer.close(), database, lambda done, total: seen.append((done, total)))

    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
