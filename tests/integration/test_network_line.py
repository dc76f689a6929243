"""The line that tests put in front of a board where a terminal would be too slow."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.network_line import NetworkLine
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the board's end is a unix socket")


class Rig:
    """A line, and the emulator at its other end."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        path = folder / "uart"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{path}")
            listener.listen()
            self.line = stack.enter_context(NetworkLine(path, 115_200))
            self.emulator, _ = listener.accept()
        stack.enter_context(closing(self.emulator))
        self.emulator.settimeout(DEADLINE_S)
        self._stack = stack

    def connect(self) -> socket.socket:
        address = ("127.0.0.1", self.line.tcp_port)
        return self._stack.enter_context(socket.create_connection(address, DEADLINE_S))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(tmp_path, stack)


def received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        octets = connection.recv(4096)
        assert octets, f"the end after {data!r}"
        data += octets
    return data


def test_octets_pass_unchanged_both_ways(rig: Rig) -> None:
    server = rig.connect()

    server.sendall(bytes(range(256)))
    rig.emulator.sendall(b"and back")

    assert received(rig.emulator, 256) == bytes(range(256))
    assert received(server, 8) == b"and back"
    assert (rig.line.counts.from_server, rig.line.counts.from_board) == (256, 8)


def test_a_server_may_go_and_come_back(rig: Rig) -> None:
    for _ in range(100):  # often the line hears of the end and of the new one together
        rig.connect().close()

        server = rig.connect()
        server.sendall(b"again")

        assert received(rig.emulator, 5) == b"again"


def test_unplugging_hangs_up_until_it_is_plugged_again(rig: Rig) -> None:
    server = rig.connect()
    server.sendall(b"a")
    assert received(rig.emulator, 1) == b"a"

    rig.line.unplug()
    assert server.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        rig.connect()
    rig.line.plug()
    rig.connect().sendall(b"b")

    assert received(rig.emulator, 1) == b"b"
