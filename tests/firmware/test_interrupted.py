"""The poll and the recording loop may interrupt each other at every instruction."""

from __future__ import annotations

from pathlib import Path

from tests.support.cortex_m3 import build_for_cortex_m3, run_on_cortex_m3
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run


def test_poll_and_loop_interrupt_each_other_at_every_instruction(tmp_path: Path) -> None:
    sources = [Path(__file__).with_name(name) for name in ("interrupted.c", "handover.c")]
    try:
        program = build_for_cortex_m3(tmp_path, *sources)
    except CannotBuild as reason:
        cannot_run(f"{reason}")

    status, lines = run_on_cortex_m3(program)

    assert (status, len(lines)) == (0, 2), lines
    places = {who: int(count) for who, count in (line.split(";") for line in lines)}
    # So many different instructions were interrupted; more than enough to cover all paths.
    assert places["the loop interrupts the poll"] > 1000
    assert places["the poll interrupts the loop"] > 200
