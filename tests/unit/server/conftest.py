"""Feeds that note what they were told, and entries to put into a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from scrutiny.api.messages import WatchableUpdate
from scrutiny.core.types import DataType
from scrutiny.core.watchables import PublishedValue
from scrutiny.server.broadcast import ValueFeed
from scrutiny.server.clock import ServerClock
from scrutiny.server.store import ValueStore


class NotingFeed(ValueFeed):
    """A feed that sends into a list."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.sent: list[WatchableUpdate] = []
        self.unread_octets = 0
        super().__init__(loop, self.sent.append, lambda: self.unread_octets, ServerClock())


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
