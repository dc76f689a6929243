"""An open link on which one request is asked at a time, with all octets that come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from ..errors import LinkClosed
from ..messages import AddressFormat, RequestMessage
from ..transports import LinkSettings, Transport, open_transport
from .hearing import Heard, Sound, judge

_ADDRESS_FORMAT: Final = AddressFormat(4)  # of no importance: no request here has an address
_BITS_PER_OCTET: Final = 10
_GAP_S: Final = 0.06  # silence that ends an answer, and lets a device that is out of step listen
_COMPLETE: Final = (Sound.ANSWER, Sound.DAMAGED_ANSWER)
_LONGEST_ANSWER: Final = 128  # octets of what is asked here, rounded up


class Line:
    """A link, and what has come over it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._octets = bytearray()
        self._changed = asyncio.Event()
        self._loss: LinkClosed | None = None
        transport.start(asyncio.get_running_loop(), self._on_bytes, self._on_lost)
        rate = transport.bits_per_second
        self._line_s = 0.0 if rate is None else _LONGEST_ANSWER * _BITS_PER_OCTET / rate

    async def listen(self, duration_s: float) -> Heard:
        """Take what comes by itself.

        Raises:
            LinkClosed: the link was lost.
        """
        self._octets.clear()
        await self._until(lambda: False, duration_s)
        return judge(bytes(self._octets))

    async def ask(self, message: RequestMessage[Any], patience_s: float) -> Heard:
        """Send a request, and take what comes until that is an answer, good or not, or silence.

        Args:
            message: without addresses in it.
            patience_s: how long the device may take until its answer begins.

        Raises:
            LinkClosed: the link was lost.
        """
        frame = message.request(_ADDRESS_FORMAT).encode()
        self._octets.clear()
        self._transport.write(frame)

        def is_answered() -> bool:
            return judge(bytes(self._octets), frame).sound in _COMPLETE

        await self._until(is_answered, patience_s + self._line_s)
        while not is_answered():  # something may be under way, or the device out of step
            count = len(self._octets)
            await self._until(is_answered, _GAP_S)
            if len(self._octets) == count or count > 16 * _LONGEST_ANSWER:
                break
        return judge(bytes(self._octets), frame)

    async def _until(self, is_enough: Callable[[], bool], timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not is_enough():
                    if self._loss is not None:
                        raise self._loss
                    self._changed.clear()
                    await self._changed.wait()

    def _on_bytes(self, data: bytes) -> None:
        self._octets += data
        self._changed.set()

    def _on_lost(self, loss: LinkClosed) -> None:
        self._loss = loss
        self._changed.set()


@contextlib.asynccontextmanager
async def open_line(settings: LinkSettings) -> AsyncGenerator[Line]:
    """Open a link for the time of the block.

    Raises:
        LinkOpenError: it cannot be opened.
    """
    transport = await open_transport(settings)
    try:
        yield Line(transport)
    finally:
        transport.close()
