"""Acquisitions from a server that sends anything: right samples or a clear failure."""

from __future__ import annotations

import base64
import itertools
import struct
from typing import Any, Literal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scrutiny.api import messages as api
from scrutiny.sdk import exceptions
from scrutiny.sdk._acquisition_download import AcquisitionDownload
from scrutiny.sdk._acquisition_from_api import downloaded_acquisition, read_acquisition
from scrutiny.sdk._acquisition_html import acquisition_html
from scrutiny.sdk._acquisition_lists import storage_entry
from scrutiny.sdk.datalogging import (
    AxisDefinition,
    DataloggingAcquisition,
    DataloggingStorageEntry,
    DataSeries,
)
from tests.unit.sdk.acquisition_bench import shown_in_a_notebook

NUMBERS = st.integers(-2, 4)
NAMES = st.text(max_size=5)
JSON_SAMPLES: st.SearchStrategy[int | float | str] = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.sampled_from(("nan", "inf", "-inf")),
)
ODD_JSON_SAMPLES: st.SearchStrategy[int | float | str] = st.integers(
    1 << 64, 1 << 70
) | st.sampled_from(("NaN", "1.0", "", 10**400))
TIMES = st.floats(0, 2e9)
ODD_TIMES = st.floats(allow_nan=False)
ANYTHING_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(("author", "generation_info", "time", "x")), inner)
    ),
    max_leaves=6,
)
LETTERS: dict[Literal["float64", "int64", "uint64"], str] = {
    "float64": "d",
    "int64": "q",
    "uint64": "Q",
}


@st.composite
def downloads(draw: st.DrawFn) -> list[api.DownloadAcquisitionReply]:
    """Return the chunks of an acquisition; one thing about half of them is damaged."""
    point_count = draw(st.integers(0, 4))
    axes = [api.DataloggingAxis(axis_id, draw(NAMES)) for axis_id in range(draw(st.integers(1, 3)))]
    series = [
        api.SeriesDescription(
            name=draw(NAMES),
            axis_id=draw(st.integers(0, len(axes) - 1)) if index else -1,
            watchable=None,
            dtype=draw(st.sampled_from(list(LETTERS))),
        )
        for index in range(draw(st.integers(1, 4)))
    ]
    size = len(series) * point_count * 8
    octets = draw(st.binary(min_size=size, max_size=size))
    description = api.AcquisitionDescription(
        reference_id="r",
        firmware_id="f",
        firmware_name=draw(st.none() | NAMES),
        name=draw(NAMES),
        timestamp=draw(TIMES),
        trigger_index=draw(st.none() | st.integers(0, point_count - 1)) if point_count else None,
        point_count=point_count,
        yaxes=axes,
        series=series,
    )
    cuts = sorted({0, size, draw(st.integers(0, size)), draw(st.integers(0, size))})
    pieces = [octets[a:b] for a, b in itertools.pairwise(cuts)] or [b""]
    chunks = [
        api.DownloadAcquisitionReply(
            total_size=size,
            file_chunk=api.FileChunk(index, base64.b64encode(piece).decode()),
            description=description if index == 0 else None,
        )
        for index, piece in enumerate(pieces)
    ]
    if draw(st.booleans()):
        damage(draw, chunks, description)
    return chunks


def damage(
    draw: st.DrawFn,
    chunks: list[api.DownloadAcquisitionReply],
    description: api.AcquisitionDescription,
) -> None:
    chunk = draw(st.sampled_from(chunks))
    match draw(st.integers(0, 11)):
        case 0:
            chunks.reverse()
        case 1:
            chunks.append(chunk)
        case 2:
            chunks.remove(chunk)
        case 3:
            chunk.total_size += draw(NUMBERS)
        case 4:
            chunk.file_chunk.data = draw(st.text(max_size=12))
        case 5:
            chunk.file_chunk.data = base64.b64encode(draw(st.binary(max_size=40))).decode()
        case 6:
            chunk.description = None
        case 7:
            description.reference_id = "other"
        case 8:
            description.point_count = draw(st.integers(-1, 1 << 70))
        case 9:
            description.trigger_index = draw(st.integers(-1, 1 << 70))
        case 10:
            description.timestamp = draw(ODD_TIMES)
        case _:
            for axis in description.yaxes:
                axis.id = draw(NUMBERS)
            for series in description.series:
                series.axis_id = draw(NUMBERS)


@settings(deadline=None, max_examples=300)
@given(downloads())
def test_a_download_gives_the_samples_that_were_sent_or_a_failure(
    chunks: list[api.DownloadAcquisitionReply],
) -> None:
    download = AcquisitionDownload(api.DownloadAcquisition(reference_id="r"))
    try:
        for chunk in chunks:
            if not download.is_done:
                download.receive(chunk)
        if not download.is_done:
            event("not complete")
            return
        assert download.description is not None
        acquisition = downloaded_acquisition(download.description, download.octets)
    except exceptions.BadResponseError as error:
        event(f"refused: {str(error)[:12]}")
        return

    event("complete")
    series = [acquisition.xdata, *(entry.series for entry in acquisition.ydata)]
    point_count = download.description.point_count
    start = 0
    for each, part in zip(series, download.description.series, strict=True):
        letter = LETTERS[part.dtype]
        sent = struct.unpack_from(f"<{point_count}{letter}", download.octets, start)
        assert [str(sample) for sample in each.to_list()] == [str(sample) for sample in sent]
        start += point_count * 8
    assert acquisition.trigger_index in (None, *range(point_count))


@st.composite
def contents(draw: st.DrawFn) -> api.AcquisitionContentReply:
    """Return acquisitions in one message; one thing about half of them is damaged."""
    point_count = draw(st.integers(0, 3))
    samples = st.lists(JSON_SAMPLES, min_size=point_count, max_size=point_count)
    signals = [
        api.SignalData(draw(st.none() | NAMES), draw(st.integers(0, 1)), None, draw(samples))
        for _ in range(draw(st.integers(0, 3)))
    ]
    message = api.AcquisitionContentReply(
        reference_id="r",
        firmware_id="f",
        firmware_name=None,
        name=draw(st.none() | NAMES),
        timestamp=draw(TIMES),
        trigger_index=None,
        yaxes=[api.DataloggingAxis(0, ""), api.DataloggingAxis(1, "")],
        signals=signals,
        xdata=api.XAxisData(draw(st.none() | NAMES), None, draw(samples)),
    )
    if draw(st.booleans()):
        data = draw(st.sampled_from([message.xdata.data, *(part.data for part in signals)]))
        match draw(st.integers(0, 4)):
            case 0:
                data.append(draw(JSON_SAMPLES))
            case 1:
                data.insert(0, draw(ODD_JSON_SAMPLES))
            case 2:
                message.trigger_index = draw(NUMBERS)
            case 3:
                message.timestamp = draw(ODD_TIMES)
            case _:
                message.yaxes[0].id = draw(NUMBERS)
    return message


@settings(deadline=None, max_examples=300)
@given(contents())
def test_one_message_gives_the_samples_that_it_holds_or_a_failure(
    message: api.AcquisitionContentReply,
) -> None:
    try:
        acquisition = read_acquisition(message)
    except exceptions.BadResponseError as error:
        event(f"refused: {str(error)[:12]}")
        return

    event("complete")
    for series, sent in zip(
        [acquisition.xdata, *(entry.series for entry in acquisition.ydata)],
        [message.xdata.data, *(part.data for part in message.signals)],
        strict=True,
    ):
        assert [str(float(x)) for x in series.to_list()] == [str(float(x)) for x in sent]


@given(
    ODD_TIMES, st.none() | NAMES, st.none() | st.dictionaries(st.text(max_size=4), ANYTHING_JSON)
)
def test_an_entry_of_a_list_is_always_usable(
    time: float, name: str | None, metadata: dict[str, Any] | None
) -> None:
    entry = storage_entry(api.StoredAcquisition("r", "f", name, time, metadata))

    assert isinstance(entry, DataloggingStorageEntry)
    assert entry.name == (name or "")


SAMPLES = st.lists(st.one_of(st.floats(), st.integers(-(1 << 63), (1 << 63) - 1)), max_size=4)


@settings(max_examples=25, deadline=None)
@given(SAMPLES, SAMPLES, st.text(max_size=8), st.text(max_size=8))
def test_whatever_the_samples_and_names_are_a_notebook_shows_something(
    x: list[float], y: list[float], name: str, axis: str
) -> None:
    count = min(len(x), len(y))
    acquisition = DataloggingAcquisition("f" * 32, name=name)
    acquisition.set_xdata(DataSeries(x[:count], axis))
    acquisition.add_data(DataSeries(y[:count], name), AxisDefinition(axis, 0))
    acquisition.set_trigger_index(count - 1 if count else None)

    assert "data:image/png" in shown_in_a_notebook(acquisition)
    assert "<table>" in acquisition_html(acquisition, name)
    assert acquisition.to_dataframe().shape == (count, 1)
