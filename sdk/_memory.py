"""Raw memory of the device, of any size, in pieces that the server takes."""

from __future__ import annotations

import base64
import binascii
import math

from scrutiny.api.messages import (
    MemoryReadCompleted,
    MemoryWriteCompleted,
    ReadMemory,
    ReadMemoryReply,
    Welcome,
    WriteMemory,
    WriteMemoryReply,
)
from scrutiny.api.versions import LARGEST_MEMORY_READ, LARGEST_USUAL_READ

from . import exceptions
from ._dialogue import Dialogue, Question
from ._exchanges import DeferredCall
from ._server_version import has_feature
from ._waiting import Deadline

# Larger writes would exceed a time limit made for one request.
_PIECE_SIZE = LARGEST_USUAL_READ

# Between two commands, the line to the device is idle.
_LARGE_READS = "large_memory_reads"  # feature of the server


def read_memory(
    welcome: Welcome | None, address: int, size: int, timeout_s: float | None, usual_s: float
) -> Dialogue[bytes]:
    """Read a range.

    Args:
        welcome: of the server, which tells how much one command may read.
        address: of the first byte.
        size: in octets.
        timeout_s: for all of it; None for the usual time for each 16 KiB.
        usual_s: time limit of the client.
    """
    has_large = has_feature(welcome, _LARGE_READS)
    largest = LARGEST_MEMORY_READ if has_large else LARGEST_USUAL_READ
    limit = _TimeLimit(timeout_s)
    data = bytearray()
    while len(data) < size:
        piece_size = min(largest, size - len(data))
        piece_s = limit.next_s()
        if piece_s is None:
            piece_s = usual_s * math.ceil(piece_size / LARGEST_USUAL_READ)
        data += yield from _read_piece(address + len(data), piece_size, piece_s)
    return bytes(data)


def _read_piece(address: int, size: int, timeout_s: float | None) -> Dialogue[bytes]:
    command = ReadMemory(address=address, size=size)
    call = DeferredCall(command, ReadMemoryReply, MemoryReadCompleted)
    yield Question(call, timeout_s)
    if not call.reply.success or call.reply.data is None:
        reason = call.reply.detail_msg or "the server gave no reason"
        raise exceptions.OperationFailure(f"{size} octets at {address:#x} were not read: {reason}")
    data = decode_octets(call.reply.data, "read_memory")
    if len(data) != size:
        raise exceptions.OperationFailure(
            f"the server sent {len(data)} of the {size} octets at {address:#x}"
        )
    return data


def write_memory(address: int, data: bytes, timeout_s: float | None) -> Dialogue[None]:
    """Write a range; the time limit is for all of it, or for each piece if it is None."""
    limit = _TimeLimit(timeout_s)
    for start in range(0, len(data), _PIECE_SIZE):
        piece = data[start : start + _PIECE_SIZE]
        try:
            yield from _write_piece(address + start, piece, limit.next_s())
        except exceptions.ScrutinySDKException as error:
            if start > 0:
                error.add_note(f"the first {start} octets were written")
            raise


def _write_piece(address: int, data: bytes, timeout_s: float | None) -> Dialogue[None]:
    command = WriteMemory(address=address, data=base64.b64encode(data).decode())
    call = DeferredCall(command, WriteMemoryReply, MemoryWriteCompleted)
    yield Question(
        call, timeout_s, "the device may or may not have taken the data, or a part of it"
    )
    if not call.reply.success:
        reason = call.reply.detail_msg or "the server gave no reason"
        raise exceptions.OperationFailure(
            f"{len(data)} octets at {address:#x} were not written: {reason}"
        )


def decode_octets(text: str, name: str) -> bytes:
    """Return the octets of base64 that the server sent.

    Raises:
        OperationFailure: it is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise exceptions.OperationFailure(
            f"the server's answer to {name} cannot be used: {error}"
        ) from error


class _TimeLimit:
    """What a piece may take: what is left of the whole; None for as long as any request."""

    def __init__(self, timeout_s: float | None) -> None:
        self._deadline = None if timeout_s is None else Deadline(timeout_s)

    def next_s(self) -> float | None:
        return None if self._deadline is None else self._deadline.remaining_s()
