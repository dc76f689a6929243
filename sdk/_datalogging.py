"""What a client asks about acquisitions, but for their samples.

Time limits are in seconds, None for that of the client.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from scrutiny.api import messages as api

from ._acquisition_lists import request_info, storage_entry
from ._dialogue import Dialogue, ask
from .datalogging_request_info import DataloggingRequestInfo
from .datalogging_storage import DataloggingStorageEntry

# --------------------------------------------------------------------- requests


def requests(timeout_s: float | None) -> Dialogue[list[DataloggingRequestInfo]]:
    """Return the requests of all clients that have not ended."""
    command = api.ListAcquisitionRequests()
    reply = yield from ask(command, api.AcquisitionRequestsReply, timeout_s)
    return [request_info(request) for request in reply.requests]


def cancel_request(token: str, timeout_s: float | None) -> Dialogue[None]:
    """End a request, of whatever client."""
    command = api.CancelAcquisition(request_token=token)
    yield from ask(command, api.CancelAcquisitionReply, timeout_s)


# --------------------------------------------------------------------- storage


def stored(
    firmware_id: str | None,
    before_s: float | None,
    count: int,
    timeout_s: float | None,
) -> Dialogue[list[DataloggingStorageEntry]]:
    """Return what is stored, newest first."""
    command = api.ListAcquisitions(count=count, firmware_id=firmware_id, before_timestamp=before_s)
    reply = yield from ask(command, api.AcquisitionListReply, timeout_s)
    return [storage_entry(entry) for entry in reply.acquisitions]


def metadata(
    reference_id: str, timeout_s: float | None
) -> Dialogue[DataloggingStorageEntry | None]:
    """Return what a list would tell about one acquisition."""
    command = api.ListAcquisitions(reference_id=reference_id)
    reply = yield from ask(command, api.AcquisitionListReply, timeout_s)
    for entry in reply.acquisitions:
        if entry.reference_id == reference_id:
            return storage_entry(entry)
    return None


def rename(
    reference_id: str,
    name: str | None,
    axis_names: Mapping[int, str],
    timeout_s: float | None,
) -> Dialogue[None]:
    """Give an acquisition another name, or some of its axes."""
    axes = [api.DataloggingAxis(axis_id, axis) for axis_id, axis in axis_names.items()]
    command = api.UpdateAcquisition(
        reference_id=reference_id,
        name=UNSET if name is None else name,
        axis_name=axes or UNSET,
    )
    yield from ask(command, api.UpdateAcquisitionReply, timeout_s)


def delete(reference_id: str, timeout_s: float | None) -> Dialogue[None]:
    """Delete a stored acquisition."""
    command = api.DeleteAcquisition(reference_id=reference_id)
    yield from ask(command, api.DeleteAcquisitionReply, timeout_s)


def delete_all(timeout_s: float | None) -> Dialogue[None]:
    """Delete all that is stored."""
    yield from ask(api.DeleteAllAcquisitions(), api.DeleteAllAcquisitionsReply, timeout_s)
