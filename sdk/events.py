"""What a client can be told about without asking, and the queue that keeps it until it is read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import ClassVar

from .definitions import DataloggingInfo, DataloggingListChangeType, DeviceCommState, ServerInfo


class Events:
    """Event classes, and the flags that choose among them in ``listen_events``."""

    LISTEN_NONE = 0
    LISTEN_CONNECTED = 1
    LISTEN_DISCONNECTED = 2
    LISTEN_DEVICE_READY = 4
    LISTEN_DEVICE_GONE = 8
    LISTEN_SFD_LOADED = 16
    LISTEN_SFD_UNLOADED = 32
    LISTEN_DATALOGGER_STATE_CHANGED = 64
    LISTEN_DATALOGGING_STATE_CHANGED = 64
    LISTEN_STATUS_UPDATE_CHANGED = 128
    LISTEN_DATALOGGING_LIST_CHANGED = 256
    LISTEN_ALL = 0xFFFFFFFF

    @dataclass(frozen=True)
    class ConnectedEvent:
        """The client connected to a server."""

        FLAG: ClassVar[int] = 1

        host: str
        port: int

        def msg(self) -> str:
            """Return a readable text."""
            return f"Connected to a server at {self.host}:{self.port}"

    @dataclass(frozen=True)
    class DisconnectedEvent:
        """The connection to the server ended, whoever ended it."""

        FLAG: ClassVar[int] = 2

        host: str
        port: int

        def msg(self) -> str:
            """Return a readable text."""
            return f"Disconnected from the server at {self.host}:{self.port}"

    @dataclass(frozen=True)
    class DeviceReadyEvent:
        """The server talks to a device; the session id is a new one after each reconnection."""

        FLAG: ClassVar[int] = 4

        session_id: str

        def msg(self) -> str:
            """Return a readable text."""
            return f"Device ready. Session ID: {self.session_id}"

    @dataclass(frozen=True)
    class DeviceGoneEvent:
        """The session of this id ended: device lost or replaced, or the server lost."""

        FLAG: ClassVar[int] = 8

        session_id: str

        def msg(self) -> str:
            """Return a readable text."""
            return f"Device gone. Session ID: {self.session_id}"

    @dataclass(frozen=True)
    class SFDLoadedEvent:
        """The server loaded a firmware description: variables and aliases are available."""

        FLAG: ClassVar[int] = 16

        firmware_id: str

        def msg(self) -> str:
            """Return a readable text."""
            return f"Firmware description loaded. Firmware ID: {self.firmware_id}"

    @dataclass(frozen=True)
    class SFDUnLoadedEvent:
        """The server unloaded a firmware description."""

        FLAG: ClassVar[int] = 32

        firmware_id: str

        def msg(self) -> str:
            """Return a readable text."""
            return f"Firmware description unloaded. Firmware ID: {self.firmware_id}"

    @dataclass(frozen=True)
    class DataloggerStateChanged:
        """The state of the datalogger changed, or how complete the acquisition is.

        Who connects while an acquisition is under way is told its state, after the other events.
        """

        FLAG: ClassVar[int] = 64

        details: DataloggingInfo

        def msg(self) -> str:
            """Return a readable text."""
            ratio = self.details.completion_ratio
            progress = "" if ratio is None else f" ({ratio:.0%})"
            return f"Datalogger state: {self.details.state.name}{progress}"

    @dataclass(frozen=True)
    class StatusUpdateEvent:
        """The server sent its status, changed or not."""

        FLAG: ClassVar[int] = 128

        info: ServerInfo

        def msg(self) -> str:
            """Return a readable text."""
            link = self.info.device_link
            ready = self.info.device_comm_state is DeviceCommState.ConnectedReady
            device = f"device {self.info.device_session_id}" if ready else "no device"
            state = "open" if link.operational else "closed"
            return f"Status: {device}, link {link.type.name} {state}"

    @dataclass(frozen=True)
    class DataloggingListChanged:
        """The acquisitions that the server stores changed; the id is None when all were deleted."""

        FLAG: ClassVar[int] = 256

        change_type: DataloggingListChangeType
        acquisition_reference_id: str | None

        def msg(self) -> str:
            """Return a readable text."""
            which = self.acquisition_reference_id or "all"
            return f"Stored acquisitions changed: {self.change_type.name} {which}"

    DataloggingStateChanged = DataloggerStateChanged


ConnectedEvent = Events.ConnectedEvent
DisconnectedEvent = Events.DisconnectedEvent
DeviceReadyEvent = Events.DeviceReadyEvent
DeviceGoneEvent = Events.DeviceGoneEvent
SFDLoadedEvent = Events.SFDLoadedEvent
SFDUnLoadedEvent = Events.SFDUnLoadedEvent
DataloggerStateChanged = Events.DataloggerStateChanged
StatusUpdateEvent = Events.StatusUpdateEvent
DataloggingListChanged = Events.DataloggingListChanged

AnyEvent = (
    ConnectedEvent
    | DisconnectedEvent
    | DeviceReadyEvent
    | DeviceGoneEvent
    | SFDLoadedEvent
    | SFDUnLoadedEvent
    | DataloggerStateChanged
    | StatusUpdateEvent
    | DataloggingListChanged
)


class EventQueue:
    """Events in order of occurrence; those that nobody listens for are not kept.

    Bounded: a full queue gives up its oldest event and counts it, so that a reader who comes late
    sees the present state.
    """

    def __init__(self, size: int, listened: int) -> None:
        self.listened = listened
        self.dropped_count: int = 0
        self._size = size
        self._events: deque[AnyEvent] = deque()

    def put(self, event: AnyEvent) -> bool:
        """Add an event; return whether it was the first one to be dropped for it."""
        if not event.FLAG & self.listened:
            return False
        self._events.append(event)
        if len(self._events) <= self._size:
            return False
        self._events.popleft()
        self.dropped_count += 1
        return self.dropped_count == 1

    def take(self) -> AnyEvent | None:
        """Remove and return the oldest event, None if there is none."""
        return self._events.popleft() if self._events else None

    def clear(self) -> None:
        """Throw away all events."""
        self._events.clear()

    def __len__(self) -> int:
        return len(self._events)
