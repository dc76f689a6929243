"""Commands that were sent, and what belongs to their answers; no I/O, no locks.

An exchange takes the messages that answer its command until it is done, or until it fails. Whoever
waits for it hangs itself on ``on_done``, which is called once.
"""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from scrutiny.api.codec import encode
from scrutiny.api.messages import (
    AnyServerMessage,
    Command,
    DownloadSfd,
    DownloadSfdReply,
    GetWatchableList,
    ReadMemoryReply,
    ServerMessage,
    UploadSfdInit,
    UploadSfdInitReply,
    WatchableListReply,
    WriteCompleted,
    WriteMemoryReply,
    WriteReply,
    WritesConfirmed,
    WriteWatchable,
    command_name,
)
from scrutiny.api.versions import MAX_MESSAGE_SIZE

from . import exceptions

_Reply = TypeVar("_Reply", bound=ServerMessage)
_Accepted = TypeVar("_Accepted", bound=ReadMemoryReply | WriteMemoryReply)


def encode_command(command: Command) -> bytes:
    """Return a command as it is sent; ValueError if it is larger than a message may be."""
    data = encode(command)
    if len(data) > MAX_MESSAGE_SIZE:
        raise ValueError(
            f"{command_name(command)} is too large for one message: "
            f"{len(data)} octets, the limit is {MAX_MESSAGE_SIZE}"
        )
    return data


class Exchange(ABC):
    """One command on its way.

    Attributes:
        token: under which the server will announce the outcome; None as long as the answers carry
            the number of the command.
        silence_limit_s: how long the server may say nothing about it; None leaves that to whoever
            waits.
        deadline_s: when the silence becomes too long, on the clock that the core is given.
    """

    def __init__(self, command: Command, *, silence_limit_s: float | None = None) -> None:
        self.command = command
        self.name: str = command_name(command)
        self.token: str | None = None
        self.is_done: bool = False
        self.failure: exceptions.ScrutinySDKException | None = None
        self.on_done: Callable[[], None] | None = None
        self.silence_limit_s = silence_limit_s
        self.deadline_s: float | None = None

    @abstractmethod
    def receive(self, message: AnyServerMessage) -> None:
        """Take a message that answers the command."""

    def finish(self) -> None:
        """End it; what comes later is ignored."""
        if self.is_done:
            return
        self.is_done = True
        if self.on_done is not None:
            self.on_done()

    def fail(self, failure: exceptions.ScrutinySDKException) -> None:
        """End it with an exception for whoever waits."""
        if not self.is_done:
            self.failure = failure
            self.finish()

    def check_success(self, limit_s: float | None, unknown: str = "") -> None:
        """Raise what it failed with, or RequestTimeout if it is not done.

        Args:
            limit_s: how long was waited.
            unknown: what a time-out leaves open, for the text.
        """
        if not self.is_done:
            raise exceptions.RequestTimeout(
                f"no answer to {self.name} within {limit_s:g} s" + (unknown and f": {unknown}")
            )
        if self.failure is not None:
            raise self.failure

    def refuse(self, message: AnyServerMessage) -> None:
        """Fail because of an answer that makes no sense here."""
        self.fail(
            exceptions.OperationFailure(
                f"the server answered {self.name} with {command_name(message)}: "
                "are its version and the version of this SDK the same?"
            )
        )


class Call(Exchange, Generic[_Reply]):
    """A command with one answer."""

    def __init__(self, command: Command, reply_type: type[_Reply]) -> None:
        super().__init__(command)
        self._reply_type = reply_type
        self._reply: _Reply | None = None

    def receive(self, message: AnyServerMessage) -> None:
        """Take the answer."""
        if not isinstance(message, self._reply_type):
            self.refuse(message)
            return
        self._reply = message
        self.finish()

    @property
    def reply(self) -> _Reply:
        """The answer, once the exchange succeeded."""
        assert self._reply is not None
        return self._reply


class DeferredCall(Exchange, Generic[_Accepted, _Reply]):
    """A command that is accepted first, with a token; the outcome follows under that token."""

    def __init__(
        self, command: Command, accepted_type: type[_Accepted], reply_type: type[_Reply]
    ) -> None:
        super().__init__(command)
        self._accepted_type = accepted_type
        self._reply_type = reply_type
        self._reply: _Reply | None = None

    def receive(self, message: AnyServerMessage) -> None:
        """Take the token, then the outcome."""
        if self.token is None and isinstance(message, self._accepted_type):
            self.token = message.request_token
        elif self.token is not None and isinstance(message, self._reply_type):
            self._reply = message
            self.finish()
        else:
            self.refuse(message)

    @property
    def reply(self) -> _Reply:
        """The outcome, once the exchange succeeded."""
        assert self._reply is not None
        return self._reply


class WriteExchange(Exchange):
    """Several writes in one command; each is confirmed or refused by itself.

    Args:
        command: the writes, numbered by ``batch_index``.
        on_item: called for each of them with its number, why it failed (empty if it did not), and
            the server's time of it in microseconds (None without an answer).
    """

    def __init__(
        self, command: WriteWatchable, on_item: Callable[[int, str, float | None], None]
    ) -> None:
        super().__init__(command)
        self._open = {item.batch_index for item in command.updates}
        self._on_item = on_item

    def receive(self, message: AnyServerMessage) -> None:
        """Take the token, then the completions of all items."""
        match message:
            case WriteReply() if self.token is None and message.count == len(self._open):
                self.token = message.request_token
            case WritesConfirmed() if self.token is not None:
                for index in message.batch_indices:
                    self._item_ended(index, "", message.completion_server_time_us)
            case WriteCompleted() if self.token is not None:
                why = message.failure_reason or "the server gave no reason"
                reason = "" if message.success else why
                self._item_ended(message.batch_index, reason, message.completion_server_time_us)
            case _:
                self.refuse(message)

    def _item_ended(self, index: int, reason: str, server_time_us: float) -> None:
        if index not in self._open:
            return
        self._open.discard(index)
        self._on_item(index, reason, server_time_us)
        if not self._open:
            self.finish()

    def fail(self, failure: exceptions.ScrutinySDKException) -> None:
        """End it; every item that is still open failed for this reason."""
        for index in sorted(self._open):
            self._on_item(index, str(failure), None)
        self._open.clear()
        super().fail(failure)


class ListDownload(Exchange):
    """A list that comes in parts; each part is handed over as it comes."""

    def __init__(
        self,
        command: GetWatchableList,
        on_part: Callable[[WatchableListReply], None],
        silence_limit_s: float,
    ) -> None:
        super().__init__(command, silence_limit_s=silence_limit_s)
        self._on_part = on_part

    def receive(self, message: AnyServerMessage) -> None:
        """Take a part."""
        if not isinstance(message, WatchableListReply):
            self.refuse(message)
            return
        self._on_part(message)
        if message.done:
            self.finish()


class SfdDownload(Exchange):
    """A file that comes in chunks.

    Attributes:
        data: what has come.
        total_size: in octets; None before the first chunk.
    """

    def __init__(self, command: DownloadSfd, silence_limit_s: float) -> None:
        super().__init__(command, silence_limit_s=silence_limit_s)
        self.data = bytearray()
        self.total_size: int | None = None
        self._chunk_count = 0

    def receive(self, message: AnyServerMessage) -> None:
        """Take a chunk."""
        if not isinstance(message, DownloadSfdReply):
            self.refuse(message)
            return
        chunk = message.file_chunk
        if chunk.chunk_index != self._chunk_count:
            raise exceptions.BadResponseError(
                f"chunk {chunk.chunk_index} came where chunk {self._chunk_count} was due"
            )
        try:
            self.data += base64.b64decode(chunk.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise exceptions.BadResponseError(f"chunk {chunk.chunk_index}: {error}") from error
        self.total_size = message.total_size
        self._chunk_count += 1
        if len(self.data) > self.total_size:
            raise exceptions.BadResponseError(
                f"{len(self.data)} octets came of a file of {self.total_size}"
            )
        if len(self.data) == self.total_size:
            self.finish()


class SfdAnnouncement(Exchange):
    """A file that was announced. Open until its upload starts, so that it can expire.

    Args:
        command: the announcement.
        on_answer: called when the server is ready for the file.
        silence_limit_s: how long it stays ready.
    """

    def __init__(
        self, command: UploadSfdInit, on_answer: Callable[[], None], silence_limit_s: float
    ) -> None:
        super().__init__(command, silence_limit_s=silence_limit_s)
        self.reply: UploadSfdInitReply | None = None
        self._on_answer = on_answer

    def receive(self, message: AnyServerMessage) -> None:
        """Take the permission."""
        if not isinstance(message, UploadSfdInitReply) or self.reply is not None:
            self.refuse(message)
            return
        self.reply = message
        self._on_answer()
