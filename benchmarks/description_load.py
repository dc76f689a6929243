"""A device with a very large description: is the link served while it is loaded, and at what cost?

The firmware is the example application, linked with generated units of variables, so that the
device really has all of them. A client watches published values without limit from the first
moment on, and 1,000 variables as soon as there are some; a line in between notes when each request
passed. The peer's server loads the same description afterwards, for its memory.

    python benchmarks/description_load.py                       200,000 leaves
    python benchmarks/description_load.py --vars-per-unit 250   50,000
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.firmware import Firmware, build_big_firmware  # noqa: E402
from benchmarks.measured import (  # noqa: E402
    MeasuredBoard,
    MeasuredProcess,
    MeasuredServer,
    checkout_environment,
)
from benchmarks.timed_line import Passage, read_notes  # noqa: E402
from scrutiny.firmware_link.codes import Command, CommControlFunction  # noqa: E402
from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from tests.support.example_board import SCRATCH  # noqa: E402
from tests.support.peer import peer_python  # noqa: E402
from tests.support.processes import LoggedProcess  # noqa: E402

WATCHED: Final = 1000
LOAD_DEADLINE_S: Final = 120.0
LONGEST_GAP_MS: Final = 20.0
AFTERWARDS_S: Final = 8.0  # a few heartbeats
SETTLED_S: Final = 6.0
HEARTBEAT: Final = bytes((Command.COMM_CONTROL, CommControlFunction.HEARTBEAT))
_MIB: Final = 1 << 20
Events = ScrutinyClient.Events


@dataclass(slots=True)
class Milestones:
    """When something happened, `time.monotonic`, and what the server then used."""

    ready_s: float = 0.0
    loaded_s: float = 0.0
    first_values_s: float = 0.0
    end_s: float = 0.0
    memory_before: int = 0
    memory_after: int = 0


def main() -> int:
    """Print the figures; 1 if a request came too late while the description was loaded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--vars-per-unit", type=int, default=1000)
    parser.add_argument("--no-peer", action="store_true", help="only ours")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        big = build_big_firmware(folder, arguments.units, arguments.vars_per_unit)
        print(f"{len(big.paths)} generated leaves that are no arrays")
        print("\nfirst time, the description has to be prepared:")
        worst = report(*measure(big, folder, "first"))
        print("\nsecond time, it was prepared before:")
        milestones, passages = measure(big, folder, "second")
        worst = max(worst, report(milestones, passages))
        if not arguments.no_peer:
            added = milestones.memory_after - milestones.memory_before
            compare_memory(added, big, folder, peer_python())
    return 0 if worst <= LONGEST_GAP_MS else 1


def measure(big: Firmware, folder: Path, name: str) -> tuple[Milestones, list[Passage]]:
    """Let a server meet the board, and note what happens."""
    home = folder / "home"
    store = home / "data" / "server" / "sfd_storage"
    store.mkdir(parents=True, exist_ok=True)
    install = ["install-sfd", str(big.description)]
    environment = {**checkout_environment(), "SCRUTINY_DATA_FOLDER": str(store.parent)}
    subprocess.run(
        [sys.executable, "-m", "scrutiny.cli.main", *install],
        check=True, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    port, terminal, notes = folder / f"port-{name}", folder / f"tty-{name}", folder / "notes"
    server = MeasuredServer(home, "--link", f"serial:{port}?baudrate=115200")
    board = MeasuredBoard(big.program, terminal)
    line: LoggedProcess | None = None
    try:
        with ScrutinyClient().connect("localhost", server.tcp_port) as client:
            milestones = Milestones(memory_before=server.usage.resident_octets)
            script = str(ROOT / "benchmarks" / "timed_line.py")
            client.listen_events(Events.LISTEN_DEVICE_READY | Events.LISTEN_SFD_LOADED)
            line = LoggedProcess([sys.executable, script, str(port), str(terminal), str(notes)])
            follow(client, big, milestones)
            milestones.memory_after = server.usage.resident_octets
        line.stop()
    finally:
        for process in (line, board, server):
            if process is not None:
                process.kill()
    if server.complaints:
        print("\n".join(server.complaints))
    return milestones, read_notes(notes)


def follow(client: ScrutinyClient, big: Firmware, milestones: Milestones) -> None:
    """Watch published values at once, variables as soon as they are known."""
    _expect(client, Events.DeviceReadyEvent)
    client.watch_many(SCRATCH)
    client.wait_new_value_for_all(timeout=10)
    milestones.ready_s = time.monotonic()
    _expect(client, Events.SFDLoadedEvent)
    milestones.loaded_s = time.monotonic()
    chosen = random.Random(1).sample(big.paths, min(WATCHED, len(big.paths)))
    client.watch_many(chosen)
    client.wait_new_value_for_all(timeout=30)
    milestones.first_values_s = time.monotonic()
    time.sleep(AFTERWARDS_S)
    milestones.end_s = time.monotonic()


def _expect(client: ScrutinyClient, kind: type[object]) -> None:
    event = client.read_event(timeout=LOAD_DEADLINE_S)
    if not isinstance(event, kind):
        raise SystemExit(f"{event!r} instead of {kind.__name__}")


def report(milestones: Milestones, passages: Sequence[Passage]) -> float:
    """Print what happened; return the longest gap while loading, in ms."""
    loading_s = milestones.loaded_s - milestones.ready_s
    watching_s = milestones.first_values_s - milestones.loaded_s
    added = milestones.memory_after - milestones.memory_before
    print(f"  values to SFDLoaded           {loading_s:8.3f} s")
    print(f"  SFDLoaded to {WATCHED} first values {watching_s:8.3f} s")
    print(f"  memory added to the server    {added / _MIB:8.1f} MiB")
    phases = {
        "while loading": (milestones.ready_s, milestones.loaded_s),
        "until first values": (milestones.loaded_s, milestones.first_values_s),
        "afterwards": (milestones.first_values_s, milestones.end_s),
    }
    worst = {name: print_gaps(name, passages, *span) for name, span in phases.items()}
    beats = [p.time_ns for p in passages if p.is_request and p.head == HEARTBEAT]
    intervals = [(b - a) / 1e9 for a, b in itertools.pairwise(beats)]
    print(f"  heartbeats {len(beats)}, longest interval {max(intervals, default=0.0):.2f} s")
    return max(worst["while loading"], worst["until first values"])


def print_gaps(name: str, passages: Sequence[Passage], start_s: float, end_s: float) -> float:
    """Print how long the board waited for requests; return the longest, in ms."""
    gaps: list[tuple[float, float]] = []  # length in ms, and when it began
    answered_ns: int | None = None
    for passage in passages:
        if not passage.is_request:
            answered_ns = passage.time_ns
        elif answered_ns is not None:
            if start_s <= answered_ns / 1e9 <= end_s:
                gaps.append(((passage.time_ns - answered_ns) / 1e6, answered_ns / 1e9 - start_s))
            answered_ns = None
    if not gaps:
        return 0.0
    gaps.sort()
    late = [f"{gap:.1f} ms at {at_s:.3f} s" for gap, at_s in gaps if gap > LONGEST_GAP_MS]
    print(
        f"  gaps {name:<18} {len(gaps):>6}: median {gaps[len(gaps) // 2][0]:.2f} ms, "
        f"p99 {gaps[len(gaps) * 99 // 100][0]:.2f} ms, longest {gaps[-1][0]:.1f} ms, "
        f"{len(late)} above {LONGEST_GAP_MS:.0f} ms {', '.join(late)}"
    )
    return gaps[-1][0]


def compare_memory(ours: int, big: Firmware, folder: Path, peer: Path) -> None:
    """Let the peer's server load the same description, and print what that adds to it."""
    empty, full = folder / "peer-empty", folder / "peer-full"
    store = full / "data" / "server" / "sfd_storage"
    store.mkdir(parents=True)
    (folder / "home" / "data" / "server" / "sfd_storage").replace(store)
    with_it, without = peer_memory(big, full, peer), peer_memory(big, empty, peer)
    theirs = with_it - without
    print(f"\nthe peer adds {theirs / _MIB:.0f} MiB, ours {ours / _MIB:.1f}: {ours / theirs:.3f}")


def peer_memory(big: Firmware, home: Path, peer: Path) -> int:
    """Return what the peer's server uses once it has settled."""
    home.mkdir(exist_ok=True)
    terminal = home / "tty"
    config = home / "server.json"
    config.write_text(
        json.dumps(
            {
                "api": {"client_interface_config": {"host": "127.0.0.1", "port": 0}},
                "device": {
                    "response_timeout": 100,  # it loads between two requests
                    "link_type": "serial",
                    "link_config": {"portname": str(terminal), "baudrate": 115200},
                },
            }
        )
    )
    environment = {"PATH": os.defpath, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    command = [str(peer), "-I", "-u", "-m", "scrutiny", "server", "--config", str(config)]
    board = MeasuredBoard(big.program, terminal)
    server = MeasuredProcess(command, environment=environment)
    try:
        server.wait_for_line("fully ready")
        return settled_memory(server)
    finally:
        server.kill()
        board.kill()


def settled_memory(process: MeasuredProcess) -> int:
    """Wait until the memory of a process has not grown for some seconds."""
    deadline_s = time.monotonic() + LOAD_DEADLINE_S
    last, since_s = 0, time.monotonic()
    while time.monotonic() < deadline_s and time.monotonic() - since_s < SETTLED_S:
        time.sleep(0.5)
        now = process.usage.resident_octets
        if abs(now - last) > _MIB:
            last, since_s = now, time.monotonic()
    return last


if __name__ == "__main__":
    sys.exit(main())
