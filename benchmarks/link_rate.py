"""How much of what a serial port can carry is left when the server polls a device over it.

One run measures, in turn, on two processes of the same device program and their pseudo terminals:

- the ceiling: a loop of blocking `os.write` and `os.read`, with frames made beforehand, that looks
  at nothing but the length of the answers;
- the server, a process of its own, with one client that watches the same values without limit.

Requests are counted at the device, by the octets that it has read. The clients cannot tell: they
get the newest values at most once per millisecond, however often the server has read them.

Whoever polls and the device are kept on two processors, unless asked otherwise. A scheduler that is
free to choose lets them share one at times and not at others: a loop is 1.5 to 2 times as fast when
it wakes up nobody on another processor, and then it is the scheduler that is compared.

    python benchmarks/link_rate.py
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from websockets.sync.client import connect

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.measured import (  # noqa: E402
    PLACEMENTS,
    MeasuredBoard,
    MeasuredServer,
    Placement,
    usage_of,
)
from benchmarks.raw_port import RawPort  # noqa: E402
from scrutiny.api.codec import encode  # noqa: E402
from scrutiny.api.messages import SubscribeWatchable  # noqa: E402
from scrutiny.firmware_link.codes import Command, MemoryControlFunction  # noqa: E402
from scrutiny.firmware_link.frames import Request  # noqa: E402
from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from tests.support.example_board import build_board  # noqa: E402
from tests.support.server_process import ServerProcess  # noqa: E402

VALUE_COUNTS: Final = (1, 60)
FIRST_ID: Final = 0x2000  # values of 4 octets
CLIENTS: Final = ("sdk", "bare")

SETTLE_S: Final = 0.1
DEADLINE_S: Final = 10.0
LONGEST_S: Final = 4.0  # without a heartbeat, the device ends the session of the loop after 5 s


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement.

    Attributes:
        requests_per_s: that the device has read.
        cpu: share of a core used by the process that polls, the loop or the server.
        device_cpu: share of a core used by the device.
    """

    requests_per_s: float
    cpu: float
    device_cpu: float

    @property
    def cpu_us_per_request(self) -> float:
        """Processor time of the process that polls, in microseconds."""
        return self.cpu / self.requests_per_s * 1e6


@dataclass(slots=True)
class Series:
    """All measurements with one number of values; those with the same index belong together."""

    value_count: int
    ceiling: list[Sample] = field(default_factory=list[Sample])
    server: dict[str, list[Sample]] = field(default_factory=dict[str, list[Sample]])

    def ratios(self, client: str) -> list[float]:
        """Return the share of the ceiling that the server reached, round by round."""
        pairs = zip(self.server[client], self.ceiling, strict=True)
        return [server.requests_per_s / ceiling.requests_per_s for server, ceiling in pairs]


def value_ids(count: int) -> range:
    return range(FIRST_ID, FIRST_ID + count)


def read_request(count: int) -> bytes:
    """Return the frame that reads values; it is the one that the server sends."""
    payload = b"".join(value_id.to_bytes(2, "big") for value_id in value_ids(count))
    function = MemoryControlFunction.READ_RPV
    return Request(Command.MEMORY_CONTROL, function, payload).encode()


# --- The ceiling --------------------------------------------------------------------------------


def measure_ceiling(board: MeasuredBoard, value_count: int, seconds: float) -> Sample:
    frame = read_request(value_count)
    answer_size = 9 + value_count * (2 + 4)
    port = RawPort(board.port)
    try:
        port.poll(frame, answer_size, SETTLE_S)
        before, device_before = usage_of(os.getpid()), board.usage
        count = port.poll(frame, answer_size, seconds)
        after, device_after = usage_of(os.getpid()), board.usage
    finally:
        port.close()
    counted = device_after.octets_read_since(device_before) / len(frame)
    assert count == counted, f"the loop sent {count} requests, the device has read {counted}"
    return Sample(
        requests_per_s=count / (after.time_s - before.time_s),
        cpu=after.cpu_share_since(before),
        device_cpu=device_after.cpu_share_since(device_before),
    )


# --- The server ---------------------------------------------------------------------------------


@contextmanager
def watched_by_sdk(server: ServerProcess, paths: Sequence[str]) -> Generator[None]:
    """Watch values with our SDK."""
    with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
        for path in paths:
            client.watch(path)
        client.wait_new_value_for_all(DEADLINE_S)
        yield


@contextmanager
def watched_by_bare_client(server: ServerProcess, paths: Sequence[str]) -> Generator[None]:
    """Watch values with a websocket that reads what comes and does nothing with it."""
    with connect(f"ws://127.0.0.1:{server.tcp_port}", compression=None) as connection:

        def read_all() -> None:
            for _ in connection:
                pass

        reader = threading.Thread(target=read_all)
        reader.start()
        connection.send(encode(SubscribeWatchable(reqid=1, watchables=list(paths))).decode())
        try:
            yield
        finally:
            connection.close()
            reader.join()


WATCHED_BY: Final = {"sdk": watched_by_sdk, "bare": watched_by_bare_client}


def measure_server(
    board: MeasuredBoard, server: MeasuredServer, client: str, value_count: int, seconds: float
) -> Sample:
    paths = [f"/rpv/x{value_id:04X}" for value_id in value_ids(value_count)]
    with WATCHED_BY[client](server, paths):
        time.sleep(SETTLE_S)
        before, device_before = server.usage, board.usage
        time.sleep(seconds)
        after, device_after = server.usage, board.usage
    octets = device_after.octets_read_since(device_before)
    return Sample(
        requests_per_s=octets
        / len(read_request(value_count))
        / (device_after.time_s - device_before.time_s),
        cpu=after.cpu_share_since(before),
        device_cpu=device_after.cpu_share_since(device_before),
    )


# --- The run ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, and how long."""

    rounds: int
    seconds: float
    baud: int
    clients: tuple[str, ...]
    placement: str


class Rig:
    """The processes of a run, each where it belongs."""

    def __init__(
        self,
        for_loop: MeasuredBoard,
        for_server: MeasuredBoard,
        server: MeasuredServer,
        placement: Placement,
    ) -> None:
        self._for_loop = for_loop
        self._for_server = for_server
        self._server = server
        self._placement = placement
        server.keep_on(placement.poller)
        for board in (for_loop, for_server):
            board.keep_on(placement.device)

    def measure_round(self, series: Series, options: Options) -> None:
        """Measure ceiling and server once more, in turn the first, so that a drift cancels."""
        is_ceiling_first = len(series.ceiling) % 2 == 0
        if is_ceiling_first:
            self._measure_ceiling(series, options)
        self._measure_server(series, options)
        if not is_ceiling_first:
            self._measure_ceiling(series, options)

    def _measure_ceiling(self, series: Series, options: Options) -> None:
        os.sched_setaffinity(0, self._placement.poller)  # this process is the loop
        series.ceiling.append(measure_ceiling(self._for_loop, series.value_count, options.seconds))

    def _measure_server(self, series: Series, options: Options) -> None:
        os.sched_setaffinity(0, self._placement.client)  # this process is the client
        for client in options.clients:
            sample = measure_server(
                self._for_server, self._server, client, series.value_count, options.seconds
            )
            series.server.setdefault(client, []).append(sample)


@dataclass(slots=True)
class Report:
    """All measurements of a run.

    Attributes:
        retries: requests that the server had to send again, on all occasions.
    """

    series: list[Series]
    retries: int = 0


def run(options: Options, folder: Path, progress: Callable[[str], None]) -> Report:
    """Build and start all processes, and measure in turn."""
    throttle = ("--baud", str(options.baud)) if options.baud else ()
    baudrate = options.baud or 115200
    program = build_board(folder / "build")
    report = Report([Series(count) for count in VALUE_COUNTS])
    with ExitStack() as stack:
        for_loop = MeasuredBoard(program, folder / "loop", "--freeze", *throttle)
        stack.callback(for_loop.kill)
        for_server = MeasuredBoard(program, folder / "server", "--freeze", *throttle)
        stack.callback(for_server.kill)
        server = MeasuredServer(folder, "--link", f"serial:{for_server.port}?baudrate={baudrate}")
        stack.callback(server.kill)
        control = stack.enter_context(ScrutinyClient().connect("127.0.0.1", server.tcp_port))
        control.wait_device_ready(DEADLINE_S)
        rig = Rig(for_loop, for_server, server, Placement.of(options.placement))
        for index in range(options.rounds):
            for series in report.series:
                progress(f"round {index + 1} of {options.rounds}, {series.value_count} values")
                rig.measure_round(series, options)
        report.retries = control.get_server_stats().device_retry_count
        control.disconnect()
        assert server.stop() == 0, server.complaints
        assert (for_loop.stop(), for_server.stop()) == (0, 0)
    return report


# --- The report ---------------------------------------------------------------------------------


def text_of(report: Report) -> str:
    """Return the results as a table: medians, with the quartiles in brackets."""
    lines = [
        "values  polled by           requests/s                  ratio               CPU"
        "   µs/request",
        "------  ------------------  --------------------------  ------------------  ----"
        "  ----------",
    ]
    for series in report.series:
        lines.append(_row(series.value_count, "loop (ceiling)", series.ceiling, "1"))
        for client, samples in series.server.items():
            ratio = _spread(series.ratios(client), ".2f")
            lines.append(_row(series.value_count, f"server, {client} client", samples, ratio))
    if report.retries:
        lines.append(f"The server had to repeat {report.retries} requests: the machine is busy.")
    return "\n".join(lines)


def _row(value_count: int, what: str, samples: Sequence[Sample], ratio: str) -> str:
    rate = _spread([sample.requests_per_s for sample in samples], ",.0f")
    cpu = statistics.median(sample.cpu for sample in samples)
    cost = statistics.median(sample.cpu_us_per_request for sample in samples)
    return f"{value_count:6}  {what:18}  {rate:26}  {ratio:18}  {cpu:4.0%}  {cost:10.0f}"


def _spread(numbers: Sequence[float], form: str) -> str:
    middle = statistics.median(numbers)
    if len(numbers) < 4:
        return f"{middle:{form}}"
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{middle:{form}}  [{low:{form}} to {high:{form}}]"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Requests per second through the server, against a bare loop.",
    )
    parser.add_argument("--rounds", type=int, default=20, help="default: %(default)s")
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.5,
        help=f"of each measurement, up to {LONGEST_S:g}; default: %(default)s",
    )
    parser.add_argument("--baud", type=int, default=0, help="of the line; default: unlimited")
    parser.add_argument(
        "--client",
        action="append",
        choices=CLIENTS,
        help="who watches: our SDK (default), or a websocket that only reads; repeatable",
    )
    parser.add_argument(
        "--placement",
        choices=PLACEMENTS,
        default=PLACEMENTS[0],
        help="keep poller and device on two processors (default), or leave it to the scheduler",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all measurements")
    return parser


def main() -> int:
    """Run from the command line."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.rounds < 1 or not 0 < arguments.seconds <= LONGEST_S:
        parser.error(f"at least one round, of up to {LONGEST_S:g} s, is due")
    clients = tuple(dict.fromkeys(arguments.client or ["sdk"]))
    options = Options(
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        baud=arguments.baud,
        clients=clients,
        placement=arguments.placement,
    )

    def show_progress(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{text:40}", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        report = run(options, Path(folder), show_progress)
    show_progress("\r")
    print(text_of(report))
    if arguments.json is not None:
        content = {"options": asdict(options), **asdict(report)}
        arguments.json.write_text(json.dumps(content, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
