"""Raw memory of the device, of any size, in pieces that the server takes."""

from __future__ import annotations

import base64
import binascii

from scrutiny.api.messages import (
    MemoryReadCompleted,
    MemoryWriteCompleted,
    ReadMemory,
    ReadMemoryReply,
    WriteMemory,
    WriteMemoryReply,
)

from . import exceptions
from ._channel import Channel
from ._exchanges import DeferredCall
from ._waiting import Deadline

# Largest read of one command, client API section 7.6; larger writes would exceed a time limit made
# for one request.
_PIECE_SIZE = 0x3FFF


def read_memory(channel: Channel, address: int, size: int, timeout_s: float | None) -> bytes:
    """Read a range; the time limit is for all of it, or for each piece if it is None."""
    limit = _TimeLimit(channel, timeout_s)
    data = bytearray()
    while len(data) < size:
        data += _read_piece(
            channel, address + len(data), min(_PIECE_SIZE, size - len(data)), limit.next_s()
        )
    return bytes(data)


def _read_piece(channel: Channel, address: int, size: int, timeout_s: float) -> bytes:
    command = ReadMemory(address=address, size=size)
    call = DeferredCall(command, ReadMemoryReply, MemoryReadCompleted)
    channel.call(call, timeout_s)
    if not call.reply.success or call.reply.data is None:
        reason = call.reply.detail_msg or "the server gave no reason"
        raise exceptions.OperationFailure(f"{size} octets at {address:#x} were not read: {reason}")
    data = decode_octets(call.reply.data, "read_memory")
    if len(data) != size:
        raise exceptions.OperationFailure(
            f"the server sent {len(data)} of the {size} octets at {address:#x}"
        )
    return data


def write_memory(channel: Channel, address: int, data: bytes, timeout_s: float | None) -> None:
    """Write a range; the time limit is for all of it, or for each piece if it is None."""
    limit = _TimeLimit(channel, timeout_s)
    for start in range(0, len(data), _PIECE_SIZE):
        piece = data[start : start + _PIECE_SIZE]
        try:
            _write_piece(channel, address + start, piece, limit.next_s())
        except exceptions.ScrutinySDKException as error:
            if start > 0:
                error.add_note(f"the first {start} octets were written")
            raise


def _write_piece(channel: Channel, address: int, data: bytes, timeout_s: float) -> None:
    command = WriteMemory(address=address, data=base64.b64encode(data).decode())
    call = DeferredCall(command, WriteMemoryReply, MemoryWriteCompleted)
    channel.call(
        call, timeout_s, unknown="the device may or may not have taken the data, or a part of it"
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
    """What a piece may take: what is left of the whole, or as long as any request."""

    def __init__(self, channel: Channel, timeout_s: float | None) -> None:
        self._piece_s = channel.timeout_s
        self._deadline = None if timeout_s is None else Deadline(timeout_s)

    def next_s(self) -> float:
        return self._piece_s if self._deadline is None else self._deadline.remaining_s()
