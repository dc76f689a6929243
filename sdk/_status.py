"""Which events follow from a new status of the server. Pure functions."""

from __future__ import annotations

from .definitions import DataloggingState, ServerInfo
from .events import (
    AnyEvent,
    DataloggerStateChanged,
    DeviceGoneEvent,
    DeviceReadyEvent,
    DisconnectedEvent,
    SFDLoadedEvent,
    SFDUnLoadedEvent,
    StatusUpdateEvent,
)


def status_events(old: ServerInfo | None, new: ServerInfo) -> list[AnyEvent]:
    """Return the events between two statuses, in order; ``old`` is None for the first one.

    What ends comes before what begins, and the device before its firmware description.
    """
    events: list[AnyEvent] = [StatusUpdateEvent(new)]
    old_session = old.device_session_id if old else None
    old_firmware = old.sfd_firmware_id if old else None
    session_changed = old_session != new.device_session_id
    firmware_changed = old_firmware != new.sfd_firmware_id
    if session_changed and old_session is not None:
        events.append(DeviceGoneEvent(old_session))
    if firmware_changed and old_firmware is not None:
        events.append(SFDUnLoadedEvent(old_firmware))
    if session_changed and new.device_session_id is not None:
        events.append(DeviceReadyEvent(new.device_session_id))
    if firmware_changed and new.sfd_firmware_id is not None:
        events.append(SFDLoadedEvent(new.sfd_firmware_id))
    if _is_news(old, new):
        events.append(DataloggerStateChanged(new.datalogging))
    return events


def _is_news(old: ServerInfo | None, new: ServerInfo) -> bool:
    """Tell whether the state of the datalogger is worth an event; at first only if it is busy."""
    if old is None:
        return new.datalogging.state not in (DataloggingState.NA, DataloggingState.Standby)
    return old.datalogging != new.datalogging


def loss_events(last: ServerInfo | None, host: str, port: int) -> list[AnyEvent]:
    """Return the events of the end of the connection, in order."""
    events: list[AnyEvent] = []
    if last is not None and last.device_session_id is not None:
        events.append(DeviceGoneEvent(last.device_session_id))
    if last is not None and last.sfd_firmware_id is not None:
        events.append(SFDUnLoadedEvent(last.sfd_firmware_id))
    events.append(DisconnectedEvent(host, port))
    return events
