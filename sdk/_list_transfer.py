"""The list of what can be watched, as it comes part by part; no waiting."""

from __future__ import annotations

import logging
from collections.abc import Callable

from scrutiny.api.messages import GetWatchableList, ListFilter, WatchableKind, WatchableListReply

from . import _from_api, exceptions
from ._channel_role import ChannelRole
from ._completion import Completion
from ._exchanges import ListDownload
from .watchable_configs import WatchableListContentPart, WatchableType

logger = logging.getLogger(__name__)

_KINDS: dict[WatchableType, WatchableKind] = {
    WatchableType.Variable: "var",
    WatchableType.Alias: "alias",
    WatchableType.RuntimePublishedValue: "rpv",
}

PartCallback = Callable[[WatchableListContentPart, bool], None]

# Longer than a server needs for one part, even of a million watchables.
_SILENCE_LIMIT_S = 30.0


class ListTransfer(Completion):
    """A list on its way, to the end of its request or to a callback."""

    def __init__(self, channel: ChannelRole, callback: PartCallback | None) -> None:
        super().__init__()
        self._channel = channel
        self._callback = callback
        self._content = WatchableListContentPart()
        self._exchange: ListDownload | None = None

    def start(
        self, types: list[WatchableType] | None, max_per_response: int, name_patterns: list[str]
    ) -> None:
        """Send the request; for the client."""
        type_filter: list[WatchableKind] | None = [_KINDS[kind] for kind in types or ()] or None
        command = GetWatchableList(
            max_per_response=max_per_response,
            filter=ListFilter(type=type_filter, name=name_patterns or None),
        )
        exchange = ListDownload(command, self._receive, _SILENCE_LIMIT_S)
        exchange.on_done = lambda: self._channel.defer(lambda: self._end(exchange))
        self._exchange = exchange
        self._channel.start(exchange)

    def get(self) -> WatchableListContentPart:
        """Return the whole list.

        Raises:
            InvalidValueError: it is not complete, or was handed to the callback.
        """
        if self._callback is not None:
            raise exceptions.InvalidValueError("the list was handed to the callback, in parts")
        if not self.is_success:
            raise exceptions.InvalidValueError(f"there is no list: {self!r}")
        return self._content

    def cancel(self) -> None:
        """Ignore what is still to come; the server sends it all the same.

        Raises:
            OperationFailure: the download is over already.
        """
        if self.completed:
            raise exceptions.OperationFailure(f"nothing to cancel: {self!r}")
        self._give_up("the download was cancelled")

    def _receive(self, reply: WatchableListReply) -> None:
        """Take a part; converting it and the callback run without the client's lock."""
        self._channel.defer(lambda: self._handle_part(reply))

    def _handle_part(self, reply: WatchableListReply) -> None:
        if self.completed:  # cancelled, or given up
            return
        try:
            part = _from_api.list_part(reply)
        except exceptions.BadResponseError as error:
            self._give_up(f"the server's list cannot be used: {error}")
            return
        if self._callback is None:
            self._content.extend(part)
            return
        try:
            self._callback(part, reply.done)
        except BaseException as error:  # sys.exit() too: it would end the reader thread
            logger.exception("The callback of a list download failed; it is not called again")
            self._give_up(f"the callback raised {error!r}")

    def _end(self, exchange: ListDownload) -> None:
        self.mark_complete("" if exchange.failure is None else str(exchange.failure))

    def _give_up(self, reason: str) -> None:
        if self._exchange is not None:
            self._channel.forget(self._exchange)
        self.mark_complete(reason)
