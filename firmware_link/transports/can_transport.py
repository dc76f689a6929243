"""Octets over a CAN bus: sent under one identifier, received under another one."""

from __future__ import annotations

import contextlib
import threading
import time
from asyncio import AbstractEventLoop
from typing import Final

import can

from .can_failures import BUS_ERRORS, BusOff, bus_name, is_full, loss_reason
from .can_frames import data_fields
from .can_settings import CanSettings
from .endpoint import can_watch_descriptors
from .thread_base import ThreadedTransport

_LOOK_AROUND_S: Final = 0.1  # reads of drivers cannot be interrupted
_FRAMES_PER_TURN: Final = 64  # then other work of the loop gets its turn
# A frame that nobody acknowledges is sent again and again, and the queue behind it fills.
_SEND_PATIENCE_S: Final = 1.0
_SEND_AGAIN_S: Final = 0.002
_SOCKETCAN_BUS_OFF: Final = 0x40  # of linux/can/error.h
# A classic frame with 29 bits of identifier and stuff bits, for 8 octets. A little slow for others.
_BITS_PER_OCTET: Final = 20


class CanTransport(ThreadedTransport):
    """A bus of python-can: its descriptor watched by the loop, or read by a thread.

    A thread of its own sends, because drivers wait for room in their queues, and closes the bus.
    """

    def __init__(self, settings: CanSettings, bus: can.BusABC, *, force_thread: bool) -> None:
        rate = settings.bitrate * 10 // _BITS_PER_OCTET
        super().__init__(bus_name(settings), rate or None)
        self._settings = settings
        self._bus = bus
        self._force_thread = force_thread
        self._fd: int | None = None
        self._reader = threading.Thread(target=self._read, name="CAN reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="CAN writer", daemon=True)

    def _begin(self) -> None:
        self._fd = None if self._force_thread else _descriptor(self._loop, self._bus)
        if self._fd is None:
            self._reader.start()
        else:
            self._loop.add_reader(self._fd, self._on_readable)
        self._writer.start()

    def _end(self) -> None:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
        super()._end()

    def _release(self) -> None:
        if self._writer.ident is None:  # never started
            self._bus.shutdown()

    def _on_readable(self) -> None:
        try:
            octets = self._received(0)
        except BUS_ERRORS as error:
            self._lose(loss_reason(self._settings, error))
            return
        self._deliver(octets)

    def _read(self) -> None:
        try:
            while not self._is_ending.is_set():
                if octets := self._received(_LOOK_AROUND_S):
                    self._post(self._deliver, octets)
        except BUS_ERRORS as error:
            self._post(self._lose, loss_reason(self._settings, error))

    def _received(self, timeout_s: float) -> bytes:
        """Return the data fields that are there, or come in time, joined."""
        octets = bytearray()
        for _ in range(_FRAMES_PER_TURN):
            frame = self._bus.recv(timeout_s)
            if frame is None:
                break
            octets += self._data(frame)
            timeout_s = 0
        return bytes(octets)

    def _data(self, frame: can.Message) -> bytes | bytearray:
        """Return what a frame carries for us: nothing, if it is another's."""
        if frame.is_error_frame:
            is_of_linux = self._settings.interface == "socketcan"
            if is_of_linux and frame.arbitration_id & _SOCKETCAN_BUS_OFF:
                raise BusOff
            return b""
        is_ours = (
            frame.arbitration_id == self._settings.rxid
            and frame.is_extended_id == self._settings.extended_id
            and not frame.is_remote_frame
        )
        return frame.data if is_ours else b""

    def _write(self) -> None:
        try:
            while (data := self._outgoing.get()) is not None and not self._is_ending.is_set():
                for field in data_fields(data, is_fd=self._settings.fd):
                    self._send(field)
                self._post(self._sent, len(data))
        except BUS_ERRORS as error:
            self._post(self._lose, loss_reason(self._settings, error))
        finally:
            self._close_bus()

    def _send(self, field: bytes) -> None:
        frame = can.Message(
            arbitration_id=self._settings.txid,
            is_extended_id=self._settings.extended_id,
            is_fd=self._settings.fd,
            bitrate_switch=self._settings.bitrate_switch,
            data=field,
        )
        give_up_s = time.monotonic() + _SEND_PATIENCE_S
        while not self._is_ending.is_set():
            try:
                self._bus.send(frame, timeout=_SEND_PATIENCE_S)
            except BUS_ERRORS as error:
                if not is_full(error) or time.monotonic() > give_up_s:
                    raise
                self._is_ending.wait(_SEND_AGAIN_S)
            else:
                return

    def _close_bus(self) -> None:
        self._is_ending.wait()  # after a failure the loop may still watch the bus
        if self._reader.ident is not None:
            self._reader.join()
        with contextlib.suppress(*BUS_ERRORS):
            self._bus.shutdown()


def _descriptor(loop: AbstractEventLoop, bus: can.BusABC) -> int | None:
    """Return what the loop can watch; None if either cannot."""
    if not can_watch_descriptors(loop):
        return None
    try:
        fd = bus.fileno()
    except NotImplementedError:
        return None
    return fd if fd >= 0 else None
