"""What the server lists about acquisitions: those that are stored, and the requests for more.

One strange entry must not cost the rest of a list.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scrutiny.api import messages as api

from . import exceptions
from ._from_api import sfd_metadata
from .datalogging_request_info import DataloggingRequestInfo, DataloggingRequestState
from .datalogging_storage import DataloggingStorageEntry

_MICROSECOND = timedelta(microseconds=1)


def local_time(unix_s: float) -> datetime:
    """Return the last whole microsecond of it: never later, so that it can be asked what is older.

    Raises:
        BadResponseError: no calendar has it.
    """
    try:
        time = datetime.fromtimestamp(unix_s)
        return time - _MICROSECOND if time.timestamp() > unix_s else time
    except (OverflowError, OSError, ValueError):
        raise exceptions.BadResponseError(f"{unix_s} is no time") from None


def _nearest_time(unix_s: float) -> datetime:
    """Return the time, or the end of the calendar that is nearest to it."""
    try:
        return local_time(unix_s)
    except exceptions.BadResponseError:
        return datetime.max if unix_s > 0 else datetime.min


def storage_entry(message: api.StoredAcquisition) -> DataloggingStorageEntry:
    """Return a stored acquisition of a list."""
    metadata = message.firmware_metadata
    return DataloggingStorageEntry(
        reference_id=message.reference_id,
        firmware_id=message.firmware_id,
        name=message.name or "",
        timestamp=_nearest_time(message.timestamp),
        firmware_metadata=None if metadata is None else sfd_metadata(metadata),
        firmware_name=message.firmware_name,
        point_count=message.point_count,
        signals=tuple(message.signals),
    )


def request_info(message: api.AcquisitionRequestInfo) -> DataloggingRequestInfo:
    """Return a request of the list of those that have not ended."""
    return DataloggingRequestInfo(
        token=message.request_token,
        name=message.name,
        owner=message.owner,
        is_mine=message.is_mine,
        is_owner_connected=message.is_owner_connected,
        state=DataloggingRequestState(message.state),
        completion_ratio=message.completion_ratio,
        requested_at=_nearest_time(message.timestamp),
    )
