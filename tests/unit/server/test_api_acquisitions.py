"""Stored acquisitions, as clients list, fetch, rename and delete them."""

from __future__ import annotations

import base64
import json
import math
import struct
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.datalogging import Acquisition, Series
from scrutiny.server.api.limits import LONGEST_NAME, MOST_FETCHES, MOST_LISTED
from scrutiny.server.datalogging.firmware_names import firmware_name

from ...support.acquisitions import (
    EVERY_TYPE,
    FIRMWARE_ID,
    OTHER_FIRMWARE_ID,
    TIME_S,
    acquisition,
)
from ...support.api_bench import FakeClient, Message, Server
from ...support.small_package import car_map, write_package

LARGE: Final = array("q", range(40_000))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> FakeClient:
    return FakeClient(server)


def store(server: Server, *acquisitions: Acquisition) -> list[str]:
    for one in acquisitions:
        server.loop.run_until_complete(server.acquisitions.add(one))
    return [one.reference_id for one in acquisitions]


def listed(client: FakeClient, **fields: Any) -> list[Message]:
    answer = client.answer_to("list_datalogging_acquisitions", **fields)
    assert answer["cmd"] == "response_list_datalogging_acquisitions", answer
    found: list[Message] = answer["acquisitions"]
    return found


def refusal(client: FakeClient, cmd: str, **fields: Any) -> str:
    answer = client.answer_to(cmd, **fields)
    assert (answer["cmd"], answer["request_cmd"]) == ("error", cmd), answer
    return str(answer["msg"])


# --------------------------------------------------------------------- lists


def test_what_is_stored_is_listed_newest_first(server: Server, client: FakeClient) -> None:
    assert listed(client, count=10) == []
    old, new = store(
        server, acquisition(name=""), replace(acquisition(name="second"), time_s=TIME_S + 1)
    )

    found = listed(client, count=10)

    assert [one["reference_id"] for one in found] == [new, old]
    assert found[1] == {
        "reference_id": old,
        "firmware_id": FIRMWARE_ID,
        "name": "",
        "timestamp": TIME_S,
        "firmware_metadata": None,
        "firmware_name": "Pump controller V3.1",
        "point_count": 5,
        "signals": ["y0", "y1", "y2"],
    }
    assert [one["reference_id"] for one in listed(client, count=1)] == [new]
    assert listed(client, count=0) == []


def test_lists_can_be_filtered(server: Server, client: FakeClient) -> None:
    one, other = store(
        server,
        acquisition(),
        replace(acquisition(), firmware_id=OTHER_FIRMWARE_ID, time_s=TIME_S + 1),
    )
    for fields, expected in (
        ({"firmware_id": OTHER_FIRMWARE_ID}, [other]),
        ({"firmware_id": "no such firmware"}, []),
        ({"before_timestamp": TIME_S + 1}, [one]),
        ({"before_timestamp": 0}, []),
        ({"firmware_id": None, "before_timestamp": None}, [other, one]),
    ):
        assert [a["reference_id"] for a in listed(client, count=5, **fields)] == expected
    assert [a["reference_id"] for a in listed(client, reference_id=one)] == [one]
    assert listed(client, reference_id="none such") == []


def test_metadata_are_those_of_the_installed_description(
    server: Server, client: FakeClient
) -> None:
    write_package(server.library.store.path_of(FIRMWARE_ID), FIRMWARE_ID, car_map())
    store(server, acquisition(), replace(acquisition(), firmware_id=OTHER_FIRMWARE_ID))
    metadata = {a["firmware_id"]: a["firmware_metadata"] for a in listed(client, count=5)}
    assert metadata[OTHER_FIRMWARE_ID] is None
    assert metadata[FIRMWARE_ID]["project_name"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "count is missing"),
        ({"count": -1}, f"not within 0 to {MOST_LISTED}"),
        ({"count": MOST_LISTED + 1}, f"not within 0 to {MOST_LISTED}"),
        ({"count": 1, "before_timestamp": -1}, "before_timestamp is -1.0, not 0 or more"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(
    client: FakeClient, fields: Message, text: str
) -> None:
    assert text in refusal(client, "list_datalogging_acquisitions", **fields)


def test_a_long_list_goes_without_what_clients_can_do_without(
    server: Server, client: FakeClient
) -> None:
    names = [f"{index:03}" + "n" * 400 for index in range(20)]
    samples = array("d", [0.0])
    many = replace(
        acquisition(samples),
        series=tuple(Series(name, 0, samples, "/a", "var") for name in names),
    )
    for index in range(150):
        one = replace(many, reference_id=f"{index:032x}")
        server.loop.run_until_complete(server.acquisitions.add(one))

    found = listed(client, count=200)

    assert len(found) == 150
    assert {tuple(one["signals"]) for one in found} == {()}
    assert max(client.sizes) <= MAX_MESSAGE_SIZE
    assert listed(client, count=2)[0]["signals"] == names


# --------------------------------------------------------------------- samples


def test_an_acquisition_is_fetched_as_one_message(server: Server, client: FakeClient) -> None:
    x, floats, integers, unsigned = EVERY_TYPE
    (reference_id,) = store(server, acquisition())

    content = client.answer_to("read_datalogging_acquisition_content", reference_id=reference_id)

    assert content["cmd"] == "response_read_datalogging_acquisition_content"
    assert content["xdata"] == {"name": "Time (ideal)", "watchable": None, "data": list(x)}
    first, second, third = content["signals"]
    assert first == {
        "name": "y0",
        "axis_id": 0,
        "watchable": {"path": "/global/y", "type": "var"},
        "data": ["nan", "inf", "-inf", -0.0, 5e-324],
    }
    assert math.copysign(1, first["data"][3]) == -1
    assert second["data"] == list(integers)  # exact, as text
    assert third["data"] == list(unsigned)
    assert len(floats) == 5
    assert (content["trigger_index"], content["timestamp"]) == (1, TIME_S)
    assert content["yaxes"] == [{"id": 0, "name": "bar"}, {"id": 7, "name": "rpm"}]
    assert (content["firmware_name"], content["name"]) == ("Pump controller V3.1", "Startup")


def test_what_is_too_large_for_a_message_is_refused_with_what_to_do(
    server: Server, client: FakeClient
) -> None:
    small, large, huge = store(
        server,
        acquisition(LARGE, LARGE),
        acquisition(LARGE, *[array("d", [math.pi] * len(LARGE))] * 2),
        acquisition(array("q", bytes(8 * 300_000)), array("q", bytes(8 * 300_000))),
    )
    cmd = "read_datalogging_acquisition_content"
    assert client.answer_to(cmd, reference_id=small)["signals"][0]["data"] == list(LARGE)
    for reference_id in (large, huge):
        text = refusal(client, cmd, reference_id=reference_id)
        assert "fetch it with download_datalogging_acquisition" in text
    assert max(client.sizes) <= MAX_MESSAGE_SIZE


@pytest.mark.parametrize("chunk_size", [None, 1, 7, 1000, 1 << 30])
def test_an_acquisition_of_any_size_is_downloaded_in_chunks(
    server: Server, client: FakeClient, chunk_size: int | None
) -> None:
    one = acquisition(LARGE, LARGE, LARGE) if chunk_size is None else acquisition()
    (reference_id,) = store(server, one)

    client.send(
        "download_datalogging_acquisition",
        reqid=4,
        reference_id=reference_id,
        max_chunk_size=chunk_size,
    )
    chunks = [client.wait_for("response_download_datalogging_acquisition")]
    octets = base64.b64decode(chunks[0]["file_chunk"]["data"])
    while len(octets) < chunks[0]["total_size"]:
        chunks.append(client.wait_for("response_download_datalogging_acquisition"))
        octets += base64.b64decode(chunks[-1]["file_chunk"]["data"])

    assert [chunk["file_chunk"]["chunk_index"] for chunk in chunks] == list(range(len(chunks)))
    assert {(chunk["reqid"], chunk["total_size"]) for chunk in chunks} == {(4, len(octets))}
    assert all(chunk["description"] is None for chunk in chunks[1:])
    description = chunks[0]["description"]
    codes = {"float64": "d", "int64": "q", "uint64": "Q"}
    count = description["point_count"]
    columns = [one.x, *one.series]
    assert [series["name"] for series in description["series"]] == [c.name for c in columns]
    for index, (series, column) in enumerate(zip(description["series"], columns, strict=True)):
        code = codes[series["dtype"]]
        assert code == column.samples.typecode
        start = index * 8 * count
        found = struct.unpack(f"<{count}{code}", octets[start : start + 8 * count])
        assert array(code, found).tobytes() == column.samples.tobytes()
    assert (description["series"][0]["axis_id"], description["trigger_index"]) == (-1, 1)
    if chunk_size in (1, 7, 1000):
        sizes = [len(base64.b64decode(c["file_chunk"]["data"])) for c in chunks[:-1]]
        assert set(sizes) <= {chunk_size}


def test_long_names_make_smaller_chunks(server: Server, client: FakeClient) -> None:
    samples = array("q", range(400))
    series = tuple(Series("n" * 400, 0, samples, "/p" * 1800, "var") for _ in range(200))
    (reference_id,) = store(server, replace(acquisition(samples), series=series))
    client.send("download_datalogging_acquisition", reference_id=reference_id)
    first = client.wait_for("response_download_datalogging_acquisition")
    assert len(base64.b64decode(first["file_chunk"]["data"])) < first["total_size"]
    second = client.wait_for("response_download_datalogging_acquisition")
    assert second["file_chunk"]["chunk_index"] == 1
    assert max(client.sizes) <= MAX_MESSAGE_SIZE


def test_chunks_wait_for_a_client_that_does_not_read(server: Server, client: FakeClient) -> None:
    samples = array("q", bytes(8 * 400_000))
    (reference_id,) = store(server, acquisition(samples, samples))
    client.unread_octets = 10 << 20
    client.send("download_datalogging_acquisition", reference_id=reference_id)
    for _ in range(300):
        server.turn()
    assert client.all() == []
    client.unread_octets = 0
    client.wait_for("response_download_datalogging_acquisition")


def test_the_number_of_fetches_is_limited(server: Server, client: FakeClient) -> None:
    (reference_id,) = store(server, acquisition(LARGE, LARGE))
    client.unread_octets = 10 << 20
    for _ in range(MOST_FETCHES):
        client.send("download_datalogging_acquisition", reference_id=reference_id)
    text = refusal(client, "read_datalogging_acquisition_content", reference_id=reference_id)
    assert f"at most {MOST_FETCHES} may be in flight" in text
    client.unread_octets = 0
    server.run_until(lambda: not server.background.is_busy)
    client.all()
    cmd = "read_datalogging_acquisition_content"
    assert client.answer_to(cmd, reference_id=reference_id)["cmd"] != "error"


@pytest.mark.parametrize(
    "cmd",
    [
        "read_datalogging_acquisition_content",
        "download_datalogging_acquisition",
        "update_datalogging_acquisition",
        "delete_datalogging_acquisition",
    ],
)
def test_an_unknown_id_is_refused(server: Server, client: FakeClient, cmd: str) -> None:
    watcher = FakeClient(server)
    for reference_id in ("ab" * 16, "", "x" * 5000, "\0"):
        assert "no acquisition is stored" in refusal(client, cmd, reference_id=reference_id)
    assert watcher.all() == []


def test_chunks_need_a_size(client: FakeClient) -> None:
    text = refusal(client, "download_datalogging_acquisition", reference_id="x", max_chunk_size=0)
    assert "max_chunk_size is 0" in text


# --------------------------------------------------------------------- changes


def changes(client: FakeClient) -> list[tuple[str, str | None]]:
    return [
        (m["action"], m["reference_id"])
        for m in client.all()
        if m["cmd"] == "inform_datalogging_list_changed"
    ]


def test_names_can_be_changed_and_everybody_is_told(server: Server, client: FakeClient) -> None:
    watcher = FakeClient(server)
    (reference_id,) = store(server, acquisition())
    fields: Message = {
        "name": "other",
        "axis_name": [{"id": 7, "name": "1/min"}, {"id": -1, "name": "t"}],
    }
    client.send("update_datalogging_acquisition", reqid=77, reference_id=reference_id, **fields)
    assert client.wait_for("inform_datalogging_list_changed")["action"] == "update"
    assert client.wait_for("response_update_datalogging_acquisition")["reqid"] == 77

    assert changes(watcher) == [("update", reference_id)]
    content = client.answer_to("read_datalogging_acquisition_content", reference_id=reference_id)
    assert (content["name"], content["xdata"]["name"]) == ("other", "t")
    assert content["yaxes"] == [{"id": 0, "name": "bar"}, {"id": 7, "name": "1/min"}]


def test_an_update_without_a_change_is_fine_and_not_worth_an_event(
    server: Server, client: FakeClient
) -> None:
    watcher = FakeClient(server)
    (reference_id,) = store(server, acquisition())
    answer = client.answer_to("update_datalogging_acquisition", reference_id=reference_id)
    assert answer["cmd"] == "response_update_datalogging_acquisition"
    assert changes(watcher) == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"axis_name": [{"id": 5, "name": "none"}]}, "has no axis 5"),
        ({"name": "n" * (LONGEST_NAME + 1)}, f"at most {LONGEST_NAME}"),
        ({"axis_name": [{"id": 0, "name": "n" * (LONGEST_NAME + 1)}]}, f"at most {LONGEST_NAME}"),
        ({"axis_name": [{"id": 0, "name": ""}] * 300}, "300 axes"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    server: Server, client: FakeClient, fields: Message, text: str
) -> None:
    (reference_id,) = store(server, acquisition())
    fields = {"name": "changed"} | fields
    assert text in refusal(
        client, "update_datalogging_acquisition", reference_id=reference_id, **fields
    )
    assert listed(client, count=1)[0]["name"] == "Startup"


def test_acquisitions_can_be_deleted_and_everybody_is_told(
    server: Server, client: FakeClient
) -> None:
    watcher = FakeClient(server)
    first, second, third = store(server, acquisition(), acquisition(), acquisition())
    assert client.answer_to("delete_datalogging_acquisition", reference_id=second)["cmd"] == (
        "response_delete_datalogging_acquisition"
    )
    assert {one["reference_id"] for one in listed(client, count=5)} == {first, third}
    assert client.answer_to("delete_all_datalogging_acquisition")["cmd"] == (
        "response_delete_all_datalogging_acquisition"
    )
    assert listed(client, count=5) == []
    assert changes(watcher) == [("delete", second), ("delete_all", None)]


def test_commands_of_a_client_are_carried_out_in_their_order(
    server: Server, client: FakeClient
) -> None:
    (reference_id,) = store(server, acquisition())
    for number in range(10):
        client.send("update_datalogging_acquisition", reference_id=reference_id, name=f"{number}")
        client.send("list_datalogging_acquisitions", reqid=number, count=1)
    server.run_until(lambda: not server.background.is_busy)
    found = [m for m in client.all() if m["cmd"] == "response_list_datalogging_acquisitions"]
    assert [m["acquisitions"][0]["name"] for m in found] == [f"{number}" for number in range(10)]


def test_a_storage_that_cannot_be_used_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the place of the folder")
    server = Server(tmp_path)
    try:
        client = FakeClient(server)
        assert refusal(client, "list_datalogging_acquisitions", count=1)
        assert refusal(client, "delete_all_datalogging_acquisition")
        assert client.answer_to("echo", payload="x")["payload"] == "x"
    finally:
        server.close()


# --------------------------------------------------------------------- names of firmware


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"project_name": "Pump", "version": "2.1"}, "Pump V2.1"),
        ({"project_name": "Pump"}, "Pump"),
        ({"project_name": "Pump", "version": None}, "Pump"),
        ({"project_name": "Pump", "version": 3}, "Pump"),
        ({"project_name": None, "version": "2.1"}, None),
        ({"project_name": ["Pump"]}, None),
        ({}, None),
    ],
)
def test_a_firmware_is_called_by_project_and_version(metadata: Message, name: str | None) -> None:
    assert firmware_name(metadata) == name


def test_the_name_of_a_firmware_comes_from_its_description(server: Server) -> None:
    write_package(server.library.store.path_of(FIRMWARE_ID), FIRMWARE_ID, car_map())
    names = server.parts.firmware_names
    found = server.loop.run_until_complete(names.name_of(FIRMWARE_ID))
    assert found == firmware_name(json.loads(json.dumps(server.library.store.list()[0].metadata)))
    assert found
    assert server.loop.run_until_complete(names.name_of(OTHER_FIRMWARE_ID)) is None
