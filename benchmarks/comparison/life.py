"""How long it takes until a server listens, until a device is ready, and until it is gone.

The board has the example application with 6,000 variables besides. When it is plugged in, the
server has seen it once before.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.firmware import Firmware
from benchmarks.measured import MeasuredBoard

from .rig import Rig
from .rows import Row, Rows
from .sides import Side

BAUD: Final = 115_200
BUFFER: Final = 256
LEAVES: Final = 6_000


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    rig.progress("start, unplugging and plugging")
    start = rows.row("life", "start to listening", "ms", more_is_better=False)
    gone = rows.row("life", "board switched off to DeviceGone", "ms", more_is_better=False)
    ready = rows.row("life", "plugged in to DeviceReady", "ms", more_is_better=False)
    value = rows.row("life", "DeviceReady to the first value by name", "ms", more_is_better=False)
    found: list[Row] = [gone, ready, value]
    firmware = rig.big_firmware(LEAVES)
    for who in rig.who:
        board = rig.start_board(rig.new_port(), BAUD, BUFFER, firmware=firmware)
        try:
            with rig.side(who, board, BAUD, firmware=firmware) as side:
                start.note(who, 1e3 * side.start_s)
                board = measure_side(rig, firmware, side, board, found, who)
        finally:
            board.kill()


def measure_side(
    rig: Rig, firmware: Firmware, side: Side, board: MeasuredBoard, found: list[Row], who: str
) -> MeasuredBoard:
    """Switch a board off, and another one on at the same port; return that."""
    gone, ready, value = found
    paths = firmware.paths[:1]
    client = side.client("gone", paths=paths)
    client.wait_for("begin")
    off_s = time.monotonic()
    board.kill()
    client.wait_for("end")
    gone.note(who, 1e3 * (client.result()["gone_s"] - off_s))

    client = side.client("ready", paths=paths)
    client.wait_for("begin")
    board = rig.start_board(board.port, BAUD, BUFFER, firmware=firmware)
    _, there_s = board.wait_for_line("^pty ")
    client.wait_for("end")
    result = client.result()
    ready.note(who, 1e3 * (result["ready_s"] - there_s))
    value.note(who, 1e3 * (result["value_s"] - result["ready_s"]))
    return board
