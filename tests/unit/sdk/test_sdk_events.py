from __future__ import annotations

import pytest

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.events import AnyEvent, DataloggerStateChanged, EventQueue, Events

FLAGS = {
    "LISTEN_NONE": 0,
    "LISTEN_CONNECTED": 1,
    "LISTEN_DISCONNECTED": 2,
    "LISTEN_DEVICE_READY": 4,
    "LISTEN_DEVICE_GONE": 8,
    "LISTEN_SFD_LOADED": 16,
    "LISTEN_SFD_UNLOADED": 32,
    "LISTEN_DATALOGGER_STATE_CHANGED": 64,
    "LISTEN_DATALOGGING_STATE_CHANGED": 64,
    "LISTEN_STATUS_UPDATE_CHANGED": 128,
    "LISTEN_DATALOGGING_LIST_CHANGED": 256,
    "LISTEN_ALL": 4294967295,
}
STATUS = sdk.ServerInfo(
    sdk.DeviceCommState.Disconnected,
    None,
    sdk.DataloggingInfo(sdk.DataloggingState.NA, None),
    None,
    sdk.DeviceLinkInfo(sdk.DeviceLinkType.NONE, sdk.NoneLinkConfig(), False, False),
)
ALL_EVENTS: list[tuple[int, AnyEvent]] = [
    (1, Events.ConnectedEvent("host", 8765)),
    (2, Events.DisconnectedEvent("host", 8765)),
    (4, Events.DeviceReadyEvent("session")),
    (8, Events.DeviceGoneEvent("session")),
    (16, Events.SFDLoadedEvent("firmware")),
    (32, Events.SFDUnLoadedEvent("firmware")),
    (64, Events.DataloggerStateChanged(sdk.DataloggingInfo(sdk.DataloggingState.Acquiring, 0.5))),
    (128, Events.StatusUpdateEvent(STATUS)),
    (256, Events.DataloggingListChanged(sdk.DataloggingListChangeType.NEW, "id")),
]


def test_values_of_the_flags() -> None:
    assert {name: getattr(Events, name) for name in FLAGS} == FLAGS


@pytest.mark.parametrize(("flag", "event"), ALL_EVENTS)
def test_each_flag_selects_its_event(flag: int, event: AnyEvent) -> None:
    wanted, unwanted = EventQueue(10, flag), EventQueue(10, Events.LISTEN_ALL & ~flag)

    wanted.put(event)
    unwanted.put(event)

    assert wanted.take() is event
    assert unwanted.take() is None
    assert event.msg()


def test_the_classes_serve_as_types() -> None:
    def session_of(event: Events.DeviceReadyEvent | Events.DeviceGoneEvent) -> str:
        return event.session_id

    assert session_of(ScrutinyClient.Events.DeviceGoneEvent("session")) == "session"
    assert ScrutinyClient.Events is Events


def test_both_names_of_the_datalogger_are_the_same() -> None:
    assert Events.DataloggingStateChanged is Events.DataloggerStateChanged
    assert sdk.DataloggerState is sdk.DataloggingState
    assert str(sdk.DataloggerState.DataReady) == "DataloggingState.Downloading"
    details = sdk.DataloggingInfo(sdk.DataloggerState.DataReady, None)
    assert DataloggerStateChanged(details).msg() == "Datalogger state: Downloading"


def test_a_full_queue_drops_the_oldest_and_says_so_once() -> None:
    events = EventQueue(2, Events.LISTEN_ALL)

    warnings = [events.put(Events.DeviceReadyEvent(str(number))) for number in range(5)]

    assert warnings == [False, False, True, False, False]
    assert events.dropped_count == 3
    assert events.take() == Events.DeviceReadyEvent("3")
    assert len(events) == 1
