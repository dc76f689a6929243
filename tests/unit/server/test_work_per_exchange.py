"""How much the server does between two requests, counted: the same on every machine, however busy.

Calls of Python and of C functions, from the octets of an answer until the next request is written
and the values are with the client's feed. Figures are upper limits with little room: a change that
adds a call per value or some per exchange fails here, and either finds another way or raises them
with a reason.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.codes import Command, CommControlFunction
from scrutiny.firmware_link.messages import PublishedValueDefinition
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Session
from scrutiny.firmware_link.simulator import Application, DeviceSettings, SimulatedDevice
from scrutiny.firmware_link.transports.base import OnBytes, OnLost
from scrutiny.server.clock import ServerClock
from scrutiny.server.connection import ConnectionEvents, DeviceConnection
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.poll_schedule import PollSchedule
from scrutiny.server.settings import DeviceSettings as LinkSettings
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions
from scrutiny.server.value_frames import FrameEncoder
from scrutiny.server.write_queue import WriteQueue

from .conftest import NotingFeed, make_plan

EXCHANGES: Final = 50
FIRST_ID: Final = 0x2000
LIMITS: Final = PlanLimits(8192, 8192)
FOREVER_US: Final = 0xFFFF_FFFF
PATIENCE_S: Final = 3600.0  # nothing is sent twice because this machine was busy

HEARTBEAT: Final = bytes((Command.COMM_CONTROL, CommControlFunction.HEARTBEAT))

COUNTS: Final = (1, 100, 1000)  # of values in an exchange
MOST_CALLS: Final = 68  # per exchange, however many values are in it
MOST_SAMPLE_CALLS: Final = 80  # the same for a client that wants every sample
MOST_FRAME_CALLS: Final = 40  # for a binary frame, and one per value
MOST_REPEATED_CALLS: Final = 5  # for the same frame to another client


class ReplayingLine:
    """A transport whose other end answers when it is told to."""

    bits_per_second = None

    def __init__(self, device: SimulatedDevice) -> None:
        self.device = device
        self.unanswered: list[bytes] = []
        self.on_bytes: OnBytes = lambda data: None

    def start(self, loop: asyncio.AbstractEventLoop, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self.on_bytes = on_bytes

    def write(self, data: bytes) -> None:
        self.unanswered.append(data)

    def close(self) -> None:
        """Nothing was opened."""

    def next_answer(self) -> bytes:
        """Return what the device says to the request that was written last."""
        frame = self.unanswered[-1]  # a device is looked for again soon, however busy this machine
        self.unanswered.clear()
        self.device.receive(frame, time.monotonic_ns())
        return self.device.take_output()


class ReadyEvent(ConnectionEvents):
    """Notes that the handshake is over."""

    def __init__(self) -> None:
        self.is_ready = False

    def ready(self, profile: DeviceProfile) -> None:
        self.is_ready = True


class CallCounter:
    """Counts calls while it is switched on."""

    def __init__(self) -> None:
        self.calls = 0

    def run(self, action: Callable[[], object]) -> None:
        """Count what an action calls."""
        gc.disable()  # a collection would call what others have asked it to
        sys.setprofile(self._note)
        try:
            action()
        finally:
            sys.setprofile(None)
            gc.enable()

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        self.calls += event in ("call", "c_call")


class Poller:
    """A connection that polls values for one client."""

    def __init__(self, loop: asyncio.AbstractEventLoop, count: int) -> None:
        ids = range(FIRST_ID, FIRST_ID + count)
        settings = DeviceSettings(
            heartbeat_timeout_us=FOREVER_US,
            max_rx_payload=LIMITS.max_request,
            max_tx_payload=LIMITS.max_answer,
            rpvs=tuple(PublishedValueDefinition(number, DataType.UINT32) for number in ids),
        )
        self.line = ReplayingLine(SimulatedDevice(settings, Application(dict.fromkeys(ids, 0))))
        self.store = ValueStore()
        self.store.load_published(PublishedValue(number, DataType.UINT32) for number in ids)
        self.feed = NotingFeed(loop)
        self.subscriptions = Subscriptions()
        for entry in self.store.published:
            self.subscriptions.watch(self.feed, entry, None)
        self.schedule = PollSchedule(WriteQueue(self.store))
        events = ReadyEvent()
        link_settings = LinkSettings(response_timeout_s=PATIENCE_S)
        session = Session(time.monotonic_ns, response_timeout_ns=int(PATIENCE_S * 1e9))
        self.connection = DeviceConnection(
            loop, self.line, session, self.schedule, link_settings, events
        )
        self.connection.start()
        while not events.is_ready:
            loop.run_until_complete(asyncio.sleep(0))
            if self.line.unanswered:
                self.line.on_bytes(self.line.next_answer())
        self.plan()
        self.connection.kick()
        while not self.line.unanswered:
            loop.run_until_complete(asyncio.sleep(0))

    def want_every_sample(self) -> None:
        """Let the client take every sample."""
        for entry in self.store.published:
            self.subscriptions.watch(self.feed.samples, entry, None)
        self.plan()
        self.exchange(CallCounter())  # it was asked before

    def plan(self) -> None:
        """Read what is watched, by the receivers that there are now."""
        plan = make_plan(self.store.published, LIMITS, self.store)
        self.schedule.set_plan(plan, time.monotonic_ns())

    def exchange(self, counter: CallCounter) -> None:
        """Take one answer, and count what that takes."""
        if self.line.unanswered[-1].startswith(HEARTBEAT):  # a second has passed: a busy machine
            self.line.on_bytes(self.line.next_answer())
        answer = self.line.next_answer()
        counter.run(lambda: self.line.on_bytes(answer))
        assert len(self.line.unanswered) == 1


MakePoller = Callable[[int], Poller]


@pytest.fixture
def make_poller(loop: asyncio.AbstractEventLoop) -> Iterator[MakePoller]:
    pollers: list[Poller] = []

    def make(count: int) -> Poller:
        pollers.append(Poller(loop, count))
        return pollers[-1]

    yield make
    for poller in pollers:
        poller.connection.close("the test is over")
        poller.feed.close()


@pytest.mark.parametrize("count", COUNTS)
def test_calls_per_exchange(make_poller: MakePoller, count: int) -> None:
    poller, counter = make_poller(count), CallCounter()
    poller.exchange(CallCounter())  # caches are filled

    for _ in range(EXCHANGES):
        poller.exchange(counter)

    calls = counter.calls / EXCHANGES
    sys.stdout.write(f"{count} values: {calls:.1f} calls per exchange\n")
    assert calls <= MOST_CALLS


@pytest.mark.parametrize("count", COUNTS)
def test_calls_per_exchange_for_a_client_that_wants_every_sample(
    make_poller: MakePoller, count: int
) -> None:
    poller, counter = make_poller(count), CallCounter()
    poller.want_every_sample()
    poller.exchange(CallCounter())

    for _ in range(EXCHANGES):
        poller.feed.samples.clear()
        poller.exchange(counter)
        assert len(poller.feed.samples) == count

    calls = counter.calls / EXCHANGES
    sys.stdout.write(f"{count} samples: {calls:.1f} calls per exchange\n")
    assert calls <= MOST_SAMPLE_CALLS


@pytest.mark.parametrize("count", COUNTS)
def test_calls_to_encode_values(make_poller: MakePoller, count: int) -> None:
    poller, first, second = make_poller(count), CallCounter(), CallCounter()
    poller.exchange(CallCounter())
    encoder = FrameEncoder(poller.store, ServerClock())
    entries = poller.store.published

    first.run(lambda: encoder.frames(entries, with_octets=False))
    second.run(lambda: encoder.frames(entries, with_octets=False))

    sys.stdout.write(f"{count} values: {first.calls}, then {second.calls} calls\n")
    assert first.calls <= MOST_FRAME_CALLS + count
    assert second.calls <= MOST_REPEATED_CALLS


@pytest.mark.parametrize("count", COUNTS)
def test_calls_to_encode_samples(make_poller: MakePoller, count: int) -> None:
    poller, counter = make_poller(count), CallCounter()
    poller.want_every_sample()
    poller.exchange(CallCounter())
    encoder = FrameEncoder(poller.store, ServerClock())
    blocks = poller.feed.samples.take(count)
    assert [len(block.entries) for block in blocks] == [count]

    counter.run(lambda: encoder.block_frames(blocks, with_octets=False))

    sys.stdout.write(f"{count} samples: {counter.calls} calls\n")
    assert counter.calls <= MOST_FRAME_CALLS + count
