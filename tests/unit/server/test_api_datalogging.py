"""Recordings, as clients ask for them, see them, and end them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from scrutiny.core.enums import Enumeration
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias, BitField, Variable
from scrutiny.firmware_link.codes import DatalogControlFunction as Function
from scrutiny.firmware_link.profile import MemoryRegion
from scrutiny.server.api.limits import (
    LONGEST_NAME,
    MOST_LOGGED_SIGNALS,
    MOST_RECORDINGS,
    MOST_RECORDINGS_OF_ALL,
)
from scrutiny.server.datalogging import logger_link

from ...support.api_bench import FakeClient, Message, Server
from ...support.simulated_logger import LEVEL_ADDRESS, MEMORY, TICK_ADDRESS, SimulatedLogger
from .conftest import ListedDescription

ID: Final = bytes(range(16)).hex()
LEVELS: Final = Enumeration("Level", {"LOW": 0, "HIGH": 9})
POINTER: Final = Variable("/pointer", DataType.PTR32, "little", MEMORY + 32)
DESCRIPTION: Final = ListedDescription(
    [
        Variable("/tick", DataType.UINT32, "little", TICK_ADDRESS),
        Variable("/level", DataType.UINT8, "little", LEVEL_ADDRESS, enum=LEVELS),
        Variable("/flags", DataType.UINT32, "little", TICK_ADDRESS, BitField(0, 3)),
        POINTER,
        Variable("/*pointer", DataType.UINT8, "little", 0, pointer=POINTER),
        *(Variable(f"/table/{i}", DataType.UINT8, "little", MEMORY + 64 + i) for i in range(20)),
        *(Variable(f"/far/{i}", DataType.UINT8, "little", MEMORY + 90 + 2 * i) for i in range(20)),
    ],
    [Alias("/half", "/tick", "var", gain=0.5)],
)

AT_ONCE: Final[Message] = {"condition": "true", "operands": []}
AT_LEVEL_9: Final[Message] = {
    "condition": "get",
    "operands": [{"type": "watchable", "value": "/level"}, {"type": "literal", "value": 9}],
}


def wish(*paths: str, **changes: Any) -> Message:
    """Return the fields of a request."""
    fields: Message = {
        "name": "test",
        "sampling_rate_id": 0,
        "decimation": 1,
        "timeout": 0,
        "trigger_hold_time": 0,
        "probe_location": 0.5,
        **AT_LEVEL_9,
        "yaxes": [{"id": 0, "name": "ticks"}],
        "signals": [{"path": path, "axis_id": 0, "name": path} for path in paths or ("/tick",)],
        "x_axis_type": "index",
        "x_axis_signal": None,
        "queue": True,
    }
    return fields | changes


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(logger_link, "SHORTEST_POLL_NS", 1_000_000)
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def logger(server: Server) -> SimulatedLogger:
    logger = server.device.install_logger(server.loop)
    server.device.attach_description(DESCRIPTION, ID)
    server.run_until(lambda: logger.asked)  # it is reset
    logger.asked.clear()
    return logger


@pytest.fixture
def client(server: Server, logger: SimulatedLogger) -> FakeClient:
    return FakeClient(server, "10.0.0.1:1234")


def request(client: FakeClient, **fields: Any) -> str:
    """Ask for a recording, and return its token."""
    answer = client.answer_to("request_datalogging_acquisition", **wish(**fields))
    assert answer["cmd"] == "response_request_datalogging_acquisition", answer
    return str(answer["request_token"])


def refusal(client: FakeClient, *paths: str, **fields: Any) -> str:
    answer = client.answer_to("request_datalogging_acquisition", **wish(*paths, **fields))
    assert answer["cmd"] == "error", answer
    assert answer["request_cmd"] == "request_datalogging_acquisition"
    return str(answer["msg"])


def requests(client: FakeClient) -> list[Message]:
    answer = client.answer_to("list_datalogging_requests")
    assert answer["cmd"] == "response_list_datalogging_requests"
    listed: list[Message] = answer["requests"]
    return listed


def wait_for_state(client: FakeClient, state: str) -> Message:
    """Return the first status that tells a state of the datalogger."""
    while True:
        status = client.wait_for("inform_server_status")
        told: Message = status["datalogging_status"]
        if told["datalogging_state"] == state:
            return told


def states(messages: list[Message]) -> list[str]:
    told = [m for m in messages if m["cmd"] == "inform_server_status"]
    found = [m["datalogging_status"]["datalogging_state"] for m in told]
    return [state for i, state in enumerate(found) if i == 0 or found[i - 1] != state]


def point_to(logger: SimulatedLogger, address: int) -> None:
    """Change where the pointer leads to."""
    logger.write(POINTER.address, address.to_bytes(4, "little"))


def complete(client: FakeClient, logger: SimulatedLogger) -> Message:
    """Let the device trigger, and return how the recording ended."""
    logger.set_level(9)
    logger.iterate(100)
    return client.wait_for("inform_datalogging_acquisition_complete")


# --------------------------------------------------------------------- from request to result


def test_a_recording_is_answered_at_once_and_completed_later(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    other = FakeClient(server)
    token = request(client)
    wait_for_state(client, "waiting_for_trigger")

    ended = complete(client, logger)

    assert (ended["request_token"], ended["success"], ended["detail_msg"]) == (token, True, "")
    wait_for_state(client, "standby")
    messages = other.all()
    assert states(messages) == ["waiting_for_trigger", "downloading", "standby"]
    changed = [m for m in messages if m["cmd"] == "inform_datalogging_list_changed"]
    assert [(m["action"], m["reference_id"]) for m in changed] == [("new", ended["reference_id"])]
    assert "inform_datalogging_acquisition_complete" not in {m["cmd"] for m in messages}
    content = client.answer_to(
        "read_datalogging_acquisition_content", reference_id=ended["reference_id"]
    )
    assert content["signals"][0]["data"] == list(range(1, 17))
    assert content["trigger_index"] is not None


def test_the_list_is_told_before_the_completion(
    client: FakeClient, logger: SimulatedLogger
) -> None:
    request(client)
    wait_for_state(client, "waiting_for_trigger")
    logger.set_level(9)
    logger.iterate(100)
    changed = client.wait_for("inform_datalogging_list_changed")
    ended = client.wait_for("inform_datalogging_acquisition_complete")
    assert ended["reference_id"] == changed["reference_id"]


@pytest.mark.parametrize(
    ("x_axis", "name", "watchable"),
    [
        ({"x_axis_type": "index"}, "Index", None),
        ({"x_axis_type": "ideal_time"}, "Time (ideal)", None),
        ({"x_axis_type": "measured_time"}, "Time (measured)", None),
        (
            {"x_axis_type": "signal", "x_axis_signal": {"path": "/half"}},
            "X-Axis",
            {"path": "/half", "type": "alias"},
        ),
        (
            {"x_axis_type": "signal", "x_axis_signal": {"path": "tick/", "name": "ticks"}},
            "ticks",
            {"path": "/tick", "type": "var"},
        ),
    ],
)
def test_every_x_axis(
    client: FakeClient, logger: SimulatedLogger, x_axis: Message, name: str, watchable: Any
) -> None:
    request(client, **x_axis)
    wait_for_state(client, "waiting_for_trigger")
    reference_id = complete(client, logger)["reference_id"]
    x = client.answer_to("read_datalogging_acquisition_content", reference_id=reference_id)["xdata"]
    assert (x["name"], x["watchable"]) == (name, watchable)
    steps = [after - before for before, after in zip(x["data"], x["data"][1:], strict=False)]
    step = {"Index": 1, "X-Axis": 0.5, "ticks": 1}.get(name, 0.001)
    assert steps == pytest.approx([step] * len(steps))


def test_names_of_values_and_signals_without_a_name(
    client: FakeClient, logger: SimulatedLogger
) -> None:
    operands = [{"type": "watchable", "value": "/level"}, {"type": "literal", "value": "HIGH"}]
    signals = [{"path": "/half", "axis_id": 7}]
    request(
        client,
        condition="eq",
        operands=operands,
        signals=signals,
        yaxes=[{"id": 7, "name": "a"}, {"id": -3, "name": ""}],
        name=None,
        timeout=1.0,
        sampling_rate_id=0.0,
        decimation=2.0,
        probe_location=1,
    )
    wait_for_state(client, "waiting_for_trigger")
    reference_id = complete(client, logger)["reference_id"]
    content = client.answer_to("read_datalogging_acquisition_content", reference_id=reference_id)
    assert (content["name"], content["signals"][0]["name"]) == ("", "unnamed")
    assert content["signals"][0]["watchable"] == {"path": "/half", "type": "alias"}
    assert content["yaxes"] == [{"id": 7, "name": "a"}, {"id": -3, "name": ""}]
    (listed,) = client.answer_to("list_datalogging_acquisitions", count=10)["acquisitions"]
    assert listed["name"] == ""  # never null, which stock clients cannot read


def test_a_variable_behind_a_pointer_is_found_when_it_is_recorded(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    point_to(logger, 0)
    assert "the pointer /pointer is null" in refusal(client, "/*pointer")
    point_to(logger, LEVEL_ADDRESS)
    request(client, signals=[{"path": "/*pointer", "axis_id": 0}], **AT_ONCE)
    wait_for_state(client, "waiting_for_trigger")
    reference_id = complete(client, logger)["reference_id"]
    content = client.answer_to("read_datalogging_acquisition_content", reference_id=reference_id)
    assert content["signals"][0]["data"] == [9] * len(content["signals"][0]["data"])


# --------------------------------------------------------------------- refusals

NAN, HUGE = float("nan"), 10**30


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"decimation": 0}, "decimation is 0, not a whole number within 1 to 65535"),
        ({"decimation": 65536}, "decimation is 65536"),
        ({"decimation": 1.5}, "decimation is 1.5"),
        ({"decimation": 1e300}, "decimation is 1e+300"),
        ({"sampling_rate_id": 1}, "no loop 1; sampling rates are 0 (control)"),
        ({"sampling_rate_id": -1}, "sampling_rate_id is -1"),
        ({"sampling_rate_id": HUGE}, "sampling_rate_id is 1"),
        ({"timeout": 429.1}, "timeout is 429.1, not within 0 to 429"),
        ({"timeout": -1}, "timeout is -1"),
        ({"trigger_hold_time": 1e9}, "trigger_hold_time is 1000000000.0"),
        ({"probe_location": 1.01}, "probe_location is 1.01, not within 0 to 1"),
        ({"condition": "=="}, "unknown condition '=='; use true, eq,"),
        ({"condition": "eq", "operands": []}, "takes 2 operands, not 0"),
        ({"operands": [{"type": "literal", "value": 1}] * 4}, "no condition takes more than 3"),
        ({"operands": [{"type": "watchable", "value": 5}] * 2}, "is 5, not a path"),
        ({"operands": [{"type": "watchable", "value": "/x"}] * 2}, "unknown watchable '/x'"),
        ({"operands": [{"type": "literal", "value": 1e39}] * 2}, "no finite 32-bit float"),
        ({"yaxes": [{"id": -1, "name": ""}]}, "cannot have the id -1"),
        ({"yaxes": [{"id": 0, "name": ""}] * 2}, "two axes have the same id"),
        ({"yaxes": [{"id": HUGE, "name": ""}]}, "cannot have the id"),
        ({"yaxes": []}, "is on axis 0, which is not in yaxes"),
        ({"signals": []}, "signals is empty"),
        ({"signals": [{"path": "/none", "axis_id": 0}]}, "unknown watchable '/none'"),
        ({"x_axis_type": "time"}, "unknown x_axis_type 'time'; use index"),
        ({"x_axis_type": "signal"}, "x_axis_signal is missing"),
        ({"name": "x" * (LONGEST_NAME + 1)}, f"at most {LONGEST_NAME}"),
        ({"requested_by": "x" * (LONGEST_NAME + 1)}, f"at most {LONGEST_NAME}"),
    ],
)
def test_what_makes_no_sense_is_refused(client: FakeClient, changes: Message, text: str) -> None:
    assert text in refusal(client, **changes)
    assert requests(client) == []


def test_too_many_signals_are_refused(client: FakeClient) -> None:
    signal = {"path": "/tick", "axis_id": 0}
    text = refusal(client, signals=[signal] * (MOST_LOGGED_SIGNALS + 1))
    assert f"at most {MOST_LOGGED_SIGNALS}" in text
    assert "17 signals are too many" in refusal(client, *[f"/far/{i}" for i in range(17)])
    request(client, signals=[{"path": f"/table/{i}", "axis_id": 0} for i in range(20)])


def test_what_the_firmware_protects_is_refused_with_the_region(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    region = MemoryRegion(MEMORY, MEMORY + 7)
    server.device.become_ready(replace(logger.described(), forbidden_regions=(region,)))
    assert "/tick cannot be recorded, forbidden: the firmware protects 0x20000000" in refusal(
        client
    )
    operands = [{"type": "watchable", "value": "/flags"}, {"type": "literal", "value": 1}]
    assert "0x20000000" in refusal(client, "/level", condition="eq", operands=operands)


def test_a_device_is_needed_and_one_with_a_datalogger(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    server.device.become_ready(logger.described(datalog_buffer_size=0))
    assert "built without datalogging" in refusal(client)
    server.device.disappear()
    assert "no device is connected" in refusal(client)


def test_a_device_that_goes_while_a_pointer_is_read(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    server.device.is_slow = True
    client.send("request_datalogging_acquisition", reqid=3, **wish("/*pointer"))
    client.all()
    server.device.disappear()
    server.device.answer()
    error = client.wait_for("error")
    assert (error["reqid"], "disconnected meanwhile" in error["msg"]) == (3, True)


# --------------------------------------------------------------------- the queue


def test_everybody_sees_what_waits_and_can_cancel_it(server: Server, client: FakeClient) -> None:
    other = FakeClient(server, "10.0.0.2:99")
    first = request(client, requested_by="scope", name="first")
    second = request(client, name="second")
    wait_for_state(other, "waiting_for_trigger")

    listed = requests(other)

    assert [(r["name"], r["state"], r["owner"]) for r in listed] == [
        ("first", "waiting_for_trigger", "scope (10.0.0.1:1234)"),
        ("second", "queued", "10.0.0.1:1234"),
    ]
    assert [r["request_token"] for r in listed] == [first, second]
    assert {r["is_mine"] for r in listed} == {False}
    assert {r["is_mine"] for r in requests(client)} == {True}
    assert all(r["is_owner_connected"] and r["completion_ratio"] is None for r in listed)
    for token in (second, first):
        answer = other.answer_to("cancel_datalogging_request", request_token=token)
        assert answer["cmd"] == "response_cancel_datalogging_request"
        ended = client.wait_for("inform_datalogging_acquisition_complete")
        assert (ended["request_token"], ended["success"]) == (token, False)
        assert (ended["reference_id"], ended["detail_msg"]) == (None, "cancelled by 10.0.0.2:99")
    assert requests(other) == []
    answer = other.answer_to("cancel_datalogging_request", request_token=first)
    assert "may have ended" in answer["msg"]
    wait_for_state(client, "standby")


def test_a_client_cannot_write_lines_of_its_own_into_the_log(client: FakeClient) -> None:
    request(client, requested_by="scope\nWARNING all is lost\x1b[2J")
    assert requests(client)[0]["owner"] == "scope?WARNING all is lost?[2J (10.0.0.1:1234)"


def test_a_request_of_another_client_cancels_nothing(server: Server, client: FakeClient) -> None:
    other = FakeClient(server)
    first = request(client, queue=False)
    second = request(other, queue=False)
    third = request(client, queue=False)  # but this client could not cancel its first one
    ended = client.wait_for("inform_datalogging_acquisition_complete")
    assert (ended["request_token"], ended["success"]) == (first, False)
    assert "replaced by a newer request of the same client" in ended["detail_msg"]
    assert [r["request_token"] for r in requests(client)] == [second, third]


def test_a_client_that_leaves_takes_along_what_only_waits(
    server: Server, client: FakeClient
) -> None:
    other = FakeClient(server)
    request(client, name="under way")
    request(client, name="waits")
    wait_for_state(other, "waiting_for_trigger")
    server.hub.disconnect(client.session)
    (left,) = requests(other)
    assert (left["name"], left["is_owner_connected"], left["is_mine"]) == (
        "under way",
        False,
        False,
    )
    request(other, name="next")
    assert [r["name"] for r in requests(other)] == ["next"]


def test_the_order_of_requests_is_that_of_the_client(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    point_to(logger, LEVEL_ADDRESS)
    server.device.is_slow = True
    signals = [{"path": "/*pointer", "axis_id": 0}]
    client.send("request_datalogging_acquisition", **wish(signals=signals, name="pointer"))
    client.send("request_datalogging_acquisition", **wish(name="plain"))
    client.all()
    assert requests(client) == []
    server.device.answer()
    server.run_until(lambda: len(server.recordings.requests) == 2)
    server.device.is_slow = False
    server.device.answer()
    assert [r.wanted.name for r in server.recordings.requests] == ["pointer", "plain"]


def test_the_number_of_requests_is_limited(
    server: Server, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MOST_RECORDINGS):
        request(client)
    assert f"at most {MOST_RECORDINGS} may wait" in refusal(client)
    request(client, queue=False)  # it takes their place
    assert len(requests(client)) == 1
    others = [FakeClient(server) for _ in range(MOST_RECORDINGS_OF_ALL // MOST_RECORDINGS)]
    while len(server.recordings.requests) < MOST_RECORDINGS_OF_ALL:
        request(others[len(server.recordings.requests) // MOST_RECORDINGS])
    assert "try again later" in refusal(FakeClient(server))
    request(client, queue=False)


# --------------------------------------------------------------------- status


def test_nothing_more_is_recorded_when_the_database_has_its_size(
    server: Server, client: FakeClient, logger: SimulatedLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    request(client)
    wait_for_state(client, "waiting_for_trigger")
    assert complete(client, logger)["success"]
    monkeypatch.setattr(server.acquisitions, "_largest_size", 1 << 10)

    text = refusal(client)

    assert "this server keeps no more than 0 MiB" in text
    assert "scrutiny delete-datalog" in text
    assert "datalogging.max_database_mib" in text
    monkeypatch.undo()
    request(client)


def test_the_status_tells_the_state_of_the_datalogger(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    def told() -> Message:
        status: Message = client.answer_to("get_server_status")["datalogging_status"]
        return status

    assert told() == {"datalogging_state": "standby", "completion_ratio": None}
    request(client, probe_location=0)
    assert wait_for_state(client, "waiting_for_trigger")["completion_ratio"] is None
    assert told()["datalogging_state"] == "waiting_for_trigger"
    logger.set_level(9)
    logger.iterate(9)
    wait_for_state(client, "acquiring")
    server.run_until(lambda: server.recordings.status.completion)
    assert 0 < told()["completion_ratio"] < 1
    late = FakeClient(server)
    assert late.answer_to("get_server_status")["datalogging_status"] == told()


def test_the_loss_of_a_device_is_told_once(
    server: Server, client: FakeClient, logger: SimulatedLogger
) -> None:
    request(client)
    wait_for_state(client, "waiting_for_trigger")
    client.all()
    logger.break_off()
    server.device.disappear()
    (status,) = [m for m in client.all() if m["cmd"] == "inform_server_status"]
    assert status["datalogging_status"]["datalogging_state"] == "unavailable"

    server.device.become_ready(logger.described())
    assert states(client.all()) == ["waiting_for_trigger"]
    assert [r["state"] for r in requests(client)] == ["waiting_for_trigger"]
    assert Function.CONFIGURE in logger.asked
    assert complete(client, logger)["success"]


def test_the_features_are_told_in_the_welcome(client: FakeClient) -> None:
    features = client.welcome[0]["features"]
    assert {"datalogging", "datalogging_queue", "datalogging_download"} <= set(features)


def test_the_capabilities_are_told_with_the_device(client: FakeClient) -> None:
    info = client.answer_to("get_device_info")["device_info"]
    assert info["datalogging_capabilities"] == {
        "encoding": "raw",
        "buffer_size": 64,
        "max_nb_signal": 16,
        "sampling_rates": [
            {"identifier": 0, "name": "control", "type": "fixed_freq", "frequency": 1000.0}
        ],
    }
