"""What the stock server has recorded, with our commands after it was taken over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.server.datalogging.database import AcquisitionDatabase
from tests.support.example_board import ROOT
from tests.support.server_process import ServerProcess

from .our_devices import describe_simulator, simulated_model
from .peer_client import content_of
from .peer_processes import Peer, running_processes
from .shown_recordings import ShownRecording

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the devices need POSIX")

SETPOINT, TICK_COUNT, ENABLED = "/rpv/x1000", "/rpv/x1010", "/rpv/x1008"
SPEED, DRIVE = "/global/motor_speed_rpm", "/motor/drive [%]"  # a variable and an alias
RATIO, LARGE = "/rpv/x201E", "/rpv/x1012"  # float32 and sint64, ours to write

KINDS: Final = {SPEED: "var", DRIVE: "alias"}

# Every kind of X axis, of signal and of type.
WISHES: Final[list[dict[str, Any]]] = [
    {"paths": [TICK_COUNT, SETPOINT], "x_axis": "MeasuredTime"},
    {"paths": [RATIO, LARGE], "x_axis": "IdealTime", "decimation": 2},
    {"paths": [SETPOINT, ENABLED], "x_axis": "Signal", "x_signal": TICK_COUNT, "position": 0.25},
    {"paths": [SPEED, DRIVE]},
]


@dataclass(frozen=True)
class Recorded:
    """What a stock server has recorded, and what its SDK has shown of that.

    Attributes:
        peer: whose server has ended.
        home: of the peer, and of our commands.
        recordings: what its SDK has shown, in the order of time.
    """

    peer: Peer
    home: Path
    recordings: list[ShownRecording]

    @property
    def folder(self) -> Path:
        """Where the peer keeps its data, and ours look for them."""
        return self.home / "data" / "server"

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
    assert peer.run("install-sfd", describe_simulator(home / "motor.sfd")).returncode == 0
    device = simulated_model()
    with running_processes() as processes:
        processes.append(device.start(home / "motor", "--datalog-size", "4096"))
        processes.append(peer.start_server(home / "motor"))
        client = peer.connect()
        processes.append(client.process)
        client.ask("wait_described", firmware_id=device.firmware_id)
        client.ask("write", path=RATIO, value=-0.1)
        client.ask("write", path=LARGE, value=-(2**62) - 1)
        recordings = [ShownRecording(client.ask("record", **wish)) for wish in WISHES]
        client.close()
    return Recorded(peer, home, recordings)


def test_what_the_stock_server_has_recorded_is_taken_over_whole(recorded: Recorded) -> None:
    original = recorded.folder / "scrutiny_datalog.sqlite"
    before = (original.read_bytes(), original.stat().st_mtime_ns)

    assert recorded.ours("list-datalog").count("interop") == len(WISHES)

    database = AcquisitionDatabase.open(recorded.folder / "acquisitions.sqlite3")
    newest_first = [database.read(one.reference_id) for one in database.summaries()]
    database.close()
    assert len(newest_first) == len(WISHES)
    for taken_over, shown in zip(reversed(newest_first), recorded.recordings, strict=True):
        assert list(taken_over.x.samples) == shown.x
        assert [y.path for y in taken_over.series] == shown.paths
        for series, path in zip(taken_over.series, shown.paths, strict=True):
            assert list(series.samples) == shown[path]
            assert series.kind == KINDS.get(path, "rpv")
        assert taken_over.trigger_index == shown.trigger
    assert (original.read_bytes(), original.stat().st_mtime_ns) == before


def test_our_sdk_shows_of_it_what_the_stock_sdk_shows(recorded: Recorded, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "server"
    folder.mkdir(parents=True)
    shutil.copy(recorded.folder / "scrutiny_datalog.sqlite", folder)
    server = ServerProcess(tmp_path, "--link", "none")
    try:
        with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
            listed = client.list_stored_datalogging_acquisitions()
            read = [client.read_datalogging_acquisition(one.reference_id) for one in listed]
    finally:
        server.kill()

    shown = [content_of(acquisition) for acquisition in reversed(read)]
    assert shown == [recording.content for recording in recorded.recordings]
    assert server.complaints == []


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
    assert len(ids) == len(WISHES)
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
