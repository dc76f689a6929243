"""A device, and what reads and writes it, on a line whose time the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder, Value
from scrutiny.core.watchables import Alias, BitField, PublishedValue, Variable
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import AddressFormat, Connect, PublishedValueDefinition
from scrutiny.firmware_link.profile import MemoryRegion
from scrutiny.firmware_link.simulator import (
    Application,
    DeviceSettings,
    MemorySegment,
    SimulatedDevice,
)
from scrutiny.server.entries import Entry
from scrutiny.server.jobs import Job
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.outcome import Outcome
from scrutiny.server.pending_writes import PendingOctets, PendingWrite
from scrutiny.server.poll_schedule import PollSchedule
from scrutiny.server.read_jobs import ReadJob
from scrutiny.server.read_plan import ReadPlan, ReadTarget
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions
from scrutiny.server.target_memory import TargetMemory
from scrutiny.server.turns import finish
from scrutiny.server.value_reads import ValuesRead
from scrutiny.server.write_fitting import fit_to_entry
from scrutiny.server.write_queue import WriteQueue

from .conftest import ListedDescription, NotingFeed

MS = 1_000_000
SECOND = 1000 * MS
BASE = 0x2000_0000
FOREVER_US = 0xFFFF_FFFF
RPV_VALUES: dict[int, Value] = {0x1000: 1.5, 0x1001: 7}


def device_settings(**changes: object) -> DeviceSettings:
    """Return a device with memory, two published values, and a session that does not end."""
    fields: dict[str, object] = {
        "heartbeat_timeout_us": FOREVER_US,
        "segments": (MemorySegment(BASE, 0x1000), MemorySegment(0x100, 0x100)),
        "readonly_regions": (),
        "forbidden_regions": (),
        "rpvs": (
            PublishedValueDefinition(0x1000, DataType.FLOAT32),
            PublishedValueDefinition(0x1001, DataType.UINT16),
        ),
    }
    return DeviceSettings(**(fields | changes))  # type: ignore[arg-type]


class Rig:
    """Queues, schedule, plan and store of a server, with a device that answers when asked.

    Attributes:
        exchange_ns: time that one request and its answer take.
        asked: requests that the device has got, with the time.
    """

    def __init__(
        self,
        make_feed: Callable[[], NotingFeed],
        variables: Iterable[Variable],
        aliases: Iterable[Alias] = (),
        settings: DeviceSettings | None = None,
    ) -> None:
        settings = settings or device_settings()
        self.device = SimulatedDevice(settings, Application(RPV_VALUES))
        self.memory = self.device.memory
        self.store = ValueStore()
        self.store.load_published(PublishedValue(rpv.id, rpv.type) for rpv in settings.rpvs)
        self.store.load_description(ListedDescription(variables, aliases))
        target_memory = TargetMemory(
            settings.address_format,
            [MemoryRegion(region.start, region.end) for region in settings.forbidden_regions],
            [MemoryRegion(region.start, region.end) for region in settings.readonly_regions],
            can_write=settings.supports_memory_write,
        )
        limits = PlanLimits(settings.max_rx_payload, settings.max_tx_payload)
        self.target = ReadTarget(limits, target_memory, self.store)
        self.queue = WriteQueue(self.store)
        self.queue.set_target(limits, target_memory)
        self.schedule = PollSchedule(self.queue)
        self.subscriptions = Subscriptions()
        self.subscriptions.on_change = self._make_plan
        self.subscriptions.on_idle = self.store.keep_idle
        self.make_feed = make_feed
        self.feeds: list[NotingFeed] = []
        self.now_ns = 0
        self.exchange_ns = MS
        self.asked: list[tuple[int, Request]] = []
        self.plan: ReadPlan | None = None
        self._following: Job | None = None  # chosen before the last answer was decoded
        self._exchange(Connect().request(AddressFormat(4)).encode())
        self.asked.clear()

    def feed(self) -> NotingFeed:
        """Return the feed of a new client."""
        feed = self.make_feed()
        self.feeds.append(feed)
        return feed

    def entry(self, path: str) -> Entry:
        """Return what is at a path, which has to exist."""
        entry = self.store.find(path)
        assert entry is not None
        return entry

    def watch(self, feed: NotingFeed, path: str, rate: float | None = None) -> Entry:
        """Let a client watch something."""
        entry = self.entry(path)
        self.subscriptions.watch(feed, entry, rate)
        return entry

    def write(self, path: str, value: Value) -> Outcome:
        """Write what a user wants, and wait for the outcome."""
        outcomes: list[Outcome] = []
        self.add_write(path, value, outcomes)
        while not outcomes:
            self.run_for(self.exchange_ns)
        return outcomes[0]

    def add_write(self, path: str, value: Value, outcomes: list[Outcome]) -> None:
        """Queue a write."""
        entry = self.entry(path)
        fitting = fit_to_entry(entry, value)
        self.queue.add(PendingWrite(entry, fitting, outcomes.append))

    def add_octets(self, path: str, octets: bytes, outcomes: list[Outcome]) -> None:
        """Queue a write of the storage of a variable."""
        self.queue.add(PendingOctets(self.entry(path), octets, outcomes.append))

    def read_once(self, *paths: str) -> dict[str, str]:
        """Read values on demand; return why some could not be read."""
        ended: list[dict[Entry, str]] = []
        read = ValuesRead(self.target, self.schedule.add_bulk, ended.append)
        read.start([self.entry(path) for path in paths], self.now_ns)
        while not ended:
            self.run_for(self.exchange_ns)
        (failures,) = ended
        return {entry.path: reason for entry, reason in failures.items()}

    def run_for(self, duration_ns: int) -> None:
        """Let the server talk to the device; like a connection, it sends before it decodes."""
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            job = self._following or self.schedule.next_job(self.now_ns)
            self._following = None
            if job is not None:
                self._perform(job)
                continue
            wake_ns = self.schedule.wake_ns
            self.now_ns = end_ns if wake_ns is None else min(end_ns, wake_ns)

    def _perform(self, job: Job) -> None:
        response = self._exchange(job.frame)
        self.now_ns += self.exchange_ns
        assert job.is_answered_by(response)
        if not job.decides_next(response):
            self._following = self.schedule.next_job(self.now_ns)
        job.answered(response, self.now_ns)
        if response.code and isinstance(job, ReadJob):
            self.schedule.read_was_refused(job)
        for feed in self.feeds:
            feed.flush()

    def answer_to(self, job: Job) -> Response:
        """Return what the device answers, which nobody else sees."""
        return self._exchange(job.frame)

    def _exchange(self, frame: bytes) -> Response:
        self.asked.append((self.now_ns, Request.decode(frame)))
        self.device.receive(frame, self.now_ns)
        return Response.decode(self.device.take_output())

    def _make_plan(self) -> None:
        self.plan = finish(ReadPlan.made(self.subscriptions.watched, self.target))
        self.schedule.set_plan(self.plan, self.now_ns)


def values_of(feed: NotingFeed, entry: Entry) -> list[object]:
    """Return all that a client was told of an entry."""
    return [u.v for message in feed.sent for u in message.updates if u.id == entry.id]


def variable(
    path: str,
    data_type: DataType,
    address: int = BASE,
    *,
    big: bool = False,
    bits: tuple[int, int] | None = None,
    pointer: Variable | None = None,
) -> Variable:
    """Return a variable in few words."""
    field = None if bits is None else BitField(*bits)
    order: ByteOrder = "big" if big else "little"
    return Variable(path, data_type, order, address, field, None, pointer)
