"""Requests in the background of the asyncio client: lists, description files, acquisitions."""

# The blocking client has these parameters too.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from pathlib import Path

from scrutiny.api.messages import RequestAcquisition, UploadSfdDataReply

from . import exceptions
from ._arguments import check_optional_timeout
from ._async_channel import AsyncChannel
from ._async_signal import Done, Signal
from ._completion import Completion
from ._exchanges import Call, Exchange
from ._list_transfer import ListTransfer
from ._requested_acquisition import STATE_PERIOD_S, RequestedAcquisition
from ._sfd_transfer import SILENCE_LIMIT_S, WINDOW, SfdReception, SfdSending
from ._waiting import Deadline
from .acquisition import DataloggingAcquisition
from .datalogging_request_info import DataloggingRequestInfo

logger = logging.getLogger(__name__)


class AsyncPendingRequest(Completion):
    """A request that will be done or fail later. The first completion wins."""

    def __init__(self) -> None:
        super().__init__()
        self._over = Signal()

    async def wait_for_completion(self, timeout: float | None = None) -> None:
        """Wait until it is over. Cancelling the wait is safe: the request goes on.

        Args:
            timeout: In seconds, None waits for ever.

        Raises:
            TimeoutException: it is not over yet.
            OperationFailure: it failed.
        """
        limit_s = check_optional_timeout(timeout)
        if not await self._over.until(lambda: self.completed, limit_s):
            raise exceptions.TimeoutException(f"{self!r} is not over after {timeout} s")
        if self.failure_reason:
            raise exceptions.OperationFailure(self.failure_reason)

    def mark_complete(self, failure_reason: str = "") -> None:
        """End it; for the client. Empty means success."""
        super().mark_complete(failure_reason)
        self._over.notify()


class AsyncWatchableListDownloadRequest(ListTransfer, AsyncPendingRequest):
    """A list on its way. Wait for it, then :meth:`get` it, unless a callback takes the parts."""


class AsyncSFDDownloadRequest(SfdReception, AsyncPendingRequest):
    """A description file on its way here. Wait for it, then :meth:`get` it."""


class AsyncSFDUploadRequest(SfdSending, AsyncPendingRequest):
    """A description file that the server expects. :meth:`start` it, then wait for it.

    Nothing changes on the server before the whole file is there.
    """

    def __init__(self, channel: AsyncChannel, path: Path, content: bytes, firmware_id: str) -> None:
        super().__init__(channel, path, content, firmware_id)
        self._async_channel = channel
        self._sender: asyncio.Task[None] | None = None

    async def announce(self) -> None:
        """Ask the server whether it takes the file; for the client.

        Raises:
            OperationFailure: it does not, or does not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        channel = self._async_channel
        answered = _Answer()
        announcement = self._announce(answered.open)
        if not await _answered(channel, announcement, answered):
            raise exceptions.RequestTimeout(
                f"no answer to {announcement.name} in {channel.timeout_s:g} s"
            )
        self._take_answer(announcement)

    def start(self) -> None:
        """Begin to send the file, in a task of its own; harmless when it was begun.

        Raises:
            OperationFailure: it was cancelled, was not started within 30 s, or the connection
                was lost.
        """
        if not self._begin():
            return
        self._end_announcement()
        self._sender = asyncio.create_task(self._send_all(), name="scrutiny-sdk-upload")

    async def _send_all(self) -> None:
        window: deque[tuple[Call[UploadSfdDataReply], Done]] = deque()
        reason = "the upload was interrupted"
        try:
            await self._send_chunks(window)
            reason = self._lack
        except exceptions.ScrutinySDKException as error:
            reason = str(error)
        except Exception as error:
            logger.exception("The upload of %s failed; this is a defect", self.abs_filepath)
            reason = f"internal error of the client: {error!r}"
        finally:
            for call, _ in window:
                self._channel.forget(call)
            self.mark_complete(reason)

    async def _send_chunks(self, window: deque[tuple[Call[UploadSfdDataReply], Done]]) -> None:
        for call in self._calls():
            if self.completed:  # cancelled
                return
            if len(window) == WINDOW:
                await self._confirm(*window.popleft())
            window.append((call, Done(call)))
            self._async_channel.start(call)
        while window and not self.completed:
            await self._confirm(*window.popleft())

    async def _confirm(self, call: Call[UploadSfdDataReply], done: Done) -> None:
        await self._async_channel.finish(call, done, SILENCE_LIMIT_S)
        self._confirmed(call.reply)


class AsyncDataloggingRequest(RequestedAcquisition, AsyncPendingRequest):
    """An acquisition to come. Wait for it, then :meth:`fetch_acquisition`.

    It does not expire: without a trigger it waits until it is cancelled. When the connection ends,
    it fails here, and goes on at the server, which stores the result.
    """

    def __init__(self, channel: AsyncChannel, command: RequestAcquisition) -> None:
        self._answered = _Answer()
        super().__init__(channel, command, self._answered.open)
        self._async_channel = channel

    async def start(self) -> None:
        """Ask the server; for the client.

        Raises:
            OperationFailure: it refused.
            RequestTimeout: it did not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        channel = self._async_channel
        channel.start(self._recording)
        await _answered(channel, self._recording, self._answered)
        self._take_answer(channel.timeout_s)

    async def get_info(self, timeout: float | None = None) -> DataloggingRequestInfo | None:
        """Ask the server where the request is, and how far.

        Args:
            timeout: In seconds; None for the client's timeout.

        Returns:
            What the server tells; None when the request is over.
        """
        return await self._async_channel.run(self._info(check_optional_timeout(timeout)))

    async def wait_until_armed(self, timeout: float | None = None) -> None:
        """Wait until it is its turn, and the device waits for the trigger, or is past that.

        Args:
            timeout: In seconds, None waits for ever.

        Raises:
            TimeoutException: others are before it still, or the device is not told yet.
            OperationFailure: it failed.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        deadline = Deadline(check_optional_timeout(timeout))
        core = self._async_channel.core
        while not self.completed:
            status_count = core.status_count
            info = await self.get_info()
            if info is None or not self._is_before_armed(info):
                break
            if deadline.remaining_s() <= 0:
                raise exceptions.TimeoutException(
                    f"not armed within {timeout:g} s, the request is {info.state.value}"
                )
            await self._wait_for_news(status_count, min(STATE_PERIOD_S, deadline.remaining_s()))
        if self.failure_reason:
            raise exceptions.OperationFailure(self.failure_reason)

    async def _wait_for_news(self, status_count: int, timeout_s: float) -> None:
        core = self._async_channel.core
        await self._async_channel.wait_state(
            lambda: self.completed or core.status_count != status_count, timeout_s
        )

    async def cancel(self, timeout: float | None = None) -> None:
        """End the request, in the device as well. Afterwards it is complete, as failed.

        Raises:
            OperationFailure: it is over already, or the server refused.
            RequestTimeout: the server did not answer.
        """
        await self._async_channel.run(self._cancel(check_optional_timeout(timeout)))

    async def fetch_acquisition(self, timeout: float | None = None) -> DataloggingAcquisition:
        """Return the acquisition, once it is recorded.

        Args:
            timeout: In seconds, for all of it; None for the client's timeout, for each chunk.

        Raises:
            OperationFailure: it is not recorded yet, or failed, or was deleted, or what came is
                damaged.
            RequestTimeout: it did not come in time.
        """
        return await self._async_channel.run(self._fetch(check_optional_timeout(timeout)))

    async def wait_and_fetch(
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
        await self.wait_for_completion(timeout)
        return await self.fetch_acquisition(fetch_timeout)


class _Answer:
    """Whether the server has answered something that goes on after the answer."""

    def __init__(self) -> None:
        self.is_there = False
        self.signal = Signal()

    def open(self) -> None:
        self.is_there = True
        self.signal.notify()


async def _answered(channel: AsyncChannel, exchange: Exchange, answer: _Answer) -> bool:
    """Sleep until there is an answer; without one, forget the exchange and return False."""
    with contextlib.ExitStack() as undo:
        undo.callback(channel.forget, exchange)  # also when the task was cancelled
        is_there = await answer.signal.until(lambda: answer.is_there, channel.timeout_s)
        if is_there:
            undo.pop_all()
    return is_there
