"""A simulated device as a process: ``python -m scrutiny.firmware_link.simulator --tcp 0``.

One line on standard output says where it can be reached; SIGINT and SIGTERM end it.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from .device import SimulatedDevice
from .faults import FAULT_NAMES, FaultModel, FaultSettings, parse_faults
from .motor_application import MotorApplication
from .pump import SimulationPump
from .settings import DeviceSettings
from .simulation import Simulation
from .socket_ports import TcpPort, UdpPort


class _Port(Protocol):
    @property
    def description(self) -> str: ...
    def start(self, loop: AbstractEventLoop, on_bytes: Callable[[bytes], None]) -> None: ...
    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...


_EXIT_CODES: Final = (
    "exit codes: 0 it was interrupted or terminated, which is how it ends; 1 the port cannot be "
    "opened, and the error says why; 2 wrong arguments"
)


def main(
    argv: Sequence[str] | None = None, program: str = "python -m scrutiny.firmware_link.simulator"
) -> int:
    """Run a simulated device until a signal comes; return the exit code of the process.

    Args:
        argv: the arguments, those of the process if there are none.
        program: what the help says it is called.
    """
    parser = _argument_parser(program)
    arguments = parser.parse_args(argv)
    seed: int = secrets.randbits(32) if arguments.seed is None else arguments.seed & 0xFFFF_FFFF
    try:
        simulation = _build(arguments, seed)
    except ValueError as error:
        parser.error(str(error))
    try:
        asyncio.run(_serve(simulation, arguments))
    except OSError as error:
        sys.stderr.write(f"cannot start the simulated device: {error}\n")
        return 1
    return 0


def _argument_parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="A motor controller that speaks the device protocol, without hardware.",
        epilog=_EXIT_CODES,
    )
    port = parser.add_mutually_exclusive_group(required=True)
    port.add_argument("--pty", metavar="PATH", type=Path, help="a pseudo terminal, linked to PATH")
    port.add_argument("--udp", metavar="PORT", type=_port_number, help="datagrams; 0: a free port")
    port.add_argument("--tcp", metavar="PORT", type=_port_number, help="a stream; 0: a free port")
    parser.add_argument("--baud", metavar="N", type=int, default=0, help="speed; 0: no limit")
    parser.add_argument("--seed", metavar="N", type=int, help="repeat session ids, noise, faults")
    parser.add_argument("--name", metavar="TEXT", help="display name, at most 64 octets")
    parser.add_argument(
        "--datalog-size",
        metavar="N",
        type=int,
        help="room for recordings, in octets (default 65536); 0: none",
    )
    parser.add_argument(
        "--faults",
        metavar="LIST",
        default="",
        help=f"what goes wrong, such as drop=0.0005,flip=0.001; of {', '.join(FAULT_NAMES)}",
    )
    return parser


def _port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 0xFFFF:
        raise argparse.ArgumentTypeError(f"{port} is not a port, there are 0 to 65535")
    return port


def _build(arguments: argparse.Namespace, seed: int) -> Simulation:
    """Build device and line.

    Raises:
        ValueError: an argument is out of range.
    """
    settings = DeviceSettings(first_session_id=seed)
    if arguments.name is not None:
        settings = replace(settings, display_name=arguments.name)
    if arguments.datalog_size is not None:
        settings = replace(settings, datalog_buffer_size=arguments.datalog_size)
    fault_settings = parse_faults(arguments.faults, seed)
    is_perfect = fault_settings == FaultSettings(seed=seed)
    faults = None if is_perfect else FaultModel(fault_settings)
    device = SimulatedDevice(settings, MotorApplication(seed), time.monotonic_ns())
    return Simulation(device, faults, arguments.baud)


async def _serve(simulation: Simulation, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    with _stop_signals(loop, stopped.set):
        port = await _open_port(arguments)
        pump = SimulationPump(simulation, port.send, loop)
        port.start(loop, pump.receive)
        try:
            sys.stdout.write(f"{port.description}\n")
            sys.stdout.flush()
            await stopped.wait()
        finally:
            pump.close()
            port.close()
    if simulation.faults is not None:
        sys.stderr.write(f"faults: {simulation.faults.counts}\n")


async def _open_port(arguments: argparse.Namespace) -> _Port:
    if arguments.tcp is not None:
        return await TcpPort.listen(arguments.tcp)
    if arguments.udp is not None:
        return await UdpPort.bind(arguments.udp)
    if sys.platform == "win32":
        raise OSError("there are no pseudo terminals on Windows, use --tcp PORT")
    from .pty_port import PtyPort

    return PtyPort(arguments.pty)


@contextmanager
def _stop_signals(loop: AbstractEventLoop, stop: Callable[[], None]) -> Generator[None]:
    """Stop at SIGINT and SIGTERM; afterwards they do what they did before."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)

    # Not loop.add_signal_handler, which does not exist on Windows.
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
