"""The device around its services: receiver, session, watchdog (device protocol 3, 7, 13.1)."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.frames import Request, Response, ResponseParser
from scrutiny.firmware_link.messages import (
    BEFORE_PARAMS,
    Connect,
    Disconnect,
    Discover,
    GetParams,
    GetProtocolVersion,
    Heartbeat,
    ReadMemory,
    WriteMemory,
)
from scrutiny.firmware_link.messages.memory_control import MemoryBlock, MemoryData
from scrutiny.firmware_link.simulator import Application, DeviceSettings, SimulatedDevice
from scrutiny.firmware_link.simulator.settings import RAM_START

MS = 1_000_000
SILENCE = 50 * MS
HEARTBEAT_TIMEOUT = 5000 * MS

DISCOVER = Discover().request(BEFORE_PARAMS).encode()
CONNECT = Connect().request(BEFORE_PARAMS).encode()
VERSION = GetProtocolVersion().request(BEFORE_PARAMS).encode()
VERSION_OK = Response(1, 1, 0, b"\x01\x00")


def make_device(settings: DeviceSettings | None = None) -> SimulatedDevice:
    return SimulatedDevice(settings, Application())


@pytest.fixture
def device() -> SimulatedDevice:
    return make_device(DeviceSettings(first_session_id=7))


@pytest.fixture
def connected(device: SimulatedDevice) -> SimulatedDevice:
    say(device, CONNECT)
    return device


def say(device: SimulatedDevice, data: bytes, now_ns: int = 0) -> list[Response]:
    """Send octets and return the responses."""
    device.receive(data, now_ns)
    return ResponseParser().feed(device.take_output())


def heartbeat(session_id: int, challenge: int) -> bytes:
    return Heartbeat(session_id, challenge).request(BEFORE_PARAMS).encode()


def disconnect(session_id: int) -> bytes:
    return Disconnect(session_id).request(BEFORE_PARAMS).encode()


def refused(command: int, subfunction: int, code: ResponseCode) -> list[Response]:
    return [Response(command, subfunction, code, b"")]


def spoilt(frame: bytes) -> bytes:
    return frame[:-1] + bytes((frame[-1] ^ 1,))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100], ids="{}-octet chunks".format)
def test_chunking_carries_no_meaning(connected: SimulatedDevice, size: int) -> None:
    responses = [
        r for i in range(0, len(VERSION), size) for r in say(connected, VERSION[i : i + size])
    ]

    assert responses == [VERSION_OK]


def test_two_requests_in_one_chunk_are_served_in_order(connected: SimulatedDevice) -> None:
    responses = say(connected, VERSION + DISCOVER)

    assert [(r.command, r.subfunction) for r in responses] == [(1, 1), (2, 1)]


def test_octets_during_an_answer_are_lost(connected: SimulatedDevice) -> None:
    connected.receive(VERSION, 0)
    connected.receive(VERSION, 1)

    assert ResponseParser().feed(connected.take_output()) == [VERSION_OK]
    assert say(connected, VERSION, 2) == [VERSION_OK]


def test_a_pause_below_the_silence_timeout_does_not_end_a_frame(connected: SimulatedDevice) -> None:
    assert say(connected, VERSION[:3], 0) == []

    assert say(connected, VERSION[3:], SILENCE - 1) == [VERSION_OK]


def test_silence_starts_a_new_frame(connected: SimulatedDevice) -> None:
    say(connected, VERSION[:3], 0)

    assert say(connected, VERSION, SILENCE) == [VERSION_OK]


def test_the_silence_timeout_is_that_of_the_settings() -> None:
    device = make_device(DeviceSettings(rx_timeout_us=10_000))

    say(device, CONNECT[:3], 0)

    assert len(say(device, CONNECT, 10 * MS)) == 1


def test_a_crc_error_is_ignored_and_the_next_frame_of_the_chunk_is_served(
    connected: SimulatedDevice,
) -> None:
    assert say(connected, spoilt(VERSION)) == []
    assert say(connected, spoilt(VERSION) + VERSION) == [VERSION_OK]


def test_a_good_frame_before_a_bad_one_is_served(connected: SimulatedDevice) -> None:
    assert say(connected, VERSION + spoilt(VERSION) + VERSION) == [VERSION_OK, VERSION_OK]


def test_a_response_makes_the_device_deaf_until_a_full_silence(connected: SimulatedDevice) -> None:
    assert say(connected, b"\x81\x01", 0) == []
    assert say(connected, VERSION, SILENCE - 1) == []
    # The octets it did not listen to have moved the silence on.
    assert say(connected, VERSION, SILENCE + 1) == []

    assert say(connected, VERSION, 2 * SILENCE + 1) == [VERSION_OK]


def test_a_request_as_large_as_the_buffer_is_taken_and_a_larger_one_makes_deaf() -> None:
    device = make_device(DeviceSettings(max_rx_payload=64, max_tx_payload=64))
    say(device, CONNECT)

    assert say(device, Request(4, 0, bytes(64)).encode()) == [Response(4, 0, 0, bytes(64))]
    assert say(device, Request(4, 0, bytes(65)).encode()) == []
    assert say(device, VERSION) == []
    assert say(device, VERSION, SILENCE) == [VERSION_OK]


@pytest.mark.parametrize(
    "frame",
    [
        VERSION,
        heartbeat(7, 1),
        disconnect(7),
        GetParams().request(BEFORE_PARAMS).encode(),
        Request(2, 1, b"\0\0\0\0").encode(),
        Request(9, 9, b"").encode(),
    ],
    ids=["version", "heartbeat", "disconnect", "params", "wrong magic", "unknown"],
)
def test_without_a_session_there_is_silence(device: SimulatedDevice, frame: bytes) -> None:
    assert say(device, frame) == []


def test_discover_is_answered_with_and_without_a_session(device: SimulatedDevice) -> None:
    before = say(device, DISCOVER)
    say(device, CONNECT)

    assert say(device, DISCOVER) == before
    answer = Discover().parse_answer(before[0].payload, BEFORE_PARAMS)
    assert answer.firmware_id == device.settings.firmware_id
    assert answer.display_name == device.settings.display_name


def test_a_discover_that_is_too_long_is_refused_even_without_a_session(
    device: SimulatedDevice,
) -> None:
    frame = Request(2, 1, bytes.fromhex("7e18fc6800")).encode()

    assert say(device, frame) == refused(2, 1, ResponseCode.INVALID_REQUEST)


def test_a_wrong_discover_within_a_session_is_refused(connected: SimulatedDevice) -> None:
    frame = Request(2, 1, b"\0\0\0\0").encode()

    assert say(connected, frame) == refused(2, 1, ResponseCode.INVALID_REQUEST)


def test_a_name_that_does_not_fit_the_transmit_buffer_overflows() -> None:
    settings = DeviceSettings(max_tx_payload=32, display_name="13 characters")

    assert say(make_device(settings), DISCOVER)[0].code == ResponseCode.OK
    assert say(make_device(replace(settings, display_name="fourteen chars")), DISCOVER) == refused(
        2, 1, ResponseCode.OVERFLOW
    )


def test_session_ids_count_up_from_the_seed() -> None:
    device = make_device(DeviceSettings(first_session_id=0xFFFF_FFFF))

    say(device, CONNECT)
    assert device.session_id == 0xFFFF_FFFF
    say(device, disconnect(0xFFFF_FFFF))
    assert Connect().parse_answer(say(device, CONNECT)[0].payload, BEFORE_PARAMS).session_id == 0


@pytest.mark.parametrize("payload", [b"", b"\x82\x90\x22", b"\x82\x90\x22\x66\0", b"\0\0\0\0"])
def test_a_malformed_connect_is_refused(device: SimulatedDevice, payload: bytes) -> None:
    assert say(device, Request(2, 4, payload).encode()) == refused(
        2, 4, ResponseCode.INVALID_REQUEST
    )


def test_connect_during_a_session_is_busy_and_changes_nothing(connected: SimulatedDevice) -> None:
    assert say(connected, CONNECT) == refused(2, 4, ResponseCode.BUSY)
    assert connected.session_id == 7
    assert say(connected, VERSION) == [VERSION_OK]


def test_a_heartbeat_is_answered_with_the_inverted_challenge(connected: SimulatedDevice) -> None:
    (response,) = say(connected, heartbeat(7, 0x1234))

    assert response.payload == bytes.fromhex("00000007edcb")


def test_the_same_challenge_twice_is_refused_and_the_next_one_is_not(
    connected: SimulatedDevice,
) -> None:
    invalid = refused(2, 2, ResponseCode.INVALID_REQUEST)

    assert say(connected, heartbeat(7, 0))[0].code == ResponseCode.OK
    assert say(connected, heartbeat(7, 0)) == invalid
    assert say(connected, heartbeat(7, 1))[0].code == ResponseCode.OK
    assert say(connected, heartbeat(7, 0))[0].code == ResponseCode.OK


def test_heartbeat_and_disconnect_insist_on_the_session_id(connected: SimulatedDevice) -> None:
    assert say(connected, heartbeat(8, 0)) == refused(2, 2, ResponseCode.INVALID_REQUEST)
    assert say(connected, disconnect(8)) == refused(2, 5, ResponseCode.INVALID_REQUEST)
    assert connected.session_id == 7


@pytest.mark.parametrize("subfunction", [2, 5])
def test_a_truncated_session_request_is_refused(
    connected: SimulatedDevice, subfunction: int
) -> None:
    assert say(connected, Request(2, subfunction, b"\0\0\0").encode()) == refused(
        2, subfunction, ResponseCode.INVALID_REQUEST
    )


def test_the_watchdog_ends_a_session_that_is_not_fed(connected: SimulatedDevice) -> None:
    assert say(connected, VERSION, HEARTBEAT_TIMEOUT - 1) == [VERSION_OK]
    assert say(connected, VERSION, HEARTBEAT_TIMEOUT) == []
    assert connected.session_id is None


def test_only_accepted_heartbeats_feed_the_watchdog(connected: SimulatedDevice) -> None:
    say(connected, heartbeat(7, 0), 3000 * MS)
    say(connected, heartbeat(7, 0), 6000 * MS)
    say(connected, VERSION, 7000 * MS)

    connected.tick(3000 * MS + HEARTBEAT_TIMEOUT - 1)
    assert connected.session_id == 7
    connected.tick(3000 * MS + HEARTBEAT_TIMEOUT)
    assert connected.session_id is None


def test_the_first_challenge_of_a_new_session_is_always_accepted(
    connected: SimulatedDevice,
) -> None:
    say(connected, heartbeat(7, 5))
    say(connected, disconnect(7))
    say(connected, CONNECT)

    assert say(connected, heartbeat(8, 5))[0].code == ResponseCode.OK


def test_disconnect_ends_the_session_once_its_answer_is_sent(connected: SimulatedDevice) -> None:
    connected.receive(disconnect(7), 0)

    assert connected.session_id == 7
    assert ResponseParser().feed(connected.take_output()) == [Response(2, 5, 0, b"")]
    assert connected.session_id is None
    assert say(connected, VERSION) == []


def test_params_say_what_the_settings_say() -> None:
    settings = DeviceSettings(
        max_rx_payload=100, max_tx_payload=200, max_bitrate_bps=9600, address_size=8
    )
    device = make_device(settings)
    say(device, CONNECT)

    (response,) = say(device, GetParams().request(BEFORE_PARAMS).encode())

    params = GetParams().parse_answer(response.payload, BEFORE_PARAMS)
    assert (params.max_rx_payload, params.max_tx_payload) == (100, 200)
    assert (params.max_bitrate_bps, params.address_size, params.char_bit) == (9600, 8, 8)
    assert (params.heartbeat_timeout_us, params.rx_timeout_us) == (5_000_000, 50_000)


def test_old_firmware_does_not_tell_its_char_bit() -> None:
    device = make_device(DeviceSettings(announces_char_bit=False))
    say(device, CONNECT)

    assert len(say(device, GetParams().request(BEFORE_PARAMS).encode())[0].payload) == 17


def test_a_reboot_loses_session_frame_and_memory_and_gives_other_session_ids(
    connected: SimulatedDevice,
) -> None:
    write = WriteMemory((MemoryData(RAM_START + 0x8000, b"\x55"),)).request(BEFORE_PARAMS)
    read = ReadMemory((MemoryBlock(RAM_START + 0x8000, 1),)).request(BEFORE_PARAMS)
    say(connected, write.encode())
    say(connected, VERSION[:3])

    connected.reboot(1)

    assert connected.session_id is None
    assert len(say(connected, CONNECT, 2)) == 1
    assert connected.session_id not in (None, 7, 8)
    assert say(connected, read.encode(), 3)[0].payload[-1:] == b"\0"


def test_settings_that_no_device_can_have_are_refused() -> None:
    loop = DeviceSettings().loops[0]
    with pytest.raises(ValueError, match="buffer of 31 octets"):
        DeviceSettings(max_rx_payload=31)
    with pytest.raises(ValueError, match="display name"):
        DeviceSettings(display_name="x" * 65)
    with pytest.raises(ValueError, match="firmware id"):
        DeviceSettings(firmware_id=b"short")
    with pytest.raises(ValueError, match="have a period"):
        DeviceSettings(loops=(msgspec.structs.replace(loop, period_100ns=0),))
    with pytest.raises(ValueError, match="its position is 0"):
        DeviceSettings(loops=(msgspec.structs.replace(loop, loop_id=1),))
    with pytest.raises(ValueError, match="address size"):
        DeviceSettings(address_size=3)
