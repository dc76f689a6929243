"""One client's session against a device with behaviour, without sockets."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from scrutiny.api.errors import MalformedMessage
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.codes import DatalogEncoding, FeatureBits, LoopType
from scrutiny.firmware_link.messages import DatalogSetup, LoopDefinition
from scrutiny.firmware_link.profile import MemoryRegion
from scrutiny.firmware_link.transports.settings import NoLink, UdpSettings
from scrutiny.server.api import limits, session
from scrutiny.server.api.limits import (
    MOST_LISTS,
    MOST_MEMORY_TRANSFERS,
    MOST_PATHS,
    MOST_USER_COMMANDS,
    MOST_WRITES,
)
from scrutiny.server.api.lists import (
    LARGEST_PART,
    LONGEST_PATTERNS,
    MOST_PATTERNS,
    PATHS_PER_STEP,
)
from scrutiny.server.api.write import LARGEST_REPORT
from scrutiny.server.metrics import DeviceStatistics
from scrutiny.server.outcome import OutcomeCallback
from scrutiny.server.turns import SLICE_S

from ...support.api_bench import (
    FLOAT,
    FLOAT32_MAX,
    LARGE,
    PROFILE,
    SMALL,
    SWITCH,
    FakeClient,
    Message,
    Server,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> FakeClient:
    return FakeClient(server)


# ------------------------------------------------------------------ envelope


def test_welcome_is_the_first_message(client: FakeClient) -> None:
    (welcome,) = client.welcome

    assert welcome["cmd"] == "welcome"
    assert abs(welcome["server_time_zero_timestamp"] - time.time()) < 60
    assert welcome["server"].startswith("Scrutiny Bridge")
    assert "memory" in welcome["features"]


def test_echo(client: FakeClient) -> None:
    assert client.ask("echo", payload="ping") == {
        "cmd": "response_echo",
        "reqid": 5,
        "payload": "ping",
    }


@pytest.mark.parametrize("reqid", [0, -1, 2**40, 2**70])
def test_any_integer_is_a_reqid(client: FakeClient, reqid: int) -> None:
    client.send("echo", reqid=reqid, payload="")

    assert [message["reqid"] for message in client.all()] == [reqid]


@pytest.mark.parametrize(
    ("data", "request_cmd"),
    [
        (b"", "<empty>"),
        (b"{", "<empty>"),
        (b"[]", "<empty>"),
        (b"7", "<empty>"),
        (b"null", "<empty>"),
        (b"\xff\xfe\x80", "<empty>"),
        (b'{"cmd":"echo","payload":"\xff"}', "<empty>"),
        (b'{"cmd":"echo","payload":"\\ud800"}', "echo"),
        (b"[" * 100_000, "<empty>"),
        (b'{"cmd":"echo","payload":' + b'{"a":' * 100_000, "<empty>"),
        (b'{"cmd":"echo","reqid":NaN,"payload":""}', "echo"),
        (b'{"cmd":"echo","reqid":"1","payload":""}', "echo"),
        (b'{"cmd":"echo","reqid":1.5,"payload":""}', "echo"),
        (b'{"cmd":"echo","reqid":true,"payload":""}', "echo"),
        (b'{"cmd":"echo","reqid":[1],"payload":""}', "echo"),
        (b'{"reqid":1}', "<empty>"),
        (b'{"cmd":5}', "<empty>"),
        (b'{"cmd":"no_such_command"}', "no_such_command"),
        (b'{"cmd":"demo_mode","enable":1}', "demo_mode"),
        (b'{"cmd":"echo"}', "echo"),
        (b'{"cmd":"echo","payload":5}', "echo"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_messages_are_answered_and_counted(
    server: Server, client: FakeClient, data: bytes, request_cmd: str
) -> None:
    client.session.receive(data)

    (answer,) = client.all()
    assert answer["cmd"] == "error"
    assert answer["request_cmd"] == request_cmd
    assert answer["msg"]
    assert server.parts.metrics.clients.invalid_requests == 1
    assert client.ask("echo", payload="x")["payload"] == "x"


def test_the_reqid_of_a_bad_message_comes_back_if_it_can_be_read(client: FakeClient) -> None:
    client.session.receive(b'{"cmd":"read_memory","reqid":12,"address":"x","size":1}')

    (answer,) = client.all()
    assert answer["reqid"] == 12


def test_a_message_may_have_the_limit_but_not_more(client: FakeClient) -> None:
    message = b'{"cmd":"echo","payload":"%s"}'
    fill = MAX_MESSAGE_SIZE - len(message) + 2

    client.session.receive(message % (b"x" * fill))
    assert client.all()[0]["cmd"] == "response_echo"

    client.session.receive(message % (b"x" * (fill + 1)))
    assert "at most 1048576" in client.all()[0]["msg"]


def test_an_unexpected_failure_is_answered_logged_and_counted(
    server: Server,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(address: int, size: int, done: OutcomeCallback) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(server.device, "read_memory", fail)

    client.send("read_memory", reqid=3, address=0, size=1)

    error = client.all()[-1]
    assert error == {
        "cmd": "error",
        "reqid": 3,
        "request_cmd": "read_memory",
        "msg": "Internal error",
    }
    assert "ZeroDivisionError" in caplog.text
    assert server.parts.metrics.clients.unexpected_errors == 1
    assert client.ask("echo", payload="x")["payload"] == "x"


def test_a_refusal_that_cannot_be_encoded_is_an_unexpected_failure(
    server: Server,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(data: bytes) -> None:
        raise MalformedMessage("half a character", command="\ud800")

    monkeypatch.setattr(session, "decode_command", refuse)

    client.session.receive(b"{}")

    assert [answer["msg"] for answer in client.all()] == ["Internal error"]
    assert "UnicodeEncodeError" in caplog.text
    assert server.parts.metrics.clients.unexpected_errors == 1


# ------------------------------------------------------------------ status


def test_status_of_a_ready_device(server: Server, client: FakeClient) -> None:
    server.device.link = UdpSettings("10.0.0.7", 12345)

    assert client.ask("get_server_status") == {
        "cmd": "inform_server_status",
        "reqid": 5,
        "device_status": "connected_ready",
        "device_session_id": "4f1e",
        "loaded_sfd_firmware_id": None,
        "sfd_failure_reason": "",
        "datalogging_status": {"datalogging_state": "unavailable", "completion_ratio": None},
        "device_comm_link": {
            "link_type": "udp",
            "link_operational": True,
            "demo_mode": False,
            "link_config": {"host": "10.0.0.7", "port": 12345},
            "failure_reason": "",
        },
    }


def test_status_tells_why_there_is_no_device(server: Server, client: FakeClient) -> None:
    server.device.profile = None

    status = client.ask("get_server_status")

    assert status["device_status"] == "disconnected"
    assert status["device_session_id"] is None
    assert status["device_comm_link"]["failure_reason"] == "no answer"


def test_a_change_of_status_is_told_to_everybody(server: Server, client: FakeClient) -> None:
    other = FakeClient(server)

    server.device.on_status_changed()

    for receiver in (client, other):
        (event,) = receiver.all()
        assert (event["cmd"], event["reqid"]) == ("inform_server_status", None)


def test_device_info(server: Server, client: FakeClient) -> None:
    server.device.profile = replace(
        PROFILE,
        forbidden_regions=(MemoryRegion(8192, 8447),),
        datalog_setup=DatalogSetup(4096, DatalogEncoding.RAW, 32),
        loops=(
            LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 10_000, "1KHz"),
            LoopDefinition(1, LoopType.FIXED_FREQUENCY, False, 1_000_000, "slow"),
            LoopDefinition(2, LoopType.VARIABLE_FREQUENCY, True, None, "idle"),
        ),
    )

    assert client.ask("get_device_info") == {
        "cmd": "response_get_device_info",
        "reqid": 5,
        "available": True,
        "device_info": {
            "session_id": "4f1e",
            "device_id": "000102030405060708090a0b0c0d0e0f",
            "display_name": "Pump",
            "max_tx_data_size": 256,
            "max_rx_data_size": 128,
            "max_bitrate_bps": None,
            "rx_timeout_us": 50000,
            "heartbeat_timeout_us": 5000000,
            "address_size_bits": 32,
            "protocol_major": 1,
            "protocol_minor": 0,
            "char_bit": 8,
            "supported_feature_map": {
                "memory_write": True,
                "datalogging": True,
                "user_command": True,
                "_64bits": True,
            },
            "forbidden_memory_regions": [{"start": 8192, "end": 8447, "size": 256}],
            "readonly_memory_regions": [],
            "datalogging_capabilities": {
                "encoding": "raw",
                "buffer_size": 4096,
                "max_nb_signal": 32,
                "sampling_rates": [
                    {"identifier": 0, "name": "1KHz", "type": "fixed_freq", "frequency": 1000.0},
                    {"identifier": 2, "name": "idle", "type": "variable_freq", "frequency": None},
                ],
            },
        },
    }


def test_device_info_without_features(server: Server, client: FakeClient) -> None:
    server.device.profile = replace(PROFILE, features=FeatureBits(0), max_bitrate_bps=9600)

    info = client.ask("get_device_info")["device_info"]

    assert not any(info["supported_feature_map"].values())
    assert info["max_bitrate_bps"] == 9600
    assert info["datalogging_capabilities"] is None


def test_the_buffer_of_a_16_bit_target_is_told_in_octets(
    server: Server, client: FakeClient
) -> None:
    setup = DatalogSetup(1000, DatalogEncoding.RAW, 4)
    server.device.profile = replace(PROFILE, char_bit=16, datalog_setup=setup)

    info = client.ask("get_device_info")["device_info"]

    assert info["datalogging_capabilities"]["buffer_size"] == 2000


def test_device_info_without_device(server: Server, client: FakeClient) -> None:
    server.device.profile = None

    answer = client.ask("get_device_info")

    assert (answer["available"], answer["device_info"]) == (False, None)


def test_link_config_is_set_and_told(server: Server, client: FakeClient) -> None:
    client.send("set_link_config", link_type="udp", link_config={"host": "h", "port": "5"})

    commands = {message["cmd"] for message in client.all()}
    assert commands == {"response_set_link_config", "inform_server_status"}
    assert server.device.link == UdpSettings("h", 5)


@pytest.mark.parametrize(
    ("link_type", "config"), [("usb", {}), ("udp", {"host": "h"}), ("udp", {"port": 99999})]
)
def test_a_bad_link_config_changes_nothing(
    server: Server, client: FakeClient, link_type: str, config: Message
) -> None:
    assert client.refusal("set_link_config", link_type=link_type, link_config=config)
    assert server.device.link == NoLink()


def test_server_stats(server: Server, client: FakeClient) -> None:
    FakeClient(server)
    server.device.statistics = DeviceStatistics(2, 100, 1000, 2000, 3, 1)
    server.parts.metrics.clients.values_replaced = 4
    client.refusal("read_memory", address=0, size=0)

    stats = client.ask("get_server_stats")

    assert stats["invalid_request_count"] == 1
    assert stats["unexpected_error_count"] == 0
    assert stats["client_count"] == 2
    assert stats["msg_received"] == 2
    assert stats["msg_sent"] == 3
    assert stats["device_session_count"] == 2
    assert stats["device_retry_count"] == 3
    assert stats["value_replaced_count"] == 4
    assert stats["device_failed_request_count"] == 1
    assert stats["device_request_per_sec"] > 0
    assert stats["uptime"] >= 0


# ------------------------------------------------------------------ discovery


def test_counts(client: FakeClient) -> None:
    assert client.ask("get_watchable_count")["qty"] == {
        "var": 0,
        "alias": 0,
        "rpv": 4,
        "var_factory": 0,
    }


def test_list_in_one_part(client: FakeClient) -> None:
    answer = client.ask("get_watchable_list")

    assert answer["done"]
    assert answer["qty"] == {"var": 0, "alias": 0, "rpv": 4, "var_factory": 0}
    assert answer["content"]["rpv"][0] == {"path": "/rpv/x1000", "dtype": "float32"}
    assert answer["content"]["var"] == []


@pytest.mark.parametrize(("size", "sizes"), [(1, [1, 1, 1, 1]), (2, [2, 2]), (3, [3, 1]), (4, [4])])
def test_list_in_parts(client: FakeClient, size: int, sizes: list[int]) -> None:
    client.send("get_watchable_list", reqid=9, max_per_response=size)

    parts = client.all()
    assert [part["qty"]["rpv"] for part in parts] == sizes
    assert [len(part["content"]["rpv"]) for part in parts] == sizes
    assert [part["done"] for part in parts] == [False] * (len(sizes) - 1) + [True]
    assert {part["reqid"] for part in parts} == {9}


def test_a_part_is_never_larger_than_a_message_may_be(server: Server, client: FakeClient) -> None:
    server.store.clear()
    server.store.load_published(PublishedValue(i, DataType.UINT8) for i in range(LARGEST_PART + 1))

    client.send("get_watchable_list", max_per_response=10**9)

    assert [part["qty"]["rpv"] for part in client.whole_list()] == [LARGEST_PART, 1]


def test_others_have_their_turn_during_a_long_list(server: Server, client: FakeClient) -> None:
    server.store.clear()
    server.store.load_published(
        PublishedValue(i, DataType.UINT8) for i in range(6 * PATHS_PER_STEP)
    )
    server.step_s = SLICE_S
    client.send("get_watchable_list", reqid=1, filter={"name": ["*x0001", "/rpv/x01*"]})
    client.send("echo", reqid=2, payload="")
    server.store.clear()

    (echo,) = client.all()
    (part,) = client.whole_list()

    assert (echo["reqid"], part["reqid"]) == (2, 1)
    assert part["qty"]["rpv"] == 1 + 0x2C
    assert part["done"]


def test_a_long_list_ends_with_its_client(server: Server, client: FakeClient) -> None:
    server.store.clear()
    server.store.load_published(
        PublishedValue(i, DataType.UINT8) for i in range(3 * PATHS_PER_STEP)
    )
    server.step_s = SLICE_S
    client.send("get_watchable_list", max_per_response=1)
    sent = len(client.all())

    server.hub.disconnect(client.session)

    for _ in range(5):
        assert client.all() == []
    assert 0 < sent < 3 * PATHS_PER_STEP


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ({}, [FLOAT, SMALL, LARGE, SWITCH]),
        ({"type": []}, [FLOAT, SMALL, LARGE, SWITCH]),
        ({"type": ["rpv"]}, [FLOAT, SMALL, LARGE, SWITCH]),
        ({"type": ["var", "alias"]}, []),
        ({"type": "var"}, [FLOAT, SMALL, LARGE, SWITCH]),
        ({"name": "/rpv/x10*"}, [FLOAT, SMALL, LARGE]),
        ({"name": "*x1000"}, [FLOAT]),
        ({"name": "/rpv/x100?"}, [FLOAT, SMALL]),
        ({"name": "/rpv/x[12]000"}, [FLOAT, SWITCH]),
        ({"name": "rpv*"}, []),
        ({"name": "/RPV/*"}, []),
        ({"name": "*ab"}, []),
        ({"name": []}, [FLOAT, SMALL, LARGE, SWITCH]),
        ({"name": ["*AB", "*2000"]}, [LARGE, SWITCH]),
        ({"name": "[z-a]["}, []),
        ({"type": ["rpv"], "name": "*AB"}, [LARGE]),
    ],
)
def test_filters(client: FakeClient, wanted: Message, paths: list[str]) -> None:
    answer = client.ask("get_watchable_list", filter=wanted)

    assert [item["path"] for item in answer["content"]["rpv"]] == paths
    assert answer["done"]


@pytest.mark.parametrize(
    "fields",
    [
        {"max_per_response": 0},
        {"max_per_response": -5},
        {"max_per_response": "many"},
        {"max_per_response": 1.5},
        {"max_per_response": True},
        {"filter": {"type": ["variable"]}},
        {"filter": {"type": [1]}},
        {"filter": {"name": 5}},
        {"filter": {"name": [5]}},
        {"filter": []},
        {"filter": {"name": ["*"] * (MOST_PATTERNS + 1)}},
        {"filter": {"name": ["*" * (LONGEST_PATTERNS // 2)] * 3}},
        {"filter": {"name": "*" * (LONGEST_PATTERNS + 1)}},
    ],
    ids=lambda fields: str(fields)[:50],
)
def test_bad_list_requests_are_refused(client: FakeClient, fields: Message) -> None:
    assert client.refusal("get_watchable_list", **fields)


def test_a_pattern_made_to_take_long_does_not(client: FakeClient) -> None:
    started = time.monotonic()

    client.ask("get_watchable_list", filter={"name": "*a" * (LONGEST_PATTERNS // 2)})

    assert time.monotonic() - started < 10


def test_info_by_path_in_any_spelling(client: FakeClient) -> None:
    info = client.ask("get_watchable_info", watchables=["rpv/x10AB/", LARGE])["info"]

    expected = {"path": LARGE, "type": "rpv", "dtype": "uint64", "rpvid": 0x10AB}
    assert info == {
        "rpv/x10AB/": {**expected, "id": info[LARGE]["id"]},
        LARGE: {**expected, "id": info[LARGE]["id"]},
    }


@pytest.mark.parametrize("command", ["get_watchable_info", "subscribe_watchable"])
@pytest.mark.parametrize("path", ["/rpv/x9999", "/rpv/x10ab", "", "/", "\x00"])
def test_one_unknown_path_refuses_the_whole_request(
    server: Server, client: FakeClient, command: str, path: str
) -> None:
    assert repr(path) in client.refusal(command, watchables=[FLOAT, path])
    assert not server.subscriptions.watched


def test_an_unknown_path_without_a_device_says_so(server: Server, client: FakeClient) -> None:
    server.store.clear()
    server.device.profile = None

    assert "no device is connected" in client.refusal("subscribe_watchable", watchables=[FLOAT])


@pytest.mark.parametrize("command", ["get_watchable_info", "subscribe_watchable"])
def test_an_answer_about_many_paths_fits_into_a_message(client: FakeClient, command: str) -> None:
    sizes: list[int] = []
    for count in (MOST_PATHS, MOST_PATHS + 1):
        paths = ["/" * i + FLOAT for i in range(100)] * (count // 100 + 1)
        client.send(command, watchables=paths[:count])
        (answer,) = client.all()
        sizes.append(len(json.dumps(answer)))

    assert sizes[0] < MAX_MESSAGE_SIZE
    assert answer["cmd"] == "error"
    assert f"at most {MOST_PATHS}" in answer["msg"]


# ------------------------------------------------------------------ subscriptions


def test_subscribers_get_values(server: Server, client: FakeClient) -> None:
    (entry_id,) = client.subscribe(FLOAT)
    assert client.all() == []  # no copy of the last value

    server.read_from_device(FLOAT, 2.5)

    (update,) = client.all()
    assert (update["cmd"], update["reqid"]) == ("watchable_update", None)
    (value,) = update["updates"]
    assert (value["id"], value["v"]) == (entry_id, 2.5)


def test_a_value_that_json_cannot_write_has_a_reason(server: Server, client: FakeClient) -> None:
    client.subscribe(FLOAT)

    server.read_from_device(FLOAT, float("nan"))

    (value,) = client.all()[0]["updates"]
    assert (value["v"], value["r"]) == (None, "nan")


def test_subscribing_again_replaces_the_rate(server: Server, client: FakeClient) -> None:
    client.subscribe(FLOAT, rate=10)
    client.subscribe(FLOAT, rate=2)
    assert server.rate_of(FLOAT, client) == 2

    client.subscribe(FLOAT, rate=None)
    assert server.rate_of(FLOAT, client) is None


def test_subscriptions_beyond_a_limit_are_refused_as_a_whole(
    server: Server, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_SUBSCRIPTIONS", 2)
    client.subscribe(FLOAT)

    reason = client.refusal("subscribe_watchable", watchables=[FLOAT, SMALL, LARGE])
    assert reason.startswith("2 more subscriptions are too many: this client has 1, at most 2")
    assert [entry.path for entry in server.subscriptions.watched] == [FLOAT]

    client.subscribe(FLOAT, SMALL)


@pytest.mark.parametrize("rate", [0, -1, -0.0, "fast", True, [1]])
def test_a_rate_has_to_be_above_zero(server: Server, client: FakeClient, rate: Any) -> None:
    assert client.refusal("subscribe_watchable", watchables=[FLOAT], rate=rate)
    assert not server.subscriptions.watched


@pytest.mark.parametrize("rate", [5e-324, 1e308])
def test_extreme_rates_stay_usable_for_arithmetic(
    server: Server, client: FakeClient, rate: float
) -> None:
    client.subscribe(FLOAT, rate=rate)

    period = 1e9 / cast("float", server.rate_of(FLOAT, client))
    assert 1 <= period < 1e18


def test_unsubscribing_ends_the_values(server: Server, client: FakeClient) -> None:
    client.subscribe(FLOAT, SMALL)
    server.read_from_device(FLOAT, 1.0)  # marked, not yet sent

    client.send("unsubscribe_watchable", watchables=[FLOAT, LARGE])
    server.read_from_device(FLOAT, 2.0)
    server.read_from_device(SMALL, 3)

    answer, update = client.all()
    assert (answer["cmd"], answer["unsubscribed"]) == (
        "response_unsubscribe_watchable",
        [FLOAT, LARGE],
    )
    assert [value["v"] for value in update["updates"]] == [3]


def test_too_many_paths_cannot_be_unsubscribed_at_once(client: FakeClient) -> None:
    paths = [FLOAT] * (MOST_PATHS + 1)

    assert f"at most {MOST_PATHS}" in client.refusal("unsubscribe_watchable", watchables=paths)


def test_unsubscribing_an_unknown_path_changes_nothing(server: Server, client: FakeClient) -> None:
    client.subscribe(FLOAT)

    assert "/rpv/x9999" in client.refusal("unsubscribe_watchable", watchables=[FLOAT, "/rpv/x9999"])
    assert len(server.subscriptions.watched) == 1


def test_rates_can_be_changed(server: Server, client: FakeClient) -> None:
    first, second = client.subscribe(FLOAT, SMALL, rate=1)
    FakeClient(server).subscribe(SMALL, rate=20)

    answer = client.ask(
        "change_subscription_update_rate",
        changes=[{"id": first, "rate": None}, {"id": second, "rate": 2.5}],
    )

    assert answer["effective_rates"] == {first: None, second: 20.0}
    assert server.rate_of(SMALL, client) == 2.5


@pytest.mark.parametrize(
    "change",
    [
        {"id": "ffff", "rate": 1},
        {"id": "OTHER", "rate": 1},
        {"id": "OWN", "rate": 0},
        {"id": "OWN"},
        {"id": 5, "rate": 1},
    ],
)
def test_a_bad_change_of_rates_changes_nothing(
    server: Server, client: FakeClient, change: Message
) -> None:
    (own,) = client.subscribe(FLOAT, rate=1)
    (other,) = client.ids(SMALL)
    names = {"OWN": own, "OTHER": other}
    bad = {**change, "id": names.get(change["id"], change["id"])}

    assert client.refusal("change_subscription_update_rate", changes=[{"id": own, "rate": 9}, bad])
    assert server.rate_of(FLOAT, client) == 1


@pytest.mark.parametrize(("rate", "enabled"), [(500, True), (0.5, True), (0, False), (None, False)])
def test_throttling(client: FakeClient, rate: float | None, enabled: bool) -> None:
    answer = client.ask("set_throttling", update_rate=rate)

    assert answer["enabled"] is enabled
    assert answer["update_rate"] == (rate if enabled else None)


@pytest.mark.parametrize("fields", [{}, {"update_rate": -1}, {"update_rate": "1"}], ids=str)
def test_bad_throttling_is_refused(client: FakeClient, fields: Message) -> None:
    assert client.refusal("set_throttling", **fields)


def test_a_client_that_leaves_watches_nothing_any_more(server: Server, client: FakeClient) -> None:
    client.subscribe(FLOAT)

    server.hub.disconnect(client.session)
    server.device.on_status_changed()

    assert not server.subscriptions.watched
    assert not server.parts.clients
    assert client.all() == []


# ------------------------------------------------------------------ writing


def write_items(ids: list[str], *values: Any) -> list[Message]:
    return [
        {"batch_index": index, "watchable": entry_id, "value": value}
        for index, (entry_id, value) in enumerate(zip(ids, values, strict=True))
    ]


def test_a_batch_is_answered_then_each_item_is_completed(
    server: Server, client: FakeClient
) -> None:
    ids = client.ids(FLOAT, SMALL)

    client.send("write_watchable", reqid=8, updates=write_items(ids, 1.5, "0x1F"))

    answer, *completions = client.all()
    assert (answer["cmd"], answer["reqid"], answer["count"]) == ("response_write_watchable", 8, 2)
    assert [
        (c["cmd"], c["reqid"], c["request_token"], c["batch_index"], c["watchable"], c["success"])
        for c in completions
    ] == [
        ("inform_write_completion", None, answer["request_token"], index, ids[index], True)
        for index in (0, 1)
    ]
    assert completions[0]["failure_reason"] == ""
    assert completions[0]["completion_server_time_us"] > 0
    assert server.device.written == [(FLOAT, 1.5), (SMALL, 31)]


def test_confirmations_are_joined_for_who_wants_that(server: Server, client: FakeClient) -> None:
    other = FakeClient(server)
    (entry_id,) = other.subscribe(SMALL)
    server.device.is_slow = True
    client.send("write_watchable", updates=write_items([entry_id] * 3, 1, 2, 3), joined=True)
    answer = client.wait_for("response_write_watchable")

    server.device.answer()

    (confirmed,) = client.all()
    assert confirmed.pop("completion_server_time_us") > 0
    assert confirmed == {
        "cmd": "inform_writes_confirmed",
        "reqid": None,
        "request_token": answer["request_token"],
        "batch_indices": [0, 1, 2],
    }
    _, *completions = other.all()
    assert [completion["batch_index"] for completion in completions] == [0, 1, 2]


def test_a_failure_among_joined_confirmations_is_told_in_its_place(
    server: Server, client: FakeClient
) -> None:
    server.device.is_slow = True
    (entry_id,) = client.ids(SMALL)
    items = write_items([entry_id] * 3, 1, 2, 3)
    client.send("write_watchable", updates=items, joined=True)
    client.wait_for("response_write_watchable")

    server.device.answer(1)
    server.device.refusal = "read only"
    server.device.answer(1)
    server.device.refusal = ""
    server.device.answer(1)

    first, failed, last = client.all()
    assert (first["batch_indices"], last["batch_indices"]) == ([0], [2])
    assert failed["cmd"] == "inform_write_completion"
    assert (failed["batch_index"], failed["failure_reason"]) == (1, "read only")


def test_a_watcher_gets_the_value_before_the_completion(server: Server, client: FakeClient) -> None:
    other, stranger = FakeClient(server), FakeClient(server)
    (entry_id,) = other.subscribe(SMALL)
    client.subscribe(SMALL)

    client.send("write_watchable", updates=write_items([entry_id], 300))

    assert [message["cmd"] for message in client.all()] == [
        "response_write_watchable",
        "watchable_update",
        "inform_write_completion",
    ]
    update, completion = other.all()
    assert update["updates"][0]["v"] == 255  # saturated
    assert completion["cmd"] == "inform_write_completion"
    assert stranger.all() == []


def test_a_single_write_is_announced_in_one_piece_with_its_end(
    server: Server, client: FakeClient
) -> None:
    server.device.is_slow = True
    client.send("write_watchable", updates=write_items(client.ids(SMALL), 3))
    server.turn()
    assert client.all() == []

    server.device.answer()

    assert [message["cmd"] for message in client.all()] == [
        "response_write_watchable",
        "inform_write_completion",
    ]


def test_a_single_write_that_takes_long_is_announced_before_its_end(
    server: Server, client: FakeClient
) -> None:
    server.device.is_slow = True
    client.send("write_watchable", updates=write_items(client.ids(SMALL), 3))
    token = client.wait_for("response_write_watchable")["request_token"]

    server.device.answer()

    (completion,) = client.all()
    assert completion["cmd"] == "inform_write_completion"
    assert completion["request_token"] == token


def test_a_write_is_answered_behind_its_value_and_before_others(
    server: Server, client: FakeClient
) -> None:
    client.subscribe(SMALL, FLOAT)
    server.device.is_slow = True
    client.send("write_single_watchable", server_path=SMALL, value=3)
    client.all()
    client.session.client.feed.mark(server.store.published)

    server.device.answer()

    update, answer, *_ = client.all()
    assert [one["v"] for one in update["updates"]] == [3]
    assert answer["cmd"] == "response_write_single_watchable"


def test_failures_have_their_reason(server: Server, client: FakeClient) -> None:
    server.device.refusal = "the device did not answer"
    ids = client.ids(FLOAT)

    client.send("write_watchable", updates=write_items(ids, 1))

    completion = client.all()[-1]
    assert not completion["success"]
    assert completion["failure_reason"] == "the device did not answer"


def test_an_empty_batch_is_accepted(client: FakeClient) -> None:
    assert client.ask("write_watchable", updates=[])["count"] == 0


def test_the_ends_of_many_writes_are_told_over_several_turns(
    server: Server, client: FakeClient
) -> None:
    count = 2 * LARGEST_REPORT + 1
    (entry_id,) = client.ids(SMALL)
    server.device.is_slow = True
    client.send("write_watchable", updates=write_items([entry_id] * count, *[7] * count))
    while not client.has_received(lambda message: message["cmd"] == "response_write_watchable"):
        server.turn()
    client.all()

    server.device.answer()
    parts: list[list[Message]] = []
    while sum(map(len, parts)) < count:
        parts.append(client.all())

    assert max(map(len, parts)) == LARGEST_REPORT
    told = [message["batch_index"] for part in parts for message in part]
    assert told == list(range(count))


def test_the_same_entry_is_written_as_often_as_asked(server: Server, client: FakeClient) -> None:
    (entry_id,) = client.ids(SMALL)

    client.send("write_watchable", updates=write_items([entry_id] * 3, 1, 2, 1))

    assert [value for _, value in server.device.written] == [1, 2, 1]


@pytest.mark.parametrize(
    ("path", "value", "written"),
    [
        (SMALL, -1, 0),
        (SMALL, 3.9, 3),
        (SMALL, True, 1),
        (SMALL, 10**400, 255),
        (FLOAT, 1e300, FLOAT32_MAX),
        (FLOAT, -(10**400), -FLOAT32_MAX),
        (FLOAT, "1e39", FLOAT32_MAX),
        (LARGE, 2**64 - 1, 2**64 - 1),
        (LARGE, str(2**63 + 1), 2**63 + 1),
        (SWITCH, 0.5, False),
        (SWITCH, "TRUE", True),
    ],
)
def test_values_are_made_to_fit(
    server: Server, client: FakeClient, path: str, value: Any, written: Value
) -> None:
    client.send("write_watchable", updates=write_items(client.ids(path), value))

    assert client.all()[-1]["success"]
    assert server.device.written == [(path, written)]


@pytest.mark.parametrize(
    "bad",
    [
        {"batch_index": 1, "watchable": "ffff", "value": 1},
        {"batch_index": 0, "watchable": "SMALL", "value": 1},
        {"watchable": "SMALL", "value": 1},
        {"batch_index": "1", "watchable": "SMALL", "value": 1},
        {"batch_index": 1, "watchable": "SMALL"},
        {"batch_index": 1, "watchable": "SMALL", "value": None},
        {"batch_index": 1, "watchable": "SMALL", "value": []},
        {"batch_index": 1, "watchable": "SMALL", "value": {}},
        {"batch_index": 1, "watchable": "SMALL", "value": ""},
        {"batch_index": 1, "watchable": "SMALL", "value": "ON"},
        {"batch_index": 1, "watchable": "SMALL", "value": "nan"},
        {"batch_index": 1, "watchable": "SMALL", "value": "1e999"},
        {"batch_index": 1, "watchable": 5, "value": 1},
        5,
    ],
    ids=str,
)
def test_one_bad_item_refuses_the_whole_batch(server: Server, client: FakeClient, bad: Any) -> None:
    (good,) = client.ids(SMALL)
    if isinstance(bad, dict) and cast("Message", bad).get("watchable") == "SMALL":
        bad = {**cast("Message", bad), "watchable": good}
    first = {"batch_index": 0, "watchable": good, "value": 1}

    assert client.refusal("write_watchable", updates=[first, bad])
    assert server.device.written == []


def test_a_single_write_is_answered_when_it_is_done(server: Server, client: FakeClient) -> None:
    server.device.is_slow = True
    client.send("write_single_watchable", reqid=4, server_path=SMALL, value="12")
    assert client.all() == []

    server.device.answer()

    assert client.all() == [
        {
            "cmd": "response_write_single_watchable",
            "reqid": 4,
            "success": True,
            "failure_reason": "",
        }
    ]


def test_a_single_write_that_fails_is_an_answer(server: Server, client: FakeClient) -> None:
    server.device.refusal = "read only"

    answer = client.ask("write_single_watchable", server_path=SMALL, value=1)

    assert (answer["success"], answer["failure_reason"]) == (False, "read only")


@pytest.mark.parametrize(("path", "value"), [("/rpv/x9999", 1), (SMALL, "abc"), (SMALL, None)])
def test_a_bad_single_write_is_refused(
    server: Server, client: FakeClient, path: str, value: Any
) -> None:
    assert client.refusal("write_single_watchable", server_path=path, value=value)
    assert server.device.written == []


def test_what_a_client_wrote_is_executed_after_it_left(server: Server, client: FakeClient) -> None:
    server.device.is_slow = True
    watcher = FakeClient(server)
    (entry_id,) = watcher.subscribe(SMALL)
    client.send("write_watchable", updates=write_items([entry_id], 9))
    client.send("write_single_watchable", server_path=LARGE, value=7)
    client.all()

    server.hub.disconnect(client.session)
    server.device.answer()

    assert server.device.written == [(SMALL, 9), (LARGE, 7)]
    assert [message["cmd"] for message in watcher.all()] == [
        "watchable_update",
        "inform_write_completion",
    ]
    assert client.all() == []


# ------------------------------------------------------------------ memory and user commands


def test_memory_is_read(client: FakeClient) -> None:
    client.send("read_memory", reqid=6, address=16, size=4)

    answer, completion = client.all()
    assert (answer["cmd"], answer["reqid"]) == ("response_read_memory", 6)
    assert completion["cmd"] == "inform_memory_read_complete"
    assert completion["request_token"] == answer["request_token"]
    assert completion["success"]
    assert base64.b64decode(completion["data"]) == bytes([16, 17, 18, 19])
    assert completion["detail_msg"] is None
    assert completion["completion_server_time_us"] > 0


@pytest.mark.parametrize(
    ("size", "success"), [(1 << 17, True), ((1 << 17) + 1, False), (2**70, False)]
)
def test_reads_have_a_limit(client: FakeClient, size: int, success: bool) -> None:
    client.send("read_memory", address=0, size=size)

    completion = client.all()[-1]
    assert completion["success"] is success
    assert bool(completion["detail_msg"]) is not success
    assert (completion["data"] is None) is not success


def test_memory_is_written(server: Server, client: FakeClient) -> None:
    client.send("write_memory", reqid=6, address=16, data="AQI=")

    answer, completion = client.all()
    assert (answer["cmd"], answer["reqid"]) == ("response_write_memory", 6)
    assert completion["cmd"] == "inform_memory_write_complete"
    assert completion["request_token"] == answer["request_token"]
    assert completion["success"]
    assert server.device.memory[15:19] == bytes([15, 1, 2, 18])


@pytest.mark.parametrize(
    ("command", "fields"),
    [("read_memory", {"size": 4}), ("write_memory", {"data": "AA=="})],
)
def test_memory_that_the_device_refuses(
    server: Server, client: FakeClient, command: str, fields: Message
) -> None:
    server.device.refusal = "forbidden region"

    client.send(command, address=0, **fields)

    completion = client.all()[-1]
    assert (completion["success"], completion["detail_msg"]) == (False, "forbidden region")


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("read_memory", {"address": -1, "size": 1}),
        ("read_memory", {"address": 2**64, "size": 1}),
        ("read_memory", {"address": 0, "size": 0}),
        ("read_memory", {"address": 0, "size": -1}),
        ("read_memory", {"address": 0}),
        ("read_memory", {"address": 0.5, "size": 1}),
        ("read_memory", {"address": True, "size": 1}),
        ("write_memory", {"address": -1, "data": "AA=="}),
        ("write_memory", {"address": 0, "data": ""}),
        ("write_memory", {"address": 0, "data": "AA"}),
        ("write_memory", {"address": 0, "data": "A A=="}),
        ("write_memory", {"address": 0, "data": "AA==\n"}),
        ("write_memory", {"address": 0, "data": "AA==AA=="}),
        ("write_memory", {"address": 0, "data": "_-8="}),
        ("write_memory", {"address": 0, "data": "\u00e9"}),
        ("write_memory", {"address": 0, "data": 5}),
        ("user_command", {"subfunction": -1}),
        ("user_command", {"subfunction": 256}),
        ("user_command", {"subfunction": 1, "data": "?"}),
        ("user_command", {"subfunction": 1, "data": None}),
        ("user_command", {"subfunction": "1"}),
    ],
    ids=str,
)
def test_bad_requests_for_memory_and_commands_are_refused(
    server: Server, client: FakeClient, command: str, fields: Message
) -> None:
    before = bytes(server.device.memory)

    assert client.refusal(command, **fields)
    assert bytes(server.device.memory) == before


def test_a_user_command_is_answered(client: FakeClient) -> None:
    answer = client.ask("user_command", subfunction=255, data="AAE=")

    assert answer == {
        "cmd": "response_user_command",
        "reqid": 5,
        "subfunction": 255,
        "data": base64.b64encode(b"\xff\x00\x01").decode(),
    }


def test_user_commands_that_cannot_be_done(server: Server, client: FakeClient) -> None:
    too_long = base64.b64encode(bytes(129)).decode()
    assert "129 octets" in client.refusal("user_command", subfunction=1, data=too_long)

    server.device.refusal = "the device answers FAILURE_TO_PROCEED"
    assert "FAILURE" in client.refusal("user_command", subfunction=1)

    server.device.profile = replace(PROFILE, features=FeatureBits(0))
    assert "without user commands" in client.refusal("user_command", subfunction=1)

    server.device.profile = None
    assert "no device" in client.refusal("user_command", subfunction=1)


# ------------------------------------------------------------------ operations in flight


@pytest.mark.parametrize(
    ("command", "fields", "limit"),
    [
        ("write_single_watchable", {"server_path": SMALL, "value": 1}, MOST_WRITES),
        ("read_memory", {"address": 0, "size": 1}, MOST_MEMORY_TRANSFERS),
        ("write_memory", {"address": 0, "data": "AA=="}, MOST_MEMORY_TRANSFERS),
        ("user_command", {"subfunction": 1}, MOST_USER_COMMANDS),
    ],
)
def test_a_client_that_does_not_wait_is_refused(
    server: Server, client: FakeClient, command: str, fields: Message, limit: int
) -> None:
    server.device.is_slow = True
    for _ in range(limit):
        client.send(command, **fields)
    client.all()

    refusal = client.refusal(command, **fields)
    assert f"at most {limit} may be in flight" in refusal
    assert "wait for completions" in refusal
    server.device.answer()
    client.all()

    server.device.is_slow = False
    client.send(command, **fields)
    assert "error" not in [message["cmd"] for message in client.all()]


def test_a_batch_that_is_too_large_is_refused_as_a_whole(
    server: Server, client: FakeClient
) -> None:
    server.device.is_slow = True
    other = FakeClient(server)
    (entry_id,) = client.ids(SMALL)
    count = MOST_WRITES // 10  # of one message, which has a limit of its own
    updates = [{"batch_index": i, "watchable": entry_id, "value": 1} for i in range(count)]
    for _ in range(10):
        client.send("write_watchable", updates=updates)
    assert [reply["count"] for reply in client.all()] == [count] * 10

    assert "1 more writes" in client.refusal("write_watchable", updates=updates[:1])
    assert other.answer_to("write_watchable", updates=updates[:1])["count"] == 1

    server.device.refusal = "the device is gone"
    server.device.answer()
    ended = 0
    while ended < MOST_WRITES:
        ended += len(client.all())
    assert ended == MOST_WRITES
    assert client.ask("write_watchable", updates=updates)["count"] == count


def test_long_lists_do_not_pile_up(server: Server, client: FakeClient) -> None:
    server.store.clear()
    server.store.load_published(
        PublishedValue(i, DataType.UINT8) for i in range(3 * PATHS_PER_STEP)
    )
    server.step_s = SLICE_S
    for _ in range(MOST_LISTS + 1):
        client.send("get_watchable_list", filter={"name": "nothing"})

    (refused,) = client.all()
    assert "1 more lists are too many" in refused["msg"]
    ended = 0
    while ended < MOST_LISTS:
        ended += len(client.all())
    server.step_s = 0
    assert client.ask("get_watchable_list", filter={"type": ["var"]})["done"]
