"""A listener that keeps updates for whoever reads them."""

from __future__ import annotations

import contextlib
import queue

from .._arguments import check_int
from .base_listener import BaseListener
from .value_update import ValueUpdate


class UpdateQueue(queue.Queue[ValueUpdate]):
    """A ``queue.Queue`` of updates, with some more methods."""

    def get_or_none(self) -> ValueUpdate | None:
        """Take the oldest update, None if there is none; never waits."""
        try:
            return self.get_nowait()
        except queue.Empty:
            return None

    def deplete(self) -> list[ValueUpdate]:
        """Take all that is there, oldest first."""
        updates: list[ValueUpdate] = []
        while (update := self.get_or_none()) is not None:
            updates.append(update)
        return updates

    def put_circular(self, x: ValueUpdate) -> None:
        """Put an update; if the queue is full, the oldest one makes place for it."""
        while True:
            try:
                self.put_nowait(x)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self.get_nowait()
            else:
                return


class BufferedReaderListener(BaseListener):
    """Puts all updates into a queue; those for which there is no place are dropped, and counted.

    Args:
        queue_max_size: How many updates the queue of :meth:`get_queue` holds; 0 for no limit.
        name: For the log.
        notification_queue_max_size: The ``queue_max_size`` of ``BaseListener``.
    """

    def __init__(
        self,
        queue_max_size: int,
        name: str | None = None,
        notification_queue_max_size: int = 1000,
    ) -> None:
        super().__init__(name, notification_queue_max_size)
        self._updates = UpdateQueue(check_int("queue_max_size", queue_max_size, 0))

    def receive(self, updates: list[ValueUpdate]) -> None:
        """Put the updates into the queue."""
        for index, update in enumerate(updates):
            try:
                self._updates.put_nowait(update)
            except queue.Full:
                self._dropped(len(updates) - index)
                return

    def get_queue(self) -> UpdateQueue:
        """Return the queue; it stays the same, and keeps what is in it when the listener stops."""
        return self._updates

    def allow_subscription_changes_while_running(self) -> bool:
        """Tell that they are allowed."""
        return True
