"""Reading the variables of a large program: ours against the peer's, one after the other.

The program is generated, so that every path, type and size in it is known; both maps are compared
with that. Processor time and memory are those of the whole command, its child processes included.

    python benchmarks/extraction.py                          200 units of 250 variables
    python benchmarks/extraction.py --vars-per-unit 1000     four times as many
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from tests.support.peer import peer_python  # noqa: E402

_GENERATOR: Final = ROOT / "benchmarks" / "gen_big_firmware.py"
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: processor time, time on the clock, and its largest memory."""

    cpu_s: float
    wall_s: float
    peak_octets: int


def main() -> int:
    """Print the tables; 1 if a map of ours is not what was generated."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--vars-per-unit", type=int, default=250)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="only ours")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = build_program(folder, arguments.units, arguments.vars_per_unit)
        manifest = json.loads((folder / "manifest.json").read_text())
        print(
            f"{manifest['leaf_count']} leaves, {program.stat().st_size / _MIB:.1f} MiB of program"
        )
        peer = None if arguments.no_peer else peer_python()
        return compare(program, manifest, folder, arguments.runs, peer)


def build_program(folder: Path, units: int, vars_per_unit: int) -> Path:
    """Generate and compile; the manifest goes beside the program."""
    options = ["--units", str(units), "--vars-per-unit", str(vars_per_unit), "--build"]
    command = [sys.executable, str(_GENERATOR), "--out", str(folder), *options]
    subprocess.run(command, check=True)
    return folder / "firmware.elf"


def compare(
    program: Path, manifest: Mapping[str, Any], folder: Path, runs: int, peer: Path | None
) -> int:
    """Run both in turn, and print their costs and what is wrong with their maps."""
    our_map, peer_map = folder / "ours.json", folder / "peer.json"
    ours = [sys.executable, "-m", "scrutiny.cli.main", "elf2varmap", str(program)]
    ours += ["--output", str(our_map)]
    costs: dict[str, list[Cost]] = {"ours": [], "ours, again": [], "peer": []}
    for index in range(runs):
        cache = {"XDG_CACHE_HOME": str(folder / f"cache{index}")}
        costs["ours"].append(run(ours, cache))
        costs["ours, again"].append(run(ours, cache))
        if peer is not None:
            theirs = [str(peer), "-I", "-m", "scrutiny", "elf2varmap", str(program)]
            costs["peer"].append(run([*theirs, "--output", str(peer_map)], {}))
    print_costs({name: cost for name, cost in costs.items() if cost})
    problems = differences(our_map, manifest)
    print(f"ours against the manifest: {problems}")
    if peer is not None:
        print(f"peer against the manifest: {differences(peer_map, manifest)}")
    return 1 if any(problems.values()) else 0


def run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command in a process of its own, so that its children are counted apart."""
    code = (
        "import resource, subprocess, sys\n"
        "status = subprocess.run(sys.argv[1:], capture_output=True).returncode\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)\n"
    )
    started = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-c", code, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wall_s = time.perf_counter() - started
    status, cpu_s, peak_kib = result.stdout.split()
    if status != "0":
        raise SystemExit(f"exit code {status} of {' '.join(command)}")
    return Cost(float(cpu_s), wall_s, int(peak_kib) << 10)


def print_costs(costs: Mapping[str, Sequence[Cost]]) -> None:
    """Print medians, and the share of the peer's."""
    print(f"{'':<14} {'CPU':>8} {'wall':>8} {'memory':>10} {'of the peer: CPU':>18} {'memory':>8}")
    medians = {
        name: (
            statistics.median(cost.cpu_s for cost in runs),
            statistics.median(cost.wall_s for cost in runs),
            statistics.median(cost.peak_octets for cost in runs),
        )
        for name, runs in costs.items()
    }
    peer = medians.get("peer")
    for name, (cpu_s, wall_s, peak) in medians.items():
        shares = "" if peer is None else f"{cpu_s / peer[0]:>18.3f} {peak / peer[2]:>8.3f}"
        print(f"{name:<14} {cpu_s:>6.2f} s {wall_s:>6.2f} s {peak / _MIB:>6.0f} MiB {shares}")


def differences(map_file: Path, manifest: Mapping[str, Any]) -> dict[str, int]:
    """Count the paths that a map lacks, has too many, or describes in another way."""
    document = json.loads(map_file.read_text())
    found = document["variables"]
    wanted = {leaf["path"]: leaf for leaf in manifest["leaves"]}
    different = [
        path
        for path, leaf in wanted.items()
        if path in found and not _is_same(leaf, found[path], document["type_map"])
    ]
    return {
        "missing": len(wanted.keys() - found.keys()),
        "extra": len(found.keys() - wanted.keys()),
        "different": len(different),
    }


def _is_same(leaf: Mapping[str, Any], found: Mapping[str, Any], types: Mapping[str, Any]) -> bool:
    type_name = types[str(found["type_id"])]["type"]
    if leaf["type"] == "pointer":
        type_is_same = type_name.startswith("ptr")
    else:
        type_is_same = type_name == leaf["type"]
    arrays = {path: a["dims"] for path, a in found.get("array_segments", {}).items()}
    return (
        type_is_same
        and arrays == leaf.get("arrays", {})
        and found.get("bitsize") == leaf.get("bitsize")
    )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
