"""From typed messages to what the exchange sends, with all that is known of the answer."""

from __future__ import annotations

from typing import Any, Final

from .exchange import Transaction
from .messages import (
    AddressFormat,
    Disconnect,
    GetLoopDefinition,
    GetSpecialRegion,
    Heartbeat,
    ReadMemory,
    RequestMessage,
    WriteMemory,
    WriteMemoryMasked,
    WriteRpvs,
)

_LENGTH_SIZE: Final = 2  # of the length in a memory block's head
_ID_SIZE: Final = 2


def transaction_of(
    message: RequestMessage[Any], fmt: AddressFormat, retries: int | None = None
) -> Transaction:
    """Prepare a message for the exchange.

    A request that was asked with ``retries=0`` waits no longer than an idempotent one: its owner
    repeats it in its own way.
    """
    prefix, size = _expected(message, fmt)
    return Transaction(
        message.request(fmt).encode(),
        prefix=prefix,
        size=size,
        max_size=message.answer_size(fmt),
        idempotent=message.idempotent or retries is not None,
        retries=retries,
    )


def _expected(message: RequestMessage[Any], fmt: AddressFormat) -> tuple[bytes, int | None]:
    """Return what is known of the answer: how it begins, and its size if that is fixed."""
    match message:
        case Heartbeat():
            echo = message.session_id.to_bytes(4, "big")
            return echo + message.challenge_response.to_bytes(2, "big"), 6
        case GetSpecialRegion():
            return bytes((message.kind, message.index)), None
        case GetLoopDefinition():
            return bytes((message.loop_id,)), None
        case Disconnect():
            return b"", 0
        case ReadMemory() | WriteMemory() | WriteMemoryMasked():
            head_size = fmt.address_size + _LENGTH_SIZE
            return message.payload(fmt)[:head_size], message.answer_size(fmt)
        case WriteRpvs():
            return message.payload(fmt)[:_ID_SIZE], message.answer_size(fmt)
        case _:
            return b"", None
