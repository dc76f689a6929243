"""How long the server takes to fetch a recording from the device, and how much of a line it uses.

The device is the example firmware on a pseudo terminal, with a recording of 64 KiB. In turn it is
fetched by

- the ceiling: a loop of blocking `os.write` and `os.read`, with the frame made beforehand, that
  reads as many frames and looks at nothing but their length;
- the same loop, which checks the CRC of each frame before it asks for the next one: the least that
  anybody has to do who wants to know whether a frame is good;
- the server, a process of its own, for a client that has asked for the recording.

As fast as it goes, the ratio counts: the server's time over that of the loop next to it, first up
to the last chunk, then until all is found to be right, and then until the client is told, for which
the samples have been decoded, compressed and written to the disk.

On a line, shares count. The line would be full if each frame followed the last octet of the one
before without a gap; the octets of data per second are then

    data · baud / (10 · (requests · 8 + answers · 13 + data + 4))

because a frame of a request has 8 octets, one of an answer 9, the head of a chunk in it 4, and at
the end there is a CRC of 4 more. The share of the bare line is that of baud / 10.

Whoever fetches and the device are kept on two processors, unless asked otherwise (see
`link_rate.py`), and these are kept awake. On a busy machine, run it as `sudo chrt -f 10 ...`.

    python benchmarks/acquisition.py
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.fetches import (  # noqa: E402
    DATA_SIZE,
    Fetch,
    Series,
    answer_sizes,
    gapless_s,
    text_of,
)
from benchmarks.measured import (  # noqa: E402
    PLACEMENTS,
    MachineLoad,
    MeasuredBoard,
    MeasuredServer,
    Placement,
    awake,
)
from benchmarks.raw_port import RawPort  # noqa: E402
from scrutiny.firmware_link.codes import DatalogState, TriggerCondition  # noqa: E402
from scrutiny.firmware_link.messages import (  # noqa: E402
    BEFORE_PARAMS,
    Arm,
    Configure,
    GetMetadata,
    GetStatus,
    ReadAcquisition,
    Reset,
    RpvSignal,
)
from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from scrutiny.sdk.datalogging import DataloggingConfig  # noqa: E402
from scrutiny.sdk.datalogging import TriggerCondition as Condition  # noqa: E402
from tests.support.example_board import SCRATCH, build_board  # noqa: E402

TX_SIZES: Final = (256, 1024, 4096)
BAUD_RATES: Final = (0, 1_000_000, 115_200)

CONTROL_LOOP: Final = 0
TICKS_ID: Final = 0x1010  # 8 octets
OTHER_IDS: Final = range(0x2000, 0x200E)  # 4 octets each; 64 in an entry
POINT_COUNT: Final = DATA_SIZE // 64
POLLED: Final = len(SCRATCH)

DEADLINE_S: Final = 60.0
POLL_S: Final = 0.05


# --- The ceiling --------------------------------------------------------------------------------


class LoopBench:
    """A board that holds a recording, and the loop that fetches it."""

    def __init__(self, board: MeasuredBoard, baud: int, tx_size: int) -> None:
        self._board = board
        self._sizes = answer_sizes(DATA_SIZE, tx_size)
        self._per_part = len(self._sizes)
        if baud:  # a device without a heartbeat ends the session after 5 s
            self._per_part = max(1, int(len(self._sizes) * 2.0 / gapless_s(baud, self._sizes)))
        self._record()

    def measure(self, *, is_checked: bool) -> Fetch:
        frame = ReadAcquisition().request(BEFORE_PARAMS).encode()
        port = RawPort(self._board.port)
        fetch = port.fetch_checked if is_checked else port.fetch
        seconds, cpu_ns = 0.0, 0
        try:
            for begin in range(0, len(self._sizes), self._per_part):
                port.keep_session()
                before_ns = time.process_time_ns()
                seconds += fetch(frame, self._sizes[begin : begin + self._per_part])
                cpu_ns += time.process_time_ns() - before_ns
        finally:
            port.close()
        return Fetch(seconds, seconds, seconds, len(self._sizes), cpu_ns / 1e9)

    def _record(self) -> None:
        """Let the board record what the server lets its own record."""
        port = RawPort(self._board.port)
        signals = tuple(RpvSignal(rpv_id) for rpv_id in (TICKS_ID, *OTHER_IDS))
        port.ask(Reset())
        port.ask(
            Configure(
                loop_id=CONTROL_LOOP,
                config_id=1,
                decimation=1,
                probe_location=0,
                timeout_100ns=0,
                condition=TriggerCondition.ALWAYS_TRUE,
                hold_time_100ns=0,
                operands=(),
                signals=signals,
            )
        )
        port.ask(Arm())
        while port.ask(GetStatus()).state is not DatalogState.ACQUISITION_COMPLETED:
            time.sleep(POLL_S)
        metadata = port.ask(GetMetadata())
        assert (metadata.point_count, metadata.data_size) == (POINT_COUNT, DATA_SIZE), metadata
        port.close()


# --- The server ---------------------------------------------------------------------------------


class TimedServer(MeasuredServer):
    """The server, which tells when it has fetched an acquisition."""

    PROGRAM: ClassVar[tuple[str, ...]] = (str(ROOT / "benchmarks" / "timed_server.py"),)


class ServerBench:
    """A server with a board of its own, and a client that has it record."""

    def __init__(self, server: TimedServer, client: ScrutinyClient, polled: int) -> None:
        self._server = server
        self._client = client
        self._count = 0
        client.wait_device_ready(DEADLINE_S)
        for path in SCRATCH[:polled]:
            client.watch(path)
        self._config = DataloggingConfig(CONTROL_LOOP)
        axis = self._config.add_axis("all")
        for rpv_id in (TICKS_ID, *OTHER_IDS):
            self._config.add_signal(f"/rpv/x{rpv_id:04X}", axis)
        self._config.configure_trigger(Condition.AlwaysTrue, position=0)

    def measure(self) -> Fetch:
        request = self._client.start_datalog(self._config)
        request.wait_for_completion(DEADLINE_S)
        told_ns = time.monotonic_ns()
        self._count += 1
        match, _ = self._server.wait_for_line(rf"^fetched {self._count} (.*)")
        begin_ns, last_ns, checked_ns, cpu_ns, requests = map(int, match[1].split())
        ticks = request.fetch_acquisition(DEADLINE_S).ydata[0].series.to_list()
        assert ticks == list(range(int(ticks[0]), int(ticks[0]) + POINT_COUNT)), "wrong samples"
        return Fetch(
            (last_ns - begin_ns) / 1e9,
            (checked_ns - begin_ns) / 1e9,
            (told_ns - begin_ns) / 1e9,
            requests,
            cpu_ns / 1e9,
        )


# --- The run ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, and how often."""

    rounds: int
    rounds_on_line: int
    tx_sizes: tuple[int, ...]
    baud_rates: tuple[int, ...]
    polled: int
    placement: str


def measure(
    program: Path, folder: Path, series: Series, options: Options, progress: Callable[[str], None]
) -> int:
    """Fetch in turn over one line; return how many requests the server had to repeat."""
    arguments = ["--freeze", "--tx-size", str(series.tx_size), "--datalog-size", str(DATA_SIZE)]
    arguments += ["--baud", str(series.baud)] if series.baud else []
    link_rate = series.baud or 115_200
    placement = Placement.of(options.placement)
    rounds = options.rounds_on_line if series.baud else options.rounds
    with ExitStack() as stack:
        for_loop = MeasuredBoard(program, folder / "loop", *arguments)
        stack.callback(for_loop.kill)
        for_server = MeasuredBoard(program, folder / "board", *arguments)
        stack.callback(for_server.kill)
        home = folder / f"home-{series.baud}-{series.tx_size}"
        server = TimedServer(home, "--link", f"serial:{for_server.port}?baudrate={link_rate}")
        stack.callback(server.kill)
        for board in (for_loop, for_server):
            board.keep_on(placement.device)
        server.keep_on(placement.poller)
        loop_bench = LoopBench(for_loop, series.baud, series.tx_size)
        urgency = os.sched_getscheduler(0), os.sched_getparam(0)
        client = stack.enter_context(ScrutinyClient().connect("127.0.0.1", server.tcp_port))
        server_bench = ServerBench(server, client, options.polled)

        def measure_loops() -> None:
            os.sched_setaffinity(0, placement.poller)  # this process is the loop
            os.sched_setscheduler(0, *urgency)
            series.loop.append(loop_bench.measure(is_checked=False))
            series.checking_loop.append(loop_bench.measure(is_checked=True))

        def measure_server() -> None:
            # This process is the client, which nobody waits for: it is never urgent.
            os.sched_setaffinity(0, placement.client)
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            series.server.append(server_bench.measure())

        for index in range(rounds):
            progress(f"{series.line_name}, {series.tx_size}: round {index + 1} of {rounds}")
            in_turn = (measure_loops, measure_server)
            for step in in_turn if index % 2 else reversed(in_turn):
                step()
        retries = client.get_server_stats().device_retry_count
        client.disconnect()
        assert server.stop() == 0, server.complaints
        assert (for_loop.stop(), for_server.stop()) == (0, 0)
    return retries


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Time to fetch a recording of 64 KiB, against a bare loop and the line's rate.",
    )
    parser.add_argument(
        "--rounds", type=int, default=40, help="as fast as it goes; default: %(default)s"
    )
    parser.add_argument(
        "--rounds-on-line", type=int, default=5, help="with a baud rate; default: %(default)s"
    )
    parser.add_argument(
        "--tx-size",
        type=int,
        nargs="+",
        default=TX_SIZES,
        help="largest payload that the device sends; default: 256 1024 4096",
    )
    parser.add_argument(
        "--baud",
        type=int,
        nargs="+",
        default=BAUD_RATES,
        help="of the line, 0 for unthrottled; default: 0 1000000 115200",
    )
    parser.add_argument(
        "--poll",
        action="store_true",
        help=f"let the server poll {POLLED} values meanwhile, which take every second turn",
    )
    parser.add_argument(
        "--placement",
        choices=PLACEMENTS,
        default=PLACEMENTS[0],
        help="keep server and device on two processors (default), or leave it to the scheduler",
    )
    parser.add_argument(
        "--may-sleep", action="store_true", help="let idle processors fall asleep, as usual"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all measurements")
    return parser


def main() -> int:
    """Run from the command line."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.rounds_on_line < 1:
        parser.error("at least one round is due")
    options = Options(
        rounds=arguments.rounds,
        rounds_on_line=arguments.rounds_on_line,
        tx_sizes=tuple(arguments.tx_size),
        baud_rates=tuple(arguments.baud),
        polled=POLLED if arguments.poll else 0,
        placement=arguments.placement,
    )

    def show_progress(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{text:50}", end="", file=sys.stderr, flush=True)

    all_series = [Series(baud, size) for baud in options.baud_rates for size in options.tx_sizes]
    retries = 0
    load = MachineLoad()
    with tempfile.TemporaryDirectory() as folder:
        program = build_board(Path(folder) / "build")
        load.begin()
        with awake(() if arguments.may_sleep else os.sched_getaffinity(0)):
            for series in all_series:
                retries += measure(program, Path(folder), series, options, show_progress)
        others = load.of_others()
    show_progress("\r")
    print(text_of(all_series, retries, others))
    if arguments.json is not None:
        content = {
            "options": asdict(options),
            "series": [asdict(series) for series in all_series],
            "retries": retries,
            "load_of_others": others,
        }
        arguments.json.write_text(json.dumps(content, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
