"""An acquisition that was asked for, and will be recorded or fail later."""

from __future__ import annotations

from scrutiny.api.messages import RequestAcquisition

from . import _datalogging, exceptions
from ._acquisition_download import fetch
from ._arguments import check_optional_timeout
from ._channel import Channel
from ._dialogue_thread import run
from ._recording import Recording
from ._waiting import Deadline, Latch
from .acquisition import DataloggingAcquisition
from .datalogging_request_info import DataloggingRequestInfo, DataloggingRequestState
from .pending_request import PendingRequest

_BEFORE_ARMED = (DataloggingRequestState.Queued, DataloggingRequestState.Configuring)

# Status events tell that the device is armed, but not for which of two requests in a row.
_STATE_PERIOD_S = 0.1


class DataloggingRequest(PendingRequest):
    """An acquisition to come. Wait for it, then :meth:`fetch_acquisition`.

    It does not expire: without a trigger it waits until it is cancelled. When the connection ends,
    it fails here, and goes on at the server, which stores the result.
    """

    def __init__(self, channel: Channel, command: RequestAcquisition) -> None:
        super().__init__()
        self._channel = channel
        self._answered = Latch()
        self._recording = Recording(command, self._answered.open)
        self._reference_id: str | None = None

    def start(self) -> None:
        """Ask the server; for the client.

        Raises:
            OperationFailure: it refused.
            RequestTimeout: it did not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        recording, channel = self._recording, self._channel
        channel.forbid_reader_thread()
        deadline = Deadline(channel.timeout_s)

        def on_done() -> None:
            if recording.token is None:
                self._answered.open()
            else:
                channel.defer(self._end)

        recording.on_done = on_done
        channel.start(recording)
        try:
            self._answered.wait(deadline)
        except BaseException:  # Ctrl-C
            channel.forget(recording)
            raise
        with channel.lock:
            token = recording.token
            if token is None:
                channel.core.forget(recording)
        if token is not None:
            return
        if recording.failure is not None:
            raise recording.failure
        raise exceptions.RequestTimeout(
            f"no answer to {recording.name} within {channel.timeout_s:g} s; "
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

    def get_info(self, timeout: float | None = None) -> DataloggingRequestInfo | None:
        """Ask the server where the request is, and how far.

        Args:
            timeout: In seconds; None for the client's timeout.

        Returns:
            What the server tells; None when the request is over.

        Raises:
            OperationFailure: the server refused.
            RequestTimeout: it did not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        limit_s = check_optional_timeout(timeout)
        if self.completed:
            return None
        for info in run(self._channel, _datalogging.requests(limit_s)):
            if info.token == self.request_token:
                return info
        return None

    def wait_until_armed(self, timeout: float | None = None) -> None:
        """Wait until it is its turn, and the device waits for the trigger, or is past that.

        What is to be recorded should happen after this; else what precedes it may be missing.

        Args:
            timeout: In seconds, None waits for ever.

        Raises:
            TimeoutException: others are before it still, or the device is not told yet.
            OperationFailure: it failed.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        deadline = Deadline(check_optional_timeout(timeout))
        while not self.completed:
            status_count = self._channel.core.status_count
            info = self.get_info()
            if info is None or info.state not in _BEFORE_ARMED:
                break
            if deadline.remaining_s() <= 0:
                raise exceptions.TimeoutException(
                    f"not armed within {timeout:g} s, the request is {info.state.value}"
                )
            self._wait_for_news(status_count, min(_STATE_PERIOD_S, deadline.remaining_s()))
        if self.failure_reason:
            raise exceptions.OperationFailure(self.failure_reason)

    def _wait_for_news(self, status_count: int, timeout_s: float) -> None:
        core = self._channel.core
        self._channel.wait_state(
            lambda: self.completed or core.status_count != status_count, timeout_s
        )

    def cancel(self, timeout: float | None = None) -> None:
        """End the request, in the device as well. Afterwards it is complete, as failed.

        Args:
            timeout: In seconds; None for the client's timeout.

        Raises:
            OperationFailure: it is over already, or the server refused.
            RequestTimeout: the server did not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        limit_s = check_optional_timeout(timeout)
        if self.completed:
            raise exceptions.OperationFailure(f"nothing to cancel: {self!r}")
        run(self._channel, _datalogging.cancel_request(self.request_token, limit_s))
        self._channel.forget(self._recording)
        self.mark_complete("the acquisition was cancelled")

    def fetch_acquisition(self, timeout: float | None = None) -> DataloggingAcquisition:
        """Return the acquisition, once it is recorded.

        Args:
            timeout: In seconds, for all of it; None for the client's timeout, for each chunk.

        Raises:
            OperationFailure: it is not recorded yet, or failed, or was deleted, or what came is
                damaged.
            RequestTimeout: it did not come in time.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        limit_s = check_optional_timeout(timeout)
        if self._reference_id is None:
            reason = self.failure_reason or "it is not over; call wait_for_completion() first"
            raise exceptions.OperationFailure(f"there is no acquisition: {reason}")
        welcome = self._channel.core.welcome
        return run(self._channel, fetch(welcome, self._reference_id, limit_s))

    def wait_and_fetch(
        self, timeout: float | None = None, fetch_timeout: float | None = None
    ) -> DataloggingAcquisition:
        """Wait until it is recorded, and return it.

        Args:
            timeout: How long to wait for the end of the recording, in seconds; None for ever.
            fetch_timeout: As in :meth:`fetch_acquisition`.

        Raises:
            TimeoutException: it is not over yet; it goes on.
            OperationFailure: it failed.
        """
        check_optional_timeout(fetch_timeout)
        self.wait_for_completion(timeout)
        return self.fetch_acquisition(fetch_timeout)

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
