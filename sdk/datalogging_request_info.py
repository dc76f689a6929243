"""What the server tells about requests for acquisitions that have not ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class DataloggingRequestState(Enum):
    """Where a request for an acquisition is.

    Attributes:
        Queued: it waits for those before it.
        Configuring: the device is told what to record.
        WaitForTrigger: the device waits for the trigger.
        Acquiring: the trigger has fired.
        Downloading: the server fetches the samples from the device.
        Storing: the server writes them into its storage.
    """

    Queued = "queued"
    Configuring = "configuring"
    WaitForTrigger = "waiting_for_trigger"
    Acquiring = "acquiring"
    Downloading = "downloading"
    Storing = "storing"


@dataclass(frozen=True)
class DataloggingRequestInfo:
    """A request for an acquisition, of any client.

    Attributes:
        token: its name; the ``request_token`` of the request.
        name: of the acquisition; may be empty.
        owner: who asked for it.
        is_mine: it was this client, over this connection.
        is_owner_connected: whoever asked is still there to be told.
        completion_ratio: 0 to 1 while it is acquired or downloaded; else None.
        requested_at: local time, without time zone.
    """

    token: str
    name: str
    owner: str
    is_mine: bool
    is_owner_connected: bool
    state: DataloggingRequestState
    completion_ratio: float | None
    requested_at: datetime
