"""Recording one acquisition: configure, arm, watch, fetch; no I/O, no clock.

A recording is a conversation like the way to a session (see `session`): a generator that yields
what to do next and is sent the answer, or thrown the exception that stands for it. Beside `Ask`
and `Wait` it yields `Download`, whose transfer the owner runs by itself: between one chunk and the
request for the next there is no time for a generator.

    Configure ─► Arm ─► status, again and again ─► metadata ─► Download ─► recording
                          │ the session is lost: close the generator; the device goes on recording,
                          └── and `Recorder.resume` goes on from here in the next session

What gets lost on the way is repeated. An answer may be a late one, to an earlier question: what
would end the recording has to be told twice, and only the metadata say that an acquisition is the
right one.

Source: device protocol, sections 11 and 13.4.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import Enum, auto
from typing import Any, Final, TypeVar

import msgspec

from . import datalog_failures as failures
from .acquisition_transfer import AcquisitionTransfer
from .codes import REQUEST_OVERHEAD, DatalogState, ResponseCode
from .errors import DeviceRefused, MessageError, NoAnswer, RecordingFailed
from .messages import (
    AcquisitionMetadata,
    Arm,
    Configure,
    DatalogSetup,
    DatalogStatus,
    GetMetadata,
    GetStatus,
    RequestMessage,
    Reset,
)
from .profile import DeviceProfile
from .session import Ask, Wait

# A device may need so long until the loop that has the datalogger lets it go (section 11.2). A
# request that is repeated meanwhile costs the answer (section 3.1).
DEFERRED_PATIENCE_NS: Final = 150_000_000

# How long a loop may take to notice something: three of its iterations, within these limits.
MIN_LOOP_PATIENCE_NS: Final = 1_000_000_000
MAX_LOOP_PATIENCE_NS: Final = 5_000_000_000
LOOP_ITERATIONS: Final = 3

RETRY_PAUSE_NS: Final = 20_000_000

# Questions in a row without a usable answer. A device that is gone is noticed much earlier, by
# the heartbeats of the session; this is for one that answers those and nothing else.
MAX_UNANSWERED: Final = 20

# The same for a configuration that a device drops each time if it holds the whole frame against its
# receive buffer, and not the payload alone (section 21).
MAX_UNANSWERED_IF_LARGE: Final = 1

# How often an acquisition that is said to be complete may turn out not to be there.
MAX_DISAPPOINTMENTS: Final = 5

# How far a recording is. To be further back than before has to be told twice.
_RANKS: Final = {
    DatalogState.ERROR: -1,
    DatalogState.IDLE: -1,
    DatalogState.CONFIGURED: 0,
    DatalogState.ARMED: 1,
    DatalogState.TRIGGERED: 2,
    DatalogState.ACQUISITION_COMPLETED: 3,
}


class Phase(Enum):
    """What a recording is busy with, from the acknowledged Arm on."""

    WAITING = auto()  # for the trigger
    ACQUIRING = auto()  # what comes after the trigger; a short one is not seen
    DOWNLOADING = auto()


class Progress(msgspec.Struct, frozen=True):
    """A phase and the share of it that is done: 0 to 1, never shrinking; None: not known."""

    phase: Phase
    completion: float | None = None


class Recording(msgspec.Struct, frozen=True):
    """A complete acquisition; ``octets`` are all entries, oldest first, as in the device."""

    metadata: AcquisitionMetadata
    octets: bytes


class Download(msgspec.Struct, frozen=True):
    """Send the request of the transfer until it is done."""

    transfer: AcquisitionTransfer


AnswerT = TypeVar("AnswerT")
ResultT = TypeVar("ResultT")

Talk = Generator[Ask | Wait, Any, ResultT]
Steps = Generator[Ask | Wait | Download, Any, Recording]


class Recorder:
    """One acquisition. What it is thrown, other than lost and refused requests, goes through.

    Attributes:
        transfer: of the data, once it is known what they are; its `completion` is the progress
            of the download.
    """

    def __init__(
        self,
        configuration: Configure,
        profile: DeviceProfile,
        *,
        poll_ns: int,
        on_progress: Callable[[Progress], None],
    ) -> None:
        """Prepare to record.

        Args:
            configuration: Its id has to be another one than that of the recording before.
            profile: Of the device.
            poll_ns: Pause between two questions about the status.
            on_progress: Called on every change, but not while the transfer runs.

        Raises:
            ValueError: a number of the configuration does not fit its place.
        """
        self.transfer: AcquisitionTransfer | None = None
        self._configuration = configuration
        self._request_size = len(configuration.payload(profile.address_format))
        self._profile = profile
        self._poll_ns = poll_ns
        self._on_progress = on_progress
        self._told: Progress | None = None
        self._metadata: AcquisitionMetadata | None = None  # of what the transfer fetches
        self._has_armed = False  # the device has got Arm
        self._rank = 0  # the furthest that the device was
        self._completion: float | None = None  # while acquiring

    def record(self) -> Steps:
        """Configure, arm, wait for the trigger, fetch the data, and return the recording.

        The device has to be reset afterwards, however it ends; see `reset`.

        Raises:
            RecordingFailed: there is none; the text says why and what to do.
        """
        self._check_fits()
        yield from self._configure()
        yield from self._arm()
        return (yield from self._watch_and_fetch())

    def resume(self, profile: DeviceProfile) -> Steps:
        """Go on in a new session. The device has kept recording, and keeps what it has.

        Raises:
            RecordingFailed: as in `record`; also, this is another device, or it has restarted.
        """
        if profile.firmware_id != self._profile.firmware_id:
            raise RecordingFailed(failures.ANOTHER_FIRMWARE)
        self._profile = profile
        self._told = None
        if not self._has_armed:
            return (yield from self.record())
        if self.transfer is not None:
            self.transfer.lost()  # the request that was under way
        return (yield from self._watch_and_fetch())

    # ------------------------------------------------------------------ up to the trigger

    def _check_fits(self) -> None:
        """Refuse what the device would not even notice, or only after it has begun."""
        setup = self._setup()
        max_size = self._profile.max_rx_payload
        if self._request_size > max_size:
            raise failures.configuration_too_large(self._request_size, max_size)
        entry_size = failures.entry_size(self._configuration, self._profile)
        if entry_size is not None and entry_size > setup.buffer_size:
            raise failures.entry_too_large(entry_size, setup.buffer_size)

    def _setup(self) -> DatalogSetup:
        setup = self._profile.datalog_setup
        if setup is None:
            raise RecordingFailed(failures.NO_DATALOGGER)
        return setup

    def _configure(self) -> Talk[None]:
        frame_size = self._request_size + REQUEST_OVERHEAD
        is_large = frame_size > self._profile.max_rx_payload
        max_unanswered = MAX_UNANSWERED_IF_LARGE if is_large else MAX_UNANSWERED
        patience_ns = _loop_patience_ns(self._profile)
        try:
            yield from _insist(self._configuration, patience_ns, max_unanswered)
        except DeviceRefused as refusal:
            raise failures.configure_refused(
                refusal, self._configuration, self._profile
            ) from refusal
        except failures.Unanswered as failure:
            if not is_large:
                raise
            raise failures.frame_too_large(frame_size, self._profile.max_rx_payload) from failure
        self._rank = 0
        self._completion = None

    def _arm(self) -> Talk[None]:
        """Arm, once the loop has noticed the configuration.

        Arm is no idempotent request: one that came again after the trigger would throw away what
        is recorded. If the answer is lost, the status tells whether it arrived.
        """
        patience_ns = _loop_patience_ns(self._profile)
        unanswered = 0
        while True:
            try:
                yield Ask(Arm(), retries=0)
                break
            except DeviceRefused as refusal:
                if refusal.code is not ResponseCode.FAILURE_TO_PROCEED or patience_ns <= 0:
                    raise failures.arm_refused(refusal) from refusal
                patience_ns -= RETRY_PAUSE_NS
                yield Wait(RETRY_PAUSE_NS)
            except (NoAnswer, MessageError) as error:
                unanswered += 1
                if unanswered > MAX_UNANSWERED:
                    raise failures.no_answers(error) from error
                yield Wait(self._poll_ns)  # for the loop, which has to notice
                if (yield from self._status()).state is not DatalogState.CONFIGURED:
                    self._has_armed = True
                    return
        self._has_armed = True
        self._tell(Progress(Phase.WAITING))

    # ------------------------------------------------------------------ from the trigger on

    def _watch_and_fetch(self) -> Steps:
        disappointments = 0
        while True:
            yield from self._watch()
            try:
                return (yield from self._fetch())
            except failures.NotThere:
                disappointments += 1
                if disappointments == MAX_DISAPPOINTMENTS:
                    raise
            yield Wait(self._poll_ns)

    def _fetch(self) -> Steps:
        try:
            metadata = yield from _ask(GetMetadata(), self._poll_ns)
        except DeviceRefused as refusal:
            raise failures.gone(f"{refusal}") from refusal
        if metadata.config_id != self._configuration.config_id:
            raise failures.foreign(metadata.config_id, self._configuration.config_id)
        transfer = self._prepare_transfer(metadata)
        self._tell(Progress(Phase.DOWNLOADING, transfer.completion))
        if not transfer.is_done:
            yield Download(transfer)
        if transfer.refusal is not None:
            raise failures.gone(f"it answers {transfer.refusal.name} instead")
        return Recording(metadata, transfer.result())

    def _watch(self) -> Talk[None]:
        """Follow the status until the acquisition is complete."""
        patience_ns = _loop_patience_ns(self._profile)
        while True:
            status = yield from self._status()
            state = status.state
            if state is DatalogState.ACQUISITION_COMPLETED:
                self._rank = _RANKS[state]
                return
            if self.transfer is not None:
                raise failures.gone(f"its datalogger is {_name(state)} now")
            match state:
                case DatalogState.ARMED:
                    self._completion = None
                    self._tell(Progress(Phase.WAITING))
                case DatalogState.TRIGGERED:
                    self._tell(Progress(Phase.ACQUIRING, self._grown(status.completion)))
                case DatalogState.CONFIGURED if self._rank == 0 and patience_ns > 0:
                    patience_ns -= self._poll_ns  # the loop has not noticed yet
                case DatalogState.CONFIGURED if self._rank == 0:
                    raise RecordingFailed(failures.LOOP_STANDS_STILL)
                case DatalogState.CONFIGURED:
                    raise RecordingFailed(failures.DISARMED)
                case DatalogState.ERROR:
                    raise RecordingFailed(failures.ENGINE_ERROR)
                case _:
                    raise RecordingFailed(failures.WAS_RESET)
            self._rank = _RANKS[state]
            yield Wait(self._poll_ns)

    def _status(self) -> Talk[DatalogStatus]:
        """Ask for the status, and once more if it would be a step back."""
        try:
            status = yield from _ask(GetStatus(), self._poll_ns)
            if _RANKS[status.state] < self._rank:
                yield Wait(self._poll_ns)
                status = yield from _ask(GetStatus(), self._poll_ns)
        except DeviceRefused as refusal:
            raise failures.status_refused(refusal) from refusal
        return status

    def _grown(self, completion: float | None) -> float | None:
        if completion is not None:
            self._completion = max(completion, self._completion or 0.0)
        return self._completion

    def _prepare_transfer(self, metadata: AcquisitionMetadata) -> AcquisitionTransfer:
        """Begin to fetch, or go on with what has been fetched already."""
        if self.transfer is None:
            self._check(metadata)
            self._metadata = metadata
            self.transfer = AcquisitionTransfer(metadata, self._profile)
        elif metadata != self._metadata:
            raise failures.gone("it holds another one now")
        elif self.transfer.refusal is not None:
            self.transfer.ask_again()
        return self.transfer

    def _check(self, metadata: AcquisitionMetadata) -> None:
        """Refuse what no datalogger with this configuration can hold."""
        if not metadata.point_count or not metadata.data_size:
            raise RecordingFailed(failures.EMPTY)
        buffer_size = self._setup().buffer_size
        entry_size, rest = divmod(metadata.data_size, metadata.point_count)
        expected_size = failures.entry_size(self._configuration, self._profile)
        if rest or metadata.data_size > buffer_size or expected_size not in (None, entry_size):
            raise failures.absurd(metadata, expected_size, buffer_size)

    def _tell(self, progress: Progress) -> None:
        if progress != self._told:
            self._told = progress
            self._on_progress(progress)


def reset(profile: DeviceProfile) -> Talk[None]:
    """Make the device drop configuration and data, so that it can be configured anew.

    Raises:
        RecordingFailed: it does not let go.
    """
    try:
        yield from _insist(Reset(), _loop_patience_ns(profile))
    except DeviceRefused as refusal:
        raise failures.reset_refused(refusal) from refusal


def _insist(
    message: RequestMessage[Any], patience_ns: int, max_unanswered: int = MAX_UNANSWERED
) -> Talk[None]:
    """Send a request that a loop has to agree to, until it does or the patience is over."""
    while True:
        try:
            yield from _ask(message, RETRY_PAUSE_NS, DEFERRED_PATIENCE_NS, max_unanswered)
        except DeviceRefused as refusal:
            if refusal.code is not ResponseCode.FAILURE_TO_PROCEED or patience_ns <= 0:
                raise
            patience_ns -= DEFERRED_PATIENCE_NS  # most of which the device has waited by itself
            yield Wait(RETRY_PAUSE_NS)
        else:
            return


def _ask(
    message: RequestMessage[AnswerT],
    pause_ns: int,
    patience_ns: int = 0,
    max_unanswered: int = MAX_UNANSWERED,
) -> Talk[AnswerT]:
    """Ask until there is an answer. Whether the device is there at all, the session knows."""
    unanswered = 0
    while True:
        try:
            answer: AnswerT = yield Ask(message, patience_ns=patience_ns)
        except (NoAnswer, MessageError) as error:
            unanswered += 1
            if unanswered > max_unanswered:
                raise failures.no_answers(error) from error
            yield Wait(pause_ns)
        else:
            return answer


def _loop_patience_ns(profile: DeviceProfile) -> int:
    slowest_ns = max([100 * (loop.period_100ns or 0) for loop in profile.loops], default=0)
    patience_ns = max(LOOP_ITERATIONS * slowest_ns, MIN_LOOP_PATIENCE_NS)
    return min(patience_ns, MAX_LOOP_PATIENCE_NS)


def _name(state: DatalogState) -> str:
    return state.name.lower().replace("_", " ")
