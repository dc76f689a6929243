"""What a server costs that has nothing to do: share of a core, wake-ups and memory.

A device is connected; there is no client, or one that only stays connected.

    python benchmarks/idle.py --seconds 30
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.measured import MeasuredBoard, MeasuredServer  # noqa: E402
from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from tests.support.example_board import build_board  # noqa: E402

LIMIT: Final = 0.01  # of a core
SETTLE_S: Final = 1.0
DEADLINE_S: Final = 10.0


def main() -> int:
    """Print the table; the exit code is 1 if an idle server needs too much of a core."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    seconds: float = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        board = MeasuredBoard(build_board(Path(folder) / "build"), Path(folder) / "board")
        stack.callback(board.kill)
        server = MeasuredServer(Path(folder), "--link", f"serial:{board.port}?baudrate=115200")
        stack.callback(server.kill)
        with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
            client.wait_device_ready(DEADLINE_S)

        print("idle server             CPU      wake-ups/s  memory")
        shares = [measure("device, no client", server, seconds)]
        with ScrutinyClient().connect("127.0.0.1", server.tcp_port):
            shares.append(measure("device, idle client", server, seconds))
        assert server.stop() == 0, server.complaints
    return 0 if max(shares) < LIMIT else 1


def measure(what: str, server: MeasuredServer, seconds: float) -> float:
    """Print a line, and return the share of a core."""
    time.sleep(SETTLE_S)
    before = server.usage
    time.sleep(seconds)
    after = server.usage
    share = after.cpu_share_since(before)
    wakeups = after.wakeups_per_s_since(before)
    print(f"{what:22}  {share:6.2%}  {wakeups:11.1f}  {after.resident_octets / 1e6:4.1f} MB")
    return share


if __name__ == "__main__":
    sys.exit(main())
