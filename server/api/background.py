"""Commands that take a while: tasks with one owner, answered like any other command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from scrutiny.api.messages import AnyCommand, command_name
from scrutiny.core.errors import ScrutinyError

from .limits import InFlight

if TYPE_CHECKING:
    from .client import Client

Work = Callable[[], Awaitable[None]]


class CommandLine:
    """Commands of one client that are carried out one after the other.

    Attributes:
        waiting: counts them, until they have ended.
        turn: whose it is.
    """

    def __init__(self, kind: str, most: int) -> None:
        """Let so many commands of a kind wait, which is told in plural."""
        self.waiting = InFlight(kind, most)
        self.turn = asyncio.Lock()


class BackgroundTasks:
    """Runs what commands have left to do, until the server stops."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether anything is left to do."""
        return bool(self._tasks)

    def start(self, client: Client, command: AnyCommand, work: Work) -> None:
        """Do the work beside everything else; a failure is answered."""
        task = self._loop.create_task(_answered(client, command, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start_in_order(
        self, client: Client, command: AnyCommand, work: Work, line: CommandLine
    ) -> None:
        """Do the work after all work that was started in the same line.

        It is left out if the client has left by then.

        Raises:
            CommandRefused: too much waits already.
        """
        line.waiting.start()

        async def take_turn() -> None:
            try:
                async with line.turn:
                    if client.is_open:
                        await work()
            finally:
                line.waiting.end()

        self.start(client, command, take_turn)

    async def close(self) -> None:
        """Cancel all that is left."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answered(client: Client, command: AnyCommand, work: Work) -> None:
    name = command_name(command)
    try:
        await work()
    except ScrutinyError as error:
        client.refuse(str(error), reqid=command.reqid, request_cmd=name)
    except Exception as error:
        # One client's command must not take the others down, whatever fails.
        client.fail(error, reqid=command.reqid, request_cmd=name)
