"""Writes on their way: cut into commands, confirmed one by one; no I/O, no locks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from msgspec import UNSET

from scrutiny.api.codec import encode
from scrutiny.api.messages import WriteItem, WriteWatchable, WrittenValue
from scrutiny.api.versions import MAX_MESSAGE_SIZE

from . import exceptions
from ._completion import Completion
from ._core import ClientCore
from ._exchanges import WriteExchange
from ._server_version import has_feature
from ._watch_state import WatchState
from .definitions import ValueStatus

# The server checks all items of one command before it writes the first. The first of several
# commands has fewer: the device is at work while the others are made and checked.
_ITEMS_PER_COMMAND = 500
_ITEMS_OF_FIRST = 100
_ENVELOPE_SIZE = 80  # of a command without items, rounded up

_JOINED = "joined_confirmations"  # feature of the server

UNKNOWN_OUTCOME = "the device may or may not have taken the value"


class PendingWrite:
    """A write of a handle, before it is sent, and what became of it."""

    __slots__ = ("outcome", "state", "value")

    def __init__(self, outcome: Completion, value: WrittenValue, state: WatchState) -> None:
        self.outcome: Completion = outcome
        self.value: WrittenValue = value
        self.state: WatchState = state


def write_exchanges(core: ClientCore, writes: list[PendingWrite]) -> Iterator[WriteExchange]:
    """Return the exchanges that carry out all writes, in order; each is made when it is taken.

    Raises:
        ValueError: a value is too large for any command.
    """
    if len(writes) == 1 and not isinstance(writes[0].value, str):  # never too large
        return iter([_write_exchange(core, writes)])
    parts = list(_split(writes))
    return (_write_exchange(core, part) for part in parts)


def _write_exchange(core: ClientCore, writes: list[PendingWrite]) -> WriteExchange:
    def on_item(index: int, reason: str, server_time_us: float | None) -> None:
        write = writes[index]
        if server_time_us is not None and not reason:
            write.state.last_write_s = core.unix_time(server_time_us, time.time())
        write.outcome.mark_complete(reason)

    joined = len(writes) > 1 and has_feature(core.welcome, _JOINED)
    items = [_item(index, write) for index, write in enumerate(writes)]
    return WriteExchange(WriteWatchable(updates=items, joined=joined or UNSET), on_item)


def forbid_dead(writes: list[PendingWrite]) -> None:
    """Raise if a write cannot arrive, before any is sent."""
    for write in writes:
        status = write.state.reading.status
        if status is ValueStatus.ServerGone:
            raise exceptions.ConnectionError(
                f"{write.state.path} was not written: its connection to the server has ended"
            )
        if write.state.is_stale:
            raise exceptions.OperationFailure(
                f"{write.state.path} was not written: the device or its firmware description "
                f"is gone ({status.name}); see wait_bound()"
            )
        if write.state.is_over:
            raise exceptions.OperationFailure(
                f"{write.state.path} was not written: it is not watched any more; "
                "call watch() again"
            )


def _item(index: int, write: PendingWrite) -> WriteItem:
    server_id = write.state.definition.server_id
    return WriteItem(batch_index=index, watchable=server_id, value=write.value)


def _split(writes: list[PendingWrite]) -> Iterator[list[PendingWrite]]:
    """Cut a batch into commands that the server takes; a value too large for any is an error."""
    part: list[PendingWrite] = []
    most = _ITEMS_OF_FIRST if len(writes) > _ITEMS_PER_COMMAND else _ITEMS_PER_COMMAND
    size = _ENVELOPE_SIZE
    for write in writes:
        item_size = _encoded_size(write)
        if item_size + _ENVELOPE_SIZE > MAX_MESSAGE_SIZE:
            raise ValueError(f"the value for {write.state.path} is too large for one message")
        if len(part) == most or size + item_size > MAX_MESSAGE_SIZE:
            yield part
            part, most, size = [], _ITEMS_PER_COMMAND, _ENVELOPE_SIZE
        part.append(write)
        size += item_size
    if part:
        yield part


def _encoded_size(write: PendingWrite) -> int:
    value = write.value
    if isinstance(value, str):
        # Exact, since a character may take six octets; numbers are at most 24.
        return len(encode(WriteWatchable(updates=[_item(_ITEMS_PER_COMMAND, write)])))
    return 96 + len(write.state.definition.server_id)


def raise_first_failure(writes: list[PendingWrite], timeout_s: float) -> None:
    """Raise what became of writes that were attempted, unless all are confirmed."""
    failed = [write for write in writes if not write.outcome.is_success]
    if not failed:
        return
    count = len(writes)
    unconfirmed = [write for write in failed if not write.outcome.completed]
    if unconfirmed:
        first = unconfirmed[0].state.path
        which = first if count == 1 else f"{len(unconfirmed)} of {count} writes, from {first} on,"
        text = f"no confirmation of {which} within {timeout_s:g} s: {UNKNOWN_OUTCOME}"
        for write in unconfirmed:
            write.outcome.mark_complete(text)
        raise exceptions.RequestTimeout(text)
    others = f" ({len(failed)} of {count} writes failed)" if count > 1 else ""
    raise exceptions.OperationFailure(
        f"{failed[0].state.path} was not written: {failed[0].outcome.failure_reason}{others}"
    )
