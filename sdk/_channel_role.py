"""What a request in the background needs of the connection, whichever shell that has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ._core import ClientCore
from ._exchanges import Exchange


class ChannelRole(Protocol):
    """A connection that does not wait."""

    @property
    def core(self) -> ClientCore:
        """The client without I/O."""
        ...

    def start(self, exchange: Exchange) -> None:
        """Send a command; its exchange ends by itself."""

    def forget(self, exchange: Exchange) -> None:
        """Ignore the answers to a command that are still to come."""

    def defer(self, action: Callable[[], None]) -> None:
        """Run something after the message at hand."""
