"""An acquisition that was asked for, and what becomes of it; no waiting."""

from __future__ import annotations

from collections.abc import Callable

from scrutiny.api.messages import RequestAcquisition

from . import _datalogging, exceptions
from ._acquisition_download import fetch
from ._channel_role import ChannelRole
from ._completion import Completion
from ._dialogue import Dialogue
from ._recording import Recording
from .acquisition import DataloggingAcquisition
from .datalogging_request_info import DataloggingRequestInfo, DataloggingRequestState

_BEFORE_ARMED = (DataloggingRequestState.Queued, DataloggingRequestState.Configuring)

# Status events tell that the device is armed, but not for which of two requests in a row.
STATE_PERIOD_S = 0.1


class RequestedAcquisition(Completion):
    """What the requests of both clients have in common."""

    def __init__(
        self, channel: ChannelRole, command: RequestAcquisition, on_answer: Callable[[], None]
    ) -> None:
        super().__init__()
        self._channel = channel
        self._on_answer = on_answer
        self._recording = Recording(command, on_answer)
        self._recording.on_done = self._on_done
        self._reference_id: str | None = None

    def _on_done(self) -> None:
        if self._recording.token is None:
            self._on_answer()
        else:
            self._channel.defer(self._end)

    def _take_answer(self, timeout_s: float) -> None:
        """Check that the server has accepted, and raise if not."""
        recording = self._recording
        if recording.token is not None:
            return
        self._channel.forget(recording)
        if recording.failure is not None:
            raise recording.failure
        raise exceptions.RequestTimeout(
            f"no answer to {recording.name} within {timeout_s:g} s; "
            "get_datalogging_requests() tells whether the server got it"
        )

    @property
    def request_token(self) -> str:
        """Name of the request on the server."""
        return self._recording.token or ""

    @property
    def acquisition_reference_id(self) -> str | None:
        """Name of the stored acquisition; None until the request has succeeded."""
        return self._reference_id

    def _info(self, timeout_s: float | None) -> Dialogue[DataloggingRequestInfo | None]:
        if self.completed:
            return None
        for info in (yield from _datalogging.requests(timeout_s)):
            if info.token == self.request_token:
                return info
        return None

    def _cancel(self, timeout_s: float | None) -> Dialogue[None]:
        if self.completed:
            raise exceptions.OperationFailure(f"nothing to cancel: {self!r}")
        yield from _datalogging.cancel_request(self.request_token, timeout_s)
        self._channel.forget(self._recording)
        self.mark_complete("the acquisition was cancelled")

    def _fetch(self, timeout_s: float | None) -> Dialogue[DataloggingAcquisition]:
        if self._reference_id is None:
            reason = self.failure_reason or "it is not over; call wait_for_completion() first"
            raise exceptions.OperationFailure(f"there is no acquisition: {reason}")
        welcome = self._channel.core.welcome
        return (yield from fetch(welcome, self._reference_id, timeout_s))

    def _is_before_armed(self, info: DataloggingRequestInfo | None) -> bool:
        return info is not None and info.state in _BEFORE_ARMED

    def _end(self) -> None:
        completion, failure = self._recording.completion, self._recording.failure
        if isinstance(failure, exceptions.ConnectionError):
            self.mark_complete(
                "the connection to the server was lost. It goes on recording, and stores the "
                f"acquisition: see list_stored_datalogging_acquisitions() ({failure})"
            )
        elif failure is not None:
            self.mark_complete(str(failure))
        elif completion is None or not completion.success:
            detail = completion.detail_msg if completion else ""
            self.mark_complete(detail or "the server gave no reason")
        elif completion.reference_id is None:
            self.mark_complete("the server did not tell where it has stored the acquisition")
        elif not self.completed:
            self._reference_id = completion.reference_id
            self.mark_complete()
