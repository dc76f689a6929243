"""How many values per second a client gets: N variables, side by side or scattered, any line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .exchanges import Exchange, cycle_s, planned_exchanges
from .rig import LAYOUTS, QUICK, Rig, line_text
from .rows import BOUND, LOOP, POLLING, USUAL_BUFFER, Rows

BAUDS: Final = (115_200, 1_000_000, 3_000_000, 0)
COUNTS: Final = (1, 10, 100, 1000)
OTHER_BUFFERS: Final = (256, 4096)
UNIT: Final = "updates/s"


@dataclass(frozen=True, slots=True)
class Case:
    """What is polled, and over what."""

    baud: int
    buffer_size: int
    layout: str
    count: int

    @property
    def text(self) -> str:
        return f"{line_text(self.baud)}, {self.count} {self.layout}, buffers of {self.buffer_size}"


def cases(*, quick: bool) -> Iterator[Case]:
    """Yield all of them, or those that tell most."""
    for baud in BAUDS:
        for layout in LAYOUTS:
            for count in (1, 100, 1000) if quick else COUNTS:
                if count == 1 and layout == "scattered":
                    continue  # the same as one that is not
                if quick and layout == "scattered" and count != 100:
                    continue
                yield Case(baud, USUAL_BUFFER, layout, count)
                # A few values fit one request of any device.
                if not quick and count == COUNTS[-1] and layout == LAYOUTS[0]:
                    for buffer_size in OTHER_BUFFERS:
                        yield Case(baud, buffer_size, layout, count)


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    for case in cases(quick=rig.duration is QUICK):
        rig.progress(f"{POLLING}: {case.text}")
        measure_case(rig, rows, case)


def measure_case(rig: Rig, rows: Rows, case: Case) -> None:
    """Measure the loop, ours and the peer, one after the other."""
    row = rows.row(POLLING, case.text, UNIT)
    indices = rig.indices(case.layout, case.count)
    exchanges = planned_exchanges(rig.variables(indices), case.buffer_size)
    if case.baud:
        row.note(BOUND, case.count / cycle_s(exchanges, case.baud))
    row.note(LOOP, loop_rate(rig, case, exchanges))
    job = {
        "paths": rig.paths(indices),
        "seconds": rig.duration.measure_s,
        "settle": rig.duration.settle_s,
    }
    for who, side, board in rig.contenders(case.baud, case.buffer_size):
        outcome = side.do(board, "poll", every_sample=True, **job)
        row.note(who, outcome.result["updates_per_s"], outcome.server_cpu)
        if outcome.result["lost"]:
            lost = rows.row(POLLING, f"{case.text}, lost", "updates", more_is_better=False)
            lost.note(who, outcome.result["lost"])


def loop_rate(rig: Rig, case: Case, exchanges: list[Exchange]) -> float:
    """Return the values per second that the bare loop reads."""
    with rig.board(case.baud, case.buffer_size) as board:
        rate = rig.loop.run(board.port, exchanges, rig.duration.measure_s)
    return rate.cycles_per_s * case.count
