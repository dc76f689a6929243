"""Carries out what clients want recorded, one request after the other.

    request ─► RequestQueue ─► RecordingPlan ─► conversation with the device ─► decoded and stored
                                                  │ the device is gone: wait until it is back,
                                                  └── and go on where its datalogger is

One task does this. The device is reset at the start of each session, unless it may still record for
a request, and after each recording.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Protocol

from scrutiny.core.datalogging import Acquisition, new_reference_id
from scrutiny.core.errors import ScrutinyError
from scrutiny.core.firmware_id import firmware_id_text
from scrutiny.firmware_link.acquisition_transfer import AcquisitionTransfer
from scrutiny.firmware_link.datalog import Phase, Progress, Recorder, Recording
from scrutiny.firmware_link.errors import RecordingFailed
from scrutiny.firmware_link.profile import DeviceProfile

from .errors import SessionLost
from .logger_link import LoggerLink, RecordingDevice
from .logger_status import LoggerState, LoggerStatus
from .plan import Origin, Recorded, RecordingPlan
from .queue import RecordingRequest, RequestEnd, Requester, RequestQueue, RequestState
from .wanted import WantedRecording

logger = logging.getLogger(__name__)

# Of one state, clients are told the completion this often at most.
COMPLETION_INTERVAL_S: Final = 0.1

# When the server stops, the device is to be let go, but it may be gone.
LAST_RESET_S: Final = 0.5

FAILURE_PAUSE_S: Final = 1.0  # after what nobody expected

SERVER_STOPS: Final = "the server stops"
_LOG_TELLS: Final = "the log of the server tells more"

_STATES: Final = {
    Phase.WAITING: RequestState.WAITING,
    Phase.ACQUIRING: RequestState.ACQUIRING,
    Phase.DOWNLOADING: RequestState.DOWNLOADING,
}


class Storage(Protocol):
    """Where acquisitions go."""

    async def add_made(self, make: Callable[[], Acquisition]) -> Acquisition:
        """Store what a function returns that is called in a thread; return it when it is safe."""
        ...


class Recordings:
    """The requests of all clients, and the device that they are for.

    All methods are for the loop's thread.

    Args:
        loop: that all of this happens in.
        device: that records.
        storage: takes what was recorded.
        firmware_name: tells project and version of a firmware id, if they are known.

    Attributes:
        on_status: called whenever `status` may have changed in a way that clients are told.
        on_stored: called with the id of each acquisition, once it is stored.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        device: RecordingDevice,
        storage: Storage,
        firmware_name: Callable[[str], Awaitable[str | None]],
    ) -> None:
        self.on_status: Callable[[], None] = lambda: None
        self.on_stored: Callable[[str], None] = lambda reference_id: None
        self._loop = loop
        self._link = LoggerLink(loop, device)
        self._link.on_change = self._link_changed
        self._storage = storage
        self._firmware_name = firmware_name
        self._queue = RequestQueue()
        self._config_id = secrets.randbelow(1 << 16)
        self._work: asyncio.Task[tuple[RecordingPlan, Recording]] | None = None
        self._changed = asyncio.Event()
        self._is_stopping = False
        self._told_s = 0.0
        device.on_ready.append(self._device_ready)

    # ------------------------------------------------------------------ what is

    @property
    def status(self) -> LoggerStatus:
        """State of the datalogger at this moment."""
        if self._link.profile is None:
            return LoggerStatus(LoggerState.UNAVAILABLE)
        if self._link.has_error:
            return LoggerStatus(LoggerState.ERROR)
        return LoggerStatus.of(self._queue.active)

    @property
    def requests(self) -> list[RecordingRequest]:
        """Those that have not ended, in the order in which they are served."""
        return list(self._queue)

    def count_of(self, requester: Requester) -> int:
        """Return how many requests of a client have not ended."""
        return self._queue.count_of(requester)

    # ------------------------------------------------------------------ what can be done

    async def check(self, wanted: WantedRecording) -> None:
        """Let a recording pass that the connected device can make; its pointers are read.

        Raises:
            RecordingRefused: it cannot.
            SessionLost: there is no device, or it went meanwhile.
        """
        await self._link.plan(wanted)

    def add(self, request: RecordingRequest, *, replaces: bool) -> None:
        """Queue a request that has passed `check`; how it ends is told to the request."""
        self._take_ends(self._queue.add(request, replaces=replaces))
        if self._is_stopping:
            self._take_ends(self._queue.end_all(SERVER_STOPS))
        self._changed.set()

    def cancel(self, token: str, by: str) -> None:
        """End a request, whoever made it.

        Raises:
            RequestNotEnded: it is unknown, or is being stored.
        """
        self._take_ends(self._queue.cancel(token, by))

    def leave(self, requester: Requester) -> None:
        """Learn that a client has left: what waits is dropped, what is under way goes on."""
        self._take_ends(self._queue.leave(requester))

    async def run(self) -> None:
        """Record for ever. Cancelling is safe: nothing more is asked of the device."""
        while True:
            while self._link.profile is None or not (
                self._link.needs_reset or self._queue.has_waiting
            ):
                await self._until_changed()
            try:
                if self._link.needs_reset:
                    await self._link.reset()
                else:
                    await self._perform(self._queue.start_next())
            except Exception:
                # Whatever fails there must not be the end of recording, nor fail without pause.
                logger.exception("recording failed in a way nobody expected")
                await asyncio.sleep(FAILURE_PAUSE_S)

    async def stop(self) -> None:
        """End all requests; what is recorded is stored, and the device let go, if there is time.

        `run` has to go on meanwhile, and can be cancelled afterwards.
        """
        self._is_stopping = True
        self._take_ends(self._queue.end_all(SERVER_STOPS))
        while (active := self._queue.active) is not None and active.end is None:
            await self._until_changed()
        try:
            async with asyncio.timeout(LAST_RESET_S):
                while self._queue.active is not None:
                    await self._until_changed()
        except TimeoutError:
            logger.warning("the datalogger of the device was not reset in time")

    def _take_ends(self, ended: Iterable[RecordingRequest]) -> None:
        """Log what has ended, and stop what is being done for it."""
        for request in ended:
            assert request.end is not None
            _log_end(request, request.end)
            if request is self._queue.active and self._work is not None:
                self._work.cancel()

    async def _until_changed(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _device_ready(self, profile: DeviceProfile) -> None:
        self._take_ends(self._queue.end_those_for_others(profile.firmware_id))
        # It may still record for the active request; whatever else it does is of no use any more.
        active = self._queue.active
        self._link.needs_reset = (
            active is None or active.end is not None or active.state is RequestState.STORING
        )
        self._changed.set()

    def _link_changed(self) -> None:
        self._changed.set()
        self.on_status()

    # ------------------------------------------------------------------ one request

    async def _perform(self, request: RecordingRequest) -> None:
        """Record, let the device go while the result is stored, and tell how it ended."""
        work = self._work = self._loop.create_task(self._record(request), name="recording")
        storing: asyncio.Task[None] | None = None
        try:
            await asyncio.wait((work,))
            self._link.needs_reset = True
            if (end := _failure(work)) is not None:
                if request.end is None:
                    _log_end(request, end)
                request.finish(end)
            else:
                storing = self._loop.create_task(self._store(request, *work.result()))
            await self._link.reset()
            if storing is not None:
                await storing
        finally:
            self._work = None
            await _cancelled(work, storing)
            request.finish(RequestEnd(None, f"the server has broken it off; {_LOG_TELLS}"))
            self._queue.finish()
            self._changed.set()
        if not self._queue.has_waiting or self._link.needs_reset:  # else the next one soon tells
            self.on_status()

    async def _record(self, request: RecordingRequest) -> tuple[RecordingPlan, Recording]:
        """Record in as many sessions with the device as it takes."""
        logger.info("recording %r for %s", request.wanted.name, request.owner)
        plan: RecordingPlan | None = None
        recorder: Recorder | None = None
        while True:
            while (profile := self._link.profile) is None:
                await self._until_changed()
            try:
                if plan is None or recorder is None:
                    plan = await self._link.plan(request.wanted)
                    recorder = self._recorder(request, plan, profile)
                    steps = recorder.record()
                else:
                    steps = recorder.resume(profile)
                recording = await self._link.converse(
                    steps, profile, lambda transfer: self._downloaded(request, transfer)
                )
            except SessionLost:
                continue
            request.state, request.completion = RequestState.STORING, 1.0
            return plan, recording

    def _recorder(
        self, request: RecordingRequest, plan: RecordingPlan, profile: DeviceProfile
    ) -> Recorder:
        self._config_id = (self._config_id + 1) & 0xFFFF
        return Recorder(
            plan.configuration(self._config_id),
            profile,
            poll_ns=self._link.poll_ns,
            on_progress=lambda progress: self._progressed(request, progress),
        )

    def _downloaded(self, request: RecordingRequest, transfer: AcquisitionTransfer) -> None:
        self._progressed(request, Progress(Phase.DOWNLOADING, transfer.completion))

    def _progressed(self, request: RecordingRequest, progress: Progress) -> None:
        state = _STATES[progress.phase]
        is_another = state is not request.state
        request.state, request.completion = state, progress.completion
        now_s = self._loop.time()
        if is_another or now_s - self._told_s >= COMPLETION_INTERVAL_S:
            self._told_s = now_s
            self._link.has_error = False
            self.on_status()

    async def _store(
        self, request: RecordingRequest, plan: RecordingPlan, recording: Recording
    ) -> None:
        """Store what was recorded, and tell how the request ended."""
        try:
            firmware_id = firmware_id_text(request.firmware_id)
            name = await self._firmware_name(firmware_id)
            origin = Origin(new_reference_id(), firmware_id, name, time.time())
            metadata = recording.metadata
            recorded = Recorded(recording.octets, metadata.point_count, metadata.trigger_index)
            await self._storage.add_made(lambda: plan.acquisition(recorded, origin))
        except RecordingFailed as error:
            end = RequestEnd(None, f"{error}")
        except ScrutinyError as error:
            end = RequestEnd(None, f"it was recorded, but could not be stored: {error}")
        except Exception:
            logger.exception("storing an acquisition failed")
            end = RequestEnd(None, f"it was recorded, but could not be stored; {_LOG_TELLS}")
        else:
            end = RequestEnd(origin.reference_id)
            self.on_stored(origin.reference_id)
        _log_end(request, end)
        request.finish(end)


def _failure(work: asyncio.Task[Any]) -> RequestEnd | None:
    """Return why a recording came to nothing, None if it did not."""
    if work.cancelled():
        return RequestEnd(None, SERVER_STOPS)  # or its end has been told before
    error = work.exception()
    if error is None:
        return None
    if isinstance(error, ScrutinyError):
        return RequestEnd(None, f"{error}")
    logger.error("recording failed", exc_info=error)
    return RequestEnd(None, f"the server failed to record it; {_LOG_TELLS}")


async def _cancelled(*tasks: asyncio.Task[Any] | None) -> None:
    """End tasks that have not ended by themselves."""
    left = [task for task in tasks if task is not None and not task.done()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _log_end(request: RecordingRequest, end: RequestEnd) -> None:
    name, owner = request.wanted.name, request.owner
    if end.reference_id is not None:
        logger.info("recording %r for %s is stored as %s", name, owner, end.reference_id)
    else:
        logger.info("recording %r for %s: %s", name, owner, end.reason)
