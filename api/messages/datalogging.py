"""Messages about recordings of the datalogger. Source: client API, sections 6.6, 6.7 and 7.8.

An acquisition is asked for, waits in a queue, is recorded by the device, fetched and stored; its
end is told to whoever asked. What is stored can be listed, fetched, renamed and deleted by all.
Times are in seconds, timestamps in seconds of Unix time.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from .base import Command, ServerMessage
from .descriptions import FileChunk
from .watchables import WatchableKind

WholeNumber = int | float  # some clients send 2.0; it is checked where it is used

# --------------------------------------------------------------------- parts of messages


class DataloggingAxis(Struct):
    """An axis of a plot; -1 is the id of the x axis."""

    id: int
    name: str


class LoggedSignal(Struct, omit_defaults=True):
    """What to record, and the axis to draw it on."""

    path: str
    axis_id: int
    name: str | None = None


class XAxisSignal(Struct, omit_defaults=True):
    """A signal to draw the others over."""

    path: str
    name: str | None = None


class TriggerOperand(Struct):
    """A number, or the path of a watchable."""

    type: Literal["literal", "watchable"]
    value: bool | int | float | str


class LoggedWatchable(Struct):
    """Where samples come from."""

    path: str
    type: WatchableKind


class SignalData(Struct):
    """Samples of one signal; floats that are not finite are ``nan``, ``inf`` and ``-inf``.

    Here and below, other servers send null for a name that there is not; ours sends an empty one.
    """

    name: str | None
    axis_id: int
    watchable: LoggedWatchable | None
    data: list[int | float | str]


class XAxisData(Struct):
    """What the signals are drawn over; no watchable unless it is a signal."""

    name: str | None
    watchable: LoggedWatchable | None
    data: list[int | float | str]


class StoredAcquisition(Struct):
    """An acquisition in a list; the metadata are those of the installed description, if any."""

    reference_id: str
    firmware_id: str
    name: str | None
    timestamp: float
    firmware_metadata: dict[str, Any] | None
    firmware_name: str | None = None  # added
    point_count: int = 0  # added
    signals: list[str] = []  # added: names, in order


class SeriesDescription(Struct):
    """Added: one series of a download; the x axis has the axis id -1."""

    name: str
    axis_id: int
    watchable: LoggedWatchable | None
    dtype: Literal["float64", "int64", "uint64"]


class AcquisitionDescription(Struct):
    """Added: what comes with the samples of a download; the first series is the x axis."""

    reference_id: str
    firmware_id: str
    firmware_name: str | None
    name: str
    timestamp: float
    trigger_index: int | None
    point_count: int
    yaxes: list[DataloggingAxis]
    series: list[SeriesDescription]


class AcquisitionRequestInfo(Struct):
    """Added: a request that has not ended.

    ``owner`` tells who asked. ``state`` is where it is; one that is ``queued`` waits for those
    before it in the list. ``completion_ratio`` is 0 to 1 while it is acquired or downloaded.
    ``timestamp`` is when it was asked for.
    """

    request_token: str
    name: str
    owner: str
    is_mine: bool
    is_owner_connected: bool
    state: Literal[
        "queued", "configuring", "waiting_for_trigger", "acquiring", "downloading", "storing"
    ]
    completion_ratio: float | None
    timestamp: float


# --------------------------------------------------------------------- recording


class RequestAcquisition(Command, tag="request_datalogging_acquisition"):
    """Record signals; answered at once, then :class:`AcquisitionCompleted`.

    ``sampling_rate_id`` is a loop of the firmware, of which each ``decimation``-th iteration is
    recorded. ``timeout`` ends the recording so long after the trigger, 0 for not before the buffer
    is full. The trigger fires when ``condition`` has been true for ``trigger_hold_time``.
    ``probe_location`` is the share of the buffer before it.

    Conditions: ``true``; ``eq``, ``neq``, ``lt``, ``let``, ``gt``, ``get`` compare two operands;
    ``cmt``: the first changes by more than the second from one iteration to the next; ``within``:
    the first is not farther from the second than the third.

    X axes: ``index``, ``ideal_time``, ``measured_time``, ``signal``.
    """

    sampling_rate_id: WholeNumber
    decimation: WholeNumber
    timeout: float
    trigger_hold_time: float
    probe_location: float
    condition: str
    operands: list[TriggerOperand]
    yaxes: list[DataloggingAxis]
    signals: list[LoggedSignal]
    x_axis_type: str
    x_axis_signal: XAxisSignal | None = None
    name: str | None = None
    # Added: wait behind the other requests of this client. Without it, as a client that cannot
    # cancel expects, a new request takes the place of the one that this client has made before.
    queue: bool = False
    requested_by: str = ""  # added: shown to the other clients


class RequestAcquisitionReply(ServerMessage, tag="response_request_datalogging_acquisition"):
    request_token: str


class AcquisitionCompleted(ServerMessage, tag="inform_datalogging_acquisition_complete"):
    """An acquisition is stored as ``reference_id``, or ``detail_msg`` tells why not."""

    request_token: str
    success: bool
    reference_id: str | None
    detail_msg: str


class ListAcquisitionRequests(Command, tag="list_datalogging_requests"):
    """Added: ask for the requests of all clients that have not ended, in their order."""


class AcquisitionRequestsReply(ServerMessage, tag="response_list_datalogging_requests"):
    """Added."""

    requests: list[AcquisitionRequestInfo]


class CancelAcquisition(Command, tag="cancel_datalogging_request"):
    """Added: end a request, whoever made it; its owner is told that it failed."""

    request_token: str


class CancelAcquisitionReply(ServerMessage, tag="response_cancel_datalogging_request"):
    """Added."""


# --------------------------------------------------------------------- what is stored


class AcquisitionListChanged(ServerMessage, tag="inform_datalogging_list_changed"):
    """What is stored has changed; null when all were deleted."""

    action: Literal["new", "update", "delete", "delete_all"]
    reference_id: str | None


class ListAcquisitions(Command, tag="list_datalogging_acquisitions"):
    """List what is stored, newest first: one by its id, or so many that match."""

    reference_id: str | None = None
    count: int | None = None
    firmware_id: str | None = None
    before_timestamp: float | None = None


class AcquisitionListReply(ServerMessage, tag="response_list_datalogging_acquisitions"):
    acquisitions: list[StoredAcquisition]


class ReadAcquisitionContent(Command, tag="read_datalogging_acquisition_content"):
    """Fetch an acquisition as one message; see :class:`DownloadAcquisition` for large ones."""

    reference_id: str


class AcquisitionContentReply(ServerMessage, tag="response_read_datalogging_acquisition_content"):
    reference_id: str
    firmware_id: str
    firmware_name: str | None
    name: str | None
    timestamp: float
    trigger_index: int | None
    yaxes: list[DataloggingAxis]
    signals: list[SignalData]
    xdata: XAxisData


class DownloadAcquisition(Command, tag="download_datalogging_acquisition"):
    """Added: fetch an acquisition of any size, in chunks of at most ``max_chunk_size`` octets."""

    reference_id: str
    max_chunk_size: int | None = None


class DownloadAcquisitionReply(ServerMessage, tag="response_download_datalogging_acquisition"):
    """Added: one chunk of the samples; they are complete when ``total_size`` octets have come.

    The samples are those of all series one after the other, little endian, 8 octets each.
    ``description`` comes with the first chunk.
    """

    total_size: int
    file_chunk: FileChunk
    description: AcquisitionDescription | None = None


class UpdateAcquisition(Command, tag="update_datalogging_acquisition"):
    """Rename an acquisition, or some of its axes, of which -1 is the x axis."""

    reference_id: str
    name: str | UnsetType = UNSET
    axis_name: list[DataloggingAxis] | UnsetType = UNSET


class UpdateAcquisitionReply(ServerMessage, tag="response_update_datalogging_acquisition"):
    pass


class DeleteAcquisition(Command, tag="delete_datalogging_acquisition"):
    """Delete a stored acquisition."""

    reference_id: str


class DeleteAcquisitionReply(ServerMessage, tag="response_delete_datalogging_acquisition"):
    pass


class DeleteAllAcquisitions(Command, tag="delete_all_datalogging_acquisition"):
    """Delete all that is stored."""


class DeleteAllAcquisitionsReply(ServerMessage, tag="response_delete_all_datalogging_acquisition"):
    pass
