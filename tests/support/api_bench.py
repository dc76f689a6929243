"""One client's session against a device with behaviour, without sockets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.core.watchables import PublishedValue, Variable
from scrutiny.firmware_link.codes import FeatureBits
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.transports.settings import LinkSettings, NoLink
from scrutiny.server.access.audit_log import AuditLog
from scrutiny.server.access.identity import AccessPolicy, Identity
from scrutiny.server.access.rights import Role
from scrutiny.server.api.background import BackgroundTasks
from scrutiny.server.api.client import SharedParts
from scrutiny.server.api.device_port import Device
from scrutiny.server.api.hub import Hub
from scrutiny.server.api.outlet import Outlet
from scrutiny.server.clock import ServerClock
from scrutiny.server.datalog_lane import DatalogLane
from scrutiny.server.datalogging.firmware_names import FirmwareNames
from scrutiny.server.datalogging.recordings import Recordings
from scrutiny.server.datalogging.storage import AcquisitionStorage
from scrutiny.server.demo import DemoMode
from scrutiny.server.device_status import DeviceState, DeviceStatus
from scrutiny.server.entries import Entry
from scrutiny.server.library import DescriptionLibrary
from scrutiny.server.loading import DescriptionLoader
from scrutiny.server.metrics import DeviceStatistics
from scrutiny.server.outcome import Outcome, OutcomeCallback, ReadCallback
from scrutiny.server.published_values import readable_values
from scrutiny.server.store import Description, ValueStore
from scrutiny.server.subscriptions import Subscriptions
from scrutiny.server.symbols import Symbols
from scrutiny.server.turns import Turns

from .simulated_logger import SimulatedLogger

DEADLINE_S = 30

Message = dict[str, Any]

PUBLISHED = (
    PublishedValue(0x1000, DataType.FLOAT32),
    PublishedValue(0x1001, DataType.UINT8),
    PublishedValue(0x10AB, DataType.UINT64),
    PublishedValue(0x2000, DataType.BOOL8),
)
FLOAT, SMALL, LARGE, SWITCH = (value.path for value in PUBLISHED)
FLOAT32_MAX = 3.4028234663852886e38


OWNER = Identity("bench", Role.OWNER)

PROFILE = DeviceProfile(
    protocol=(1, 0),
    firmware_id=bytes(range(16)),
    display_name="Pump",
    session_id=7,
    max_rx_payload=128,
    max_tx_payload=256,
    max_bitrate_bps=0,
    heartbeat_timeout_us=5_000_000,
    rx_timeout_us=50_000,
    address_size=4,
    char_bit=8,
    features=FeatureBits(0xF0),
)


class FakeDevice:
    """Keeps values and memory. Ends each operation at once, or later if `is_slow`."""

    def __init__(self, store: ValueStore) -> None:
        self.on_status_changed: Callable[[], None] = lambda: None
        self.on_ready: list[Callable[[DeviceProfile], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self.datalog = DatalogLane()
        self.logger: SimulatedLogger | None = None
        self.loaded_firmware_id: str | None = None
        self.description_failure = ""
        self.unreadable: dict[str, str] = {}
        self.values: dict[str, Value] = {}
        self.profile: DeviceProfile | None = PROFILE
        self.statistics = DeviceStatistics()
        self.link: LinkSettings = NoLink()
        self.refusal = ""
        self.is_slow = False
        self.memory = bytearray(range(256)) * 256
        self.written: list[tuple[str, Value]] = []
        self.octets_written: list[tuple[str, bytes]] = []
        self._store = store
        self._waiting: list[Callable[[], None]] = []
        self._answered_ns = 0

    @property
    def status(self) -> DeviceStatus:
        is_ready = self.profile is not None
        state = DeviceState.READY if is_ready else DeviceState.DISCONNECTED
        reason = "" if is_ready else "no answer"
        return DeviceStatus(
            state,
            "4f1e" if is_ready else None,
            self.link,
            is_ready,
            reason,
            self.loaded_firmware_id,
            self.description_failure,
        )

    def install_logger(self, loop: asyncio.AbstractEventLoop) -> SimulatedLogger:
        """Have a datalogger and its memory, and be ready."""
        self.logger = SimulatedLogger(loop, self.datalog)
        self._store.clear()
        self.become_ready(self.logger.described())
        return self.logger

    def become_ready(self, profile: DeviceProfile) -> None:
        """Be a device that has just been connected."""
        self.profile = profile
        if not self._store.published:
            self._store.load_published(readable_values(profile))
        self.on_status_changed()
        for listener in self.on_ready:
            listener(profile)

    def line_ns(self, octets: int) -> int:
        """Be fast."""
        return 0

    def disappear(self) -> None:
        """Be gone."""
        self.profile = None
        self._store.clear()
        self.on_status_changed()
        for listener in self.on_gone:
            listener()

    def answer(self, count: int | None = None) -> None:
        """End operations that wait, all or so many, at the same time."""
        waiting = self._waiting[:count]
        del self._waiting[:count]
        self._answered_ns = time.monotonic_ns()
        for finish in waiting:
            finish()

    def configure_link(self, settings: LinkSettings) -> None:
        self.link = settings
        self.on_status_changed()

    def attach_description(self, description: Description, firmware_id: str) -> None:
        self._store.load_description(description)
        self._describe(firmware_id, "")

    def detach_description(self) -> None:
        self._store.unload_description()
        self._describe(None, "")

    def description_failed(self, reason: str) -> None:
        self._describe(None, reason)

    def _describe(self, firmware_id: str | None, failure: str) -> None:
        self.loaded_firmware_id, self.description_failure = firmware_id, failure
        self.on_status_changed()

    def address_of(self, variable: Variable) -> int | None:
        """Know what was read by path, as long as nothing is watched."""
        pointer = variable.pointer
        for entry in self._store.same_source(pointer) if pointer else ():
            if isinstance(entry.value, int) and entry.value:
                return entry.value + variable.address
        return None if pointer else variable.address

    def read_values(self, entries: Sequence[Entry], done: ReadCallback) -> None:
        """Read `values`, or else 1, 2, 3 ..., but not what is unreadable."""

        def finish() -> None:
            failures = {e: self.unreadable[e.path] for e in entries if e.path in self.unreadable}
            for number, entry in enumerate(entries, 1):
                if entry not in failures:
                    octets = None if entry.kind == "rpv" else bytes([number])
                    value = self.values.get(entry.path, number)
                    self._store.update([entry], [value], time.monotonic_ns(), [octets])
            done(failures)

        if self.is_slow:
            self._waiting.append(finish)
        else:
            finish()

    def write_value(
        self, entry: Entry, value: Value, done: OutcomeCallback, *, more_follow: bool = False
    ) -> None:
        def store() -> bytes:
            self.written.append((entry.path, value))
            self._store.update([entry], [value], time.monotonic_ns())
            for feed in entry.watchers:
                feed.mark([entry])
            return b""

        self._operate(store, done)

    def write_octets(self, entry: Entry, octets: bytes, done: OutcomeCallback) -> None:
        def store() -> bytes:
            self.octets_written.append((entry.path, octets))
            return b""

        self._operate(store, done)

    def user_command(self, subfunction: int, data: bytes, done: OutcomeCallback) -> None:
        self._operate(lambda: bytes([subfunction]) + data, done)

    def read_memory(self, address: int, size: int, done: OutcomeCallback) -> None:
        def read() -> bytes:
            if self.logger is not None:
                return self.logger.read(address, size)
            return bytes(self.memory[address : address + size])

        self._operate(read, done)

    def write_memory(self, address: int, data: bytes, done: OutcomeCallback) -> None:
        def store() -> bytes:
            self.memory[address : address + len(data)] = data
            return b""

        self._operate(store, done)

    async def run(self) -> None:
        """Have nothing to do."""

    def _operate(self, action: Callable[[], bytes], done: OutcomeCallback) -> None:
        def finish() -> None:
            if not self.is_slow:
                self._answered_ns = time.monotonic_ns()
            if self.refusal:
                done(Outcome(False, self.refusal, b"", self._answered_ns))
            else:
                done(Outcome(True, "", action(), self._answered_ns))

        if self.is_slow:
            self._waiting.append(finish)
        else:
            finish()


class _FakeOutlet(Outlet):
    """Takes what a session sends to a fake client."""

    takes_binary = False

    def __init__(self, client: FakeClient) -> None:
        self._client = client

    def send(self, data: bytes) -> None:
        self._client.take(data)

    def send_binary(self, data: bytes) -> None:
        raise AssertionError("nobody has asked for it")

    def backlog(self) -> int:
        return self._client.unread_octets

    def hold(self) -> None:
        """Go on: nobody is woken up."""

    def release(self) -> None:
        """Nothing was held."""


class FakeClient:
    """Talks JSON to a session, and keeps what comes back."""

    def __init__(
        self, server: Server, address: str = "bench:1", identity: Identity = OWNER
    ) -> None:
        self._server = server
        self._received: list[Message] = []
        self.sizes: list[int] = []
        self.unread_octets = 0
        self.session = server.hub.connect(_FakeOutlet(self), address, identity)
        self.welcome = self.all()

    def take(self, data: bytes) -> None:
        """Keep a message; for the session."""
        self.sizes.append(len(data))
        self._received.append(json.loads(data))

    def send(self, cmd: str, **fields: Any) -> None:
        while self.session.is_busy:
            self._server.turn()
        self.session.receive(json.dumps({"cmd": cmd, **fields}).encode())

    def all(self) -> list[Message]:
        """Return what has been received since the last call."""
        self._server.turn()
        received, self._received = self._received, []
        return received

    def has_received(self, is_wanted: Callable[[Message], object]) -> bool:
        """Tell whether the last message is of a kind."""
        return bool(self._received and is_wanted(self._received[-1]))

    def wait_for(self, cmd: str) -> Message:
        """Return the first message of a kind, and drop those before it."""
        while True:
            self._server.run_until(lambda: self._received)
            message = self._received.pop(0)
            if message["cmd"] == cmd:
                return message

    def answer_to(self, cmd: str, **fields: Any) -> Message:
        """Send a command, and wait for its first answer; events before it are dropped."""
        self.send(cmd, reqid=77, **fields)
        while True:
            self._server.run_until(lambda: self._received)
            message = self._received.pop(0)
            if message["reqid"] == 77:
                return message

    def whole_list(self) -> list[Message]:
        """Return what is received until the last part of a list."""
        received = self.all()
        while not (received and received[-1].get("done")):
            received += self.all()
        return received

    def ask(self, cmd: str, **fields: Any) -> Message:
        """Send a command that has exactly one answer, and nothing else happens."""
        self.send(cmd, reqid=5, **fields)
        (answer,) = self.all()
        assert answer["reqid"] == 5
        return answer

    def refusal(self, cmd: str, **fields: Any) -> str:
        """Send a command that is refused, and return why."""
        answer = self.ask(cmd, **fields)
        assert (answer["cmd"], answer["request_cmd"]) == ("error", cmd)
        return cast("str", answer["msg"])

    def subscribe(self, *paths: str, **fields: Any) -> list[str]:
        """Subscribe, and return the ids."""
        answer = self.ask("subscribe_watchable", watchables=list(paths), **fields)
        return [answer["subscribed"][path]["id"] for path in paths]

    def ids(self, *paths: str) -> list[str]:
        """Return the ids of paths without subscribing."""
        answer = self.ask("get_watchable_info", watchables=list(paths))
        return [answer["info"][path]["id"] for path in paths]


class Server:
    """All that the clients of one server share, with a loop that runs as far as a test wants.

    Attributes:
        step_s: what each step of long work takes; 0: all of it is done at once.
    """

    def __init__(
        self, folder: Path, *, memory_write: bool = True, audit_file: Path | None = None
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = ValueStore()
        self.store.load_published(PUBLISHED)
        self.subscriptions = Subscriptions()
        self.device = FakeDevice(self.store)
        self.library = DescriptionLibrary(folder / "data")
        device: Device = self.device
        self.symbols = Symbols(
            self.loop, device, self.library.store, DescriptionLoader(folder / "cache")
        )
        self.acquisitions = AcquisitionStorage(folder / "data")
        names = FirmwareNames(self.symbols, self.library)
        self.recordings = Recordings(self.loop, device, self.acquisitions, names.name_of)
        self.background = BackgroundTasks(self.loop)
        self.step_s = 0.0
        self._now_s = 0.0
        self.turns = Turns(self.loop, self._pass_time)
        self.parts = SharedParts(
            loop=self.loop,
            clock=ServerClock(),
            store=self.store,
            subscriptions=self.subscriptions,
            device=device,
            descriptions=self.library,
            symbols=self.symbols,
            recordings=self.recordings,
            acquisitions=self.acquisitions,
            firmware_names=names,
            demo=DemoMode(device, self.library.store, folder / "cache"),
            background=self.background,
            turns=self.turns,
            audit=AuditLog(audit_file, self.loop),
            policy=AccessPolicy(memory_write=memory_write),
        )
        self.hub = Hub(self.parts)
        self._recording = self.loop.create_task(self.recordings.run())

    def close(self) -> None:
        """End everything that runs."""
        self._recording.cancel()
        self.loop.run_until_complete(asyncio.gather(self._recording, return_exceptions=True))
        self.loop.run_until_complete(self.background.close())
        self.loop.run_until_complete(self.acquisitions.close())
        self.loop.run_until_complete(self.parts.audit.close())
        self.library.close()
        self.loop.run_until_complete(self.symbols.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def _pass_time(self) -> float:
        self._now_s += self.step_s
        return self._now_s

    def run_until(self, condition: Callable[[], object]) -> None:
        """Let the loop run until something is so."""

        async def wait() -> None:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():  # noqa: ASYNC110 - anything may bring it about
                    await asyncio.sleep(0.001)

        self.loop.run_until_complete(wait())

    def turn(self) -> None:
        """Let the loop do what is due."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()

    def read_from_device(self, path: str, value: Value) -> None:
        """Do what the driver does when an answer has arrived."""
        entry = self.store.find(path)
        assert entry is not None
        self.store.update([entry], [value], time.monotonic_ns())
        for feed in entry.watchers:
            feed.mark([entry])

    def rate_of(self, path: str, client: FakeClient) -> float | None:
        entry = self.store.find(path)
        assert entry is not None
        return entry.watchers[client.session.client.feed]
