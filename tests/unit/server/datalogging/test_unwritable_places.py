"""Folders and files that cannot be written, and disks without room."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.errors import DatabaseUnusable, StorageError
from tests.support.acquisitions import acquisition, content
from tests.support.unprivileged import folder_of_nobody

if sys.platform != "win32":
    import resource  # here: nobody may not read all of the installation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")

NOISE = array("d", [math.sin(number**2) for number in range(20_000)])  # 160 kB


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_nobody() as folder:
        yield folder


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "acquisitions.sqlite3"


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(folder: Path) -> None:
    folder.chmod(0o500)

    with pytest.raises(DatabaseUnusable, match=r"cannot be opened.*permissions.*--data-folder"):
        AcquisitionDatabase.open(folder / "x.sqlite3")
    with pytest.raises(DatabaseUnusable, match=r"cannot make .*Permission denied.*--data-folder"):
        AcquisitionDatabase.open(folder / "deeper" / "x.sqlite3")


def test_a_folder_that_cannot_be_entered_is_an_error_that_says_so(file: Path) -> None:
    AcquisitionDatabase.open(file).close()
    file.parent.chmod(0)

    with pytest.raises(DatabaseUnusable, match=r"Permission denied.*--data-folder"):
        AcquisitionDatabase.open(file)


@pytest.mark.parametrize("mode_of_file", [0o400, 0o600])
@pytest.mark.parametrize("mode_of_folder", [0o500, 0o700])
def test_what_is_stored_can_be_read_where_nothing_can_be_written(
    file: Path, mode_of_file: int, mode_of_folder: int
) -> None:
    stored = acquisition()
    database = AcquisitionDatabase.open(file)
    database.add(stored)
    assert database.is_writable
    database.close()
    file.chmod(mode_of_file)
    file.parent.chmod(mode_of_folder)

    database = AcquisitionDatabase.open(file)

    assert content(database.read(stored.reference_id)) == content(stored)
    assert len(database.summaries()) == 1
    if (mode_of_file, mode_of_folder) == (0o600, 0o700):
        assert database.is_writable
        database.delete_all()
    else:
        assert not database.is_writable
        for change in (
            lambda: database.add(acquisition()),
            lambda: database.rename(stored.reference_id, "new"),
            database.delete_all,
        ):
            with pytest.raises(DatabaseUnusable, match=r"written.*permissions"):
                change()
        assert content(database.read(stored.reference_id)) == content(stored)
    database.close()


def test_what_others_have_not_finished_is_not_overlooked_where_nothing_can_be_written(
    file: Path,
) -> None:
    database = AcquisitionDatabase.open(file)
    database.add(acquisition())
    log = file.with_name(f"{file.name}-wal").read_bytes()
    database.close()
    file.with_name(f"{file.name}-wal").write_bytes(log)  # as if it had been killed
    file.parent.chmod(0o500)

    with pytest.raises(DatabaseUnusable, match="permissions"):
        AcquisitionDatabase.open(file)


def test_a_disk_without_room_loses_the_new_acquisition_only(file: Path) -> None:
    stored = acquisition()
    database = AcquisitionDatabase.open(file)
    database.add(stored)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageError, match=r"fails.*room that is left"):
            database.add(acquisition(NOISE, NOISE))
        assert file.with_name(f"{file.name}-wal").stat().st_size == 0
        assert content(database.read(stored.reference_id)) == content(stored)
        database.rename(stored.reference_id, "small changes have room")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    later = acquisition(NOISE, NOISE)
    database.add(later)
    assert len(database.summaries()) == 2
    assert content(database.read(later.reference_id))[7] == content(later)[7]
    database.close()


def test_a_full_disk_is_an_error_that_says_so(file: Path) -> None:
    database = AcquisitionDatabase.open(file)
    sqlite = database._sqlite  # pyright: ignore[reportPrivateUsage] # no other way to fill it
    sqlite.connection.execute("PRAGMA max_page_count = 20")

    with pytest.raises(DatabaseUnusable, match="no room is left on the disk"):
        database.add(acquisition(NOISE, NOISE))

    assert database.summaries() == []
    database.close()
