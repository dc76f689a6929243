"""Writing values: one at a time, or many in one go."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType

from . import exceptions
from ._arguments import check_written_value
from ._channel import Channel
from ._completion import Completion
from ._exchanges import WriteExchange
from ._waiting import Deadline, DoneWaiter
from ._watch_state import WatchState
from ._writes import (
    UNKNOWN_OUTCOME,
    PendingWrite,
    forbid_dead,
    raise_first_failure,
    write_exchanges,
)

__all__ = ["UNKNOWN_OUTCOME", "BatchWriteContext", "Writer"]


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

    def write(self, state: WatchState, value: object) -> None:
        """Write a value and wait for the confirmation, or keep it for the open batch."""
        write = PendingWrite(Completion(), check_written_value(value), state)
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
        forbid_dead(writes)
        started = [self._start(e) for e in write_exchanges(self._channel.core, writes)]
        for exchange, waiter in started:
            # A failure is told below: its writes failed, or are still open after a time-out.
            with contextlib.suppress(exceptions.OperationFailure):
                self._channel.finish(exchange, waiter, deadline, timeout_s)
        raise_first_failure(writes, timeout_s)

    def _start(self, exchange: WriteExchange) -> tuple[WriteExchange, DoneWaiter]:
        waiter = self._channel.waiter(exchange)
        self._channel.start(exchange)
        return exchange, waiter

    def _open_batch(self) -> BatchWriteContext | None:
        batch: BatchWriteContext | None = getattr(self._thread, "batch", None)
        return batch
