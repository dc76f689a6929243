"""Where a request for a capture is, in words; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scrutiny.sdk.datalogging_request_info import DataloggingRequestInfo, DataloggingRequestState

from ..output import one_line

_WORDS: Final = {
    DataloggingRequestState.Configuring: "telling the device",
    DataloggingRequestState.WaitForTrigger: "waiting for the trigger",
    DataloggingRequestState.Acquiring: "acquiring",
    DataloggingRequestState.Downloading: "downloading",
    DataloggingRequestState.Storing: "storing",
}
_BEFORE_TRIGGER: Final = (
    DataloggingRequestState.Queued,
    DataloggingRequestState.Configuring,
    DataloggingRequestState.WaitForTrigger,
)
_GONE: Final = "the device is gone"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a request is.

    Attributes:
        text: for people.
        ratio: how complete that is, 0 to 1; None if it cannot be told.
        is_before_trigger: nothing has happened yet.
        is_armed: the device waits for the trigger.
    """

    text: str
    ratio: float | None = None
    is_before_trigger: bool = False
    is_armed: bool = False


def stage_of(
    requests: Sequence[DataloggingRequestInfo], token: str, *, is_device_ready: bool
) -> Stage | None:
    """Return where a request is; None if it has ended.

    Args:
        requests: of all clients, in the order of their turn.
        token: of the request.
        is_device_ready: the server talks to the device.
    """
    place = next((i for i, each in enumerate(requests) if each.token == token), None)
    if place is None:
        return None
    request = requests[place]
    if request.state is DataloggingRequestState.Queued:
        text = "queued" if not place else f"queued behind {one_line(requests[0].owner)}"
        if place > 1:
            text += f" and {place - 1} more"
    else:
        text = _WORDS[request.state]
    if not is_device_ready:
        text += f" ({_GONE})"
    return Stage(
        text,
        request.completion_ratio,
        is_before_trigger=request.state in _BEFORE_TRIGGER,
        is_armed=request.state is DataloggingRequestState.WaitForTrigger,
    )
