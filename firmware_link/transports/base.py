"""What every transport offers, and the life cycle they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Protocol

from ..errors import LinkClosed

OnBytes = Callable[[bytes], None]
OnLost = Callable[[LinkClosed], None]

# A device has one request in flight, of 64 KiB at most: this much means that nothing gets out.
MAX_UNSENT_OCTETS = 1 << 20


class Transport(Protocol):
    """Octets to and from one device. All methods are for the loop's thread.

    The order is: opened, started, perhaps lost, closed. Octets may be lost, cut and joined
    in any way. Nothing is received before ``start``.
    """

    @property
    def bits_per_second(self) -> int | None:
        """Rate of the line, counting 10 bits per octet; None when it is fast or unknown."""
        ...

    def start(self, loop: AbstractEventLoop, on_bytes: OnBytes, on_lost: OnLost) -> None:
        """Begin to receive.

        Args:
            loop: The running loop, the one the transport was opened in.
            on_bytes: Called with what arrived; never from inside ``start`` or ``write``.
            on_lost: Called at most once, never from inside another method. The transport still
                has to be closed.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send without blocking. What the driver does not take at once follows by itself.

        Does nothing once the transport is lost or closed.
        """
        ...

    def close(self) -> None:
        """Release the line; no callback comes after. May drop octets that are not sent yet."""
        ...


class TransportBase(ABC):
    """Life cycle of a transport: reports a loss once, later, and never after ``close``."""

    def __init__(self, name: str, bits_per_second: int | None = None) -> None:
        self._name = name
        self._bits_per_second = bits_per_second
        self._is_open = False  # between start and the loss or close
        self._is_closed = False

    @property
    def bits_per_second(self) -> int | None:
        return self._bits_per_second

    def start(self, loop: AbstractEventLoop, on_bytes: OnBytes, on_lost: OnLost) -> None:
        if self._is_open or self._is_closed:
            raise RuntimeError(f"the transport to {self._name} was started before; open a new one")
        self._loop = loop
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._is_open = True
        self._begin()

    @abstractmethod
    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_open:
            self._is_open = False
            self._end()
        self._release()

    @abstractmethod
    def _begin(self) -> None:
        """Watch for input."""

    @abstractmethod
    def _end(self) -> None:
        """Stop watching; called once, at the loss or when an open transport is closed."""

    @abstractmethod
    def _release(self) -> None:
        """Give back what was opened; called once, by ``close``."""

    def _lose(self, reason: str) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._end()
        self._loop.call_soon(self._report_loss, reason)

    def _report_loss(self, reason: str) -> None:
        if not self._is_closed:
            self._on_lost(LinkClosed(reason))


def stalled_reason(name: str) -> str:
    """Text for a line that takes no more octets."""
    return (
        f"{name} takes no data: {MAX_UNSENT_OCTETS >> 10} KiB wait to be sent. "
        "Check that the device runs, and reconnect it"
    )
