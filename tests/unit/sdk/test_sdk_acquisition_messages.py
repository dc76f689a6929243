"""Messages about acquisitions, and what users get of them; damaged ones are in tests/fuzz."""

from __future__ import annotations

import base64
import json
from array import array
from datetime import datetime, timedelta

import pytest

from scrutiny.api import codec
from scrutiny.api import messages as api
from scrutiny.sdk import exceptions
from scrutiny.sdk._acquisition_download import AcquisitionDownload
from scrutiny.sdk._acquisition_from_api import downloaded_acquisition, read_acquisition
from scrutiny.sdk._acquisition_lists import local_time, request_info, storage_entry
from scrutiny.sdk.datalogging import (
    DataloggingAcquisition,
    DataloggingRequestInfo,
    DataloggingRequestState,
    LoggedWatchable,
)
from scrutiny.sdk.definitions import WatchableType

TIME_S = 1760000123.25

# As other servers send it, but for the white space.
STOCK_CONTENT = """
{"cmd": "response_read_datalogging_acquisition_content", "reqid": 42, "reference_id": "5d9f",
 "firmware_id": "8d2c", "firmware_name": null, "name": null, "timestamp": 1760000123,
 "trigger_index": 1, "yaxes": [{"id": 7, "name": "rpm"}],
 "signals": [
   {"name": "speed", "axis_id": 7, "watchable": {"path": "/alias/speed", "type": "alias"},
    "data": [98, 101.5, "nan", "inf", "-inf"]},
   {"name": null, "axis_id": 7, "watchable": null, "data": [1, 2, 3, 4, 9223372036854775807]},
   {"name": "count", "axis_id": 7, "watchable": null, "data": [18446744073709551615, 2, 3, 4, 5]}],
 "xdata": {"name": "Time (measured)", "watchable": null, "data": [0.0, 0.002, 0.0041, 1, 2]}}
"""


def samples_of(acquisition: DataloggingAcquisition) -> list[tuple[str, str, list[str]]]:
    """Return names, types and samples of all series, the X axis first."""
    series = [acquisition.xdata, *(entry.series for entry in acquisition.ydata)]
    return [(s.name, str(s.to_numpy().dtype), [str(x) for x in s.to_list()]) for s in series]


# --------------------------------------------------------------------- one message


def test_an_acquisition_of_another_server_is_taken_as_it_comes() -> None:
    message = codec.decode_server_message(STOCK_CONTENT)
    assert isinstance(message, api.AcquisitionContentReply)

    acquisition = read_acquisition(message)

    assert samples_of(acquisition) == [
        ("Time (measured)", "float64", ["0.0", "0.002", "0.0041", "1.0", "2.0"]),
        ("speed", "float64", ["98.0", "101.5", "nan", "inf", "-inf"]),
        ("unnamed", "int64", ["1", "2", "3", "4", "9223372036854775807"]),
        ("count", "uint64", ["18446744073709551615", "2", "3", "4", "5"]),
    ]
    assert (acquisition.name, acquisition.firmware_name) == ("", None)
    assert (acquisition.reference_id, acquisition.firmware_id) == ("5d9f", "8d2c")
    assert acquisition.trigger_index == 1
    assert acquisition.acq_time == datetime.fromtimestamp(1760000123)
    speed = acquisition.ydata[0]
    assert speed.series.logged_watchable == LoggedWatchable("/alias/speed", WatchableType.Alias)
    assert (speed.axis.axis_id, speed.axis.name) == (7, "rpm")
    assert len(acquisition.get_unique_yaxis_list()) == 1


@pytest.mark.parametrize("length", [4, 6])
def test_a_series_that_is_not_as_long_as_the_x_axis_is_refused(length: int) -> None:
    content = json.loads(STOCK_CONTENT)
    content["signals"][0]["data"] = [1.0] * length
    message = codec.decode_server_message(json.dumps(content))
    assert isinstance(message, api.AcquisitionContentReply)

    with pytest.raises(exceptions.BadResponseError, match=f"speed has {length} samples"):
        read_acquisition(message)


# --------------------------------------------------------------------- chunks


def description(**changes: object) -> api.AcquisitionDescription:
    fields: dict[str, object] = {
        "reference_id": "r",
        "firmware_id": "f",
        "firmware_name": "Pump V2",
        "name": "step",
        "timestamp": TIME_S,
        "trigger_index": 0,
        "point_count": 2,
        "yaxes": [api.DataloggingAxis(0, "rpm"), api.DataloggingAxis(1, "states")],
        "series": [
            api.SeriesDescription("Index", -1, None, "int64"),
            api.SeriesDescription(
                "speed", 0, api.LoggedWatchable("/speed", "var"), dtype="float64"
            ),
            api.SeriesDescription("mode", 1, None, "uint64"),
        ],
    }
    return api.AcquisitionDescription(**(fields | changes))  # type: ignore[arg-type]


SAMPLES = b"".join(
    samples.tobytes()
    for samples in (array("q", [0, -1]), array("d", [1.5, 2.5]), array("Q", [0, (1 << 64) - 1]))
)


def download(chunk_size: int) -> AcquisitionDownload:
    exchange = AcquisitionDownload(api.DownloadAcquisition(reference_id="r"))
    for index, start in enumerate(range(0, len(SAMPLES), chunk_size)):
        octets = base64.b64encode(SAMPLES[start : start + chunk_size]).decode()
        exchange.receive(
            api.DownloadAcquisitionReply(
                total_size=len(SAMPLES),
                file_chunk=api.FileChunk(index, octets),
                description=description() if index == 0 else None,
            )
        )
    return exchange


@pytest.mark.parametrize("chunk_size", [1, 7, 8, 16, 48, 1000])
def test_chunking_carries_no_meaning(chunk_size: int) -> None:
    exchange = download(chunk_size)

    assert exchange.is_done
    assert exchange.description is not None
    acquisition = downloaded_acquisition(exchange.description, exchange.octets)
    assert samples_of(acquisition) == [
        ("Index", "int64", ["0", "-1"]),
        ("speed", "float64", ["1.5", "2.5"]),
        ("mode", "uint64", ["0", "18446744073709551615"]),
    ]
    assert [entry.axis.name for entry in acquisition.ydata] == ["rpm", "states"]
    assert (acquisition.name, acquisition.firmware_name) == ("step", "Pump V2")
    assert acquisition.acq_time == datetime.fromtimestamp(TIME_S)


def test_an_acquisition_without_samples_is_one_chunk_of_nothing() -> None:
    exchange = AcquisitionDownload(api.DownloadAcquisition(reference_id="r"))

    exchange.receive(
        api.DownloadAcquisitionReply(
            total_size=0,
            file_chunk=api.FileChunk(0, ""),
            description=description(point_count=0, trigger_index=None),
        )
    )

    assert exchange.is_done
    assert exchange.description is not None
    acquisition = downloaded_acquisition(exchange.description, exchange.octets)
    assert [len(entry.series) for entry in acquisition.ydata] == [0, 0]


def test_more_than_any_device_records_is_refused_before_it_comes() -> None:
    exchange = AcquisitionDownload(api.DownloadAcquisition(reference_id="r"))
    count = (256 << 20) // 8

    with pytest.raises(exceptions.BadResponseError, match="more than this SDK takes"):
        exchange.receive(
            api.DownloadAcquisitionReply(
                total_size=3 * 8 * count,
                file_chunk=api.FileChunk(0, ""),
                description=description(point_count=count),
            )
        )


# --------------------------------------------------------------------- lists


def test_an_entry_without_a_name_does_not_cost_the_list() -> None:
    reply = codec.decode_server_message(
        '{"cmd":"response_list_datalogging_acquisitions","reqid":41,"acquisitions":['
        '{"reference_id":"a","firmware_id":"f","name":null,"timestamp":1760000123.0,'
        '"firmware_metadata":null},'
        '{"reference_id":"b","firmware_id":"f","name":"step","timestamp":1e300,'
        '"firmware_metadata":{"author":"QA","version":7},"firmware_name":"Pump",'
        '"point_count":3,"signals":["speed"]}]}'
    )
    assert isinstance(reply, api.AcquisitionListReply)

    first, second = (storage_entry(entry) for entry in reply.acquisitions)

    assert (first.reference_id, first.name, first.firmware_metadata) == ("a", "", None)
    assert first.timestamp == datetime.fromtimestamp(1760000123)
    assert (first.firmware_name, first.point_count, first.signals) == (None, 0, ())
    assert (second.name, second.timestamp) == ("step", datetime.max)
    assert (second.firmware_name, second.point_count, second.signals) == ("Pump", 3, ("speed",))
    assert second.firmware_metadata is not None
    assert (second.firmware_metadata.author, second.firmware_metadata.version) == ("QA", None)


def test_a_request_tells_who_asked_and_how_far_it_is() -> None:
    message = api.AcquisitionRequestInfo(
        "t", "step", "bench (10.0.0.2)", False, True, "acquiring", 0.25, TIME_S
    )

    assert request_info(message) == DataloggingRequestInfo(
        token="t",
        name="step",
        owner="bench (10.0.0.2)",
        is_mine=False,
        is_owner_connected=True,
        state=DataloggingRequestState.Acquiring,
        completion_ratio=0.25,
        requested_at=datetime.fromtimestamp(TIME_S),
    )


@pytest.mark.parametrize("unix_s", [1760000123.1, 1760000123.123456, 1760000123.1234567, 0.0])
def test_a_time_asks_for_what_is_older_than_it_was(unix_s: float) -> None:
    """Otherwise a list that goes on where the last one ended would repeat its last entry."""
    time = local_time(unix_s)

    assert time.timestamp() <= unix_s
    assert datetime.fromtimestamp(unix_s) - time <= timedelta(microseconds=1)
    assert local_time(time.timestamp()) == time
