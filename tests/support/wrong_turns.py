"""What may be at a port besides a device that is well: each of it for real. POSIX only."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.firmware_link.messages import AddressFormat, Connect
from scrutiny.firmware_link.simulator.device import SimulatedDevice
from scrutiny.firmware_link.simulator.settings import DeviceSettings

from .odd_port import Answer, OddPort, as_device, at_speed, behind_boot_loader
from .processes import LoggedProcess
from .server_process import home_environment
from .unprivileged import folder_of_nobody

if sys.platform != "win32":
    import grp
    import termios

# What is there while the block runs; gives the name of the port, or the address.
Situation = Callable[[Path], AbstractContextManager[str]]

_NAME: Final = "motor controller"
_CONSOLE: Final = b"[00:12:41] motor: speed 1500 rpm, torque 3 mNm\r\n"
_TELEMETRY: Final = bytes.fromhex("fe 09 4e 01 01 00 00 00 00 00 02 03 51 04 03 1c 7f") * 3


def _device(settings: DeviceSettings | None = None) -> SimulatedDevice:
    return SimulatedDevice(
        settings or DeviceSettings(display_name=_NAME), now_ns=time.monotonic_ns()
    )


def _odd(answer: Callable[[], Answer]) -> Situation:
    @contextlib.contextmanager
    def situation(folder: Path) -> Generator[str]:
        with OddPort(answer()) as port:
            yield f"{port.path}"

    return situation


def _silence(data: bytes, speed: int) -> bytes:
    return b""


def _echo(data: bytes, speed: int) -> bytes:
    return data


def _one_wire() -> Answer:
    answer = as_device(_device())
    return lambda data, speed: data + answer(data, speed)


def _other_baud_rate() -> Answer:
    return at_speed(termios.B9600, as_device(_device()), is_heard=True)


def _behind_boot_loader() -> Answer:
    return behind_boot_loader(1.5, as_device(_device()))


def _other_version() -> Answer:
    settings = DeviceSettings(display_name=_NAME, protocol_version=(2, 0))
    return as_device(_device(settings))


def _untagged() -> Answer:
    return as_device(_device(DeviceSettings(display_name=_NAME, firmware_id=PLACEHOLDER)))


def _used_by_another() -> Answer:
    settings = DeviceSettings(display_name=_NAME, heartbeat_timeout_us=600_000_000)
    answer = as_device(_device(settings))
    answer(Connect().request(AddressFormat(4)).encode(), 0)
    return answer


def _damaged(every: int) -> Answer:
    """Return a device of whose answers one in a few has a wrong bit."""
    count = 0

    def damage(octets: bytes) -> bytes:
        nonlocal count
        count += bool(octets)
        return octets[:-1] + bytes([octets[-1] ^ 1]) if octets and count % every == 0 else octets

    return as_device(_device(), damage)


# --------------------------------------------------------------------- what does not open


@contextlib.contextmanager
def _no_port(folder: Path) -> Generator[str]:
    yield f"{folder / 'ttyUSB7'}"


@contextlib.contextmanager
def _held_by_a_server(folder: Path) -> Generator[str]:
    """Give a port that a server has, which was started by the command that pip installs."""
    command = folder / "scrutiny"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nfrom scrutiny.cli.main import main\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    with OddPort(_silence) as port:
        arguments = ("server", "--link", f"serial:{port.path}", "--port", "0")
        server = LoggedProcess(
            [f"{command}", *arguments], environment=home_environment(folder / "home")
        )
        try:
            server.wait_for_line("link .* is open")
            yield f"{port.path}"
        finally:
            server.kill()


@contextlib.contextmanager
def _of_another_group(folder: Path) -> Generator[str]:
    """Give a port that its group may use, while this process has an account that is not in it."""
    with OddPort(_silence) as port:
        if os.geteuid() == 0:
            os.chown(port.path, -1, _foreign_group())
        port.path.chmod(0o060)
        with folder_of_nobody():
            yield f"{port.path}"


def _foreign_group() -> int:
    """Return the group that has the ports on most systems, or any that this process is not in."""
    own = {os.getegid(), *os.getgroups()}
    groups = sorted(grp.getgrall(), key=lambda group: group.gr_name != "dialout")
    return next(group.gr_gid for group in groups if group.gr_gid not in own)


@contextlib.contextmanager
def _nobody_listens(folder: Path) -> Generator[str]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*unused.getsockname())


@contextlib.contextmanager
def _deaf(folder: Path) -> Generator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*deaf.getsockname())


# By the names that docs/first-board.md has for them.
WRONG_TURNS: Final[Mapping[str, Situation]] = {
    "no port": _no_port,
    "nothing": _odd(lambda: _silence),
    "boot loader": _odd(_behind_boot_loader),
    "other baud rate": _odd(_other_baud_rate),
    "echo": _odd(lambda: _echo),
    "one wire": _odd(_one_wire),
    "console": _odd(lambda: lambda data, speed: _CONSOLE),
    "telemetry": _odd(lambda: lambda data, speed: _TELEMETRY),
    "other version": _odd(_other_version),
    "untagged": _odd(_untagged),
    "in use": _odd(_used_by_another),
    "always damaged": _odd(lambda: _damaged(1)),
    "damaged now and then": _odd(lambda: _damaged(5)),
    "nobody listens": _nobody_listens,
    "deaf": _deaf,
}
# These are for this process: it has another account meanwhile, and its own hold on a port that is
# busy is not to be told.
WRONG_TURNS_HERE: Final[Mapping[str, Situation]] = {
    "busy port": _held_by_a_server,
    "no permission": _of_another_group,
}
