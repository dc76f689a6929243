"""What one client notices of others that read slowly or not at all, and what they cost the server.

An honest client watches 100 variables at the full polling rate. Beside it, over a websocket in JSON
and in binary and over the TCP port, one client each never reads, one neither, but leaves after a
second and comes back at once, and one reads 1 kB/s. Linux only.

    python -m benchmarks.back_pressure --seconds 60
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.measured import MeasuredBoard, MeasuredServer
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sfd.store import DescriptionStore
from tests.support.example_board import build_board, description_of
from tests.support.processes import DEADLINE_S
from tests.support.slow_clients import KINDS, HonestClient, SlowConnection, paths_of_table

WATCHED: Final = 100
HABITS: Final = ("never", "never, 1 s", "1 kB/s")
STEP_S: Final = 0.1
STEP_OCTETS: Final = 100  # 1 kB/s
WARM_UP_S: Final = 5.0
LARGEST_GAP_S: Final = 0.1
TCP_LINE: Final = r"listening on tcp://127\.0\.0\.1:(\d+)"


def main() -> int:
    """Print the tables; the exit code is 1 if the honest client has noticed the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--alone", action="store_true", help="without the slow clients")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        program = build_board(folder / "build", described=True)
        DescriptionStore(folder / "data" / "server").install(description_of(program))
        board = MeasuredBoard(program, folder / "board")
        stack.callback(board.kill)
        link = f"serial:{board.port}?baudrate=115200"
        server = MeasuredServer(folder, "--link", link, "--tcp-port", "0")
        stack.callback(server.kill)
        tcp_port = int(server.wait_for_line(TCP_LINE)[0][1])
        with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
            client.wait_device_ready(DEADLINE_S)
            client.wait_sfd_loaded(DEADLINE_S)

        paths = paths_of_table(WATCHED)
        honest = HonestClient(server.tcp_port, paths)
        stack.callback(honest.close)
        slow: list[SlowClient] = []
        for kind in () if arguments.alone else KINDS:
            port = tcp_port if kind == "tcp" else server.tcp_port
            for habit in HABITS:
                slow.append(SlowClient(kind, port, paths, habit, honest))
                stack.callback(slow[-1].stop)
        resident = observe(server, honest, arguments.seconds)
        gaps_s = honest.gaps_s
        show(gaps_s, resident, slow, server.lines)
        assert not server.complaints, server.complaints
    return 0 if gaps_s[-1] <= LARGEST_GAP_S else 1


class SlowClient:
    """Watches values with one of the `HABITS`, in a thread.

    Attributes:
        connections: how often it has connected.
        octets: how many it has read.
        ages_s: of each update that it read, beside what the honest client had by then.
    """

    def __init__(
        self, kind: str, port: int, paths: list[str], habit: str, honest: HonestClient
    ) -> None:
        self.kind = kind
        self.habit = habit
        self.connections = 0
        self.octets = 0
        self.ages_s: list[float] = []
        self._port = port
        self._paths = paths
        self._honest = honest
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                connection = SlowConnection(self.kind, self._port, self._paths)
            except OSError:
                continue
            self.connections += 1
            try:
                self._stay(connection)
            except OSError:
                pass
            finally:
                connection.close()

    def _stay(self, connection: SlowConnection) -> None:
        if self.habit != "1 kB/s":
            self._stopped.wait(None if self.habit == "never" else 1.0)
            return
        next_s = time.monotonic()
        while not self._stopped.is_set():
            before = connection.octets
            for time_us in connection.read_times_us(STEP_OCTETS):
                self.ages_s.append((self._honest.newest_us - time_us) / 1e6)
            self.octets += connection.octets - before
            next_s += STEP_S
            self._stopped.wait(max(0.0, next_s - time.monotonic()))


def observe(server: MeasuredServer, honest: HonestClient, seconds: float) -> list[int]:
    """Return the memory of the server at each second, from the end of the warm-up."""
    time.sleep(WARM_UP_S)
    honest.begin()
    resident: list[int] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        resident.append(server.usage.resident_octets)
        time.sleep(1.0)
    return resident


def show(
    gaps_s: list[float], resident: list[int], slow: list[SlowClient], lines: list[str]
) -> None:
    """Print what was seen; gaps in ascending order."""
    p99_ms = gaps_s[len(gaps_s) * 99 // 100] * 1e3
    print(f"honest client   {len(gaps_s)} messages, gap p99 {p99_ms:.1f} ms, ", end="")
    print(f"largest {gaps_s[-1] * 1e3:.1f} ms")
    lowest, highest = min(resident) / 1e6, max(resident) / 1e6
    half = len(resident) // 2
    drift = (sum(resident[half:]) / (len(resident) - half) - sum(resident[:half]) / half) / half
    print(f"server memory   {lowest:.1f} to {highest:.1f} MB, {drift / 1e3:+.1f} kB/s\n")
    print("client  reads       connected  octets read  age of values, s: last  largest")
    for client in slow:
        ages = f"{client.ages_s[-1]:22.1f}  {max(client.ages_s):7.1f}" if client.ages_s else ""
        print(f"{client.kind:6}  {client.habit:10}  {client.connections:9}  ", end="")
        print(f"{client.octets:11}  {ages}")
    for line in lines:
        if "too slow" in line:
            print(line)


if __name__ == "__main__":
    sys.exit(main())
