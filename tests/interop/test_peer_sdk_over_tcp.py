"""The stock SDK, unmodified, with our server over TCP and our firmware in C behind it."""

from __future__ import annotations

import csv
import json
import os
import struct
import sys
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.example_board import Board, description_of
from tests.support.server_process import ServerProcess

from .peer_processes import DEADLINE_S, Peer, PeerClient

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

# A test of normal length; a session of a minute is run with 60.
CSV_SESSION_S: Final = float(os.environ.get("SCRUTINY_CSV_SESSION_S", "4"))
CSV_RATE_HZ: Final = 20.0
SPEED, UPTIME_MS, TICK_COUNT = "/rpv/x1001", "/rpv/x1007", "/rpv/x1010"
SCRATCH: Final = [f"/rpv/x{rpv_id:04X}" for rpv_id in range(0x2000, 0x203C)]


class Desk:
    """A board, our server, and the stock SDK as its client."""

    def __init__(self, program: Path, python: Path, folder: Path) -> None:
        self.program = program
        self.port = folder / "motor"
        self.board = Board(program, self.port)
        link = ("--link", f"serial:{self.port}")
        self.server = ServerProcess(folder, *link, "--tcp-port", "0", "--allow-memory-write")
        match, _ = self.server.wait_for_line(r"listening on tcp://127\.0\.0\.1:(\d+)")
        home = folder / "peer"
        home.mkdir()
        self.client = Peer(python, home).connect(int(match[1]))

    def ask(self, name: str, /, **arguments: Any) -> Any:
        """Let the stock SDK do something, and return what it got."""
        return self.client.ask(name, **arguments)

    def close(self) -> None:
        """End all, and see that nothing failed."""
        try:
            self.client.close()
            assert self.server.complaints == []
        finally:
            self.client.process.stop()
            self.server.stop()
            self.board.stop()


@pytest.fixture(scope="module")
def desk(
    described_program: Path, peer_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """What the tests share, with the description installed by the stock SDK."""
    desk = Desk(described_program, peer_python, tmp_path_factory.mktemp("desk"))
    try:
        desk.ask("device")
        firmware_id = desk.ask("upload", file=str(description_of(described_program)))
        desk.ask("wait_described", firmware_id=firmware_id)
        yield desk
    finally:
        desk.close()


@pytest.fixture
def client(desk: Desk) -> PeerClient:
    """The stock SDK, when the device is ready."""
    desk.ask("device")
    return desk.client


def test_device_is_known(desk: Desk) -> None:
    device = desk.ask("device")

    assert device["session"]
    assert device["firmware_id"] == desk.ask("installed")[0]
    assert device["protocol"] == [1, 0]
    assert device["loops"]


def test_lists_are_as_long_as_told(client: PeerClient) -> None:
    counts = client.ask("counts")

    assert counts[:3] == counts[3:]
    assert min(counts) > 0
    assert counts[2] == len(client.ask("types"))


def test_100_values_are_watched_at_once(client: PeerClient) -> None:
    paths = list(client.ask("types"))
    table = "/static/app_published.c/scratch_counts/scratch_counts"
    paths += [f"{table}[{index}]" for index in range(30)]
    assert len(paths) >= 100

    values = client.ask("read_many", paths=paths)

    assert len(values) == len(paths)
    assert None not in values


def test_values_are_written_one_by_one_and_in_a_batch(client: PeerClient) -> None:
    client.ask("write", path=SCRATCH[0], value=77)
    assert client.ask("read", path=SCRATCH[0]) == 77

    batch = {path: index % 100 for index, path in enumerate(SCRATCH[:30])}
    assert client.ask("write_batch", values=batch) == list(batch.values())


def test_variables_and_aliases_are_read_and_written(client: PeerClient) -> None:
    client.ask("write", path="/global/motor_flags/fault_code", value=9)
    assert client.ask("read", path="/global/motor_flags/fault_code") == 9

    client.ask("write", path="/motor/setpoint [rpm]", value=99999)
    assert client.ask("read", path="/global/motor_setpoint_rpm") == 3000


def test_memory_is_read_and_protected(client: PeerClient) -> None:
    start, size = client.ask("device")["readonly"][0]
    begins = struct.pack("=If", 20240117, 1.0125)

    assert client.ask("read_memory", address=start, size=8) == begins.hex()
    assert size >= 8
    assert client.refusal("write_memory", address=start, data="00")


def test_memory_is_written(desk: Desk, client: PeerClient) -> None:
    with zipfile.ZipFile(description_of(desk.program)) as archive:
        variables = json.loads(archive.read("varmap.json"))["variables"]
    address = variables["/global/motor_setpoint_rpm"]["addr"]
    octets = struct.pack("=f", 1234.0).hex()

    client.ask("write_memory", address=address, data=octets)

    assert client.ask("read_memory", address=address, size=4) == octets
    assert client.ask("read", path="/global/motor_setpoint_rpm") == 1234.0


def test_user_command_brings_its_answer_or_its_refusal(client: PeerClient) -> None:
    data = bytes(range(60)).hex()

    assert client.ask("user_command", subfunction=0, data=data) == data
    assert "OVERFLOW" in client.refusal("user_command", subfunction=0xEE, data="00")


def test_description_is_downloaded_and_uninstalled_and_uploaded(desk: Desk) -> None:
    file = description_of(desk.program)
    (firmware_id,) = desk.ask("installed")

    assert desk.ask("download", firmware_id=firmware_id) == file.read_bytes().hex()
    desk.ask("uninstall", firmware_id=firmware_id)
    assert desk.ask("installed") == []
    assert desk.ask("upload", file=str(file)) == firmware_id
    assert desk.ask("installed") == [firmware_id]
    desk.ask("wait_described", firmware_id=firmware_id)


def test_recordings_are_made_and_renamed_and_deleted(client: PeerClient) -> None:
    recorded = client.ask("record", name="first", paths=[SPEED, TICK_COUNT], x_axis="MeasuredTime")

    reference_id = recorded["reference_id"]
    assert [entry["path"] for entry in recorded["signals"]] == [SPEED, TICK_COUNT]
    assert len(recorded["x"]["samples"]) == len(recorded["signals"][0]["samples"]) > 0
    assert client.ask("stored") == [["first", reference_id]]
    assert client.ask("read_stored", reference_id=reference_id)["signals"] == recorded["signals"]
    client.ask("rename", reference_id=reference_id, name="second")
    assert client.ask("stored") == [["second", reference_id]]
    client.ask("delete", reference_id=reference_id)
    assert client.ask("stored") == []


def test_recordings_need_no_name(client: PeerClient) -> None:
    recorded = client.ask("record", name="", paths=[SPEED])

    assert recorded["name"] == ""
    assert client.ask("stored") == [["", recorded["reference_id"]]]
    client.ask("delete_all")
    assert client.ask("stored") == []


def test_csv_listener_gets_all_that_is_sent(client: PeerClient, tmp_path: Path) -> None:
    paths = [UPTIME_MS, *SCRATCH[:9]]
    client.patience_s = CSV_SESSION_S + DEADLINE_S

    client.ask(
        "log_csv",
        folder=str(tmp_path),
        paths=paths,
        update_rate=CSV_RATE_HZ,
        seconds=CSV_SESSION_S,
    )

    with (tmp_path / "session.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    start = next(index for index, row in enumerate(rows) if paths[0] in row)
    column = rows[start].index(paths[0])
    values = [row[column] for row in rows[start + 2 :]]  # below the paths are the names
    uptimes = [float(value) for value in values if value]
    gaps = [later - earlier for earlier, later in pairwise(uptimes)]
    sys.stdout.write(
        f"{CSV_SESSION_S:g} s: {len(values)} rows, uptime advances by "
        f"{uptimes[-1] - uptimes[0]:.0f} ms, largest gap {max(gaps):.0f} ms\n"
    )
    assert uptimes == sorted(uptimes)
    assert uptimes[-1] - uptimes[0] > 0


def test_device_is_back_after_its_link_was_closed_and_opened(client: PeerClient) -> None:
    session = client.ask("device")["session"]

    client.ask("relink")

    assert client.ask("device")["session"] not in ("", session)


def test_events_tell_when_a_device_goes_and_comes_back(desk: Desk) -> None:
    session = desk.ask("device")["session"]
    desk.ask("listen")

    desk.board.kill()
    assert desk.ask("next_event") == ["DeviceGoneEvent", session]
    desk.board = Board(desk.program, desk.port)

    name, new_session = desk.ask("next_event")
    assert name == "DeviceReadyEvent"
    assert new_session not in ("", session)
