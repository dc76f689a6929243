"""The conversation about an acquisition, from the request until it is recorded; no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scrutiny.api.messages import (
    AcquisitionCompleted,
    AnyServerMessage,
    RequestAcquisition,
    RequestAcquisitionReply,
)

from ._exchanges import Exchange

# Completions that came before the reply which tells what they are about.
_EARLY_COMPLETIONS_MAX: Final = 64


class Recording(Exchange):
    """An acquisition that was asked for: accepted with a token, and over some time later.

    Args:
        command: what to record.
        on_accepted: called when the token is known.

    Attributes:
        completion: how it ended; None before.
    """

    def __init__(self, command: RequestAcquisition, on_accepted: Callable[[], None]) -> None:
        super().__init__(command)
        self.completion: AcquisitionCompleted | None = None
        self._on_accepted = on_accepted

    def receive(self, message: AnyServerMessage) -> None:
        """Take the token, then the outcome."""
        match message:
            case RequestAcquisitionReply() if self.token is None:
                self.token = message.request_token
                self._on_accepted()
            case AcquisitionCompleted() if self.token is not None:
                self.completion = message
                self.finish()
            case _:
                self.refuse(message)


class EarlyCompletions:
    """Keeps outcomes under unknown tokens while a recording waits for its own token."""

    def __init__(self) -> None:
        self._by_token: dict[str, AcquisitionCompleted] = {}

    def keep(self, message: AcquisitionCompleted) -> None:
        """Keep the first one of a token; too many push out the oldest."""
        self._by_token.setdefault(message.request_token, message)
        if len(self._by_token) > _EARLY_COMPLETIONS_MAX:
            del self._by_token[next(iter(self._by_token))]

    def take(self, token: str) -> AcquisitionCompleted | None:
        """Remove and return the one of a token."""
        return self._by_token.pop(token, None)

    def clear(self) -> None:
        """Forget all of them."""
        self._by_token.clear()
