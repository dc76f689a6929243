"""The simulated device as a process, reached by raw frames."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scrutiny.firmware_link.frames import Response, ResponseParser
from scrutiny.firmware_link.messages import (
    BEFORE_PARAMS,
    Connect,
    Discover,
    GetProtocolVersion,
    GetSetup,
)
from scrutiny.firmware_link.simulator.__main__ import main

ROOT = Path(__file__).parents[3]
DEADLINE_S = 20.0

CONNECT = Connect().request(BEFORE_PARAMS).encode()
DISCOVER = Discover().request(BEFORE_PARAMS).encode()
VERSION = GetProtocolVersion().request(BEFORE_PARAMS).encode()
SETUP = GetSetup().request(BEFORE_PARAMS).encode()

needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


class Process:
    """A running simulator; ``ready`` is the line it printed."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scrutiny.firmware_link.simulator", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.ready = self._process.stdout.readline().strip()
        self.errors = ""

    @property
    def port(self) -> int:
        return int(self.ready.rpartition(":")[2])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self._process.send_signal(number)
        _, self.errors = self._process.communicate(timeout=DEADLINE_S)
        return self._process.returncode

    def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def running(*arguments: str) -> Generator[Process]:
    process = Process(*arguments)
    try:
        yield process
    finally:
        process.close()


def receive_one(fd: int) -> Response:
    """Read from a descriptor until a response is complete."""
    parser = ResponseParser()
    deadline = time.monotonic() + DEADLINE_S
    while True:
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, "no answer"
        data = os.read(fd, 4096)
        assert data, "hung up"
        for response in parser.feed(data):
            return response


def ask(connection: socket.socket, frame: bytes) -> Response:
    connection.sendall(frame)
    return receive_one(connection.fileno())


def is_hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_it_answers_over_tcp_and_ends_at_a_signal() -> None:
    with running("--tcp", "0", "--name", "Testing", "--seed", "5") as process:
        assert process.ready == f"tcp 127.0.0.1:{process.port}"
        with socket.create_connection(("127.0.0.1", process.port)) as connection:
            found = Discover().parse_answer(ask(connection, DISCOVER).payload, BEFORE_PARAMS)
            opened = Connect().parse_answer(ask(connection, CONNECT).payload, BEFORE_PARAMS)

            assert (found.display_name, opened.session_id) == ("Testing", 5)
        assert process.stop() == 0
        assert process.errors == ""


@pytest.mark.parametrize(("arguments", "size"), [((), 65536), (("--datalog-size", "1000"), 1000)])
def test_room_for_recordings_can_be_chosen(arguments: tuple[str, ...], size: int) -> None:
    with (
        running("--tcp", "0", *arguments) as process,
        socket.create_connection(("127.0.0.1", process.port)) as connection,
    ):
        assert ask(connection, CONNECT).code == 0

        setup = GetSetup().parse_answer(ask(connection, SETUP).payload, BEFORE_PARAMS)

        assert setup.buffer_size == size


def test_a_new_tcp_client_replaces_the_old_one_and_finds_the_session() -> None:
    with running("--tcp", "0") as process:
        address = ("127.0.0.1", process.port)
        with socket.create_connection(address) as old, socket.create_connection(address) as new:
            new.settimeout(DEADLINE_S)
            old.settimeout(DEADLINE_S)

            assert ask(new, CONNECT).code == 0
            assert is_hung_up(old)
        with socket.create_connection(address) as again:
            assert ask(again, VERSION).payload == b"\x01\x00"


def test_it_answers_over_udp() -> None:
    with running("--udp", "0") as process:
        assert process.ready == f"udp 127.0.0.1:{process.port}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.connect(("127.0.0.1", process.port))
            assert ask(connection, DISCOVER).code == 0
        assert process.stop() == 0


@needs_pty
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_over_a_pty_and_removes_its_link(tmp_path: Path, number: signal.Signals) -> None:
    link = tmp_path / "port"
    with running("--pty", str(link), "--baud", "1000000") as process:
        assert process.ready == f"pty {link} -> {link.readlink()}"
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(fd, DISCOVER)
            assert receive_one(fd).code == 0
        finally:
            os.close(fd)
        assert process.stop(number) == 0

    assert not link.is_symlink()


@needs_pty
def test_a_pty_survives_clients_that_come_and_go(tmp_path: Path) -> None:
    link = tmp_path / "port"
    with running("--pty", str(link)):
        for frame in (CONNECT, VERSION):
            fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
            os.write(fd, frame)
            assert receive_one(fd).code == 0
            os.close(fd)


@needs_pty
def test_an_old_link_is_replaced_and_anything_else_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "port"
    link.symlink_to(tmp_path / "gone")
    with running("--pty", str(link)) as process:
        assert process.ready.endswith(str(link.readlink()))
        assert process.stop() == 0

    link.write_text("precious")
    assert main(["--pty", str(link)]) == 1
    assert "not a symbolic link" in capsys.readouterr().err
    assert link.read_text() == "precious"


def test_faults_are_counted_at_the_end() -> None:
    with running("--tcp", "0", "--faults", "duplicate=1", "--seed", "1") as process:
        with socket.create_connection(("127.0.0.1", process.port)) as connection:
            connection.sendall(DISCOVER)
        # The octets may still be on their way; the summary is there in any case.
        assert process.stop() == 0
        assert process.errors.startswith("faults: passed ")


def test_a_taken_port_is_an_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--tcp", str(taken.getsockname()[1])]) == 1

    assert capsys.readouterr().err.startswith("cannot start the simulated device: ")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--tcp", "70000"],
        ["--tcp", "x"],
        ["--tcp", "0", "--udp", "0"],
        ["--tcp", "0", "--faults", "crash=1"],
        ["--tcp", "0", "--name", "x" * 65],
        ["--tcp", "0", "--baud", "-1"],
        ["--tcp", "0", "--datalog-size", "-1"],
        ["--tcp", "0", "--datalog-size", "much"],
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)

    assert "usage:" in capsys.readouterr().err
