"""What many variables cost the server: its memory."""

from __future__ import annotations

from typing import Final

from .rig import QUICK, Rig
from .rows import USUAL_BUFFER, Rows

BAUD: Final = 1_000_000
WATCHED: Final = 100
MANY: Final = 50_000
QUICK_MANY: Final = 6_000


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    leaves = QUICK_MANY if rig.duration is QUICK else MANY
    rig.progress(f"{leaves:,} variables")
    firmware = rig.big_firmware(leaves)
    case = f"{leaves:,} variables, {WATCHED} watched"
    memory = rows.row("description", f"{case}, memory", "MB", more_is_better=False)
    job = {
        "paths": firmware.paths[:WATCHED],
        "seconds": rig.duration.measure_s,
        "settle": rig.duration.settle_s,
    }
    for who, side, board in rig.contenders(BAUD, USUAL_BUFFER, firmware=firmware):
        side.do(board, "poll", **job)
        memory.note(who, side.usage.resident_octets / 1e6)
