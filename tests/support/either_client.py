"""One way to talk to both clients: scenarios are written with ``await``, whoever runs them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

from scrutiny.sdk.aio import (
    AsyncDataloggingRequest,
    AsyncScrutinyClient,
    AsyncSFDDownloadRequest,
    AsyncSFDUploadRequest,
    AsyncWatchableHandle,
    AsyncWatchableListDownloadRequest,
)
from scrutiny.sdk.batch import BatchWriteContext
from scrutiny.sdk.client import (
    ScrutinyClient,
    SFDDownloadRequest,
    SFDUploadRequest,
    WatchableListDownloadRequest,
)
from scrutiny.sdk.datalogging_request import DataloggingRequest
from scrutiny.sdk.events import AnyEvent
from scrutiny.sdk.watchable_handle import WatchableHandle

from .processes import DEADLINE_S

TWINS: dict[type, type] = {
    ScrutinyClient: AsyncScrutinyClient,
    WatchableHandle: AsyncWatchableHandle,
    WatchableListDownloadRequest: AsyncWatchableListDownloadRequest,
    SFDDownloadRequest: AsyncSFDDownloadRequest,
    SFDUploadRequest: AsyncSFDUploadRequest,
    DataloggingRequest: AsyncDataloggingRequest,
}
EventT = TypeVar("EventT", bound=AnyEvent)
Scenario = Callable[[AsyncScrutinyClient], Awaitable[None]]


class _Awaited:
    """A blocking object whose methods are awaited where those of its asyncio twin are.

    All of them run in the same thread, to which batches belong.
    """

    def __init__(self, blocking: Any, thread: ThreadPoolExecutor) -> None:
        self.blocking = blocking
        self.thread = thread
        self.twin = TWINS[type(blocking)]

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.blocking, name)
        if not callable(value):
            return value
        is_awaited = inspect.iscoroutinefunction(getattr(self.twin, name))

        def call(*args: Any, **kwargs: Any) -> Any:
            if is_awaited:
                return self._run(lambda: value(*args, **kwargs))
            return self._wrap(value(*args, **kwargs))

        return call

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Awaited) and other.blocking is self.blocking

    def __hash__(self) -> int:
        return hash(self.blocking)

    async def connect(self, host: str, port: int) -> None:
        await self._run(lambda: self.blocking.connect(host, port))

    async def write(self, value: object) -> None:
        await self._run(lambda: setattr(self.blocking, "value", value))

    async def write_enum(self, name: str) -> None:
        await self._run(lambda: setattr(self.blocking, "value_enum", name))

    @asynccontextmanager
    async def _batch(self, batch: BatchWriteContext) -> AsyncGenerator[None]:
        await self._run(batch.__enter__)
        try:
            yield
        except BaseException as error:
            failure = error
            await self._run(lambda: batch.__exit__(type(failure), failure, None))
            raise
        await self._run(lambda: batch.__exit__(None, None, None))

    async def _run(self, action: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        return self._wrap(await loop.run_in_executor(self.thread, action))

    def _wrap(self, value: object) -> Any:
        if isinstance(value, BatchWriteContext):
            return self._batch(value)
        if isinstance(value, list):
            return [self._wrap(item) for item in cast("list[object]", value)]
        return _Awaited(value, self.thread) if type(value) in TWINS else value


class Runner(Protocol):
    """Runs a scenario with a client that listens to all events, and disconnects."""

    async def __call__(
        self, port: int, scenario: Scenario, *, reconnect: bool = True, **settings: Any
    ) -> None:
        """Run it.

        Args:
            port: of the server, on this machine.
            scenario: is given the client, connected.
            reconnect: for `connect`.
            settings: for the constructor of the client.
        """


async def _with_blocking(
    port: int, scenario: Scenario, *, reconnect: bool = True, **settings: Any
) -> None:
    with (
        ThreadPoolExecutor(1) as thread,
        ScrutinyClient(enabled_events=ScrutinyClient.Events.LISTEN_ALL, **settings) as client,
    ):
        await asyncio.to_thread(client.connect, "127.0.0.1", port, reconnect=reconnect)
        await scenario(cast("AsyncScrutinyClient", _Awaited(client, thread)))


async def _with_asyncio(
    port: int, scenario: Scenario, *, reconnect: bool = True, **settings: Any
) -> None:
    client = AsyncScrutinyClient(enabled_events=AsyncScrutinyClient.Events.LISTEN_ALL, **settings)
    async with client.connect("127.0.0.1", port, reconnect=reconnect):
        await scenario(client)


RUNNERS: dict[str, Runner] = {"blocking": _with_blocking, "asyncio": _with_asyncio}


async def expect_event(client: AsyncScrutinyClient, kind: type[EventT]) -> EventT:
    """Wait for an event and return it; those of other kinds before it are skipped.

    Raises:
        TimeoutError: it did not come.
    """
    async with asyncio.timeout(DEADLINE_S):
        while True:
            event = await client.read_event(timeout=DEADLINE_S)
            if isinstance(event, kind):
                return event
