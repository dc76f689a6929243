"""What the stock server has recorded, with our commands after it was taken over."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from scrutiny.server.datalogging.database import AcquisitionDatabase
from tests.support.example_board import ROOT

from .peer_processes import Peer, Process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the devices need POSIX")

SETPOINT, TICK_COUNT = "/rpv/x1000", "/rpv/x1010"


@dataclass(frozen=True)
class Recorded:
    """What a stock server has recorded, and what its SDK has shown of that.

    Attributes:
        peer: whose server has ended.
        folder: where it keeps its data.
        columns: of the acquisitions, in the order of time.
    """

    peer: Peer
    folder: Path
    columns: list[dict[str, list[float]]]

    def theirs(self, *arguments: str) -> str:
        """Run a verb of the stock command line, and return what it printed."""
        result = self.peer.run(*arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def ours(self, *arguments: str) -> str:
        """Run the same verb of ours."""
        environment = {key: value for key, value in os.environ.items() if key != "TZ"}
        environment |= {"PYTHONPATH": str(ROOT), "SCRUTINY_DATA_FOLDER": str(self.folder)}
        result = subprocess.run(
            [sys.executable, "-m", "scrutiny.cli.main", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def recorded(peer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    home = tmp_path_factory.mktemp("peer")
    peer = Peer(peer_python, home)
    processes: list[Process] = []
    try:
        device = (sys.executable, "-m", "scrutiny.firmware_link.simulator", "--pty", home / "motor")
        processes.append(Process(device, dict(os.environ), home).after("pty "))
        processes.append(peer.start_server(home / "motor"))
        client = peer.connect()
        processes.append(client.process)
        client.ask("device")
        columns = [
            client.ask("record", loop_id=0, paths=paths)
            for paths in ([TICK_COUNT, SETPOINT], [SETPOINT])
        ]
        client.close()
    finally:
        for process in reversed(processes):
            process.stop()
    return Recorded(peer, home / "data" / "server", columns)


def test_what_the_stock_server_has_recorded_is_taken_over_whole(recorded: Recorded) -> None:
    original = recorded.folder / "scrutiny_datalog.sqlite"
    before = (original.read_bytes(), original.stat().st_mtime_ns)

    assert recorded.ours("list-datalog").count("interop") == 2

    database = AcquisitionDatabase.open(recorded.folder / "acquisitions.sqlite3")
    newest_first = [database.read(one.reference_id) for one in database.summaries()]
    database.close()
    columns = [
        {"time": list(one.x.samples)} | {y.name: list(y.samples) for y in one.series}
        for one in reversed(newest_first)
    ]
    assert columns == recorded.columns
    assert [[y.path for y in one.series] for one in reversed(newest_first)] == [
        [TICK_COUNT, SETPOINT],
        [SETPOINT],
    ]
    assert {y.kind for one in newest_first for y in one.series} == {"rpv"}
    assert {one.trigger_index for one in newest_first} != {None}
    assert (original.read_bytes(), original.stat().st_mtime_ns) == before


@pytest.mark.parametrize("options", [[], ["--firmware"]])
def test_our_list_is_that_of_the_stock_command(recorded: Recorded, options: list[str]) -> None:
    assert recorded.ours("list-datalog", *options) == recorded.theirs("list-datalog", *options)


def test_our_info_has_the_lines_of_the_stock_command(recorded: Recorded) -> None:
    ours, theirs = (
        [line.partition(":") for line in run("datalog-info").splitlines()]
        for run in (recorded.ours, recorded.theirs)
    )

    assert [title for title, *_ in ours] == [title for title, *_ in theirs]
    assert ours[:3] == theirs[:3]
    starts = [[len(text) - len(text.lstrip()) for *_, text in lines] for lines in (ours, theirs)]
    assert starts[0] == starts[1]


def test_our_csv_is_that_of_the_stock_command_octet_by_octet(
    recorded: Recorded, tmp_path: Path
) -> None:
    lines = recorded.theirs("list-datalog").split("\n")
    ids = [line.split("    ")[3] for line in lines[2:] if line]
    assert len(ids) == 2
    for reference_id in ids:
        ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"

        recorded.theirs("export-datalog", reference_id, "--csv", str(theirs))
        recorded.ours("export-datalog", reference_id, "--csv", str(ours))

        assert ours.read_bytes() == theirs.read_bytes()
        assert ours.read_bytes().count(b"\r\n") > 100


def test_their_import_can_be_repeated_and_what_was_deleted_can_come_back(
    recorded: Recorded,
) -> None:
    before = recorded.ours("list-datalog")

    recorded.ours("delete-datalog", "--all")
    assert recorded.ours("list-datalog") == "No acquisitions\n"
    for _ in range(2):
        recorded.ours("import-datalog", str(recorded.folder / "scrutiny_datalog.sqlite"))

    assert recorded.ours("list-datalog") == before
