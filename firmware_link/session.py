"""Life of a session with a device: discover, connect, get to know it, heartbeats, disconnect.

No I/O and no clock of its own. The way to a session is a conversation: a generator that yields what
to do next, an `Ask` or a `Wait`, and is given the answer, or the exception that stands for it:

    Discover until a device answers ─► Connect ─► questions about the device ─► profile
                                         │ Busy: Disconnect what this side may have left open,
                                         └── else wait until the other session ends

Source: device protocol, sections 7, 8 and 13.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Generator
from enum import Enum, auto
from typing import Any, Final, TypeVar

import msgspec

from .codes import MIN_BUFFER_SIZE, FeatureBits, RegionType, ResponseCode
from .errors import DeviceRefused, LinkError, NoAnswer
from .messages import (
    AddressFormat,
    Connect,
    DeviceParams,
    Disconnect,
    Discover,
    DiscoverAnswer,
    GetLoopCount,
    GetLoopDefinition,
    GetParams,
    GetProtocolVersion,
    GetRpvCount,
    GetRpvDefinitions,
    GetSetup,
    GetSpecialRegion,
    GetSpecialRegionCount,
    GetSupportedFeatures,
    Heartbeat,
    LoopDefinition,
    RequestMessage,
)
from .profile import DeviceProfile, MemoryRegion, RpvDefinition

logger = logging.getLogger(__name__)

SUPPORTED_PROTOCOL: Final = (1, 0)

# Pause between two requests for a device that does not answer. With the time-out of the request
# itself, about three go out per second.
DISCOVER_PAUSE_NS: Final = 100_000_000

# Extra time for the answer, as a share of the longest allowed: most devices answer at once, and one
# that was just plugged in is found soon; every third request waits for a slow one.
DISCOVER_PATIENCE: Final = (0.0, 0.0, 1.0)
BUSY_PAUSE_NS: Final = 250_000_000

# A device that was just discovered and does not answer Connect is asked again at once; then it is
# looked for anew.
CONNECT_ATTEMPTS: Final = 3

# Of sessions that may have been opened without this side learning about it.
MAX_STALE_IDS: Final = 4

# The announced time-out allows for rarer heartbeats; of these, several in a row may get lost.
MAX_HEARTBEAT_INTERVAL_NS: Final = 1_000_000_000
MIN_HEARTBEAT_INTERVAL_NS: Final = 20_000_000  # whatever the device announces
HEARTBEAT_SHARE: Final = 0.75
HEARTBEAT_ATTEMPTS: Final = 3

_RPV_DEFINITION_SIZE: Final = 3

AnswerT = TypeVar("AnswerT")
ResultT = TypeVar("ResultT")


class IncompatibleDevice(LinkError):
    """The device speaks another version of the protocol."""


class SessionState(Enum):
    DISCOVERING = auto()  # ends when a device answers
    CONNECTING = auto()  # ends when it gives a session
    HANDSHAKE = auto()  # ends when it has told about itself
    READY = auto()  # ends with disconnect, silence, or a refused heartbeat


class Ask(msgspec.Struct, frozen=True):
    """Send a request; ``retries`` None: as many as the exchange is set to."""

    message: RequestMessage[Any]
    retries: int | None = None
    patience_ns: int = 0  # to wait beyond the usual


class Wait(msgspec.Struct, frozen=True):
    """Come back after this time, in nanoseconds."""

    delay_ns: int


class Apply(msgspec.Struct, frozen=True):
    """From here on the device's limits and address format are known."""

    params: DeviceParams


Conversation = Generator[Ask | Wait | Apply, Any, ResultT]


class Session:
    """One session after the other with the device of a link.

    Args:
        clock: nanoseconds, monotonic.
        stale_session_id: of a session that this side may have left open; None: there is none.
        max_response_size: no answer larger than this many octets of payload is asked for.
        address_size: octets, assumed until the device tells.
        response_timeout_ns: longest time that a device may take for an answer.

    Attributes:
        state: where in its life the session is.
        problem: why there is no session yet, for humans; empty if nothing is wrong.
        session_id: of the open session, None without one.
        on_opened: called with the id as soon as the device gave one, so that it can be kept.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        stale_session_id: int | None = None,
        max_response_size: int = 1024,
        address_size: int = 4,
        response_timeout_ns: int = 1_000_000_000,
    ) -> None:
        self.state = SessionState.DISCOVERING
        self.problem = ""
        self.session_id: int | None = None
        self.address_format = AddressFormat(address_size)
        self.on_opened: Callable[[int], None] = lambda session_id: None
        self._clock = clock
        self._max_response_size = max_response_size
        self._response_timeout_ns = response_timeout_ns
        self._stale_ids = [] if stale_session_id is None else [stale_session_id]
        self._last_id = stale_session_id
        self._challenge = 0
        self._heartbeat_interval_ns = MAX_HEARTBEAT_INTERVAL_NS
        self._next_heartbeat_ns = 0

    # ------------------------------------------------------------------ the way to a session

    def establish(self) -> Conversation[DeviceProfile]:
        """Talk to the device until it is ready, and return what it told about itself.

        Raises:
            LinkError: it did not work out; try again after a while.
        """
        self.state = SessionState.DISCOVERING
        self.session_id = None
        found = yield from self._discover()
        self.state = SessionState.CONNECTING
        yield from self._connect()
        self.state = SessionState.HANDSHAKE
        profile = yield from self._get_to_know(found)
        self.state = SessionState.READY
        self.problem = ""
        return profile

    def lost(self) -> None:
        """Note that the session broke off; the device may still hold it."""
        if self.session_id is not None:
            self._stale_ids = [self.session_id]
        self.session_id = None
        self.state = SessionState.DISCOVERING

    def disconnected(self) -> None:
        """Note that the device has confirmed a Disconnect."""
        self._stale_ids = []
        self.session_id = None
        self.state = SessionState.DISCOVERING

    def _discover(self) -> Conversation[DiscoverAnswer]:
        for patience in itertools.cycle(DISCOVER_PATIENCE):
            patience_ns = int(patience * self._response_timeout_ns)
            try:
                found: DiscoverAnswer = yield Ask(Discover(), retries=0, patience_ns=patience_ns)
            except NoAnswer as error:
                self.problem = f"no device answers on the link: {error}"
                yield Wait(DISCOVER_PAUSE_NS)
                continue
            except DeviceRefused as error:
                # The answer of a device whose name does not fit its transmit buffer.
                raise LinkError(f"the device refuses to be discovered: {error}") from error
            version = (found.protocol_major, found.protocol_minor)
            if version != SUPPORTED_PROTOCOL:
                raise IncompatibleDevice(
                    f"the device speaks protocol {version[0]}.{version[1]}, this server 1.0; "
                    "update the older one"
                )
            self.problem = ""
            return found
        raise AssertionError("the cycle has no end")

    def _connect(self) -> Conversation[None]:
        attempts_left = CONNECT_ATTEMPTS
        while True:
            try:
                answer = yield Ask(Connect(), retries=0)
            except NoAnswer:
                # The device may have opened a session and its answer was lost. Ids count up.
                self._suspect_next_id()
                attempts_left -= 1
                if not attempts_left:
                    raise
                continue
            except DeviceRefused as refusal:
                if refusal.code is not ResponseCode.BUSY:
                    raise
                yield from self._make_free()
                continue
            self.session_id = self._last_id = answer.session_id
            self._stale_ids = []
            self._next_heartbeat_ns = self._clock()
            self.on_opened(answer.session_id)
            return

    def _suspect_next_id(self) -> None:
        newest_id = self._stale_ids[-1] if self._stale_ids else self._last_id
        if newest_id is not None and len(self._stale_ids) < MAX_STALE_IDS:
            self._stale_ids.append((newest_id + 1) & 0xFFFFFFFF)

    def _make_free(self) -> Conversation[None]:
        """Close what this side may have left open; if nothing, let another session come to an end.

        A Disconnect with another id than the open session's is refused and does no harm.
        """
        if not self._stale_ids:
            self.problem = (
                "the device is in use by another session; if that one has crashed, "
                "the device frees itself after its heartbeat time-out, 5 s by default"
            )
            yield Wait(BUSY_PAUSE_NS)
            return
        while self._stale_ids:
            newest_id = self._stale_ids[-1]
            try:
                yield Ask(Disconnect(newest_id), retries=0)
            except DeviceRefused:
                self._stale_ids.pop()
            except NoAnswer:
                return  # it was lost, or the answer to it: the next Connect will tell
            else:
                self._last_id = newest_id
                self._stale_ids = []

    # ------------------------------------------------------------------ questions about the device

    def _get_to_know(self, found: DiscoverAnswer) -> Conversation[DeviceProfile]:
        version = yield from self._ask(GetProtocolVersion())
        if (version.major, version.minor) != SUPPORTED_PROTOCOL:
            raise IncompatibleDevice(f"the device speaks protocol {version.major}.{version.minor}")
        params = yield from self._ask(GetParams())
        _check_buffers(params)
        self.address_format = AddressFormat(params.address_size, params.char_bit)
        self._set_heartbeat(params.heartbeat_timeout_us)
        yield Apply(params)
        features = (yield from self._ask(GetSupportedFeatures())).features
        counts = yield from self._ask(GetSpecialRegionCount())
        forbidden = yield from self._regions(RegionType.FORBIDDEN, counts.forbidden_count)
        readonly = yield from self._regions(RegionType.READ_ONLY, counts.readonly_count)
        rpvs = yield from self._published(params)
        loops = yield from self._loops()
        setup = None
        if features & FeatureBits.DATALOGGING:
            setup = yield from self._ask(GetSetup())
        assert self.session_id is not None
        return DeviceProfile(
            protocol=SUPPORTED_PROTOCOL,
            firmware_id=found.firmware_id,
            display_name=found.display_name,
            session_id=self.session_id,
            max_rx_payload=params.max_rx_payload,
            max_tx_payload=params.max_tx_payload,
            max_bitrate_bps=params.max_bitrate_bps,
            heartbeat_timeout_us=params.heartbeat_timeout_us,
            rx_timeout_us=params.rx_timeout_us,
            address_size=params.address_size,
            char_bit=params.char_bit,
            features=features,
            forbidden_regions=forbidden,
            readonly_regions=readonly,
            rpvs=rpvs,
            loops=loops,
            datalog_setup=setup,
        )

    def _regions(self, kind: RegionType, count: int) -> Conversation[tuple[MemoryRegion, ...]]:
        regions: list[MemoryRegion] = []
        for index in range(count):
            region = yield from self._ask(GetSpecialRegion(kind, index))
            if region.start <= region.end:
                regions.append(MemoryRegion(region.start, region.end))
            else:
                logger.warning(
                    "a region of the device ends before it begins, at %#x; it is left out",
                    region.start,
                )
        return tuple(regions)

    def _published(self, params: DeviceParams) -> Conversation[tuple[RpvDefinition, ...]]:
        total = (yield from self._ask(GetRpvCount())).count
        answer_size = min(params.max_tx_payload, self._max_response_size)
        per_request = max(1, answer_size // _RPV_DEFINITION_SIZE)
        found: list[RpvDefinition] = []
        while len(found) < total:
            count = min(per_request, total - len(found))
            found += (yield from self._ask(GetRpvDefinitions(len(found), count))).rpvs
        return tuple(found)

    def _loops(self) -> Conversation[tuple[LoopDefinition, ...]]:
        count = (yield from self._ask(GetLoopCount())).count
        loops: list[LoopDefinition] = []
        for loop_id in range(count):
            try:
                loops.append((yield from self._ask(GetLoopDefinition(loop_id))))
            except DeviceRefused as refusal:
                # A name that does not fit a small transmit buffer. The rest works without.
                logger.warning("loop %d of the device stays unknown: %s", loop_id, refusal)
        return tuple(loops)

    def _ask(self, message: RequestMessage[AnswerT]) -> Conversation[AnswerT]:
        """Ask, and keep the session alive meanwhile: on a slow line the questions take seconds."""
        if self._clock() >= self._next_heartbeat_ns:
            yield from self._beat()
        answer: AnswerT = yield Ask(message)
        return answer

    def _beat(self) -> Conversation[None]:
        for attempts_left in reversed(range(HEARTBEAT_ATTEMPTS)):
            try:
                yield Ask(self.next_heartbeat(), retries=0)
            except NoAnswer:
                if not attempts_left:
                    raise
            else:
                self.heartbeat_answered()
                return

    # ------------------------------------------------------------------ heartbeats

    @property
    def heartbeat_due_ns(self) -> int:
        """When the next heartbeat has to go out."""
        return self._next_heartbeat_ns

    def next_heartbeat(self) -> Heartbeat:
        """Make a heartbeat. Each has a new challenge: a repeated one would be refused."""
        assert self.session_id is not None
        self._challenge = (self._challenge + 1) & 0xFFFF
        return Heartbeat(self.session_id, self._challenge)

    def heartbeat_answered(self) -> None:
        """Note that the device has accepted a heartbeat."""
        self._next_heartbeat_ns = self._clock() + self._heartbeat_interval_ns

    def _set_heartbeat(self, timeout_us: int) -> None:
        interval_ns = max(int(timeout_us * 1000 * HEARTBEAT_SHARE), MIN_HEARTBEAT_INTERVAL_NS)
        self._heartbeat_interval_ns = min(interval_ns, MAX_HEARTBEAT_INTERVAL_NS)
        self._next_heartbeat_ns = min(
            self._next_heartbeat_ns, self._clock() + self._heartbeat_interval_ns
        )


def _check_buffers(params: DeviceParams) -> None:
    """Refuse a device that could not even hold the requests it has to understand.

    Source: device protocol, section 1.
    """
    smallest = min(params.max_rx_payload, params.max_tx_payload)
    if smallest < MIN_BUFFER_SIZE:
        raise IncompatibleDevice(
            f"the device announces a buffer of {smallest} octets; the protocol needs "
            f"{MIN_BUFFER_SIZE} at least. Enlarge it in the firmware"
        )
