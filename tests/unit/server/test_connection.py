"""The callbacks between octets and jobs, with a clock and a line that the test moves."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import cast

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.codes import Command, MemoryControlFunction
from scrutiny.firmware_link.exchange import Transaction
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Connect,
    PublishedValueDefinition,
    UserCommand,
)
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Session
from scrutiny.firmware_link.simulator import Application, DeviceSettings, SimulatedDevice
from scrutiny.firmware_link.transports.base import OnBytes, OnLost
from scrutiny.firmware_link.transports.settings import UdpSettings
from scrutiny.server import connection as connection_module
from scrutiny.server.connection import (
    IDLE_INTERVAL_NS,
    PROBE_PATIENCE_NS,
    PROBES,
    PROBES_BY_DATAGRAM,
    ConnectionEvents,
    DeviceConnection,
)
from scrutiny.server.datalog_lane import RepeatedJob
from scrutiny.server.jobs import MessageJob
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.outcome import Outcome
from scrutiny.server.pending_writes import PendingWrite
from scrutiny.server.poll_schedule import PollSchedule
from scrutiny.server.settings import DeviceSettings as LinkSettings
from scrutiny.server.store import ValueStore
from scrutiny.server.write_queue import WriteQueue

from .conftest import make_plan

MS = 1_000_000
SECOND = 1000 * MS
ANSWER_TIME_NS = 1 * MS
HEARTBEAT = b"\x02\x02"
WRITE = bytes((Command.MEMORY_CONTROL, MemoryControlFunction.WRITE_RPV))


class Timer:
    """What `call_at` returns."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.run = action

    def cancel(self) -> None:
        self.run = lambda: None


class SteppedLoop:
    """A loop whose time passes only in `run_for`; also the clock of what runs in it."""

    def __init__(self) -> None:
        self.now_ns = 10 * SECOND
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()

    def monotonic_ns(self) -> int:
        return self.now_ns

    def call_at(self, when: float, callback: Callable[..., object], *args: object) -> Timer:
        timer = Timer(lambda: callback(*args))
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def run_for(self, duration_ns: int) -> None:
        end_ns = self.now_ns + duration_ns
        while self._timers and self._timers[0][0] * 1e9 <= end_ns:
            when, _, timer = heapq.heappop(self._timers)
            self.now_ns = max(self.now_ns, round(when * 1e9))
            timer.run()
        self.now_ns = end_ns


class SteppedLine:
    """A transport to a simulated device that answers after a millisecond, or is silent."""

    bits_per_second = None

    def __init__(self, loop: SteppedLoop, device: SimulatedDevice) -> None:
        self.sent: list[bytes] = []
        self.is_silent = False
        self.loses = b"-"  # requests that begin with this; none does
        self.doubles = False  # what is sent, and loses the answer to the first of the two
        self._loop = loop
        self._device = device
        self._on_bytes: OnBytes = lambda data: None

    @property
    def heartbeats(self) -> list[bytes]:
        return [frame for frame in self.sent if frame.startswith(HEARTBEAT)]

    def start(self, loop: asyncio.AbstractEventLoop, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._on_bytes = on_bytes

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        if self.is_silent or data.startswith(self.loses):
            return
        if self.doubles:
            self._device.receive(data, self._loop.now_ns)
            self._device.take_output()
        self._device.receive(data, self._loop.now_ns)
        if answer := self._device.take_output():
            due_ns = self._loop.now_ns + ANSWER_TIME_NS
            self._loop.call_at(due_ns / 1e9, self._on_bytes, answer)

    def close(self) -> None:
        """Nothing was opened."""


class NotingEvents(ConnectionEvents):
    def __init__(self, clock: Callable[[], int]) -> None:
        self.ready_ns: list[int] = []
        self.gone_ns: list[int] = []
        self.reasons: list[str] = []
        self._clock = clock

    def ready(self, profile: DeviceProfile) -> None:
        self.ready_ns.append(self._clock())

    def gone(self, reason: str) -> None:
        self.gone_ns.append(self._clock())
        self.reasons.append(reason)


class Setup:
    """A connection to a device; both are ready."""

    def __init__(self, loop: SteppedLoop, settings: LinkSettings) -> None:
        self.retries = settings.retries
        rpvs = (PublishedValueDefinition(0x1000, DataType.UINT16),)
        values: dict[int, Value] = {0x1000: 0}
        self.loop = loop
        self.application = Application(values)
        self.device = SimulatedDevice(DeviceSettings(rpvs=rpvs), self.application)
        self.line = SteppedLine(self.loop, self.device)
        self.events = NotingEvents(self.loop.monotonic_ns)
        self.store = ValueStore()
        self.store.load_published([PublishedValue(0x1000, DataType.UINT16)])
        self.writes = WriteQueue(self.store)
        self.schedule = PollSchedule(self.writes)
        self.connection = DeviceConnection(
            cast("asyncio.AbstractEventLoop", self.loop),
            self.line,
            Session(self.loop.monotonic_ns),
            self.schedule,
            settings,
            self.events,
        )
        self.connection.start()
        self.loop.run_for(100 * MS)
        assert len(self.events.ready_ns) == 1

    def read_all_the_time(self) -> None:
        plan = make_plan(self.store.published, PlanLimits(128, 128), self.store)
        self.schedule.set_plan(plan, self.loop.now_ns)
        self.connection.kick()

    def write(self, value: int) -> list[Outcome]:
        """Write the published value; what comes of it will be in the list."""
        (entry,) = self.store.published
        outcomes: list[Outcome] = []
        self.writes.add(PendingWrite(entry, value, outcomes.append))
        self.connection.kick()
        return outcomes

    def run_until(self, condition: Callable[[], bool], limit_ns: int = 20 * SECOND) -> None:
        deadline_ns = self.loop.now_ns + limit_ns
        while not condition():
            assert self.loop.now_ns < deadline_ns
            self.loop.run_for(MS)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> SteppedLoop:
    loop = SteppedLoop()
    monkeypatch.setattr(connection_module, "time", loop)
    return loop


@pytest.fixture
def setup(loop: SteppedLoop) -> Setup:
    return Setup(loop, LinkSettings())


def command_job(results: list[object]) -> MessageJob:
    """Return a request that must not be repeated; what comes of it goes into the list."""

    def done(result: object, now_ns: int) -> None:
        results.append(result)

    return MessageJob(UserCommand(1, b""), AddressFormat(4), done)


def test_a_link_without_reads_is_asked_for_signs_of_life(setup: Setup) -> None:
    before = len(setup.line.sent)

    setup.loop.run_for(10 * IDLE_INTERVAL_NS)

    assert 9 <= len(setup.line.sent) - before <= 10
    assert setup.events.gone_ns == []
    assert setup.device.session_id is not None


def test_a_busy_link_has_one_heartbeat_at_a_time(setup: Setup) -> None:
    setup.read_all_the_time()
    before = len(setup.line.heartbeats)

    setup.loop.run_for(10 * SECOND)

    assert 9 <= len(setup.line.heartbeats) - before <= 10
    assert len(setup.line.sent) > 9_000


def test_a_device_that_falls_silent_on_an_idle_link_is_gone_after_the_probes(
    setup: Setup,
) -> None:
    setup.line.is_silent = True
    begin_ns = setup.loop.now_ns
    waits_ns = (PROBES + 1) * 65 * MS + sum(range(PROBES)) * PROBE_PATIENCE_NS

    setup.run_until(lambda: bool(setup.events.gone_ns))

    assert setup.events.gone_ns[0] - begin_ns <= IDLE_INTERVAL_NS + waits_ns
    assert "stopped answering" in setup.events.reasons[0]


def test_a_device_that_was_silent_for_a_while_is_ready_again_without_its_time_out(
    setup: Setup,
) -> None:
    setup.line.is_silent = True
    setup.run_until(lambda: bool(setup.events.gone_ns))

    setup.line.is_silent = False
    begin_ns = setup.loop.now_ns
    setup.run_until(lambda: len(setup.events.ready_ns) == 2)

    assert setup.loop.now_ns - begin_ns < 500 * MS


def test_a_device_on_a_network_is_asked_more_often_before_it_is_given_up(loop: SteppedLoop) -> None:
    setup = Setup(loop, LinkSettings(link=UdpSettings("board", 12345)))
    before = len(setup.line.heartbeats)
    setup.line.is_silent = True

    setup.run_until(lambda: bool(setup.events.gone_ns))

    assert len(setup.line.heartbeats) - before == PROBES_BY_DATAGRAM


def test_a_heartbeat_that_was_doubled_on_the_way_does_not_end_the_session(setup: Setup) -> None:
    setup.line.doubles = True
    before = len(setup.line.heartbeats)
    setup.run_until(lambda: len(setup.line.heartbeats) > before)

    setup.line.doubles = False
    setup.loop.run_for(5 * SECOND)

    assert setup.events.gone_ns == []


def test_a_device_that_has_a_session_with_another_is_gone_after_two_refusals(setup: Setup) -> None:
    setup.device.reboot(setup.loop.now_ns)
    setup.device.receive(Connect().request(AddressFormat(4)).encode(), setup.loop.now_ns)
    setup.device.take_output()
    before = len(setup.line.heartbeats)

    setup.run_until(lambda: bool(setup.events.gone_ns))

    assert setup.events.reasons == ["the device has ended the session: it refuses the heartbeat"]
    assert len(setup.line.heartbeats) - before == 2


def test_a_lost_request_does_not_end_the_session(setup: Setup) -> None:
    results: list[object] = []
    setup.line.is_silent = True
    setup.writes.add(command_job(results))
    setup.connection.kick()
    setup.line.is_silent = False

    setup.run_until(lambda: bool(results))
    setup.loop.run_for(5 * SECOND)

    assert "unknown" in f"{results[0]}"
    assert setup.events.gone_ns == []


def test_what_waits_when_the_device_goes_is_told_so(setup: Setup) -> None:
    results: list[object] = []
    setup.line.is_silent = True
    for _ in range(3):
        setup.writes.add(command_job(results))
    setup.connection.kick()

    setup.run_until(lambda: bool(setup.events.gone_ns))

    assert len(results) == 3


def test_a_write_waits_for_a_device_that_pauses_for_longer_than_its_retries(setup: Setup) -> None:
    setup.line.is_silent = True
    before = len(setup.line.heartbeats)
    outcomes = setup.write(7)
    setup.run_until(lambda: len(setup.line.heartbeats) == before + PROBES - 1)
    assert (outcomes, setup.application.values) == ([], {0x1000: 0})

    setup.line.is_silent = False
    setup.run_until(lambda: bool(outcomes))

    assert [outcome.reason for outcome in outcomes] == [""]
    assert setup.application.values == {0x1000: 7}
    assert setup.events.gone_ns == []


def test_a_write_that_is_never_answered_fails_at_the_second_try(setup: Setup) -> None:
    setup.line.loses = WRITE
    before = len(setup.line.sent)
    outcomes = setup.write(7)

    setup.run_until(lambda: bool(outcomes))

    assert "did not answer; whether it was carried out is unknown" in outcomes[0].reason
    writes = [frame for frame in setup.line.sent[before:] if frame.startswith(WRITE)]
    assert len(writes) == 2 * (1 + setup.retries)
    assert setup.events.gone_ns == []


def test_only_of_a_write_that_was_sent_it_is_unknown_whether_it_was_carried_out(
    setup: Setup,
) -> None:
    setup.line.is_silent = True
    sent = setup.write(7)
    setup.loop.run_for(MS)
    waiting = setup.write(8)

    setup.run_until(lambda: bool(setup.events.gone_ns))

    assert sent[0].reason == f"{setup.events.reasons[0]}; whether it was carried out is unknown"
    assert waiting[0].reason == setup.events.reasons[0]


def test_a_device_that_has_restarted_is_connected_anew(setup: Setup) -> None:
    setup.device.reboot(setup.loop.now_ns)

    setup.run_until(lambda: len(setup.events.ready_ns) == 2)

    assert len(setup.events.gone_ns) == 1
    assert setup.device.session_id is not None


class NotingJob(RepeatedJob):
    """A request that notes what had been sent when its answer was taken."""

    @property
    def is_one_more_certain(self) -> bool:
        return True

    def __init__(self, line: SteppedLine, *, decides: bool) -> None:
        frame = UserCommand(1, b"").request(AddressFormat(4)).encode()
        super().__init__(Transaction(frame))
        self.sent_before: list[int] = []
        self._line = line
        self._decides = decides

    def decides_next(self, response: Response) -> bool:
        return self._decides

    def answered(self, response: Response, now_ns: int) -> None:
        self.sent_before.append(self._line.sent.count(self.frame))

    def failed(self, reason: str, now_ns: int) -> None:
        raise AssertionError(reason)

    def taken_back(self) -> None:
        raise AssertionError("none was sent ahead")


@pytest.mark.parametrize(("decides", "sent_before"), [(False, [2, 3, 4]), (True, [1, 2, 3])])
def test_the_next_request_goes_out_before_an_answer_that_decides_nothing_is_taken(
    setup: Setup, decides: bool, sent_before: list[int]
) -> None:
    job = NotingJob(setup.line, decides=decides)
    setup.schedule.datalog.on_job = setup.connection.kick
    setup.schedule.datalog.put(job)

    setup.run_until(lambda: len(job.sent_before) >= 3)

    assert job.sent_before[:3] == sent_before


def test_time_on_the_line_knows_the_limit(setup: Setup) -> None:
    assert setup.connection.line_ns(100) == 0  # the line is fast

    limited = DeviceConnection(
        cast("asyncio.AbstractEventLoop", setup.loop),
        setup.line,
        Session(setup.loop.monotonic_ns),
        setup.schedule,
        LinkSettings(max_bitrate_bps=8000),
        setup.events,
    )
    assert limited.line_ns(100) == 100 * MS
