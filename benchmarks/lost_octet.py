"""What a single lost octet costs: time without values, the session, the subscriptions.

An emulated Cortex-M3 and a server with a line of 115,200 baud between them, one client that watches
a value; first our server and client, then the stock ones. Every now and then the line loses one
octet. Everything is counted on the line, which knows nothing of who uses it.

    python benchmarks/lost_octet.py --rounds 3
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.firmware_link.codes import Command, CommControlFunction  # noqa: E402
from scrutiny.firmware_link.errors import FrameError  # noqa: E402
from scrutiny.firmware_link.frames import ResponseParser  # noqa: E402
from scrutiny.firmware_link.simulator.faults import Direction  # noqa: E402
from tests.interop.peer_processes import Peer  # noqa: E402
from tests.support.board_kinds import BOARD_KINDS, BoardKind, BuiltFirmware  # noqa: E402
from tests.support.example_board import UPTIME  # noqa: E402
from tests.support.noisy_line import NoisyLine  # noqa: E402
from tests.support.peer import peer_python  # noqa: E402
from tests.support.processes import LoggedProcess  # noqa: E402
from tests.support.server_process import ServerProcess, home_environment  # noqa: E402

CLIENT: Final = ROOT / "benchmarks" / "watching_client.py"
BAUD: Final = 115_200
OFFSETS: Final = (2, 5, 9)  # of the octets to come, one after the other

HEADER: Final = (
    "server  octet lost  times  without values: median  longest  sessions  subscriptions lost"
)

STEADY_S: Final = 1.5
LOOK_AGAIN_S: Final = 0.02
FLOWING_S: Final = 0.2  # without an answer for longer, values do not flow


class Answers:
    """Takes note of what a board answers.

    Attributes:
        times_s: of each answer with values, `time.monotonic`.
        sessions: how many were opened.
    """

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self.sessions = 0
        self._parser = ResponseParser()

    def note(self, direction: Direction, data: bytes) -> None:
        """Take octets, as they come from the board."""
        if direction is Direction.TO_DEVICE:
            return
        try:
            responses = self._parser.feed(data)
        except FrameError:
            return
        for response in responses:
            if response.command == Command.MEMORY_CONTROL and response.code == 0:
                self.times_s.append(time.monotonic())
            opening = (Command.COMM_CONTROL, CommControlFunction.CONNECT)
            if (response.command, response.subfunction) == opening and response.code == 0:
                self.sessions += 1

    def are_flowing(self) -> bool:
        """Tell whether values come."""
        return bool(self.times_s) and time.monotonic() - self.times_s[-1] < FLOWING_S

    def outage_s(self, since_s: float) -> float:
        """Return the longest time without values."""
        times_s = [at_s for at_s in self.times_s if at_s > since_s - FLOWING_S]
        return max(after - before for before, after in pairwise(times_s))


@dataclass(slots=True)
class Toll:
    """What some lost octets have cost.

    Attributes:
        outages_s: longest time without values, octet by octet.
        sessions, subscriptions: that ended.
    """

    outages_s: list[float] = field(default_factory=list[float])
    sessions: int = 0
    subscriptions: int = 0


class Trial:
    """A board, a line, a server and a client of one make."""

    def __init__(self, line: NoisyLine, client: LoggedProcess) -> None:
        self._line = line
        self._client = client
        self._answers = Answers()
        line.on_octets = self._answers.note
        client.wait_for_line("^watching$")

    def lose_octet(self, direction: Direction, offset: int, toll: Toll) -> None:
        """Lose one octet of those to come, and wait until values come as before."""
        self._wait_until_steady(time.monotonic())
        sessions, subscriptions = self._answers.sessions, len(self._client.lines)
        faults = self._line.counts.faults
        self._line.drop_octet(direction, offset)
        while self._line.counts.faults == faults:
            time.sleep(LOOK_AGAIN_S)
        begin_s = time.monotonic() - LOOK_AGAIN_S
        self._wait_until_steady(begin_s)
        toll.outages_s.append(self._answers.outage_s(begin_s))
        toll.sessions += self._answers.sessions - sessions
        toll.subscriptions += len(self._client.lines) - subscriptions

    def _wait_until_steady(self, since_s: float) -> None:
        while time.monotonic() - since_s < STEADY_S:
            if not self._answers.are_flowing():
                since_s = time.monotonic()
            time.sleep(LOOK_AGAIN_S)


def start_ours(line: NoisyLine, folder: Path, stack: ExitStack) -> LoggedProcess:
    """Start our server and a client of it."""
    server = ServerProcess(folder, "--link", f"serial:{line.port}?baudrate={BAUD}")
    stack.callback(server.kill)
    command = [sys.executable, str(CLIENT), f"{server.tcp_port}", UPTIME]
    return LoggedProcess(command, environment=home_environment(folder))


def start_theirs(line: NoisyLine, folder: Path, stack: ExitStack) -> LoggedProcess:
    """Start the stock server and a client of it."""
    python = peer_python()
    peer = Peer(python, folder)
    server = peer.start_server(line.port)
    stack.callback(server.stop)
    command = [str(python), "-I", str(CLIENT), f"{peer.port}", UPTIME]
    return LoggedProcess(command, environment={"PATH": os.defpath, "HOME": f"{folder}"})


SIDES: Final = {"ours": start_ours, "stock": start_theirs}


def main() -> int:
    """Print the table; the exit code is 1 if a session of ours ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--board", default="mps2-an385", choices=[k.name for k in BOARD_KINDS])
    parser.add_argument("--rounds", type=int, default=len(OFFSETS), help="octets, each way")
    arguments = parser.parse_args()
    kind = next(kind for kind in BOARD_KINDS if kind.name == arguments.board)
    print(
        "server  octet lost  times  without values: median  longest  sessions  subscriptions lost"
    )
    lost = 0
    with tempfile.TemporaryDirectory() as folder:
        firmware = kind.build()
        for name in SIDES:
            tolls = measure(kind, firmware, Path(folder) / name, name, arguments.rounds)
            for direction, toll in tolls.items():
                print_toll(name, direction, toll)
            lost += sum(toll.sessions for toll in tolls.values()) if name == "ours" else 0
    return 1 if lost else 0


def measure(
    kind: BoardKind, firmware: BuiltFirmware, folder: Path, side: str, rounds: int
) -> dict[Direction, Toll]:
    """Lose octets in both directions."""
    folder.mkdir()
    tolls = {direction: Toll() for direction in Direction}
    with ExitStack() as stack:
        board = kind.start(firmware, folder)
        stack.callback(board.kill)
        line = stack.enter_context(NoisyLine(folder / "port", board.port, baud=BAUD))
        client = SIDES[side](line, folder, stack)
        stack.callback(client.kill)
        trial = Trial(line, client)
        for index in range(rounds):
            for direction, toll in tolls.items():
                trial.lose_octet(direction, OFFSETS[index % len(OFFSETS)], toll)
    return tolls


def print_toll(side: str, direction: Direction, toll: Toll) -> None:
    """Print the line of one direction."""
    print(
        f"{side:6}  {direction.value:10}  {len(toll.outages_s):5}"
        f"  {statistics.median(toll.outages_s):20.3f} s {max(toll.outages_s):7.3f} s"
        f" {toll.sessions:9} {toll.subscriptions:19}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
