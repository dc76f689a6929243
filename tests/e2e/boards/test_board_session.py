"""A session with each kind of board: how it begins, ends and comes back."""

from __future__ import annotations

import sys

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.definitions import DeviceCommState, ValueStatus
from tests.support.bench import Events, expect_event
from tests.support.board_desk import BoardDesk
from tests.support.example_board import SCRATCH
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

SETPOINT = "/global/motor_setpoint_rpm"


def test_a_board_tells_what_it_is(desk: BoardDesk, client: ScrutinyClient) -> None:
    info = client.get_device_info()

    assert info is not None
    assert info.display_name.startswith("Motor example (")
    assert (info.protocol_major, info.protocol_minor) == (1, 0)
    assert info.device_id == client.get_latest_server_status().sfd_firmware_id
    assert info.supported_features.memory_write
    assert info.supported_features.user_command
    assert info.supported_features.datalogging is desk.kind.has_recordings
    assert info.char_bit == 8
    assert client.get_latest_server_status().device_comm_state is DeviceCommState.ConnectedReady


def test_unplugging_ends_the_session_and_the_handles_come_back_with_the_next(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
    session_a = client.get_latest_server_status().device_session_id
    published, variable = client.watch_many([SCRATCH[0], SETPOINT])
    client.wait_new_value_for_all(DEADLINE_S)
    published.value = 4711

    desk.line.unplug()

    assert expect_event(client, Events.DeviceGoneEvent).session_id == session_a
    assert {published.status, variable.status} == {ValueStatus.DeviceGone}
    with pytest.raises(exceptions.InvalidValueError):
        _ = published.value

    desk.line.plug()

    assert expect_event(client, Events.DeviceReadyEvent).session_id != session_a
    published.wait_value(4711, DEADLINE_S)
    variable.wait_update(DEADLINE_S)


def test_a_board_that_was_reset_is_found_again(desk: BoardDesk, client: ScrutinyClient) -> None:
    session_a = client.get_latest_server_status().device_session_id
    published = client.watch(SCRATCH[0])
    published.wait_update(DEADLINE_S)
    published.value = 4711

    desk.reset_board()

    assert expect_event(client, Events.DeviceGoneEvent).session_id == session_a
    assert expect_event(client, Events.DeviceReadyEvent).session_id != session_a
    published.wait_value(0, DEADLINE_S)


def test_a_session_that_was_ended_makes_room_for_the_next(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
    """Each time the cable is pulled, the board still has the session before."""
    sessions = {client.get_latest_server_status().device_session_id}

    for _ in range(3):
        desk.line.unplug()
        expect_event(client, Events.DeviceGoneEvent)
        desk.line.plug()
        sessions.add(expect_event(client, Events.DeviceReadyEvent).session_id)

    assert len(sessions) == 4
