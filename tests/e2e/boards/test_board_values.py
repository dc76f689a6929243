"""Values of each kind of board: published, by name from the description, and as they really are."""

from __future__ import annotations

import struct
import sys

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.definitions import UpdateMode, ValueStatus
from tests.support.board_desk import BoardDesk
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S
from tests.support.told_values import ToldValues

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

SETPOINT, SETPOINT_RPV = "/global/motor_setpoint_rpm", "/rpv/x1000"
FOCUS, FOCUS_MEAN = "/global/statistics_focus", "/global/*statistics_focus/mean"
COUNTS = "/static/app_published.c/scratch_counts/scratch_counts"


def test_sixty_published_values_are_written_and_read_back(client: ScrutinyClient) -> None:
    handles = client.watch_many(SCRATCH)
    client.wait_new_value_for_all(DEADLINE_S)
    assert {handle.value for handle in handles} == {0}

    with client.batch_write():
        for index, handle in enumerate(handles):
            handle.value = 3 * index + 1
    client.wait_new_value_for_all(DEADLINE_S)

    assert [handle.value for handle in handles] == [3 * index + 1 for index in range(60)]
    assert [client.read_once(path) for path in SCRATCH[::30]] == [1, 91]


def test_published_values_follow_the_board(client: ScrutinyClient) -> None:
    uptime = client.watch(UPTIME)
    uptime.wait_update(DEADLINE_S)
    first = uptime.value_int

    uptime.wait_update(DEADLINE_S)

    assert uptime.value_int >= first
    while uptime.value_int < first + 50:
        uptime.wait_update(DEADLINE_S)


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("/static/motor.c/parameters/supply_v", "float32", 24.0),
        ("/static/protected.c/calibration/serial_number", "uint32", 20240117),
        ("/static/protected.c/calibration/encoder_table/encoder_table[6]", "sint16", -17),
        ("/motor/last fault", "uint8", 0),
    ],
)
def test_variables_have_the_values_of_the_source(
    client: ScrutinyClient, path: str, kind: str, expected: float
) -> None:
    handle = client.watch(path)
    handle.wait_update(DEADLINE_S)

    assert handle.value == expected
    assert handle.datatype.name == kind


def test_what_is_read_and_written_by_name_is_what_is_in_memory(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
    variable, published, count = client.watch_many([SETPOINT, SETPOINT_RPV, f"{COUNTS}[7]"])
    client.wait_new_value_for_all(DEADLINE_S)

    published.value = 1234.5
    variable.wait_value(1234.5, DEADLINE_S)
    assert struct.unpack("<f", desk.memory("motor_setpoint_rpm", 4)) == (1234.5,)

    variable.value = -77.25
    published.wait_value(-77.25, DEADLINE_S)
    assert struct.unpack("<f", desk.memory("motor_setpoint_rpm", 4)) == (-77.25,)

    count.value = 0xDEADBEEF
    assert desk.memory("scratch_counts", 32)[28:] == struct.pack("<I", 0xDEADBEEF)
    assert client.read_once(SCRATCH[7]) == 0xDEADBEEF


def test_bit_fields_are_written_alone(client: ScrutinyClient) -> None:
    flags = "/global/motor_flags/"
    enabled, code = client.watch_many([flags + name for name in ("enabled", "fault_code")])
    direction = client.watch(flags + "direction", mode=UpdateMode.EverySample)
    client.wait_new_value_for_all(DEADLINE_S)
    directions = ToldValues(direction)  # the firmware sets it again and again

    code.value = 9
    direction.value = -1

    assert directions.include(-1, DEADLINE_S)
    assert (enabled.value, code.value) == (1, 9)


def test_pointers_are_followed_wherever_they_point(desk: BoardDesk, client: ScrutinyClient) -> None:
    pointer, mean = client.watch_many([FOCUS, FOCUS_MEAN])
    client.wait_new_value_for_all(DEADLINE_S)
    levels = desk.address_of("scratch_levels")

    pointer.value = levels
    mean.value = 3333  # the third of its numbers

    assert client.read_once(SCRATCH[32]) == 3333
    pointer.wait_value(levels, DEADLINE_S)
    assert client.get_var_watchable_info(FOCUS_MEAN).address == levels + 8


def test_regions_that_the_firmware_protects_stay_protected(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
    secret = client.watch("/static/protected.c/secret_key/secret_key[3]")
    serial = client.watch("/static/protected.c/calibration/serial_number")
    serial.wait_update(DEADLINE_S)

    assert secret.status is ValueStatus.ForbiddenRegion
    with pytest.raises(exceptions.OperationFailure, match="forbidden"):
        secret.value = 0
    with pytest.raises(exceptions.OperationFailure, match="read only"):
        serial.value = 1
    assert desk.memory("calibration", 4) == struct.pack("<I", 20240117)


def test_a_user_command_is_answered(client: ScrutinyClient) -> None:
    data = bytes(range(60))

    assert client.user_command(0, data).data == data
