"""A core that is connected to nothing, and messages for it."""

from __future__ import annotations

from msgspec import UNSET

from scrutiny.api import messages as api
from scrutiny.sdk._core import ClientCore
from scrutiny.sdk._watch_options import WatchOptions
from scrutiny.sdk._watch_state import WatchState
from scrutiny.sdk.events import AnyEvent, Events

WALL_S = 5000.0


def make_core(*, listened: int = Events.LISTEN_ALL) -> ClientCore:
    """Return a core that is connected, with no event left to read."""
    core = ClientCore(listened_events=listened)
    core.connecting()
    core.opened("localhost", 8765)
    receive(core, api.Welcome(server_time_zero_timestamp=1000.0))
    core.events.clear()
    return core


def receive(core: ClientCore, *messages: api.AnyServerMessage, now_s: float = 0.0) -> None:
    for message in messages:
        core.receive(message, now_s, WALL_S)


def events_of(core: ClientCore) -> list[AnyEvent]:
    """Take all events but the status updates, which come with every status."""
    taken: list[AnyEvent] = []
    while (event := core.events.take()) is not None:
        if not isinstance(event, Events.StatusUpdateEvent):
            taken.append(event)
    return taken


def status(
    session: str | None = None,
    firmware: str | None = None,
    datalogging: str = "unavailable",
    ratio: float | None = None,
    reqid: int | None = None,
) -> api.ServerStatus:
    return api.ServerStatus(
        reqid=reqid,
        device_status="connected_ready" if session else "disconnected",
        device_session_id=session,
        loaded_sfd_firmware_id=firmware,
        datalogging_status=api.DataloggingStatus(datalogging, ratio),
        device_comm_link=api.LinkStatus("none", False, False, {}),
    )


def definition(path: str, server_id: str, kind: api.WatchableKind = "var") -> api.DetailedWatchable:
    number = 1 if kind == "rpv" else UNSET
    return api.DetailedWatchable(path, kind, server_id, "float32", rpvid=number)


def watch(
    core: ClientCore, path: str, server_id: str, kind: api.WatchableKind = "var"
) -> WatchState:
    subscription = core.subscription([path], WatchOptions())
    command = core.start(subscription, 0.0)
    subscribed = {path: definition(path, server_id, kind)}
    receive(core, api.SubscribeReply(reqid=command.reqid, subscribed=subscribed))
    return subscription.states[path]


def update(server_id: str, value: api.ReadValue, **fields: str) -> api.WatchableUpdate:
    return api.WatchableUpdate(updates=[api.ValueUpdate(server_id, 2e6, value, **fields)])
