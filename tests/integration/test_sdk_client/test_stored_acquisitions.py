"""Acquisitions that the server stores: listed, fetched, renamed, deleted."""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.api.codec import encode
from scrutiny.api.versions import FEATURES
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig
from scrutiny.sdk.exceptions import OperationFailure, RequestTimeout

from .fake_server import SOON_S, FakeServer, in_thread, welcome

TIME_S = 1760000123.25
X, Y = array("d", [0.0, 0.5]), array("q", [-1, (1 << 63) - 1])
SAMPLES = X.tobytes() + Y.tobytes()


def entry(reference_id: str, **changes: Any) -> api.StoredAcquisition:
    fields: dict[str, Any] = {
        "reference_id": reference_id,
        "firmware_id": "f",
        "name": "step",
        "timestamp": TIME_S,
        "firmware_metadata": {"project_name": "Pump"},
    }
    return api.StoredAcquisition(**(fields | changes))


def chunks(reqid: int | None = None, size: int = 20) -> list[api.DownloadAcquisitionReply]:
    """Return the acquisition ``r`` as a server sends it in chunks."""
    description = api.AcquisitionDescription(
        reference_id="r",
        firmware_id="f",
        firmware_name="Pump V2",
        name="step",
        timestamp=TIME_S,
        trigger_index=1,
        point_count=2,
        yaxes=[api.DataloggingAxis(0, "rpm")],
        series=[
            api.SeriesDescription("Time (ideal)", -1, None, "float64"),
            api.SeriesDescription("speed", 0, api.LoggedWatchable("/speed", "var"), "int64"),
        ],
    )
    return [
        api.DownloadAcquisitionReply(
            reqid=reqid,
            total_size=len(SAMPLES),
            file_chunk=api.FileChunk(
                index, base64.b64encode(SAMPLES[start : start + size]).decode()
            ),
            description=description if index == 0 else None,
        )
        for index, start in enumerate(range(0, len(SAMPLES), size))
    ]


def content() -> api.AcquisitionContentReply:
    """Return the same acquisition as one message."""
    return api.AcquisitionContentReply(
        reference_id="r",
        firmware_id="f",
        firmware_name="Pump V2",
        name="step",
        timestamp=TIME_S,
        trigger_index=1,
        yaxes=[api.DataloggingAxis(0, "rpm")],
        signals=[api.SignalData("speed", 0, api.LoggedWatchable("/speed", "var"), list(Y))],
        xdata=api.XAxisData("Time (ideal)", None, list(X)),
    )


@pytest.fixture
def client(server: FakeServer) -> Iterator[ScrutinyClient]:
    """Return a client of a server that sends acquisitions in chunks."""
    with ScrutinyClient().connect(server.host, server.port) as connected:
        yield connected


# --------------------------------------------------------------------- samples


@pytest.mark.parametrize("by_chunks", [True, False])
def test_an_acquisition_is_fetched_in_the_way_that_the_server_knows(
    server: FakeServer, by_chunks: bool
) -> None:
    features = FEATURES if by_chunks else ()
    server.welcome = welcome(features=features)
    server.answers[api.DownloadAcquisition] = lambda c: list(chunks())
    server.answers[api.ReadAcquisitionContent] = lambda c: [content()]

    with ScrutinyClient().connect(server.host, server.port) as client:
        acquisition = client.read_datalogging_acquisition("r")

    assert server.has_received(api.DownloadAcquisition) == by_chunks
    assert server.has_received(api.ReadAcquisitionContent) != by_chunks
    assert (acquisition.reference_id, acquisition.name) == ("r", "step")
    assert (acquisition.firmware_id, acquisition.firmware_name) == ("f", "Pump V2")
    assert acquisition.acq_time == datetime.fromtimestamp(TIME_S)
    assert acquisition.trigger_index == 1
    assert acquisition.xdata.to_list() == [0.0, 0.5]
    (speed,) = acquisition.ydata
    assert speed.series.to_list() == [-1, (1 << 63) - 1]
    assert str(speed.series.to_numpy().dtype) == "int64"
    assert speed.axis.name == "rpm"


def test_what_a_request_has_recorded_is_fetched(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.DownloadAcquisition] = lambda c: list(chunks())
    server.answers[api.RequestAcquisition] = lambda c: [
        api.RequestAcquisitionReply(request_token="t")
    ]
    config = DataloggingConfig(0)
    config.add_signal("/speed", config.add_axis("rpm"))
    request = client.start_datalog(config)
    fetching = in_thread(lambda: request.wait_and_fetch(SOON_S, fetch_timeout=SOON_S))

    server.send(
        api.AcquisitionCompleted(request_token="t", success=True, reference_id="r", detail_msg="")
    )

    assert repr(fetching.result(SOON_S)) == repr(request.fetch_acquisition())


def cut_data(reply: api.DownloadAcquisitionReply) -> None:
    reply.file_chunk.data = reply.file_chunk.data[:-3]


def shorten(reply: api.DownloadAcquisitionReply) -> None:
    reply.total_size -= 1


def renumber(reply: api.DownloadAcquisitionReply) -> None:
    reply.file_chunk.chunk_index += 1


def lengthen(reply: api.DownloadAcquisitionReply) -> None:
    reply.file_chunk.data = base64.b64encode(bytes(40)).decode()


def empty(reply: api.DownloadAcquisitionReply) -> None:
    reply.file_chunk.data = ""


def drop_description(reply: api.DownloadAcquisitionReply) -> None:
    reply.description = None


def change_id(reply: api.DownloadAcquisitionReply) -> None:
    assert reply.description is not None
    reply.description.reference_id = "s"


def change_type(reply: api.DownloadAcquisitionReply) -> None:
    assert reply.description is not None
    reply.description.series[1].dtype = "int128"  # type: ignore[assignment]


def move_trigger(reply: api.DownloadAcquisitionReply) -> None:
    assert reply.description is not None
    reply.description.trigger_index = 2


@pytest.mark.parametrize(
    ("index", "damage", "reason"),
    [
        (0, cut_data, "base64"),
        (0, shorten, "31 octets are announced for 2 series of 2 samples"),
        (1, shorten, "the size changed"),
        (0, renumber, "chunk 1 came where chunk 0 was due"),
        (1, renumber, "chunk 2 came where chunk 1 was due"),
        (0, lengthen, "40 octets, 32 are missing"),
        (1, empty, "0 octets, 12 are missing"),
        (0, drop_description, "description"),
        (0, change_id, "another one"),
        (0, change_type, "int128"),
        (0, move_trigger, "trigger"),
    ],
)
def test_a_damaged_download_is_a_failure_that_tells_why(
    server: FakeServer,
    client: ScrutinyClient,
    index: int,
    damage: Callable[[api.DownloadAcquisitionReply], None],
    reason: str,
) -> None:
    replies = chunks()
    damage(replies[index])
    server.answers[api.DownloadAcquisition] = lambda c: list(replies)

    with pytest.raises(OperationFailure, match=reason):
        client.read_datalogging_acquisition("r", timeout=SOON_S)

    server.answers[api.DownloadAcquisition] = lambda c: list(chunks())
    assert len(client.read_datalogging_acquisition("r").xdata) == 2


def test_a_damaged_message_is_a_failure_that_tells_why(server: FakeServer) -> None:
    damaged = content()
    damaged.signals[0].data[1] = "1.0"
    server.answers[api.ReadAcquisitionContent] = lambda c: [damaged]
    server.welcome = welcome(features=[])
    with ScrutinyClient().connect(server.host, server.port) as client:
        with pytest.raises(OperationFailure, match=r"'1\.0' is no sample"):
            client.read_datalogging_acquisition("r")
        damaged.reference_id = "s"
        with pytest.raises(OperationFailure, match="another one"):
            client.read_datalogging_acquisition("r")


def test_an_unknown_acquisition_is_refused(server: FakeServer, client: ScrutinyClient) -> None:
    refusal = api.Error(request_cmd="", msg="there is no acquisition r")
    server.answers[api.DownloadAcquisition] = lambda c: [refusal]

    with pytest.raises(OperationFailure, match="there is no acquisition r"):
        client.read_datalogging_acquisition("r")


def test_a_download_that_stops_is_given_up(server: FakeServer) -> None:
    server.answers[api.DownloadAcquisition] = lambda c: list(chunks()[:1])
    with ScrutinyClient(timeout=0.05).connect(server.host, server.port) as client:
        with pytest.raises(RequestTimeout, match=r"1 chunks .* 0\.05 s"):
            client.read_datalogging_acquisition("r")
        with pytest.raises(RequestTimeout, match=r"0\.01 s"):
            client.read_datalogging_acquisition("r", timeout=0.01)
        server.send(*chunks(reqid=server.expect(api.DownloadAcquisition).reqid)[1:])

        client.wait_process(SOON_S)


def test_without_a_limit_of_its_own_each_chunk_has_the_time_of_an_answer(
    server: FakeServer,
) -> None:
    with ScrutinyClient(timeout=1.0).connect(server.host, server.port) as client:
        reading = in_thread(lambda: client.read_datalogging_acquisition("r"))
        first, second = chunks(reqid=server.expect(api.DownloadAcquisition).reqid)
        server.send(first)
        with pytest.raises(RequestTimeout):  # the time of one answer passes
            client.get_datalogging_requests()
        assert not reading.done()
        server.send(second)

        reading.result(SOON_S)


# --------------------------------------------------------------------- lists


def test_a_list_is_asked_for_with_all_restrictions(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.ListAcquisitions] = lambda c: [api.AcquisitionListReply(acquisitions=[])]

    client.list_stored_datalogging_acquisitions()
    client.list_stored_datalogging_acquisitions("f", datetime.fromtimestamp(TIME_S), 10)
    client.list_stored_datalogging_acquisitions(
        before_datetime=datetime.fromtimestamp(TIME_S, UTC), count=0
    )

    asked = [server.expect(api.ListAcquisitions) for _ in range(3)]
    assert [(c.reference_id, c.firmware_id, c.before_timestamp, c.count) for c in asked] == [
        (None, None, None, 500),
        (None, "f", TIME_S, 10),
        (None, None, TIME_S, 0),
    ]


def test_an_entry_without_a_name_does_not_cost_the_list(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.ListAcquisitions] = lambda c: [
        api.AcquisitionListReply(acquisitions=[entry("a"), entry("b", name=None)])
    ]

    first, second = client.list_stored_datalogging_acquisitions()

    assert (first.reference_id, first.name, second.name) == ("a", "step", "")
    assert first.timestamp == datetime.fromtimestamp(TIME_S)
    assert first.firmware_metadata is not None
    assert first.firmware_metadata.project_name == "Pump"


@pytest.mark.parametrize(
    ("stored", "expected"), [([entry("r")], "r"), ([], None), ([entry("other")], None)]
)
def test_one_entry_is_found_by_its_id(
    server: FakeServer,
    client: ScrutinyClient,
    stored: list[api.StoredAcquisition],
    expected: str | None,
) -> None:
    server.answers[api.ListAcquisitions] = lambda c: [api.AcquisitionListReply(acquisitions=stored)]

    found = client.read_datalogging_acquisitions_metadata("r")

    assert (found and found.reference_id) == expected
    command = server.expect(api.ListAcquisitions)
    assert (command.reference_id, command.count) == ("r", None)


# --------------------------------------------------------------------- changes


def test_names_are_changed_and_what_is_not_named_is_not_sent(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.UpdateAcquisition] = lambda c: [api.UpdateAcquisitionReply()]

    client.update_datalogging_acquisition("r", "new name")
    client.update_datalogging_acquisition("r", axis_names={-1: "seconds", 0: "1/min"})
    client.update_datalogging_acquisition("r", "", {0: ""})

    sent = [json.loads(encode(server.expect(api.UpdateAcquisition))) for _ in range(3)]
    assert [(c.get("name"), c.get("axis_name")) for c in sent] == [
        ("new name", None),
        (None, [{"id": -1, "name": "seconds"}, {"id": 0, "name": "1/min"}]),
        ("", [{"id": 0, "name": ""}]),
    ]
    assert "axis_name" not in sent[0]
    assert "name" not in sent[1]


def test_nothing_to_change_is_refused_here(server: FakeServer, client: ScrutinyClient) -> None:
    with pytest.raises(ValueError, match="nothing to change"):
        client.update_datalogging_acquisition("r")
    with pytest.raises(ValueError, match="nothing to change"):
        client.update_datalogging_acquisition("r", axis_names={})

    client.wait_process(SOON_S)
    assert not server.has_received(api.UpdateAcquisition)


def test_acquisitions_are_deleted_one_by_one_and_all_at_once(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.DeleteAcquisition] = lambda c: [api.DeleteAcquisitionReply()]
    server.answers[api.DeleteAllAcquisitions] = lambda c: [api.DeleteAllAcquisitionsReply()]

    client.delete_datalogging_acquisition("r")
    client.clear_datalogging_storage()

    assert server.expect(api.DeleteAcquisition).reference_id == "r"
    server.expect(api.DeleteAllAcquisitions)


def test_an_unknown_acquisition_cannot_be_changed(
    server: FakeServer, client: ScrutinyClient
) -> None:
    for kind in (api.UpdateAcquisition, api.DeleteAcquisition):
        server.answers[kind] = lambda c: [api.Error(request_cmd="", msg="there is no such thing")]

    with pytest.raises(OperationFailure, match="no such thing"):
        client.update_datalogging_acquisition("r", "name")
    with pytest.raises(OperationFailure, match="no such thing"):
        client.delete_datalogging_acquisition("r")


# --------------------------------------------------------------------- arguments and time limits

METHODS: dict[str, Callable[[ScrutinyClient, float | None], object]] = {
    "requests": lambda client, t: client.get_datalogging_requests(timeout=t),
    "cancel": lambda client, t: client.cancel_datalogging_request("t", timeout=t),
    "read": lambda client, t: client.read_datalogging_acquisition("r", timeout=t),
    "list": lambda client, t: client.list_stored_datalogging_acquisitions(timeout=t),
    "metadata": lambda client, t: client.read_datalogging_acquisitions_metadata("r", timeout=t),
    "update": lambda client, t: client.update_datalogging_acquisition("r", "n", timeout=t),
    "delete": lambda client, t: client.delete_datalogging_acquisition("r", timeout=t),
    "clear": lambda client, t: client.clear_datalogging_storage(timeout=t),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_short_time_limit_is_kept_and_named(
    server: FakeServer, client: ScrutinyClient, method: str
) -> None:
    with pytest.raises(RequestTimeout, match=r"0\.01 s"):
        METHODS[method](client, 0.01)
    with pytest.raises(ValueError, match="timeout"):
        METHODS[method](client, -1)


def test_a_time_limit_may_be_longer_than_that_of_the_client(server: FakeServer) -> None:
    with ScrutinyClient(timeout=0.1).connect(server.host, server.port) as client:
        listing = in_thread(lambda: client.list_stored_datalogging_acquisitions(timeout=SOON_S))
        command = server.expect(api.ListAcquisitions)
        with pytest.raises(RequestTimeout, match=r"0\.1 s"):  # that of the client passes
            client.list_stored_datalogging_acquisitions()
        assert not listing.done()
        server.send(api.AcquisitionListReply(reqid=command.reqid, acquisitions=[]))

        assert listing.result(SOON_S) == []


@pytest.mark.parametrize("method", METHODS)
def test_without_a_connection_nothing_is_possible(method: str) -> None:
    with pytest.raises(sdk.exceptions.ConnectionError, match="not connected"):
        METHODS[method](ScrutinyClient(), None)


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("read_datalogging_acquisition", (1,), TypeError),
        ("read_datalogging_acquisitions_metadata", (None,), TypeError),
        ("delete_datalogging_acquisition", (b"r",), TypeError),
        ("cancel_datalogging_request", (None,), TypeError),
        ("update_datalogging_acquisition", ("r", 1), TypeError),
        ("update_datalogging_acquisition", (1, "name"), TypeError),
        ("update_datalogging_acquisition", ("r", None, {"0": "name"}), TypeError),
        ("update_datalogging_acquisition", ("r", None, {0: 1}), TypeError),
        ("update_datalogging_acquisition", ("r", None, {-2: "name"}), ValueError),
        ("list_stored_datalogging_acquisitions", (1,), TypeError),
        ("list_stored_datalogging_acquisitions", (None, 1760000000.0), TypeError),
        ("list_stored_datalogging_acquisitions", (None, datetime.min), ValueError),
        ("list_stored_datalogging_acquisitions", (None, datetime(1969, 1, 1)), ValueError),
        ("list_stored_datalogging_acquisitions", (None, None, -1), ValueError),
        ("list_stored_datalogging_acquisitions", (None, None, 10_001), ValueError),
        ("list_stored_datalogging_acquisitions", (None, None, True), TypeError),
        ("list_stored_datalogging_acquisitions", (None, None, 1.0), TypeError),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    method: str, arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        getattr(ScrutinyClient(), method)(*arguments)
