"""Writing values from asyncio tasks: one at a time, or many in one go."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from scrutiny.api.messages import WrittenValue

from . import exceptions
from ._async_channel import AsyncChannel
from ._async_signal import Done
from ._completion import Completion
from ._exchanges import WriteExchange
from ._waiting import Deadline
from ._watch_state import WatchState
from ._writes import PendingWrite, forbid_dead, raise_first_failure, write_exchanges


class AsyncBatchWriteContext:
    """Collects the writes of one task in an ``async with`` block, and sends them at its end."""

    def __init__(self, writer: AsyncWriter, timeout_s: float) -> None:
        self._writer = writer
        self._timeout_s = timeout_s
        self._writes: list[PendingWrite] = []

    def add(self, write: PendingWrite) -> None:
        """Keep a write for the end of the block."""
        self._writes.append(write)

    async def __aenter__(self) -> AsyncBatchWriteContext:
        self._writes.clear()
        self._writer.enter_batch(self)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write, unless the block failed; returns when everything is confirmed."""
        self._writer.leave_batch()
        if exc_type is None and self._writes:
            await self._writer.write_all(self._writes, self._timeout_s)


class AsyncWriter:
    """Turns writes of handles into commands, and waits for the device's confirmations."""

    def __init__(self, channel: AsyncChannel, timeout_s: float) -> None:
        self._channel = channel
        self.timeout_s = timeout_s
        # A batch belongs to the task that opened it; a context variable would leak into others.
        self._batches: dict[asyncio.Task[object] | None, AsyncBatchWriteContext] = {}

    async def write(self, state: WatchState, value: WrittenValue) -> None:
        """Write a value and wait for the confirmation, or keep it for the open batch."""
        write = PendingWrite(Completion(), value, state)
        if (batch := self._batches.get(asyncio.current_task())) is not None:
            batch.add(write)
        else:
            await self.write_all([write], self.timeout_s)

    def enter_batch(self, batch: AsyncBatchWriteContext) -> None:
        """Redirect the writes of this task; OperationFailure inside another batch."""
        task = asyncio.current_task()
        if task in self._batches:
            raise exceptions.OperationFailure("batches cannot be nested: a batch is open already")
        self._batches[task] = batch

    def leave_batch(self) -> None:
        """End the redirection."""
        self._batches.pop(asyncio.current_task(), None)

    async def write_all(self, writes: list[PendingWrite], timeout_s: float) -> None:
        """Write in order, and wait until all are confirmed.

        Raises:
            RequestTimeout: some are not confirmed in time; they may yet happen.
            OperationFailure: the first one that failed, in order; the others were attempted.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        deadline = Deadline(timeout_s)
        forbid_dead(writes)
        started: list[tuple[WriteExchange, Done]] = []
        try:
            for exchange in write_exchanges(self._channel.core, writes):
                done = Done(exchange)
                self._channel.start(exchange)
                started.append((exchange, done))
            for exchange, done in started:
                # A failure is told below: its writes failed, or are still open after a time-out.
                with contextlib.suppress(exceptions.OperationFailure):
                    await self._channel.finish(exchange, done, deadline.remaining_s())
        finally:  # also when the task was cancelled
            for exchange, _ in started:
                self._channel.forget(exchange)
        raise_first_failure(writes, timeout_s)
