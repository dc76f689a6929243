"""Segger's J-Link library, as far as pylink calls it here: pylink itself is the real one."""

from __future__ import annotations

import ctypes
import functools
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from pylink import library  # pyright: ignore[reportMissingTypeStubs]
from pylink.enums import JLinkRTTCommand  # pyright: ignore[reportMissingTypeStubs]

from scrutiny.firmware_link.transports import Endpoint

TARGET: Final = "STM32F407VG"
SERIAL_NUMBER: Final = 801_012_345
_NOT_FOUND: Final = -2
_SWD: Final = 1


class JLinkLibrary:
    """A probe with one target, whose firmware answers through pairs of RTT buffers.

    Attributes:
        is_there: a probe is plugged in.
        refuses: the error of a target that cannot be reached; 0: it can.
        looks_needed: how often the buffers are asked for until they are found; negative: never.
        down_room: octets that fit a buffer towards the firmware.
        is_reading: the firmware takes octets out of it.
        is_open: a program holds the probe.
        calls: names of functions, in their order.
    """

    def __init__(self, answer: Callable[[int, bytes], None], channels: int = 3) -> None:
        """Plug a probe in.

        Args:
            answer: the firmware: gets the octets of a channel, in the thread of the caller.
            channels: pairs of buffers that it has.
        """
        self._answer = answer
        self._up = [bytearray() for _ in range(channels)]
        self._down = [bytearray() for _ in range(channels)]
        self._lock = threading.Lock()
        self.is_there = True
        self.refuses = 0
        self.looks_needed = 3
        self.down_room = 16  # what Segger's sources begin with
        self.is_reading = True
        self.is_open = False
        self.was_closed = threading.Event()
        self.calls: list[str] = []
        self._is_connected = False
        self._tif = 0

    def say(self, channel: int, octets: bytes) -> None:
        """Let the firmware write into a buffer; from any thread."""
        with self._lock:
            self._up[channel] += octets

    def __getattr__(self, name: str) -> Any:
        """Return a function of the library; pylink sets its result type, so it is an object."""
        if not name.startswith("JLINK") or name == "JLINK_SetHookUnsecureDialog":
            raise AttributeError(name)
        short = name.removeprefix("JLINKARM_").removeprefix("JLINK_")
        plain = getattr(type(self), f"_{short}", _unexpected)
        function = functools.partial(self._called, name, plain)
        self.__dict__[name] = function
        return function

    def _called(self, name: str, plain: Callable[..., Any], *arguments: Any) -> Any:
        self.calls.append(name)
        return plain(self, *arguments)

    # ----------------------------------------------------------------- the probe

    def _IsOpen(self) -> int:  # noqa: N802 - names of the library
        return self.is_open

    def _EMU_IsConnected(self) -> int:  # noqa: N802
        return self.is_there

    def _SelectUSB(self, port: int) -> int:  # noqa: N802
        return 0

    def _EMU_SelectByUSBSN(self, number: int) -> int:  # noqa: N802
        return 0 if number == SERIAL_NUMBER else -1

    def _OpenEx(self, log: object, error: object) -> Any:  # noqa: N802
        if not self.is_there:
            return ctypes.cast(ctypes.c_char_p(b"Cannot connect to J-Link."), ctypes.c_void_p)
        self.is_open = True
        self.was_closed.clear()
        return ctypes.c_void_p(None)

    def _Close(self) -> None:  # noqa: N802
        self.is_open = self._is_connected = False
        self.was_closed.set()

    def _ExecCommand(self, command: bytes, error: Any, size: int) -> int:  # noqa: N802
        return 0

    def _EnableLog(self, handler: object) -> None:  # noqa: N802
        """Log nothing."""

    _EnableLogCom = _SetErrorOutHandler = _SetWarnOutHandler = _EnableLog

    # ----------------------------------------------------------------- the target

    def _TIF_GetAvailable(self, mask: Any) -> None:  # noqa: N802
        mask._obj.value = 1 << _SWD | 1 << 0

    def _TIF_Select(self, tif: int) -> int:  # noqa: N802
        self._tif = tif
        return 0

    def _DEVICE_GetIndex(self, name: bytes) -> int:  # noqa: N802
        return 1 if name == TARGET.encode() else -1

    def _DEVICE_GetInfo(self, index: int, info: object) -> int:  # noqa: N802
        return 2

    def _SetSpeed(self, speed: int) -> None:  # noqa: N802
        """Any will do."""

    def _IsConnected(self) -> int:  # noqa: N802
        return self._is_connected

    def _Connect(self) -> int:  # noqa: N802
        if not self.refuses:
            self._is_connected = self._tif == _SWD
        return self.refuses or (0 if self._is_connected else -1)

    def _IsHalted(self) -> int:  # noqa: N802
        return 0

    # ----------------------------------------------------------------- RTT

    def _RTTERMINAL_Control(self, command: int, argument: Any) -> int:  # noqa: N802
        if command != JLinkRTTCommand.GETNUMBUF:
            return 0
        if self.looks_needed:
            self.looks_needed -= 1
            return _NOT_FOUND
        return len(self._up)

    def _RTTERMINAL_Read(self, channel: int, buffer: Any, size: int) -> int:  # noqa: N802
        with self._lock:
            octets = bytes(self._up[channel][:size])
            del self._up[channel][: len(octets)]
        for place, octet in enumerate(octets):
            buffer[place] = octet
        return len(octets)

    def _RTTERMINAL_Write(self, channel: int, buffer: Any, size: int) -> int:  # noqa: N802
        with self._lock:
            down = self._down[channel]
            taken = bytes(buffer[: min(size, self.down_room - len(down))])
            down += taken
            octets = bytes(down)
            if self.is_reading:
                down.clear()
        if self.is_reading and octets:
            self._answer(channel, octets)
        return len(taken)


def _unexpected(*arguments: object) -> None:
    raise AssertionError("this function of the library is not expected to be called")


@contextmanager
def jlink_with(answer: Callable[[int, bytes], None], channels: int = 3) -> Generator[JLinkLibrary]:
    """Let pylink find this library for the time of the block."""
    stand_in = JLinkLibrary(answer, channels)

    class Found:
        def __init__(self, **options: object) -> None:
            """Look nowhere."""

        def dll(self) -> JLinkLibrary:
            return stand_in

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "Library", Found)
        yield stand_in


@contextmanager
def simulated_target(
    device: Endpoint, loop: AbstractEventLoop, channel: int = 0
) -> Generator[JLinkLibrary]:
    """Put a device that lives in a loop behind the probe."""

    def answer(number: int, octets: bytes) -> None:
        if number == channel:
            loop.call_soon_threadsafe(device.receive, octets)

    with jlink_with(answer) as stand_in:
        device.attach(functools.partial(stand_in.say, channel), loop)
        try:
            yield stand_in
        finally:
            device.detach()
