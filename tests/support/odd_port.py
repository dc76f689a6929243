"""A serial port with something at its end that need not be a device. POSIX only."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from scrutiny.firmware_link.codes import Command, CommControlFunction
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.simulator.device import SimulatedDevice

if sys.platform != "win32":
    import pty
    import termios
    import tty

Answer = Callable[[bytes, int], bytes]


class OddPort:
    """A pseudo terminal, and a thread at its far end.

    Attributes:
        path: the name of the terminal.
    """

    def __init__(self, answer: Answer) -> None:
        """Open it.

        Args:
            answer: is called with the octets that came, and the speed at which the near end is
                open (a constant of termios); returns those to send back.
        """
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.path = Path(os.ttyname(self._near))
        self._answer = answer
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="odd port", daemon=True)
        self._thread.start()

    def __enter__(self) -> OddPort:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._stop_write)
        self._thread.join()
        for fd in (self._stop_read, self._far, self._near):
            os.close(fd)

    def _run(self) -> None:
        while True:
            readable, _, _ = select.select([self._far, self._stop_read], [], [])
            if self._stop_read in readable:
                return
            data = os.read(self._far, 4096)
            speed = termios.tcgetattr(self._far)[4]
            if octets := self._answer(data, speed):
                os.write(self._far, octets)


def as_device(device: SimulatedDevice, damage: Callable[[bytes], bytes] = bytes) -> Answer:
    """Return what a simulated device answers, damaged on the way back."""

    def answer(data: bytes, speed: int) -> bytes:
        device.receive(data, time.monotonic_ns())
        return damage(device.take_output())

    return answer


def instead_of(function: CommControlFunction, response: Response | None, answer: Answer) -> Answer:
    """Return what something answers, except for what it says when one function is asked for.

    Args:
        function: of communication control.
        response: what comes instead; None for silence.
        answer: to everything else.
    """

    def other_answer(data: bytes, speed: int) -> bytes:
        octets = answer(data, speed)
        if data[:2] != bytes([Command.COMM_CONTROL, function]):
            return octets
        return b"" if response is None else response.encode()

    return other_answer


def behind_boot_loader(silence_s: float, answer: Answer) -> Answer:
    """Return what comes of a program that a boot loader starts once nobody talks to it.

    What comes earlier goes to the boot loader, which takes it for a part of an upload; the first
    octets come right after the port was opened.
    """
    heard_s: float | None = None
    is_started = False

    def answer_when_started(data: bytes, speed: int) -> bytes:
        nonlocal heard_s, is_started
        now_s = time.monotonic()
        is_started = is_started or (heard_s is not None and now_s - heard_s >= silence_s)
        heard_s = now_s
        return answer(data, speed) if is_started else b""

    return answer_when_started


def at_speed(speed: int, answer: Answer, *, is_heard: bool) -> Answer:
    """Return what comes of something that runs at one speed only.

    At another one, either side takes what the other sends for other octets. `is_heard` tells
    whether it sends something all the same.
    """

    def garbled(octets: bytes) -> bytes:
        return bytes((octet * 37 + 91) & 0xFF for octet in octets)

    def answer_at(data: bytes, near_speed: int) -> bytes:
        if near_speed == speed:
            return answer(data, near_speed)
        answer(garbled(data), near_speed)
        return garbled(data) if is_heard else b""

    return answer_at
