"""What calls of the blocking client cost, beside the stock client with the stock server.

Both talk to the same run of the example firmware over the same pseudo terminal, one after the
other. The same script measures both, each in its own environment.

python benchmarks/sdk_calls.py --writes 2000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from scrutiny.sfd.store import DescriptionStore  # noqa: E402
from tests.interop.peer_processes import Peer  # noqa: E402
from tests.support.bench import Bench  # noqa: E402
from tests.support.example_board import (  # noqa: E402
    SCRATCH,
    Board,
    build_board,
    description_of,
)
from tests.support.peer import NoPeer, peer_python  # noqa: E402
from tests.support.processes import DEADLINE_S  # noqa: E402

SCRIPT: Final = Path(__file__).with_name("timed_calls.py")
MANY: Final = 500
TABLE: Final = "/static/crc32.c/crc32_table/crc32_table"  # of 256 elements
LIMITS_S: Final = {"write": 0.001, "batch": 0.5, "watch_many": 0.2}
CALLS: Final = {
    "write": "one write, median",
    "batch": f"batch of {MANY} writes",
    "watch": f"watch, {MANY} times",
    "watch_many": f"watch_many of {MANY} paths",
}

Seconds = dict[str, float]


def main() -> int:
    """Print the table; the exit code is 1 if a call takes longer than its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--writes", type=int, default=1000, help="of one value each")
    parser.add_argument("--no-peer", action="store_true", help="only ours")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        program = build_board(folder / "build", described=True)
        bench = stack.enter_context(Bench(program, folder))
        board = bench.start_board()
        ours = measure_ours(bench, board, description_of(program), folder, arguments.writes)
        theirs: Seconds = {}
        if not arguments.no_peer:
            try:
                theirs = measure_peer(board, description_of(program), folder, arguments.writes)
            except NoPeer as reason:
                print(f"without the peer: {reason}")
    show(ours, theirs)
    return 0 if all(ours[call] < limit_s for call, limit_s in LIMITS_S.items()) else 1


def measure_ours(
    bench: Bench, board: Board, description: Path, folder: Path, writes: int
) -> Seconds:
    """Return what calls of our client take with our server; the board is free afterwards."""
    DescriptionStore(folder / "data" / "server").install(description)
    server = bench.start_server(board.port)
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)
    client.wait_sfd_loaded(DEADLINE_S)
    paths = {"written": SCRATCH, "watched": watched_paths(client)}
    client.disconnect()
    paths_file(folder).write_text(json.dumps(paths))
    command = [
        sys.executable,
        str(SCRIPT),
        f"{server.tcp_port}",
        f"{writes}",
        str(paths_file(folder)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert server.stop() == 0
    return seconds_of(result.stdout)


def measure_peer(board: Board, description: Path, folder: Path, writes: int) -> Seconds:
    """Return what calls of the stock client take with the stock server.

    Raises:
        NoPeer: it cannot be had here.
    """
    home = folder / "peer"
    home.mkdir()
    peer = Peer(peer_python(), home)
    installed = peer.run("install-sfd", description)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    server = peer.start_server(board.port)
    try:
        result = peer.run_script(SCRIPT, f"{peer.port}", f"{writes}", paths_file(folder))
    finally:
        server.stop()
    assert result.returncode == 0, result.stdout + result.stderr
    return seconds_of(result.stdout)


def paths_file(folder: Path) -> Path:
    """Return the file that tells the script what to write and what to watch."""
    return folder / "paths.json"


def watched_paths(client: ScrutinyClient) -> list[str]:
    """Return 500 paths of all kinds, whose values can be read: none is behind a pointer."""
    request = client.download_watchable_list()
    request.wait_for_completion(DEADLINE_S)
    content = request.get()
    variables = [path for path in content.var if "*" not in path and "protected" not in path]
    elements = [f"{TABLE}[{index}]" for index in range(256)]
    paths = [*content.rpv, *content.alias, *elements, *variables][:MANY]
    assert len(set(paths)) == MANY
    return paths


def seconds_of(output: str) -> Seconds:
    """Return what the script has measured."""
    spent_s: Seconds = json.loads(output)
    return spent_s


def show(ours: Seconds, theirs: Seconds) -> None:
    """Print the table; the peer watches many one after the other, for it has no other way."""
    print(f"{'':26} {'ours':>12} {'the peer':>12} {'of it':>7} {'limit':>10}")
    for call, what in CALLS.items():
        limit = f"{LIMITS_S[call] * 1e3:g} ms" if call in LIMITS_S else ""
        peer_s = theirs.get(call, theirs.get("watch"))
        beside = (
            f"{'':20}" if peer_s is None else f"{peer_s * 1e3:9.2f} ms {ours[call] / peer_s:7.3f}"
        )
        print(f"{what:26} {ours[call] * 1e3:9.2f} ms {beside} {limit:>10}")


if __name__ == "__main__":
    sys.exit(main())
