"""Writing values: one at a time, or many in one go."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from scrutiny.api.codec import encode
from scrutiny.api.messages import WriteItem, WriteWatchable
from scrutiny.api.versions import MAX_MESSAGE_SIZE

from . import exceptions
from ._arguments import check_written_value
from ._channel import Channel
from ._exchanges import WriteExchange
from ._waiting import Deadline, DoneWaiter
from ._watch_state import WatchState
from .definitions import ValueStatus
from .write_request import WriteRequest

if TYPE_CHECKING:
    from .watchable_handle import WatchableHandle

# The server checks all items of one command before it writes the first.
_ITEMS_PER_COMMAND = 500
_ENVELOPE_SIZE = 64  # of a command without items, rounded up

UNKNOWN_OUTCOME = "the device may or may not have taken the value"


class PendingWrite:
    """A write of a handle, before it is sent."""

    __slots__ = ("request", "state")

    def __init__(self, request: WriteRequest, state: WatchState) -> None:
        self.request = request
        self.state = state


class BatchWriteContext:
    """Collects the writes of one thread in a ``with`` block, and sends them at its end."""

    def __init__(self, writer: Writer, timeout_s: float) -> None:
        self._writer = writer
        self._timeout_s = timeout_s
        self._writes: list[PendingWrite] = []

    def add(self, write: PendingWrite) -> None:
        """Keep a write for the end of the block."""
        self._writes.append(write)

    def __enter__(self) -> BatchWriteContext:
        self._writes.clear()
        self._writer.enter_batch(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write, unless the block failed; returns when everything is confirmed."""
        self._writer.leave_batch()
        if exc_type is None and self._writes:
            self._writer.write_all(self._writes, self._timeout_s)


class Writer:
    """Turns assignments to handles into commands, and waits for the device's confirmations."""

    def __init__(self, channel: Channel, timeout_s: float) -> None:
        self._channel = channel
        self.timeout_s = timeout_s
        self._thread = threading.local()  # a batch belongs to the thread that opened it

    def write(self, handle: WatchableHandle, state: WatchState, value: object) -> None:
        """Write a value and wait for the confirmation, or keep it for the open batch."""
        write = PendingWrite(WriteRequest(handle, check_written_value(value)), state)
        if (batch := self._open_batch()) is not None:
            batch.add(write)
        else:
            self.write_all([write], self.timeout_s)

    def enter_batch(self, batch: BatchWriteContext) -> None:
        """Redirect the writes of this thread; OperationFailure inside another batch."""
        if self._open_batch() is not None:
            raise exceptions.OperationFailure("batches cannot be nested: a batch is open already")
        self._thread.batch = batch

    def leave_batch(self) -> None:
        """End the redirection."""
        self._thread.batch = None

    def write_all(self, writes: list[PendingWrite], timeout_s: float) -> None:
        """Write in order, and wait until all are confirmed.

        Raises:
            RequestTimeout: some are not confirmed in time; they may yet happen.
            OperationFailure: the first one that failed, in order; the others were attempted.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        self._channel.forbid_reader_thread()
        deadline = Deadline(timeout_s)
        self._forbid_dead(writes)
        commands = [(part, _command(part)) for part in _split(writes)]
        started = [self._start(part, command) for part, command in commands]
        for exchange, waiter in started:
            # A failure is told below: its writes failed, or are still open after a time-out.
            with contextlib.suppress(exceptions.OperationFailure):
                self._channel.finish(exchange, waiter, deadline, timeout_s)
        _raise_first_failure(writes, timeout_s)

    def _start(
        self, writes: list[PendingWrite], command: WriteWatchable
    ) -> tuple[WriteExchange, DoneWaiter]:
        def on_item(index: int, reason: str, server_time_us: float | None) -> None:
            write = writes[index]
            if server_time_us is not None and not reason:
                core = self._channel.core
                write.state.last_write_s = core.unix_time(server_time_us, time.time())
            write.request.mark_complete(reason)

        exchange = WriteExchange(command, on_item)
        waiter = DoneWaiter(exchange)
        self._channel.start(exchange)
        return exchange, waiter

    def _forbid_dead(self, writes: list[PendingWrite]) -> None:
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

    def _open_batch(self) -> BatchWriteContext | None:
        batch: BatchWriteContext | None = getattr(self._thread, "batch", None)
        return batch


def _command(writes: list[PendingWrite]) -> WriteWatchable:
    return WriteWatchable(updates=[_item(index, write) for index, write in enumerate(writes)])


def _item(index: int, write: PendingWrite) -> WriteItem:
    server_id = write.state.definition.server_id
    return WriteItem(batch_index=index, watchable=server_id, value=write.request.value)


def _split(writes: list[PendingWrite]) -> Iterator[list[PendingWrite]]:
    """Cut a batch into commands that the server takes; a value too large for any is an error."""
    part: list[PendingWrite] = []
    size = _ENVELOPE_SIZE
    for write in writes:
        item_size = _encoded_size(write)
        if item_size + _ENVELOPE_SIZE > MAX_MESSAGE_SIZE:
            raise ValueError(f"the value for {write.state.path} is too large for one message")
        if len(part) == _ITEMS_PER_COMMAND or size + item_size > MAX_MESSAGE_SIZE:
            yield part
            part, size = [], _ENVELOPE_SIZE
        part.append(write)
        size += item_size
    if part:
        yield part


def _encoded_size(write: PendingWrite) -> int:
    value = write.request.value
    if isinstance(value, str):
        # Exact, since a character may take six octets; numbers are at most 24.
        return len(encode(WriteWatchable(updates=[_item(_ITEMS_PER_COMMAND, write)])))
    return 96 + len(write.state.definition.server_id)


def _raise_first_failure(writes: list[PendingWrite], timeout_s: float) -> None:
    count = len(writes)
    unconfirmed = [write for write in writes if not write.request.completed]
    if unconfirmed:
        first = unconfirmed[0].state.path
        which = first if count == 1 else f"{len(unconfirmed)} of {count} writes, from {first} on,"
        text = f"no confirmation of {which} within {timeout_s:g} s: {UNKNOWN_OUTCOME}"
        for write in unconfirmed:
            write.request.mark_complete(text)
        raise exceptions.RequestTimeout(text)
    failed = [write for write in writes if not write.request.is_success]
    if failed:
        others = f" ({len(failed)} of {count} writes failed)" if count > 1 else ""
        raise exceptions.OperationFailure(
            f"{failed[0].state.path} was not written: {failed[0].request.failure_reason}{others}"
        )
