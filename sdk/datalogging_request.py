"""An acquisition that was asked for, and will be recorded or fail later."""

from __future__ import annotations

from scrutiny.api.messages import RequestAcquisition

from . import exceptions
from ._arguments import check_optional_timeout
from ._channel import Channel
from ._dialogue_thread import run
from ._requested_acquisition import STATE_PERIOD_S, RequestedAcquisition
from ._waiting import Deadline, Latch
from .acquisition import DataloggingAcquisition
from .datalogging_request_info import DataloggingRequestInfo
from .pending_request import PendingRequest


class DataloggingRequest(RequestedAcquisition, PendingRequest):
    """An acquisition to come. Wait for it, then :meth:`fetch_acquisition`.

    It does not expire: without a trigger it waits until it is cancelled. When the connection ends,
    it fails here, and goes on at the server, which stores the result.
    """

    def __init__(self, channel: Channel, command: RequestAcquisition) -> None:
        self._answered = Latch()
        super().__init__(channel, command, self._answered.open)
        self._blocking = channel

    def start(self) -> None:
        """Ask the server; for the client.

        Raises:
            OperationFailure: it refused.
            RequestTimeout: it did not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        recording, channel = self._recording, self._blocking
        channel.forbid_reader_thread()
        deadline = Deadline(channel.timeout_s)
        channel.start(recording)
        try:
            self._answered.wait(deadline)
        except BaseException:  # Ctrl-C
            channel.forget(recording)
            raise
        self._take_answer(channel.timeout_s)

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
        return run(self._blocking, self._info(check_optional_timeout(timeout)))

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
            status_count = self._blocking.core.status_count
            info = self.get_info()
            if info is None or not self._is_before_armed(info):
                break
            if deadline.remaining_s() <= 0:
                raise exceptions.TimeoutException(
                    f"not armed within {timeout:g} s, the request is {info.state.value}"
                )
            self._wait_for_news(status_count, min(STATE_PERIOD_S, deadline.remaining_s()))
        if self.failure_reason:
            raise exceptions.OperationFailure(self.failure_reason)

    def _wait_for_news(self, status_count: int, timeout_s: float) -> None:
        core = self._blocking.core
        self._blocking.wait_state(
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
        run(self._blocking, self._cancel(check_optional_timeout(timeout)))

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
        return run(self._blocking, self._fetch(check_optional_timeout(timeout)))

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
