"""Firmware description files on their way from the server, or to it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path

from scrutiny.api.messages import UploadSfdDataReply

from . import exceptions
from ._channel import Channel
from ._exchanges import Call
from ._sfd_transfer import SILENCE_LIMIT_S, WINDOW, SfdReception, SfdSending
from ._waiting import Deadline, DoneWaiter, Latch
from .pending_request import PendingRequest

logger: logging.Logger = logging.getLogger(__name__)


class SFDDownloadRequest(SfdReception, PendingRequest):
    """A description file on its way here. Wait for it, then :meth:`get` it."""


class SFDUploadRequest(SfdSending, PendingRequest):
    """A description file that the server expects. :meth:`start` it, then wait for it.

    Nothing changes on the server before the whole file is there.
    """

    def __init__(self, channel: Channel, path: Path, content: bytes, firmware_id: str) -> None:
        super().__init__(channel, path, content, firmware_id)
        self._blocking = channel
        self._start_lock = threading.Lock()

    def announce(self) -> None:
        """Ask the server whether it takes the file; for the client.

        Raises:
            OperationFailure: it does not, or does not answer.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        channel = self._blocking
        channel.forbid_reader_thread()
        deadline = Deadline(channel.timeout_s)
        answered = Latch()
        announcement = self._announce(answered.open)
        if not answered.wait(deadline):
            channel.forget(announcement)
            raise exceptions.RequestTimeout(
                f"no answer to {announcement.name} in {channel.timeout_s:g} s"
            )
        self._take_answer(announcement)

    def start(self) -> None:
        """Begin to send the file, in a thread of its own; harmless when it was begun.

        Raises:
            OperationFailure: it was cancelled, was not started within 30 s, or the connection
                was lost.
        """
        with self._start_lock:
            if not self._begin():
                return
        self._end_announcement()
        thread = threading.Thread(target=self._send_all, name="scrutiny-sdk-upload", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            self.mark_complete(f"the upload cannot start: {error}")
            raise exceptions.OperationFailure(self.failure_reason) from error

    # ----------------------------------------------------------------- in the thread

    def _send_all(self) -> None:
        window: deque[tuple[Call[UploadSfdDataReply], DoneWaiter]] = deque()
        reason = ""
        try:
            self._send_chunks(window)
            reason = self._lack
        except exceptions.ScrutinySDKException as error:
            reason = str(error)
        except Exception as error:
            logger.exception("The upload of %s failed; this is a defect", self._path)
            reason = f"internal error of the client: {error!r}"
        finally:
            for call, _ in window:
                self._channel.forget(call)
            self.mark_complete(reason)

    def _send_chunks(self, window: deque[tuple[Call[UploadSfdDataReply], DoneWaiter]]) -> None:
        for call in self._calls():
            if self.completed:  # cancelled
                return
            if len(window) == WINDOW:
                self._confirm(*window.popleft())
            window.append((call, self._blocking.waiter(call)))
            self._blocking.start(call)
        while window and not self.completed:
            self._confirm(*window.popleft())

    def _confirm(self, call: Call[UploadSfdDataReply], waiter: DoneWaiter) -> None:
        self._blocking.finish(call, waiter, Deadline(SILENCE_LIMIT_S), SILENCE_LIMIT_S)
        self._confirmed(call.reply)
