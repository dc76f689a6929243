"""Description files in both directions: what one side makes, the other one uses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Events, expect_event
from tests.support.corpus_program import Toolchain, build
from tests.support.example_board import ROOT, Board, description_of
from tests.support.missing_tools import cannot_run
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

from .peer_processes import Peer, PeerClient, Process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

ALIASES = ROOT / "firmware_example" / "aliases.json"


@pytest.fixture
def peer(peer_python: Path, tmp_path: Path) -> Peer:
    """The peer, with an empty home."""
    home = tmp_path / "peer"
    home.mkdir()
    return Peer(peer_python, home)


def ours(*arguments: str | Path, home: Path) -> str:
    """Run a verb of our command line, and return what it printed."""
    result = subprocess.run(
        [sys.executable, "-m", "scrutiny.cli.main", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCRUTINY_DATA_FOLDER": str(home / "data" / "server"),
            "XDG_CACHE_HOME": str(home / "cache"),
        },
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def theirs(peer: Peer, *arguments: str | Path) -> str:
    """Run a verb of the peer's command line, and return what it printed."""
    result = peer.run(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def variables_of(document: bytes | str) -> dict[str, Any]:
    variables: dict[str, Any] = json.loads(document)["variables"]
    return variables


def identifier_of(description: Path) -> str:
    with zipfile.ZipFile(description) as archive:
        return archive.read("firmwareid").decode().strip()


def test_the_peer_installs_and_lists_what_we_made(peer: Peer, described_program: Path) -> None:
    description = description_of(described_program)

    theirs(peer, "install-sfd", description)

    listed = theirs(peer, "list-sfd")
    assert identifier_of(description) in listed
    assert "Motor example" in listed


def test_the_peer_adds_an_alias_to_what_we_made(
    peer: Peer, described_program: Path, tmp_path: Path
) -> None:
    description = tmp_path / "copy.sfd"
    description.write_bytes(description_of(described_program).read_bytes())

    target = ["--fullpath", "/added", "--target", "/global/motor_speed_rpm", "--gain", "2"]
    theirs(peer, "add-alias", description, *target)

    ours("install-sfd", description, home=tmp_path)
    assert identifier_of(description) in ours("list-sfd", home=tmp_path)


@pytest.fixture
def peer_client(peer: Peer, described_program: Path, tmp_path: Path) -> Iterator[PeerClient]:
    """A client of a stock server that has our board and our description."""
    theirs(peer, "install-sfd", description_of(described_program))
    processes: list[Process] = []
    try:
        command = (described_program, "--pty", tmp_path / "motor", "--freeze")
        processes.append(Process(command, dict(os.environ), tmp_path).after("pty "))
        processes.append(peer.start_server(tmp_path / "motor"))
        client = peer.connect()
        processes.append(client.process)
        client.ask("wait_described", firmware_id=identifier_of(description_of(described_program)))
        yield client
        client.close()
    finally:
        for process in reversed(processes):
            process.stop()


def test_the_stock_server_reads_and_writes_variables_that_we_described(
    peer_client: PeerClient,
) -> None:
    read = peer_client.ask

    assert read("read", path="/static/motor.c/parameters/supply_v") == 24.0
    assert read("read", path="/static/protected.c/calibration/serial_number") == 20240117
    table = "/static/protected.c/calibration/encoder_table/encoder_table"
    assert read("read", path=f"{table}[2]") == 17
    assert read("read", path="/global/motor_flags/enabled") == 1
    peer_client.ask("write", path="/global/*statistics_focus/mean", value=77.5)
    assert read("read", path="/global/statistics/speed_rpm/mean") == 77.5
    peer_client.ask("write", path="/global/motor_flags/fault_code", value=9)
    assert read("read", path="/global/motor_flags/fault_code") == 9
    peer_client.ask("write", path="/motor/setpoint [rpm]", value=99999)
    assert read("read", path="/global/motor_setpoint_rpm") == 3000
    peer_client.ask("write", path="/motor/trim [%]", value=12.5)
    assert read("read", path="/rpv/x100C") == 25


def test_both_find_the_same_variables_in_the_example(
    peer: Peer, described_program: Path, tmp_path: Path
) -> None:
    linked = described_program.parent / "objects" / described_program.name
    options = ("--dereference-pointers", "--output")

    theirs(peer, "elf2varmap", linked, *options, tmp_path / "theirs.json")
    ours("elf2varmap", linked, *options, tmp_path / "ours.json", home=tmp_path)

    theirs_map = json.loads((tmp_path / "theirs.json").read_text())
    ours_map = json.loads((tmp_path / "ours.json").read_text())
    assert ours_map["variables"].keys() == theirs_map["variables"].keys()
    for path, variable in theirs_map["variables"].items():
        assert described(ours_map, path) == described(theirs_map, path), variable


# What the peer gets wrong in the corpus, with the number of the defect.
KNOWN_DEFECTS = {
    "F3": "packed",
    "X3": "cpp_locals.cpp/(open|close|run)|static_locals.c/(calls|corpus_leaf)",
    "X4": "anonymous_inner",
    "X5": "reference_",
    "X13": "character_",
}


@pytest.mark.parametrize("dwarf", ["-gdwarf-4", "-gdwarf-5"])
def test_our_paths_are_those_of_the_peer_wherever_it_is_right(
    peer: Peer, dwarf: str, tmp_path: Path
) -> None:
    toolchain = Toolchain("gcc", ("gcc",), ("g++", "-std=gnu++17"), ("-m64",))
    if missing := toolchain.missing():
        cannot_run(f"{missing} not found")
    corpus = build(toolchain, ["-O2", dwarf], tmp_path)
    options = ("--dereference-pointers", "--output")

    theirs(peer, "elf2varmap", corpus, *options, tmp_path / "theirs.json")
    ours("elf2varmap", corpus, *options, tmp_path / "ours.json", home=tmp_path)

    theirs_map = json.loads((tmp_path / "theirs.json").read_text())
    ours_map = json.loads((tmp_path / "ours.json").read_text())
    assert len(theirs_map["variables"]) > 1000
    defects = re.compile("|".join(KNOWN_DEFECTS.values()))
    different = [
        path
        for path in theirs_map["variables"]
        if not defects.search(path)
        and (
            path not in ours_map["variables"]
            or described(ours_map, path) != described(theirs_map, path)
        )
    ]
    assert different == []


def described(document: dict[str, Any], path: str) -> dict[str, Any]:
    """Return what a map says about a variable, without numbers that are its own affair."""
    variable = dict(document["variables"][path])
    variable["type"] = document["type_map"][str(variable.pop("type_id"))]["type"]
    if (enum := variable.pop("enum", None)) is not None:
        variable["enum"] = document["enums"][str(enum)]["values"]
    return variable


def test_identifier_and_tag_are_the_same_on_both_sides(
    peer: Peer, described_program: Path, tmp_path: Path
) -> None:
    linked = described_program.parent / "objects" / described_program.name

    identifier = ours("get-firmware-id", linked, home=tmp_path)
    assert theirs(peer, "get-firmware-id", linked) == identifier

    ours("tag-firmware-id", linked, tmp_path / "ours.elf", home=tmp_path)
    theirs(peer, "tag-firmware-id", linked, tmp_path / "theirs.elf")
    assert (tmp_path / "ours.elf").read_bytes() == (tmp_path / "theirs.elf").read_bytes()


def test_our_server_uses_what_the_peer_made(
    peer: Peer, described_program: Path, tmp_path: Path
) -> None:
    linked = described_program.parent / "objects" / described_program.name
    work = tmp_path / "work"
    work.mkdir()
    theirs(peer, "elf2varmap", linked, "--dereference-pointers", "--output", work)
    theirs(peer, "get-firmware-id", linked, "--output", work)
    theirs(peer, "make-metadata", "--project-name", "Theirs", "--output", work)
    aliases = json.loads(ALIASES.read_text())
    del aliases["/motor/trim [%]"]  # the peer takes no id with letters
    (tmp_path / "aliases.json").write_text(json.dumps(aliases))
    theirs(peer, "add-alias", work, "--file", tmp_path / "aliases.json")
    theirs(peer, "make-sfd", work, tmp_path / "theirs.sfd")
    home = tmp_path / "home"
    DescriptionStore(home / "data" / "server").install(tmp_path / "theirs.sfd")

    board = Board(described_program, tmp_path / "board", "--freeze")
    server = ServerProcess(home, "--link", f"serial:{board.port}?baudrate=115200")
    try:
        client = ScrutinyClient(enabled_events=Events.LISTEN_ALL)
        with client.connect("127.0.0.1", server.tcp_port):
            expect_event(client, Events.SFDLoadedEvent)
            paths = ["/global/*statistics_focus/mean", "/motor/drive [%]", "/global/motor_state"]
            mean, drive, state = client.watch_many(paths)
            client.wait_new_value_for_all(DEADLINE_S)
            mean.value = 5
            assert client.read_once("/global/statistics/speed_rpm/mean") == 5
            assert isinstance(drive.value, float)
            assert state.value_enum.startswith("MOTOR_")
            info = client.get_loaded_sfd()
            assert info is not None
            assert info.metadata is not None
            assert info.metadata.project_name == "Theirs"
    finally:
        server.kill()
        board.kill()
    assert server.complaints == []
