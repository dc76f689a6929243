"""What the client asks about acquisitions, but for their samples.

Time limits are in seconds, None for that of the client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec import UNSET

from scrutiny.api import messages as api

from ._acquisition_lists import request_info, storage_entry
from ._channel import Channel
from ._exchanges import Call
from .datalogging_request_info import DataloggingRequestInfo
from .datalogging_storage import DataloggingStorageEntry

_Reply = TypeVar("_Reply", bound=api.ServerMessage)


# --------------------------------------------------------------------- requests


def requests(channel: Channel, timeout_s: float | None) -> list[DataloggingRequestInfo]:
    """Return the requests of all clients that have not ended."""
    command = api.ListAcquisitionRequests()
    reply = _call(channel, command, api.AcquisitionRequestsReply, timeout_s)
    return [request_info(request) for request in reply.requests]


def cancel_request(channel: Channel, token: str, timeout_s: float | None) -> None:
    """End a request, of whatever client."""
    command = api.CancelAcquisition(request_token=token)
    _call(channel, command, api.CancelAcquisitionReply, timeout_s)


# --------------------------------------------------------------------- storage


def stored(
    channel: Channel,
    firmware_id: str | None,
    before_s: float | None,
    count: int,
    timeout_s: float | None,
) -> list[DataloggingStorageEntry]:
    """Return what is stored, newest first."""
    command = api.ListAcquisitions(count=count, firmware_id=firmware_id, before_timestamp=before_s)
    reply = _call(channel, command, api.AcquisitionListReply, timeout_s)
    return [storage_entry(entry) for entry in reply.acquisitions]


def metadata(
    channel: Channel, reference_id: str, timeout_s: float | None
) -> DataloggingStorageEntry | None:
    """Return what a list would tell about one acquisition."""
    command = api.ListAcquisitions(reference_id=reference_id)
    reply = _call(channel, command, api.AcquisitionListReply, timeout_s)
    for entry in reply.acquisitions:
        if entry.reference_id == reference_id:
            return storage_entry(entry)
    return None


def rename(
    channel: Channel,
    reference_id: str,
    name: str | None,
    axis_names: Mapping[int, str],
    timeout_s: float | None,
) -> None:
    """Give an acquisition another name, or some of its axes."""
    axes = [api.DataloggingAxis(axis_id, axis) for axis_id, axis in axis_names.items()]
    command = api.UpdateAcquisition(
        reference_id=reference_id,
        name=UNSET if name is None else name,
        axis_name=axes or UNSET,
    )
    _call(channel, command, api.UpdateAcquisitionReply, timeout_s)


def delete(channel: Channel, reference_id: str, timeout_s: float | None) -> None:
    """Delete a stored acquisition."""
    command = api.DeleteAcquisition(reference_id=reference_id)
    _call(channel, command, api.DeleteAcquisitionReply, timeout_s)


def delete_all(channel: Channel, timeout_s: float | None) -> None:
    """Delete all that is stored."""
    _call(channel, api.DeleteAllAcquisitions(), api.DeleteAllAcquisitionsReply, timeout_s)


def _call(
    channel: Channel, command: api.Command, reply_type: type[_Reply], timeout_s: float | None
) -> _Reply:
    call = Call(command, reply_type)
    channel.call(call, channel.timeout_s if timeout_s is None else timeout_s)
    return call.reply
