"""The device of this server: keeps the link open for ever, and offers what can be done with it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from scrutiny.core.values import Value
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.codes import FeatureBits
from scrutiny.firmware_link.errors import LinkError, LinkOpenError
from scrutiny.firmware_link.messages import UserCommand, UserCommandAnswer
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Session, SessionState
from scrutiny.firmware_link.transports.base import Transport
from scrutiny.firmware_link.transports.open import open_transport
from scrutiny.firmware_link.transports.settings import LinkSettings, NoLink, SerialSettings
from scrutiny.firmware_link.transports.urls import link_url

from .connection import ConnectionEvents, DeviceConnection
from .device_status import DeviceState, DeviceStatus
from .entries import Entry
from .jobs import Job, MessageJob
from .memory_access import MemoryTransfer
from .memory_blocks import PlanLimits
from .metrics import DeviceStatistics
from .outcome import Outcome, OutcomeCallback, ReadCallback
from .pending_writes import PendingOctets, PendingWrite
from .poll_schedule import PollSchedule
from .published_values import readable_values
from .read_plan import ReadPlan, ReadTarget
from .session_memory import SessionMemory
from .settings import DeviceSettings
from .store import Description, ValueStore
from .subscriptions import Subscriptions
from .target_memory import TargetMemory
from .turns import Steps, Turns, finish
from .value_reads import ValuesRead
from .write_queue import WriteQueue

logger = logging.getLogger(__name__)

# A link is opened again at once, then after pauses that grow to the longest, until a device
# is ready. A port that is not there is only looked for, which costs a few microseconds, so that
# a board is back right after it was plugged in.
FIRST_REOPEN_PAUSE_S: Final = 0.05
LONGEST_REOPEN_PAUSE_S: Final = 0.5
PORT_LOOKUP_INTERVAL_S: Final = 0.05

# Making a plan takes 3 to 7 µs per value, in slices between the exchanges. A client that watches
# one value after the other does not have it made anew for each: it waits for three times as long
# as it takes, from as many values on as make that worth a timer.
LARGE_PLAN: Final = 50
PLAN_PAUSE_PER_VALUE_S: Final = 20e-6
LONGEST_PLAN_PAUSE_S: Final = 0.02

NO_DEVICE: Final = "no device is connected"
NOT_KNOWN: Final = "the description of the firmware was unloaded"
LINK_CHANGED: Final = "the link was changed"

ResultT = TypeVar("ResultT")

_STATES: Final = {
    SessionState.DISCOVERING: DeviceState.DISCONNECTED,
    SessionState.CONNECTING: DeviceState.CONNECTING,
    SessionState.HANDSHAKE: DeviceState.CONNECTED,
    SessionState.READY: DeviceState.READY,
}


class DeviceDriver(ConnectionEvents):
    """Supervises the link, and is the door to the device for everybody else in the server.

    All methods are for the loop's thread. Operations report through their callback, which may be
    called before they return when the device cannot be asked at all.

    Attributes:
        on_status_changed: called after `status` has changed in a way that matters to clients.
        on_ready: all are called with each device, after its status was announced.
        on_gone: all are called when that device is gone, after that was announced.
        datalog: where what the datalogger is asked waits for the link.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: DeviceSettings,
        store: ValueStore,
        subscriptions: Subscriptions,
    ) -> None:
        self.on_status_changed: Callable[[], None] = lambda: None
        self.on_ready: list[Callable[[DeviceProfile], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self._loop = loop
        self._settings = settings
        self._store = store
        self._subscriptions = subscriptions
        self._link: LinkSettings = settings.link
        self._link_changed = asyncio.Event()
        self._memory = SessionMemory(settings.runtime_folder)
        self._writes = WriteQueue(store)
        self._schedule = PollSchedule(self._writes)
        self.datalog = self._schedule.datalog
        self.datalog.on_job = self._kick
        self._schedule.on_ready = self._kick
        self._session: Session | None = None
        self._connection: DeviceConnection | None = None
        self._profile: DeviceProfile | None = None
        self._limits = PlanLimits(0, 0)
        self._line_bps: int | None = None
        self._target: ReadTarget | None = None
        self._loaded_firmware_id: str | None = None
        self._description_failure = ""
        self._session_name: str | None = None
        self._failure_reason = ""
        self._totals = DeviceStatistics()
        self._announced: DeviceStatus | None = None
        self._turns = Turns(loop)
        self._plan_is_stale = False
        self._making: Generator[float, None, ReadPlan] | None = None
        self._reopen_pause_s = 0.0
        self._link_was_lost: asyncio.Event = asyncio.Event()
        subscriptions.on_change = self._watches_changed
        subscriptions.on_idle = store.keep_idle

    # ------------------------------------------------------------------ what is

    @property
    def status(self) -> DeviceStatus:
        """State of device and link at this moment."""
        if self._link_changed.is_set():  # the device of the link before does not count any more
            return DeviceStatus(DeviceState.DISCONNECTED, None, self._link, False, "")
        session = self._session
        problem = "" if session is None else session.problem
        return DeviceStatus(
            state=DeviceState.DISCONNECTED if session is None else _STATES[session.state],
            session_id=self._session_name,
            link=self._link,
            link_operational=self._connection is not None,
            failure_reason="" if self._profile is not None else problem or self._failure_reason,
            loaded_firmware_id=self._loaded_firmware_id,
            description_failure=self._description_failure,
        )

    @property
    def profile(self) -> DeviceProfile | None:
        """What the connected device told about itself; None without one."""
        return self._profile

    @property
    def loaded_firmware_id(self) -> str | None:
        """Identifier of the description in use; None while there is none."""
        return self._loaded_firmware_id

    @property
    def statistics(self) -> DeviceStatistics:
        """Counters since the server started."""
        return self._with_current(self._totals)

    def line_ns(self, octets: int) -> int:
        """Return how long octets take on the line; 0 without a link, or a fast one."""
        return 0 if self._connection is None else self._connection.line_ns(octets)

    def address_of(self, variable: Variable) -> int | None:
        """Return where a variable is; None behind a pointer that is null, or was not read yet."""
        pointer, target = variable.pointer, self._target
        if pointer is None:
            return variable.address
        if target is None:
            return None
        mask = target.memory.fmt.mask
        address = target.pointers.address_of(variable, mask)
        if address is not None:
            return address if isinstance(address, int) else None
        # Nothing behind it is watched, but it may have been read itself.
        for entry in self._store.same_source(pointer):
            if entry.alias is None and isinstance(entry.value, int) and entry.value != 0:
                return (entry.value + variable.address) & mask
        return None

    # ------------------------------------------------------------------ what can be done

    def configure_link(self, settings: LinkSettings) -> None:
        """Use another link; a session over the present one is closed first."""
        self._link = settings
        self._reopen_pause_s = 0.0
        self._link_changed.set()
        self._schedule.fail_all(LINK_CHANGED, time.monotonic_ns())
        self.gone(LINK_CHANGED)
        self._announce()

    def write_value(
        self, entry: Entry, value: Value, done: OutcomeCallback, *, more_follow: bool = False
    ) -> None:
        """Write what `fit_to_entry` has made; watchers get it before ``done`` is called.

        With ``more_follow`` it may wait for those that go into the same request.
        """
        if self._is_known(entry, done):
            self._writes.add(PendingWrite(entry, value, done))
        if not more_follow:
            self._kick()

    def write_octets(self, entry: Entry, octets: bytes, done: OutcomeCallback) -> None:
        """Write the storage of a variable as it is, in its turn among the other writes."""
        if self._is_known(entry, done):
            self._writes.add(PendingOctets(entry, octets, done))
            self._kick()

    def read_values(self, entries: Sequence[Entry], done: ReadCallback) -> None:
        """Read entries once; the store takes the values too.

        ``done`` gets those that could not be read: ``nullptr``, ``forbidden``, or another reason.
        """
        target = self._target
        is_gone = any(self._store.by_id(entry.id) is not entry for entry in entries)
        if target is None or is_gone:
            done(dict.fromkeys(entries, self._why_gone()))
            return
        ValuesRead(target, self._add_bulk, done).start(entries, time.monotonic_ns())

    def user_command(self, subfunction: int, data: bytes, done: OutcomeCallback) -> None:
        """Run a command of the application; the outcome holds what it answered."""
        profile = self._profile
        if profile is None:
            done(_refused(NO_DEVICE))
            return
        if not profile.features & FeatureBits.USER_COMMAND:
            done(_refused("the firmware has no user command handler"))
            return
        if len(data) > profile.max_rx_payload:
            done(_refused(f"{len(data)} octets, the device takes {profile.max_rx_payload} at most"))
            return

        def answered(result: UserCommandAnswer | LinkError, now_ns: int) -> None:
            if isinstance(result, LinkError):
                done(Outcome(False, f"{result}", b"", now_ns))
            else:
                done(Outcome(True, "", result.data, now_ns))

        message = UserCommand(subfunction, data)
        self._writes.add(MessageJob(message, profile.address_format, answered))
        self._kick()

    def read_memory(self, address: int, size: int, done: OutcomeCallback) -> None:
        """Read raw memory; the outcome holds the octets."""
        if (transfer := self._transfer(done)) is not None:
            transfer.read(address, size)

    def write_memory(self, address: int, data: bytes, done: OutcomeCallback) -> None:
        """Write raw memory. When it fails half way, the beginning may have been written."""
        if (transfer := self._transfer(done)) is not None:
            transfer.write(address, data)

    def _is_known(self, entry: Entry, done: OutcomeCallback) -> bool:
        """Whether the entry is still there; if not, ``done`` is told why."""
        if self._store.by_id(entry.id) is entry:
            return True
        done(_refused(self._why_gone()))
        return False

    def _why_gone(self) -> str:
        return NO_DEVICE if self._profile is None else NOT_KNOWN

    def _transfer(self, done: OutcomeCallback) -> MemoryTransfer | None:
        if self._profile is None:
            done(_refused(NO_DEVICE))
            return None
        return MemoryTransfer(self._profile, self._limits, self._add_bulk, done)

    def _add_bulk(self, job: Job) -> None:
        if self._profile is None:
            job.failed(NO_DEVICE, time.monotonic_ns())
            return
        self._schedule.add_bulk(job)
        self._kick()

    def _kick(self) -> None:
        if self._connection is not None:
            self._connection.kick()

    # ------------------------------------------------------------------ the firmware's description

    def attach_description(self, description: Description, firmware_id: str) -> None:
        """Offer the variables and aliases of the connected firmware, instead of those before.

        Without a device nothing happens: it has gone while the description was being loaded.
        """
        if self._profile is None:
            return
        self._forget_described()
        self._store.load_description(description)
        self._loaded_firmware_id = firmware_id
        self._description_failure = ""
        self._announce()

    def detach_description(self) -> None:
        """Forget variables and aliases, with their subscriptions, if there are any."""
        if self._store.description is None:
            return
        self._forget_described()
        self._announce()

    def description_failed(self, reason: str) -> None:
        """Show why there is no description, until there is one or the device is gone."""
        self._description_failure = reason
        self._announce()

    def _forget_described(self) -> None:
        self._subscriptions.end(self._store.unload_description())
        self._loaded_firmware_id = None
        if self._target is not None:
            self._target.pointers.clear()
            finish(self._plan_made(self._target))  # at once: what was described is not read again

    # ------------------------------------------------------------------ what is read

    def _watches_changed(self) -> None:
        """Make the plan anew, once for all changes of this turn of the loop, or of a moment.

        One that is being made is finished before, so that one that is always changed comes into
        force now and then.
        """
        if self._plan_is_stale or self._profile is None:
            return
        self._plan_is_stale = True
        if self._making is None:
            self._schedule_plan()

    def _schedule_plan(self) -> None:
        count = len(self._subscriptions.watched)
        if count < LARGE_PLAN:
            self._loop.call_soon(self._make_plan)
        else:
            pause_s = min(count * PLAN_PAUSE_PER_VALUE_S, LONGEST_PLAN_PAUSE_S)
            self._loop.call_later(pause_s, self._make_plan)

    def _make_plan(self) -> None:
        if self._target is not None and self._making is None and self._plan_is_stale:
            self._turns.start(self._plan_made(self._target))

    def _plan_made(self, target: ReadTarget) -> Steps:
        """Make a plan, and read by it, unless another one is begun meanwhile."""
        if target is not self._target:
            return
        self._plan_is_stale = False
        making = self._making = ReadPlan.made(list(self._subscriptions.watched), target)
        plan: ReadPlan | None = None
        while plan is None:
            try:
                pause_s = next(making)
            except StopIteration as end:
                plan = end.value
            else:
                yield pause_s
                if self._making is not making:
                    return
        self._making = None
        self._schedule.set_plan(plan, time.monotonic_ns())
        self._kick()
        if self._plan_is_stale:
            self._schedule_plan()

    # ------------------------------------------------------------------ what the connection tells

    def ready(self, profile: DeviceProfile) -> None:
        self._profile = profile
        self._session_name = uuid.uuid4().hex
        self._failure_reason = ""
        self._reopen_pause_s = 0.0
        self._totals.session_count += 1
        settings = self._settings
        largest = settings.response_limit(self._line_bps, profile.max_bitrate_bps)
        self._limits = PlanLimits(
            min(profile.max_rx_payload, settings.max_request_size),
            min(profile.max_tx_payload, largest),
        )
        memory = TargetMemory.of(profile)
        self._target = ReadTarget(self._limits, memory, self._store)
        self._writes.set_target(self._limits, memory)
        self._store.load_published(readable_values(profile))
        logger.info("device %r is ready, session %s", profile.display_name, self._session_name)
        self._announce()
        for listener in self.on_ready:
            listener(profile)

    def gone(self, reason: str) -> None:
        if self._profile is None:
            return
        logger.info("device is gone, session %s: %s", self._session_name, reason)
        self._profile = None
        self._target = self._making = None
        self._session_name = None
        self._failure_reason = reason
        self._loaded_firmware_id = None
        self._description_failure = ""
        self._subscriptions.clear()
        self._store.clear()
        self._announce()
        for listener in self.on_gone:
            listener()

    def changed(self) -> None:
        self._announce()

    def link_lost(self, reason: str) -> None:
        self._failure_reason = reason
        self._link_was_lost.set()

    # ------------------------------------------------------------------ supervision

    async def run(self) -> None:
        """Keep the link open for ever. When cancelled, the session is closed properly."""
        while True:
            if self._link_changed.is_set():
                self._link_changed.clear()
                self._failure_reason = ""  # of the link before
            if isinstance(self._link, NoLink):
                self._announce()
                await self._link_changed.wait()
                continue
            try:
                transport = await self._open(self._link)
                if transport is not None:
                    await self._use(transport, self._link)
            except Exception:
                logger.exception("the link %s failed in a way nobody expected", self._link)
                self._note_failure("the link failed; the log of the server tells more")
            await self._pause_before_reopening(self._link)

    async def _open(self, link: LinkSettings) -> Transport | None:
        """Open the link; None when it failed, or when another one is wanted."""
        try:
            transport = await self._unless_link_changes(
                open_transport(link, force_thread=self._settings.portable_links)
            )
        except LinkOpenError as error:
            self._note_failure(f"{error}")
            return None
        if transport is not None and self._link_changed.is_set():
            transport.close()
            return None
        return transport

    async def _use(self, transport: Transport, link: LinkSettings) -> None:
        url = link_url(link)
        self._line_bps = transport.bits_per_second
        session = Session(
            time.monotonic_ns,
            stale_session_id=self._memory.recall(url),
            max_response_size=self._settings.response_limit(self._line_bps),
            address_size=self._settings.default_address_size // 8,
            response_timeout_ns=int(self._settings.response_timeout_s * 1e9),
        )
        session.on_opened = lambda session_id: self._memory.remember(url, session_id)
        connection = DeviceConnection(
            self._loop, transport, session, self._schedule, replace(self._settings, link=link), self
        )
        self._session, self._connection = session, connection
        self._link_was_lost.clear()
        self._log_link("link %s is open", url)
        connection.start(link.start_delay_s if isinstance(link, SerialSettings) else 0)
        self._announce()
        try:
            await self._unless_link_changes(self._link_was_lost.wait())
        finally:
            if not self._link_was_lost.is_set():
                await connection.disconnect()
                if session.session_id is None:
                    self._memory.forget(url)
            connection.close("the link was closed")
            self._totals = self._with_current(self._totals)
            self._session = self._connection = None
            self._log_link("link %s is closed: %s", url, self._failure_reason or "as asked")
            self._announce()

    def _log_link(self, text: str, *arguments: object) -> None:
        """Log what happens to the link, unless it only comes and goes, again without a device."""
        is_new = self._reopen_pause_s <= FIRST_REOPEN_PAUSE_S
        logger.log(logging.INFO if is_new else logging.DEBUG, text, *arguments)

    async def _unless_link_changes(self, work: Coroutine[Any, Any, ResultT]) -> ResultT | None:
        """Await some work, but not beyond a call of `configure_link`."""
        task = asyncio.ensure_future(work)
        changed = asyncio.ensure_future(self._link_changed.wait())
        try:
            await asyncio.wait({task, changed}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            return None
        finally:
            changed.cancel()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _pause_before_reopening(self, link: LinkSettings) -> None:
        pause_s = self._reopen_pause_s
        self._reopen_pause_s = min(max(FIRST_REOPEN_PAUSE_S, 2 * pause_s), LONGEST_REOPEN_PAUSE_S)
        await self._sleep(pause_s)
        while _is_missing_port(link) and not self._link_changed.is_set():
            self._reopen_pause_s = 0.0
            await self._sleep(PORT_LOOKUP_INTERVAL_S)

    def _announce(self) -> None:
        """Tell about a new status; steps on the way to a device or back are not worth a message."""
        status = self.status
        if status.state is not DeviceState.READY:
            status = replace(status, state=DeviceState.DISCONNECTED)
        if status != self._announced:
            self._announced = status
            self.on_status_changed()

    async def _sleep(self, seconds: float) -> None:
        await self._unless_link_changes(asyncio.sleep(seconds))

    def _note_failure(self, reason: str) -> None:
        if reason != self._failure_reason:
            logger.warning("%s", reason)
            self._failure_reason = reason
            self._announce()

    def _with_current(self, totals: DeviceStatistics) -> DeviceStatistics:
        """Add the counters of the open link to those of the links before."""
        if self._connection is None:
            return totals
        current = self._connection.statistics
        return DeviceStatistics(
            session_count=totals.session_count,
            requests=totals.requests + current.requests,
            octets_sent=totals.octets_sent + current.octets_sent,
            octets_received=totals.octets_received + current.octets_received,
            retries=totals.retries + current.retries,
            failed_requests=totals.failed_requests + current.failures,
        )


def _is_missing_port(link: LinkSettings) -> bool:
    """Whether the link is a serial port whose file is not there; Windows has no such files."""
    if not isinstance(link, SerialSettings) or sys.platform == "win32":
        return False
    if link.is_url or link.is_usb:
        return False
    return not os.path.exists(link.port)  # noqa: PTH110 - Path.exists raises on odd names


def _refused(reason: str) -> Outcome:
    return Outcome(False, reason, b"", time.monotonic_ns())
