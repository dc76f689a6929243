"""The stock server with our library on emulated boards, described by its own tools."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.support.board_kinds import BOARD_KINDS, AvrKind, BoardKind, BuiltFirmware, HostKind
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run
from tests.support.noisy_line import NoisyLine

from .peer_processes import Peer, PeerClient, running_processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

EMULATED: Final = [kind for kind in BOARD_KINDS if not isinstance(kind, HostKind)]

# The stock server stops with an internal error unless one answer holds the definitions of all
# published values, of 3 octets each. The small AVR has room for that when nothing else needs it.
OPTIONS: Final = {"atmega328p": ("-DBOARD_TX_PAYLOAD=224u",)}

SETPOINT, SETPOINT_RPV, UPTIME = "/global/motor_setpoint_rpm", "/rpv/x1000", "/rpv/x1007"


@pytest.fixture(params=EMULATED, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> BoardKind:
    """Each kind of board in turn."""
    board_kind: BoardKind = request.param
    if isinstance(board_kind, AvrKind):
        return replace(board_kind, options=OPTIONS.get(board_kind.name, ()))
    return board_kind


@pytest.fixture
def firmware(kind: BoardKind) -> BuiltFirmware:
    """The example firmware for it."""
    try:
        return kind.build()
    except CannotBuild as error:
        cannot_run(f"{error}")


@pytest.fixture
def client(
    kind: BoardKind, firmware: BuiltFirmware, peer_python: Path, tmp_path: Path
) -> Iterator[PeerClient]:
    """A client of a stock server that is connected to the board."""
    peer = Peer(peer_python, tmp_path)
    firmware_id = describe_by_peer(peer, firmware, tmp_path / "described")
    try:
        board = kind.start(firmware, tmp_path)
    except CannotBuild as error:
        cannot_run(f"{error}")
    try:
        with NoisyLine(tmp_path / "port", board.port) as line, running_processes() as processes:
            processes.append(peer.start_server(line.port))
            client = peer.connect()
            processes.append(client.process)
            client.ask("wait_described", firmware_id=firmware_id)
            yield client
            client.close()
    finally:
        board.kill()


def describe_by_peer(peer: Peer, firmware: BuiltFirmware, folder: Path) -> str:
    """Make a description with the stock tools, install it, and return the firmware's identifier."""
    folder.mkdir()
    description = folder.with_suffix(".sfd")
    for command in (
        ("elf2varmap", firmware.program, "--output", folder),
        ("get-firmware-id", firmware.linked, "--output", folder),
        ("make-metadata", "--project-name", "Theirs", "--output", folder),
        ("make-sfd", folder, description, "--install"),
    ):
        result = peer.run(*command)
        assert result.returncode == 0, result.stdout + result.stderr
    return (folder / "firmwareid").read_text().strip()


def test_the_stock_server_reads_and_writes_a_board(client: PeerClient, kind: BoardKind) -> None:
    device = client.ask("device")

    assert device["name"].startswith("Motor example (")
    assert device["datalogging"] is kind.has_recordings
    first = client.ask("read", path=UPTIME)
    assert client.ask("read", path=UPTIME) > first
    client.ask("write", path=SETPOINT_RPV, value=-1200.5)
    assert client.ask("read", path=SETPOINT) == -1200.5
    client.ask("write", path=SETPOINT, value=800.0)
    assert client.ask("read", path=SETPOINT_RPV) == 800.0
    assert client.ask("device")["session"] == device["session"]
