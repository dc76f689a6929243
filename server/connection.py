"""One opened link: the callbacks between its octets and the jobs that wait for it.

The next request is written in the callback that completed the last answer, before that answer is
decoded: the device works while we do. Only an answer that may decide what comes next, as that to a
heartbeat, is looked at first. A device that keeps what arrives while it answers has the next
request before its answer ends, see `firmware_link.overlap`. There is no task, queue or lock on that
way; one timer serves deadlines, pauses, heartbeats and reads with a rate, and is moved only when it
would be late.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Any, Final

from msgspec.structs import replace

from scrutiny.firmware_link.codes import REQUEST_OVERHEAD, FeatureBits, ResponseCode
from scrutiny.firmware_link.errors import DeviceRefused, LinkClosed, LinkError
from scrutiny.firmware_link.exchange import (
    Exchange,
    ExchangeSettings,
    ExchangeStatistics,
    Failure,
)
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import DeviceParams, Disconnect
from scrutiny.firmware_link.overlap import Overlap
from scrutiny.firmware_link.pacing import Pacer, effective_limit
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Apply, Ask, Conversation, Session
from scrutiny.firmware_link.transports.base import Transport
from scrutiny.firmware_link.transports.settings import SerialSettings, TcpSettings, UdpSettings

from .jobs import Job, MessageJob
from .outcome import unknown_outcome
from .poll_schedule import PollSchedule
from .read_jobs import ReadJob
from .settings import DeviceSettings

logger = logging.getLogger(__name__)

# A device that left a request unanswered is asked for a sign of life so many times. The frames are
# small, so that even on a line that damages one octet in a hundred one of them gets through. Whole
# datagrams get lost: of a tenth each way, three probes in a row would every few minutes, five every
# few hours.
PROBES: Final = 3
PROBES_BY_DATAGRAM: Final = 5
PROBE_PATIENCE_NS: Final = 100_000_000  # more for each probe that went unanswered

# While there is nothing to read, heartbeats come this often: they tell that the device is there.
IDLE_INTERVAL_NS: Final = 500_000_000

# Whatever a device announces: more would stop the link for as long after each lost frame, or make
# a heartbeat take longer than the device waits for it.
MAX_SILENCE_NS: Final = 2_000_000_000
MIN_BITRATE_BPS: Final = 300

# Links on which a read is sent before the last one is answered: over a network, whose speed is
# unknown, all the time.
OVERLAPPING_LINKS: Final = (SerialSettings, TcpSettings, UdpSettings)

NS_PER_S: Final = 1_000_000_000
RETRY_PAUSE_NS: Final = 300_000_000  # after a handshake that failed
DISCONNECT_TIMEOUT_S: Final = 0.5


class ConnectionEvents:
    """What a connection tells its owner. All are called from the loop."""

    def ready(self, profile: DeviceProfile) -> None:
        """A device is connected and has told about itself."""

    def gone(self, reason: str) -> None:
        """The session with that device has ended; the link stays open."""

    def changed(self) -> None:
        """The state, or the problem, of the session is another."""

    def link_lost(self, reason: str) -> None:
        """The link is gone; `gone` was called before, if a device was connected."""


class DeviceConnection:
    """Drives session, exchange and schedule over one transport until the link is lost."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: Transport,
        session: Session,
        schedule: PollSchedule,
        settings: DeviceSettings,
        events: ConnectionEvents,
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._session = session
        self._schedule = schedule
        self._settings = settings
        self._events = events
        self._exchange = Exchange(
            ExchangeSettings(
                response_timeout_ns=int(settings.response_timeout_s * 1e9),
                retries=settings.retries,
                bits_per_second=transport.bits_per_second,
            ),
            settings.response_limit(transport.bits_per_second),
        )
        self._limit_bps = 0
        self._pacer: Pacer | None = None
        self._paced_octets = 0
        self._job: Job | None = None  # in flight
        self._ahead: deque[Job] = deque()  # sent while that one is in flight
        self._may_overlap = False  # as this device keeps what arrives while it answers
        self._conversation: Conversation[DeviceProfile] | None = None
        self._step: Job | None = None  # what the conversation wants to be sent
        self._resume_ns: int | None = None  # when the conversation wants to go on
        self._is_ready = False
        self._is_closed = False
        self._probes = PROBES_BY_DATAGRAM if isinstance(settings.link, UdpSettings) else PROBES
        self._probes_left = 0
        self._was_refused = False  # by the answer to the latest heartbeat
        self._heard_ns = 0  # when the last answer came
        self._last_failure = Failure.SILENT
        self._disconnected: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._apply_bitrate(0)

    @property
    def statistics(self) -> ExchangeStatistics:
        """Counters of this link."""
        return self._exchange.statistics

    def line_ns(self, octets: int) -> int:
        """Return how long octets take on the line, or take up of what the limit allows."""
        limited_ns = octets * 8 * NS_PER_S // self._limit_bps if self._limit_bps else 0
        return max(self._exchange.settings.line_ns(octets), limited_ns)

    def start(self, delay_s: float = 0) -> None:
        """Begin to look for a device, after the time that the board needs to start."""
        self._transport.start(self._loop, self._bytes_received, self._link_lost)
        self._resume_ns = time.monotonic_ns() + int(delay_s * 1e9)
        self._send_next(time.monotonic_ns())

    def kick(self) -> None:
        """Look at the schedule again: something was added."""
        if self._is_closed:
            return
        if self._exchange.is_idle:
            self._send_next(time.monotonic_ns())
        elif self._may_overlap:
            self._send_ahead(time.monotonic_ns(), 0)

    async def disconnect(self) -> None:
        """Close the session properly, if there is one. Cancelling is safe."""
        if not self._is_ready or self._is_closed:
            return
        self._disconnected = self._loop.create_future()
        self.kick()
        try:
            await asyncio.wait_for(self._disconnected, DISCONNECT_TIMEOUT_S)
        except TimeoutError:
            logger.warning("the device has not confirmed the end of the session")

    def close(self, reason: str) -> None:
        """Stop everything and release the link."""
        if self._is_closed:
            return
        self._end_session(reason)
        self._is_closed = True
        self._conversation = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.close()

    # ------------------------------------------------------------------ octets and time

    def _bytes_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        exchange = self._exchange
        response = exchange.feed(data, now_ns)
        while response is not None:
            job = self._job
            assert job is not None
            self._job = self._ahead.popleft() if self._ahead else None
            self._heard_ns = now_ns
            if self._job is None and not job.decides_next(response):
                self._send_next(now_ns)  # the wire never waits for what follows
            if self._may_overlap:
                self._send_ahead(now_ns, len(data))
            self._deliver(job, response, now_ns)
            if self._job is None:
                self._send_next(now_ns)  # the answer may have brought new work
            if not (self._may_overlap and exchange.holds_octets):
                return
            now_ns = time.monotonic_ns()  # no two answers are of the same time
            response = exchange.feed(b"", now_ns)
        if self._may_overlap:
            self._take_back_ahead()
            self._send_ahead(now_ns, len(data))
        self._arm(exchange.wake_ns)

    def _deliver(self, job: Job, response: Response, now_ns: int) -> None:
        try:
            job.answered(response, now_ns)
            if response.code != ResponseCode.OK and isinstance(job, ReadJob):
                self._schedule.read_was_refused(job)
        except Exception:
            logger.exception("taking the answer to %r failed", job)

    def _send_next(self, now_ns: int) -> None:
        exchange = self._exchange
        if not exchange.is_idle:
            self._arm(exchange.wake_ns)
            return
        if self._pacer is not None and (wait_ns := self._pace(self._pacer, now_ns)) > 0:
            self._arm(now_ns + wait_ns)
            return
        job = self._next_job(now_ns)
        if job is None:
            self._arm(self._next_wake_ns())
            return
        self._job = job
        self._transport.write(exchange.start(job, now_ns))
        self._arm(exchange.wake_ns)

    def _send_ahead(self, now_ns: int, arrived: int) -> None:
        """Send the next requests before the last one is answered, if this is the time."""
        exchange = self._exchange
        if self._disconnected is not None or now_ns >= self._session.heartbeat_due_ns:
            return
        if self._schedule.urgent:
            if self._job is not None and (room := exchange.write_room(now_ns)) > 0:
                job = self._schedule.next_write_beside(self._job, now_ns, room)
                if job is not None:
                    self._ahead.append(job)
                    self._transport.write(exchange.start_ahead(job, now_ns))
            return
        while (room := exchange.ahead_room(now_ns, arrived)) > 0:
            job = self._schedule.next_read_ahead(now_ns, room)
            if job is None:
                return
            self._ahead.append(job)
            self._transport.write(exchange.start_ahead(job, now_ns))

    def _take_back_ahead(self) -> None:
        """Have requests sent again that were in flight when the one before them was lost."""
        if self._ahead and self._exchange.overlap.next is None:
            self._schedule.put_back(self._ahead)
            self._ahead.clear()

    def _next_job(self, now_ns: int) -> Job | None:
        if self._is_closed:
            return None
        if not self._is_ready:
            step, self._step = self._step, None
            return step
        if self._disconnected is not None:
            return self._disconnect_job()
        if self._probes_left or now_ns >= self._session.heartbeat_due_ns:
            return self._heartbeat_job()
        job = self._schedule.next_job(now_ns)
        if job is None and now_ns >= self._heard_ns + IDLE_INTERVAL_NS:
            return self._heartbeat_job()
        return job

    def _next_wake_ns(self) -> int | None:
        if not self._is_ready:
            return self._resume_ns
        due_ns = min(self._session.heartbeat_due_ns, self._heard_ns + IDLE_INTERVAL_NS)
        wake_ns = self._schedule.wake_ns
        return due_ns if wake_ns is None else min(due_ns, wake_ns)

    def _arm(self, wake_ns: int | None) -> None:
        """See to it that the timer fires no later than this."""
        if wake_ns is None or (self._timer is not None and self._timer_ns <= wake_ns):
            return
        if self._is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = wake_ns
        self._timer = self._loop.call_at(wake_ns / 1e9, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        now_ns = time.monotonic_ns()
        due = self._exchange.tick(now_ns)
        self._take_back_ahead()
        if isinstance(due, bytes):
            self._transport.write(due)
        elif due is not None:
            self._give_up(due, now_ns)
        if self._resume_ns is not None and now_ns >= self._resume_ns:
            self._resume_ns = None
            self._resume_conversation(now_ns)
        self._send_next(now_ns)

    def _pace(self, pacer: Pacer, now_ns: int) -> int:
        statistics = self._exchange.statistics
        octets = statistics.octets_sent + statistics.octets_received
        if octets != self._paced_octets:
            pacer.count(octets - self._paced_octets, now_ns)
            self._paced_octets = octets
        return pacer.wait_ns(now_ns)

    # ------------------------------------------------------------------ failures and signs of life

    def _give_up(self, failure: Failure, now_ns: int) -> None:
        job = self._job
        assert job is not None
        self._job = None
        self._last_failure = failure
        if self._is_ready and failure is Failure.SILENT and not self._probes_left:
            self._probes_left = self._probes
            if self._schedule.keep_unanswered(job):
                return
        reason = unknown_outcome(failure.value) if self._is_ready else failure.value
        try:
            job.failed(reason, now_ns)
        except Exception:
            logger.exception("reporting the failure of %r failed", job)

    def _heartbeat_job(self) -> Job:
        probe = self._probes - self._probes_left if self._probes_left else 0
        return MessageJob(
            self._session.next_heartbeat(),
            self._session.address_format,
            self._heartbeat_done,
            retries=0,
            patience_ns=probe * PROBE_PATIENCE_NS,
        )

    def _heartbeat_done(self, result: object, now_ns: int) -> None:
        if not isinstance(result, LinkError):
            self._probes_left = 0
            self._was_refused = False
            self._session.heartbeat_answered()
        elif isinstance(result, DeviceRefused):
            self._heartbeat_refused()
        elif self._probes_left > 1:
            self._probes_left -= 1
        elif self._probes_left == 1:
            silent_s = (now_ns - self._heard_ns) / 1e9
            if self._last_failure is Failure.SILENT:
                self._session_broke(f"the device stopped answering {silent_s:.2f} s ago")
            else:
                self._session_broke(f"{self._last_failure.value}; it began {silent_s:.2f} s ago")
        else:
            self._probes_left = self._probes

    def _heartbeat_refused(self) -> None:
        if self._was_refused:
            self._session_broke("the device has ended the session: it refuses the heartbeat")
            return
        # A network may double a heartbeat, which the device refuses as a repetition, and may lose
        # the answer to the first of the two.
        self._was_refused = True
        self._probes_left = self._probes

    def _session_broke(self, reason: str) -> None:
        self._end_session(reason)
        self._begin_conversation()

    def _end_session(self, reason: str) -> None:
        if not self._is_ready:
            return
        self._is_ready = False
        self._probes_left = 0
        self._was_refused = False
        self._exchange.abort()
        self._take_back_ahead()
        job, self._job = self._job, None
        now_ns = time.monotonic_ns()
        if job is not None:
            job.failed(unknown_outcome(reason), now_ns)
        self._session.lost()
        self._schedule.fail_all(reason, now_ns)
        self._events.gone(reason)

    def _link_lost(self, error: LinkClosed) -> None:
        self._end_session(error.reason)
        self.close(error.reason)
        self._events.link_lost(error.reason)

    # ------------------------------------------------------------------ the way to a session

    def _begin_conversation(self) -> None:
        # What answers now may be another device.
        settings = replace(self._exchange.settings, silence_ns=ExchangeSettings().silence_ns)
        largest = self._settings.response_limit(settings.bits_per_second)
        self._exchange.set_limits(settings, largest)
        self._allow_overlap(0)
        self._conversation = None
        self._step = None
        self._resume_ns = time.monotonic_ns()

    def _resume_conversation(
        self, now_ns: int, answer: Any = None, error: LinkError | None = None
    ) -> None:
        """Let the conversation go on until it wants something sent, wants to wait, or ends."""
        if self._conversation is None:
            self._conversation = self._session.establish()
        conversation = self._conversation
        state_before = (self._session.state, self._session.problem)
        try:
            step = conversation.throw(error) if error is not None else conversation.send(answer)
            while isinstance(step, Apply):
                self._apply_params(step.params)
                step = conversation.send(None)
        except StopIteration as stop:
            self._became_ready(stop.value)
            return
        except LinkError as failure:
            self._conversation_failed(failure, now_ns)
            return
        except Exception:
            logger.exception("talking to a new device failed")
            text = "talking to the device failed; the log of the server tells more"
            self._conversation_failed(LinkError(text), now_ns)
            return
        if isinstance(step, Ask):
            self._step = MessageJob(
                step.message,
                self._session.address_format,
                self._step_done,
                retries=step.retries,
                patience_ns=step.patience_ns,
            )
        else:
            self._resume_ns = now_ns + step.delay_ns
        if state_before != (self._session.state, self._session.problem):
            self._events.changed()

    def _step_done(self, result: Any, now_ns: int) -> None:
        if isinstance(result, LinkError):
            self._resume_conversation(now_ns, error=result)
        else:
            self._resume_conversation(now_ns, answer=result)

    def _conversation_failed(self, failure: LinkError, now_ns: int) -> None:
        self._conversation = None
        self._session.lost()
        self._session.problem = f"{failure}"
        self._resume_ns = now_ns + RETRY_PAUSE_NS
        self._events.changed()

    def _became_ready(self, profile: DeviceProfile) -> None:
        self._conversation = None
        self._is_ready = True
        self._probes_left = 0
        self._allow_overlap(self._ahead_room_of(profile))
        self._events.ready(profile)

    def _allow_overlap(self, room: int) -> None:
        self._may_overlap = room > 0
        self._exchange.overlap = Overlap(room)

    def _ahead_room_of(self, profile: DeviceProfile) -> int:
        """Return how many octets of requests the device keeps while it answers, 0 for none.

        Where the rate is limited, there is a pause anyway. What a probe or a CAN adapter does with
        two requests is not known.
        """
        if FeatureBits.REQUEST_AHEAD not in profile.features or self._pacer is not None:
            return 0
        if not isinstance(self._settings.link, OVERLAPPING_LINKS):
            return 0
        return profile.max_rx_payload + REQUEST_OVERHEAD

    def _apply_params(self, params: DeviceParams) -> None:
        """Take over limits and time-outs of the device."""
        silence_ns = min(params.rx_timeout_us * 1000, MAX_SILENCE_NS)
        settings = replace(self._exchange.settings, silence_ns=silence_ns)
        self._exchange.set_limits(settings, params.max_tx_payload)
        self._apply_bitrate(params.max_bitrate_bps)

    def _apply_bitrate(self, device_limit_bps: int) -> None:
        limit_bps = effective_limit(device_limit_bps, self._settings.max_bitrate_bps)
        if 0 < limit_bps < MIN_BITRATE_BPS:
            logger.warning(
                "a limit of %d bit/s is too low to keep a session; %d are used",
                limit_bps,
                MIN_BITRATE_BPS,
            )
            limit_bps = MIN_BITRATE_BPS
        self._limit_bps = limit_bps
        self._pacer = Pacer(limit_bps) if limit_bps else None

    # ------------------------------------------------------------------ the end

    def _disconnect_job(self) -> Job | None:
        if self._session.session_id is None:
            return None
        return MessageJob(
            Disconnect(self._session.session_id),
            self._session.address_format,
            self._disconnect_done,
            retries=0,
        )

    def _disconnect_done(self, result: object, now_ns: int) -> None:
        self._end_session("the server has disconnected")
        if not isinstance(result, LinkError):
            self._session.disconnected()
        if self._disconnected is not None and not self._disconnected.done():
            self._disconnected.set_result(None)
