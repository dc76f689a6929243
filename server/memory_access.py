"""Raw memory of the device, in pieces that its buffers can hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from scrutiny.firmware_link.errors import LinkError
from scrutiny.firmware_link.messages import (
    MemoryBlock,
    MemoryData,
    ReadMemory,
    ReadMemoryAnswer,
    WriteMemory,
)
from scrutiny.firmware_link.profile import DeviceProfile

from .jobs import Job, MessageJob
from .memory_blocks import PlanLimits
from .outcome import Outcome, OutcomeCallback
from .target_memory import TargetMemory

_LENGTH_SIZE: Final = 2

AddJob = Callable[[Job], None]


# Pieces that are queued at a time, so that the device gets the next request before the last answer
# is looked at. Each is asked for in vain if the one before it fails.
READ_AHEAD: Final = 2


class MemoryTransfer:
    """One read or write of any size, piece by piece; what was refused ends it.

    Args:
        profile: of the device; addresses count its bytes, sizes are in octets.
        limits: of one request and one answer.
        add_job: queues a piece.
        done: called once, with the octets that were read.
    """

    def __init__(
        self, profile: DeviceProfile, limits: PlanLimits, add_job: AddJob, done: OutcomeCallback
    ) -> None:
        self._profile = profile
        self._limits = limits
        self._add_job = add_job
        self._done = done
        self._address = 0
        self._size = 0
        self._position = 0  # of what is asked for next
        self._is_over = False
        self._received = bytearray()
        self._data = b""

    def read(self, address: int, size: int) -> None:
        """Begin to read ``size`` octets."""
        self._address, self._size = address, size
        if (reason := self._objection(is_write=False)) is not None:
            self._finish(False, reason)
            return
        for _ in range(READ_AHEAD):
            self._read_piece()

    def write(self, address: int, data: bytes) -> None:
        """Begin to write."""
        self._address, self._size, self._data = address, len(data), data
        if (reason := self._objection(is_write=True)) is not None:
            self._finish(False, reason)
            return
        self._write_piece()

    def _read_piece(self) -> None:
        """Queue the next piece, if there is one."""
        if self._position == self._size:
            return
        size = self._piece_size(self._limits.max_answer)
        message = ReadMemory((MemoryBlock(self._piece_address(), size),))
        self._position += size
        fmt = self._profile.address_format
        self._add_job(MessageJob(message, fmt, self._piece_was_read, decides=False))

    def _piece_was_read(self, answer: ReadMemoryAnswer | LinkError, now_ns: int) -> None:
        if self._is_over:
            return
        if isinstance(answer, LinkError):
            self._finish(False, f"{answer}", now_ns)
            return
        self._received += answer.blocks[0].data
        if len(self._received) < self._size:
            self._read_piece()
        else:
            self._finish(True, "", now_ns)

    def _write_piece(self) -> None:
        size = self._piece_size(self._limits.max_request)
        data = self._data[self._position : self._position + size]
        self._position += size
        message = WriteMemory((MemoryData(self._piece_address(before=size), data),))
        self._add_job(MessageJob(message, self._profile.address_format, self._piece_was_written))

    def _piece_was_written(self, answer: Any, now_ns: int) -> None:
        if isinstance(answer, LinkError):
            self._finish(False, f"{answer}", now_ns)
        elif self._position < self._size:
            self._write_piece()
        else:
            self._finish(True, "", now_ns)

    def _piece_size(self, payload_limit: int) -> int:
        octets_per_byte = self._profile.char_bit // 8
        # Never 0: the smallest buffer that a session accepts has 32 octets.
        room = payload_limit - self._profile.address_size - _LENGTH_SIZE
        size = min(self._size - self._position, room)
        return size - size % octets_per_byte

    def _piece_address(self, before: int = 0) -> int:
        return self._address + (self._position - before) // (self._profile.char_bit // 8)

    def _objection(self, *, is_write: bool) -> str | None:
        """Return why the device would refuse, None if it is worth asking."""
        profile = self._profile
        octets_per_byte = profile.char_bit // 8
        if self._size % octets_per_byte:
            return f"{self._size} octets are not a multiple of the device's {octets_per_byte}"
        byte_count = self._size // octets_per_byte
        last = self._address + byte_count - 1
        if last > profile.address_format.mask:
            return f"address {last:#x} is beyond the device's {8 * profile.address_size} bits"
        memory = TargetMemory.of(profile)
        objection = memory.write_objection if is_write else memory.read_objection
        return objection(self._address, self._size)

    def _finish(self, success: bool, reason: str, now_ns: int | None = None) -> None:
        self._is_over = True
        when_ns = time.monotonic_ns() if now_ns is None else now_ns
        self._done(Outcome(success, reason, bytes(self._received) if success else b"", when_ns))
