"""Feeds that note what they were told, and entries to put into a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

import pytest

from scrutiny.api.messages import WatchableUpdate
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias, PublishedValue, Variable
from scrutiny.firmware_link.messages import AddressFormat
from scrutiny.server.broadcast import ValueFeed
from scrutiny.server.clock import ServerClock
from scrutiny.server.entries import Entry
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.read_plan import ReadPlan, ReadTarget
from scrutiny.server.store import ValueStore
from scrutiny.server.target_memory import TargetMemory
from scrutiny.server.turns import finish


class NotingFeed(ValueFeed):
    """A feed that sends into a list."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.sent: list[WatchableUpdate] = []
        self.unread_octets = 0
        super().__init__(loop, self.sent.append, lambda: self.unread_octets, ServerClock())


class ListedDescription:
    """A description of a few variables and aliases."""

    def __init__(self, variables: Iterable[Variable], aliases: Iterable[Alias] = ()) -> None:
        self.variables = {variable.path: variable for variable in variables}
        self.aliases = {alias.path: alias for alias in aliases}

    @property
    def variable_count(self) -> int:
        return len(self.variables)

    @property
    def factory_count(self) -> int:
        return 0

    @property
    def alias_count(self) -> int:
        return len(self.aliases)

    def find_variable(self, path: str) -> Variable | None:
        return self.variables.get(path)

    def find_alias(self, path: str) -> Alias | None:
        return self.aliases.get(path)


def target_of(store: ValueStore, limits: PlanLimits) -> ReadTarget:
    """Return a device with 32-bit addresses and without protected memory."""
    return ReadTarget(limits, TargetMemory(AddressFormat(4)), store)


def make_plan(entries: Iterable[Entry], limits: PlanLimits, store: ValueStore) -> ReadPlan:
    """Make a plan for such a device."""
    return finish(ReadPlan.made(entries, target_of(store, limits)))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that a test runs as far as it wants."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def make_feed(loop: asyncio.AbstractEventLoop) -> Callable[[], NotingFeed]:
    """Make feeds of different clients."""
    return lambda: NotingFeed(loop)


@pytest.fixture
def store() -> ValueStore:
    """A store with 60 values of mixed types."""
    types = [DataType.FLOAT32, DataType.UINT8, DataType.SINT64, DataType.BOOL16]
    store = ValueStore()
    store.load_published(PublishedValue(0x1000 + i, types[i % len(types)]) for i in range(60))
    return store
