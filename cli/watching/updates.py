"""All updates of what is watched, one after the other, to one who takes them in a thread."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Generator, Sequence
from typing import Final

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners import BaseListener, ValueUpdate

from ..server_connection import Definitions, wait_for_device
from ..stopping import Stop
from ..wanted_paths import wanted_definitions

_LONGEST_QUEUE: Final = 10_000

Take = Callable[[list[ValueUpdate]], object]


class Updates(BaseListener):
    """Hands updates over; what goes wrong there ends it, and is kept.

    Attributes:
        problem: why it has ended, None if it has not.
    """

    def __init__(self, take: Take, look_after: Callable[[], object], stop: Stop) -> None:
        super().__init__(queue_max_size=_LONGEST_QUEUE)
        self.problem: Exception | None = None
        self._take = take
        self._look_after = look_after
        self._stop = stop

    def receive(self, updates: list[ValueUpdate]) -> None:
        """Hand them over, unless that has failed before."""
        self._guarded(lambda: self._take(updates))

    def process(self) -> None:
        """Let the owner do what is due now and then."""
        self._guarded(self._look_after)

    def _guarded(self, do: Callable[[], object]) -> None:
        if self.problem is not None:
            return
        try:
            do()
        except Exception as error:  # raised again in the thread that waits for the end
            self.problem = error
            self._stop.request()


def definitions_to_watch(client: ScrutinyClient, arguments: argparse.Namespace) -> Definitions:
    """Return what the arguments name, when there is a device.

    Raises:
        ScrutinyError: there is none, or a path is unknown.
    """
    wait_for_device(client, arguments.timeout)
    return wanted_definitions(client, arguments.paths)


@contextlib.contextmanager
def updates_of(
    client: ScrutinyClient,
    paths: Sequence[str],
    rate: float | None,
    stop: Stop,
    take: Take,
    look_after: Callable[[], object] = lambda: None,
) -> Generator[Updates]:
    """Watch, and hand all updates over until the end of the block.

    Args:
        client: that is connected.
        paths: what to watch.
        rate: updates per second; None for as many as possible.
        stop: is requested when handing over has failed.
        take: takes the updates that came together, in a thread of its own.
        look_after: is called about five times per second, in the same thread.

    Raises:
        Exception: at the end, what `take` or `look_after` raised.
    """
    updates = Updates(take, look_after, stop)
    client.register_listener(updates)
    updates.subscribe(client.watch_many(paths, rate))
    with updates.start():
        yield updates
    if updates.problem is not None:
        raise updates.problem
