"""Who records next: the requests of all clients, in their order; no I/O, no clock.

One request is active, the others wait. A request ends another one in two cases only:

- A client that cannot cancel replaces its own requests that have not ended (`replaces`).
- An active request whose client has left gives way, as long as it has not triggered.

A request that ends while it is active stays active until its owner has stopped the device, and says
so with `finish`. What is being stored ends by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from .errors import RequestNotEnded
from .wanted import WantedRecording


class RequestState(Enum):
    """Where a request is; the value is the word of the client API."""

    QUEUED = "queued"
    CONFIGURING = "configuring"
    WAITING = "waiting_for_trigger"
    ACQUIRING = "acquiring"
    DOWNLOADING = "downloading"
    STORING = "storing"


_TRIGGERED = (RequestState.ACQUIRING, RequestState.DOWNLOADING, RequestState.STORING)


@dataclass(eq=False, slots=True)
class Requester:
    """A client as its requests know it, also after it has left.

    Attributes:
        address: where it came from.
        name: what it called itself last; may be empty.
        is_connected: it has not left.
    """

    address: str
    name: str = ""
    is_connected: bool = True

    def __str__(self) -> str:
        return described(self.name, self.address)


class RequestEnd(msgspec.Struct, frozen=True):
    """How a request ended: with an acquisition that is stored, or with a reason why not."""

    reference_id: str | None
    reason: str = ""


@dataclass(eq=False, slots=True)
class RecordingRequest:
    """One recording that a client wants.

    Attributes:
        token: its name for clients.
        wanted: what to record.
        firmware_id: of the device that it was made for, 16 octets.
        requester: whose it is.
        requested_by: who that is, as the client says; may be empty.
        time_s: when it was made, Unix time.
        on_end: called once.
        state: where it is.
        completion: 0 to 1 while it is acquired or downloaded, if that is known.
        end: None until it has ended.
    """

    token: str
    wanted: WantedRecording
    firmware_id: bytes
    requester: Requester
    requested_by: str
    time_s: float
    on_end: Callable[[RequestEnd], None]
    state: RequestState = RequestState.QUEUED
    completion: float | None = None
    end: RequestEnd | None = field(default=None, init=False)

    @property
    def owner(self) -> str:
        """Who wants it, for other clients to read."""
        return described(self.requested_by, self.requester.address)

    @property
    def has_triggered(self) -> bool:
        """Whether the device has recorded something for it."""
        return self.state in _TRIGGERED

    def finish(self, end: RequestEnd) -> None:
        """Note how it ended, and tell whoever waits for that; only the first end counts."""
        if self.end is None:
            self.end = end
            self.on_end(end)


def described(name: str, address: str) -> str:
    """Return how other clients are told about one."""
    return f"{name} ({address})" if name else address


class RequestQueue:
    """All requests that have not ended.

    Methods that end requests tell these requests, and return them; see `active`.

    Attributes:
        active: the one that the device is busy with. It stays here until `finish`, even if it has
            ended.
    """

    def __init__(self) -> None:
        self.active: RecordingRequest | None = None
        self._waiting: deque[RecordingRequest] = deque()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[RecordingRequest]:
        """Yield the requests that have not ended, in the order in which they are served."""
        if self.active is not None and self.active.end is None:
            yield self.active
        yield from self._waiting

    @property
    def has_waiting(self) -> bool:
        """Whether a request waits for its turn."""
        return bool(self._waiting)

    def count_of(self, requester: Requester) -> int:
        """Return how many requests of a client have not ended."""
        return sum(1 for request in self if request.requester is requester)

    def add(self, request: RecordingRequest, *, replaces: bool) -> list[RecordingRequest]:
        """Append a request; return those that end because of it."""
        ended: list[RecordingRequest] = []
        if replaces:
            mine = [r for r in self._endable() if r.requester is request.requester]
            ended = self._end(mine, "replaced by a newer request of the same client")
        self._waiting.append(request)
        return ended + self._give_way()

    def cancel(self, token: str, by: str) -> list[RecordingRequest]:
        """End a request, whoever made it; return it.

        Raises:
            RequestNotEnded: it is unknown, or is being stored.
        """
        request = next((request for request in self if request.token == token), None)
        if request is None:
            raise RequestNotEnded(
                f"no request {token[:80]!r} waits or is under way; it may have ended"
            )
        if request.state is RequestState.STORING:
            raise RequestNotEnded("the acquisition is recorded and is being stored")
        return self._end([request], f"cancelled by {by}")

    def leave(self, requester: Requester) -> list[RecordingRequest]:
        """Note that a client has left; return those of its requests that end with that."""
        requester.is_connected = False
        mine = [request for request in self._waiting if request.requester is requester]
        return self._end(mine, "its client has left before it was its turn") + self._give_way()

    def end_those_for_others(self, firmware_id: bytes) -> list[RecordingRequest]:
        """Note that this firmware is connected; return the requests made for another, which end."""
        others = [request for request in self._endable() if request.firmware_id != firmware_id]
        return self._end(others, "another firmware was connected")

    def end_all(self, reason: str) -> list[RecordingRequest]:
        """End all but what is being stored, and return them."""
        return self._end(self._endable(), reason)

    def start_next(self) -> RecordingRequest:
        """Make the first request that waits the active one; there has to be one."""
        assert self.active is None
        request = self.active = self._waiting.popleft()
        request.state = RequestState.CONFIGURING
        return request

    def finish(self) -> None:
        """Note that the device is not busy with the active request any more."""
        self.active = None

    def _endable(self) -> list[RecordingRequest]:
        return [request for request in self if request.state is not RequestState.STORING]

    def _give_way(self) -> list[RecordingRequest]:
        active = self.active
        if active is None or active.end is not None or not self._waiting:
            return []
        if active.requester.is_connected or active.has_triggered:
            return []
        following = self._waiting[0]
        return self._end(
            [active], f"its client has left, and it gave way to a request of {following.owner}"
        )

    def _end(self, requests: Sequence[RecordingRequest], reason: str) -> list[RecordingRequest]:
        ended = list(requests)
        for request in ended:
            if request is not self.active:
                self._waiting.remove(request)
        for request in ended:
            request.finish(RequestEnd(None, reason))
        return ended
