"""Damaged databases of acquisitions: what is read from them is what was stored, or an error.

``SCRUTINY_FUZZ_COUNT`` sets how much is tried; the seed is fixed, so a failure comes again.
"""

from __future__ import annotations

import math
import os
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from msgspec.structs import replace

from scrutiny.core.datalogging import Acquisition, Samples
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.errors import AcquisitionDamaged, ImportFailed, StorageError
from scrutiny.server.datalogging.imports import import_acquisitions
from tests.support.acquisitions import acquisition, content
from tests.support.peer_database import HandmadePeerDatabase

COUNT: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "1000000")) // 5000
SEED: Final = 0xACDB5EED
PAGE: Final = 4096

_MEMORY: Final = Path("/dev/shm")

NASTY: Final[tuple[Any, ...]] = (
    *(None, "", "x", b"", b"x", 0, -1, 1, 5, 2**63 - 1, -(2**63), 0.5, 1e300, float("inf")),
    *("NULL", "\x1b[2J", "\0", "0" * 32, "f" * 32, "var", "x" * 100_000, b"\xff" * 1000),
)


def noise(count: int, phase: int) -> array[float]:
    return array("d", [math.sin(number**2 + phase) for number in range(count)])


def mutate(random: Random, octets: bytes) -> bytes:
    """Damage a file as broken disks, broken tools and curious people do."""
    damaged = bytearray(octets)
    for _ in range(random.choice((1, 1, 2, 5))):
        start = random.randrange(len(damaged))
        match random.randrange(6):
            case 0 | 1:
                damaged[start] ^= 1 << random.randrange(8)
            case 2:
                # Where pages tell what is in them.
                start = start // PAGE * PAGE + random.randrange(100)
                damaged[start : start + 1] = random.randbytes(1)
            case 3:
                stop = start + random.choice((2, 4, 16, PAGE))
                damaged[start:stop] = random.randbytes(len(damaged[start:stop]))
            case 4:
                page, other = random.randrange(len(damaged)), random.randrange(len(damaged))
                page, other = page // PAGE * PAGE, other // PAGE * PAGE
                damaged[page : page + PAGE] = damaged[other : other + PAGE]
            case _:
                if random.random() < 0.2:
                    del damaged[max(start, 1) :]
    return bytes(damaged)


def without_names(acquisition: Acquisition) -> Any:
    """Return what checksums cover: names that users may change are not among it."""
    axes = tuple(replace(axis, name="") for axis in acquisition.axes)
    x = replace(acquisition.x, name="")
    return content(replace(acquisition, name="", axes=axes, x=x))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if there is such a thing: each change waits for the disk."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def stored() -> dict[str, Acquisition]:
    """A few acquisitions: small, large, empty."""
    columns: list[Sequence[Samples]] = [
        [noise(40, 0), array("q", range(40)), array("Q", range(40))],
        [noise(3000, 1), noise(3000, 2), noise(3000, 3)],
        [array("d"), array("d")],
    ]
    columns += [[noise(10, number), noise(10, -number)] for number in range(8)]
    made = [acquisition(*each, time_s=float(number)) for number, each in enumerate(columns)]
    return {one.reference_id: one for one in made}


@pytest.fixture(scope="module")
def whole(stored: dict[str, Acquisition], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The octets of a database that has them."""
    file = tmp_path_factory.mktemp("whole") / "acquisitions.sqlite3"
    database = AcquisitionDatabase.open(file)
    for one in stored.values():
        database.add(one)
    database.close()
    return file.read_bytes()


@pytest.fixture
def target(folder: Path) -> Iterator[AcquisitionDatabase]:
    database = AcquisitionDatabase.open(folder / "target" / "acquisitions.sqlite3")
    yield database
    database.close()


def attempt(operation: Callable[..., Any], *arguments: Any) -> Any:
    """Run an operation, and return its result or its error, which is one of ours."""
    try:
        return operation(*arguments)
    except StorageError as error:
        result = error
    assert 0 < len(f"{result}") < 1000
    return result


def test_what_is_read_from_a_damaged_database_is_what_was_stored_or_an_error(
    stored: dict[str, Acquisition], whole: bytes, folder: Path
) -> None:
    random = Random(SEED)
    file = folder / "acquisitions.sqlite3"
    damaged = read = 0
    for _ in range(COUNT):
        for leftover in folder.glob("acquisitions*"):
            leftover.unlink()
        file.write_bytes(mutate(random, whole))
        database = attempt(AcquisitionDatabase.open, file)
        if isinstance(database, StorageError):
            damaged += 1
            continue
        for reference_id, one in stored.items():
            result = attempt(database.read, reference_id)
            if isinstance(result, Acquisition):
                assert without_names(result) == without_names(one)
                read += 1
            elif isinstance(result, AcquisitionDamaged):
                damaged += 1
        new = acquisition()
        attempt(database.summaries)
        attempt(database.info)
        attempt(database.matching, "a")
        attempt(database.rename, random.choice(list(stored)), "new", {0: "a", -1: "b"})
        attempt(database.delete, random.choice(list(stored)))
        if attempt(database.add, new) is None:
            result = attempt(database.read, new.reference_id)
            if isinstance(result, Acquisition):
                assert content(result)[5:] == content(new)[5:]
        attempt(database.delete_all)
        database.close()

    assert damaged > COUNT / 4
    assert read > COUNT


def test_what_is_taken_from_a_damaged_database_is_what_was_stored(
    stored: dict[str, Acquisition], whole: bytes, folder: Path, target: AcquisitionDatabase
) -> None:
    random = Random(SEED + 1)
    file = folder / "damaged.sqlite3"
    added = skipped = refused = 0
    for _ in range(COUNT):
        octets = mutate(random, whole)
        file.write_bytes(octets)

        report = attempt(import_acquisitions, file, target)

        assert file.read_bytes() == octets
        if isinstance(report, ImportFailed):
            refused += 1
            continue
        for summary in target.summaries():
            one = stored[summary.reference_id]
            assert without_names(target.read(summary.reference_id)) == without_names(one)
        added += report.added
        skipped += report.skipped
        target.delete_all()

    assert added > COUNT
    assert skipped > COUNT / 4
    assert refused > 0


def test_any_damaged_database_of_the_stock_server_is_read_or_refused(
    folder: Path, target: AcquisitionDatabase
) -> None:
    random = Random(SEED + 2)
    peer = HandmadePeerDatabase(folder / "peer.sqlite")
    for number in range(5):
        columns = [noise(700, number), noise(700, -number)]
        peer.add(f"{number:032x}", x=range(700), columns=columns)
    whole = peer.close().read_bytes()
    added = skipped = refused = 0
    for _ in range(COUNT):
        peer.file.write_bytes(mutate(random, whole))

        report = attempt(import_acquisitions, peer.file, target)

        if isinstance(report, ImportFailed):
            refused += 1
            continue
        for summary in target.summaries():
            assert target.read(summary.reference_id).point_count == summary.point_count
        added += report.added
        skipped += report.skipped
        target.delete_all()

    assert added > COUNT
    assert skipped > COUNT / 4
    assert refused > 0


def test_any_values_in_a_database_of_the_stock_server_are_taken_or_left_out(
    folder: Path, target: AcquisitionDatabase
) -> None:
    random = Random(SEED + 3)
    columns = {
        "acquisitions": ["reference_id", "name", "firmware_id", "firmware_name", "timestamp"],
        "axis": ["acquisition_id", "axis_id", "is_xaxis", "name"],
        "dataseries": ["name", "logged_watchable", "logged_watchable_type", "axis_id", "position"],
    }
    columns["acquisitions"].append("trigger_index")
    columns["dataseries"].append("data")
    peer = HandmadePeerDatabase(folder / "peer.sqlite")
    added = skipped = 0
    for _ in range(COUNT):
        peer.execute("DELETE FROM acquisitions")
        peer.execute("DELETE FROM axis")
        peer.execute("DELETE FROM dataseries")
        peer.add("1" * 32)
        for _ in range(random.choice((1, 1, 2, 4))):
            table = random.choice(list(columns))
            column = random.choice(columns[table])
            which = random.choice(("", "WHERE id % 2 = 0"))
            value = random.choice(NASTY)
            attempt_sql(peer, f"UPDATE {table} SET {column} = ? {which}", value)

        report = import_acquisitions(peer.file, target)

        assert report.added + report.skipped == 1
        for summary in target.summaries():
            assert summary == target.summary(summary.reference_id)
            assert target.read(summary.reference_id).name == summary.name
        added += report.added
        skipped += report.skipped
        target.delete_all()
    peer.close()

    assert min(added, skipped) > COUNT / 10


def attempt_sql(peer: HandmadePeerDatabase, statement: str, value: Any) -> None:
    """Change something, unless the stock server's own constraints forbid it."""
    peer.execute(statement.replace("UPDATE", "UPDATE OR IGNORE", 1), value)
