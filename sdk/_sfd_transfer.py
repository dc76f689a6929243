"""Firmware description files on their way from the server, or to it; no waiting."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

from scrutiny.api.messages import (
    DownloadSfd,
    FileChunk,
    UploadSfdData,
    UploadSfdDataReply,
    UploadSfdInit,
)

from . import _from_api, exceptions
from ._channel_role import ChannelRole
from ._completion import Completion
from ._exchanges import Call, SfdAnnouncement, SfdDownload
from .sfd_info import SFDInfo

# The server forgets a partial file 30 s after the last it heard of it, client API section 7.5.
SILENCE_LIMIT_S = 30.0

# Octets of a file in one message: 700 KB as base64, and a message may have 1 MiB.
_CHUNK_SIZE = 512 << 10
# Chunks that are sent before the first of them is confirmed, so that the line is never idle.
WINDOW = 4


class SfdReception(Completion):
    """A description file on its way here."""

    def __init__(self, channel: ChannelRole, firmware_id: str) -> None:
        super().__init__()
        self._channel = channel
        self._firmware_id = firmware_id
        self._exchange = SfdDownload(DownloadSfd(firmware_id=firmware_id), SILENCE_LIMIT_S)

    def start(self) -> None:
        """Send the request; for the client."""
        self._exchange.on_done = lambda: self._channel.defer(self._end)
        self._channel.start(self._exchange)

    @property
    def firmware_id(self) -> str:
        """The firmware that the file describes."""
        return self._firmware_id

    @property
    def received_count(self) -> int:
        """How many octets have come."""
        return len(self._exchange.data)

    def get_progress(self) -> float:
        """Return how much of the file has come, 0 to 1."""
        total_size = self._exchange.total_size
        return min(1.0, self.received_count / total_size) if total_size else float(self.is_success)

    def get(self) -> bytes:
        """Return the file.

        Raises:
            InvalidValueError: it is not complete.
        """
        if not self.is_success:
            raise exceptions.InvalidValueError(f"there is no file: {self!r}")
        return bytes(self._exchange.data)

    def cancel(self) -> None:
        """Ignore what is still to come; the server sends it all the same.

        Raises:
            OperationFailure: the download is over already.
        """
        if self.completed:
            raise exceptions.OperationFailure(f"nothing to cancel: {self!r}")
        self._channel.forget(self._exchange)
        self.mark_complete("the download was cancelled")

    def _end(self) -> None:
        failure = self._exchange.failure
        self.mark_complete("" if failure is None else str(failure))


class SfdSending(Completion):
    """A description file that the server expects."""

    def __init__(self, channel: ChannelRole, path: Path, content: bytes, firmware_id: str) -> None:
        super().__init__()
        self._channel = channel
        self._path = path
        self._content = content
        self._firmware_id = firmware_id
        self._announcement: SfdAnnouncement | None = None
        self._token = ""
        self._will_overwrite = False
        self._is_started = False
        self._confirmed_size = 0
        self._info: SFDInfo | None = None

    def _announce(self, on_answer: Callable[[], None]) -> SfdAnnouncement:
        """Ask whether the server takes the file; ``on_answer`` is called when that is known."""
        command = UploadSfdInit(firmware_id=self._firmware_id, total_size=len(self._content))
        announcement = SfdAnnouncement(command, on_answer, SILENCE_LIMIT_S)

        def on_done() -> None:
            if announcement.reply is None:
                on_answer()
            else:
                self._channel.defer(lambda: self._expire(announcement))

        announcement.on_done = on_done
        self._channel.start(announcement)
        return announcement

    def _take_answer(self, announcement: SfdAnnouncement) -> None:
        """Take the permission, or raise why there is none."""
        if announcement.reply is None:
            assert announcement.failure is not None
            raise announcement.failure
        self._announcement = announcement
        self._token = announcement.reply.token
        self._will_overwrite = announcement.reply.will_overwrite

    @property
    def firmware_id(self) -> str:
        """The firmware that the file describes."""
        return self._firmware_id

    @property
    def abs_filepath(self) -> str:
        """Absolute path of the file."""
        return str(self._path.absolute())

    @property
    def will_overwrite(self) -> bool:
        """Whether the server has a description of this firmware, which will be replaced."""
        return self._will_overwrite

    def get_progress(self) -> float:
        """Return how much of the file the server has confirmed, 0 to 1."""
        return 1.0 if self.is_success else min(1.0, self._confirmed_size / len(self._content))

    def get_sfd_info(self) -> SFDInfo:
        """Return what the server installed.

        Raises:
            InvalidValueError: the upload is not complete, or failed.
        """
        if not self.is_success or self._info is None:
            raise exceptions.InvalidValueError(f"nothing is installed: {self!r}")
        return self._info

    def cancel(self) -> None:
        """Send no more; the server forgets what it has, unless that was the whole file.

        Raises:
            OperationFailure: the upload is over already.
        """
        if self.completed:
            raise exceptions.OperationFailure(f"nothing to cancel: {self!r}")
        self.mark_complete("the upload was cancelled")
        self._end_announcement()

    def _end_announcement(self) -> None:
        if self._announcement is not None:
            self._channel.forget(self._announcement)

    def _expire(self, announcement: SfdAnnouncement) -> None:
        """Give up, before it was started."""
        failure = announcement.failure
        late = isinstance(failure, exceptions.RequestTimeout)
        not_started = f"the upload was not started within {SILENCE_LIMIT_S:g} s"
        self.mark_complete(not_started if late else str(failure))

    def _begin(self) -> bool:
        """Tell whether the file is to be sent now; OperationFailure if it is too late for that."""
        if self.completed and not self._is_started:
            raise exceptions.OperationFailure(f"nothing to start: {self!r}")
        if self._is_started:
            return False
        self._is_started = True
        return True

    def _calls(self) -> Iterator[Call[UploadSfdDataReply]]:
        """Make the commands that carry the file, in order."""
        for index, offset in enumerate(range(0, len(self._content), _CHUNK_SIZE)):
            octets = self._content[offset : offset + _CHUNK_SIZE]
            chunk = FileChunk(index, base64.b64encode(octets).decode())
            yield Call(UploadSfdData(token=self._token, file_chunk=chunk), UploadSfdDataReply)

    def _confirmed(self, reply: UploadSfdDataReply) -> None:
        self._confirmed_size = max(self._confirmed_size, reply.actual_size)
        if reply.completed and reply.sfd_info is not None:
            self._info = _from_api.sfd_info(reply.sfd_info)

    @property
    def _lack(self) -> str:
        """What is wrong after all was confirmed; empty if nothing is."""
        installed = self._info is not None
        return "" if installed else "the server took the file, and did not say that it is installed"
