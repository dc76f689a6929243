"""The line that tests put in front of a board, between a terminal and the socket of an emulator."""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from scrutiny.firmware_link.simulator.faults import Direction
from tests.support.processes import DEADLINE_S

if sys.platform == "win32":
    pytest.skip("there are no pseudo terminals", allow_module_level=True)

import tty

from tests.support.noisy_line import NoisyLine
from tests.support.serial_lane import MaskedInterrupts


class Rig:
    """Both ends of a line: of the server, and of the emulator, which listens on a socket."""

    def __init__(self, folder: Path, stack: ExitStack, baud: int | None) -> None:
        path = folder / "uart"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{path}")
            listener.listen()
            self.line = stack.enter_context(NoisyLine(folder / "port", path, baud=baud))
            self.emulator, _ = listener.accept()
        stack.enter_context(closing(self.emulator))
        self.emulator.settimeout(DEADLINE_S)
        self.fd = self.open_port()
        stack.callback(os.close, self.fd)

    def open_port(self) -> int:
        fd = os.open(self.line.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        return fd

    def heard_by_emulator(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.emulator.recv(4096)
        return data

    def heard_by_server(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            assert select.select([self.fd], [], [], DEADLINE_S)[0], f"only {data!r}"
            data += os.read(self.fd, 4096)
        return data


MakeRig = Callable[[int | None], Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Generator[MakeRig]:
    with ExitStack() as stack:
        yield lambda baud: Rig(tmp_path, stack, baud)


@pytest.mark.parametrize("baud", [None, 115_200])
def test_octets_pass_unchanged_both_ways(make_rig: MakeRig, baud: int | None) -> None:
    rig = make_rig(baud)
    octets = bytes(range(256))

    os.write(rig.fd, octets)
    rig.emulator.sendall(octets)

    assert rig.heard_by_emulator(256) == octets
    assert rig.heard_by_server(256) == octets
    assert (rig.line.counts.from_server, rig.line.counts.from_board) == (256, 256)


@pytest.mark.parametrize("direction", Direction, ids=lambda direction: direction.value)
def test_no_octet_comes_before_the_line_could_have_carried_it(
    make_rig: MakeRig, direction: Direction
) -> None:
    rig = make_rig(38_400)
    octets = bytes(500)
    begin_s = time.monotonic()

    if direction is Direction.TO_DEVICE:
        os.write(rig.fd, octets)
        rig.heard_by_emulator(500)
    else:
        rig.emulator.sendall(octets)
        rig.heard_by_server(500)

    assert time.monotonic() - begin_s >= 500 * 10 / 38_400


@pytest.mark.parametrize("direction", Direction, ids=lambda direction: direction.value)
def test_just_the_chosen_octet_is_lost(make_rig: MakeRig, direction: Direction) -> None:
    rig = make_rig(115_200)
    rig.line.drop_octet(direction, 2)

    if direction is Direction.TO_DEVICE:
        os.write(rig.fd, b"abcdef")
        heard = rig.heard_by_emulator(5)
    else:
        rig.emulator.sendall(b"abcdef")
        heard = rig.heard_by_server(5)

    assert heard == b"abdef"
    assert rig.line.counts.faults == 1


def test_octets_that_meet_masked_interrupts_are_overruns(make_rig: MakeRig) -> None:
    rig = make_rig(115_200)
    always = MaskedInterrupts(period_ns=10**18, masked_ns=10**18)  # since the computer started
    rig.line.mask_interrupts(always)

    os.write(rig.fd, b"abcdef")
    heard = rig.heard_by_emulator(2)
    while rig.line.counts.overruns < 4:
        pass  # each look waits for the line's thread
    rig.line.mask_interrupts(None)
    os.write(rig.fd, b"g")

    assert heard + rig.heard_by_emulator(1) == b"abg"
    assert rig.line.counts.overruns == 4


def test_unplugging_hangs_up_and_plugging_brings_the_name_back(make_rig: MakeRig) -> None:
    rig = make_rig(115_200)

    rig.line.unplug()
    assert os.read(rig.fd, 1) == b""
    assert not rig.line.port.exists()
    rig.line.plug()
    os.close(rig.fd)
    rig.fd = rig.open_port()
    rig.emulator.sendall(b"back")

    assert rig.heard_by_server(4) == b"back"


def test_an_emulator_that_has_ended_is_noticed_and_replaced(
    make_rig: MakeRig, tmp_path: Path
) -> None:
    rig = make_rig(None)
    rig.emulator.close()
    path = tmp_path / "uart of another run"

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{path}")
        listener.listen()
        rig.line.connect_board(path)
        rig.emulator, _ = listener.accept()
    with closing(rig.emulator):
        rig.emulator.sendall(b"again")
        assert rig.heard_by_server(5) == b"again"
