"""Datagrams to and from a device that is known by its name; where it is has to be found out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from ..discovery import FoundDevice, discover
from ..errors import LinkClosed, LinkOpenError
from .base import OnBytes, OnLost, Transport
from .networks import addresses_of
from .settings import UdpSettings, address_text
from .udp import open_udp

LOOKUP_S: Final = 0.5
# A device that says nothing for so long is looked for again: it may have got another address.
SILENCE_S: Final = 3.0
_LOOKS: Final = 3
_MAX_LISTED: Final = 8


async def open_named_udp(settings: UdpSettings, *, portable: bool = False) -> Transport:
    """Look for a device, and open a socket towards it. Cancelling is safe.

    Args:
        settings: Its name, and the network that it is in.
        portable: As of `open_udp`.

    Raises:
        LinkOpenError: it does not answer, or there are several; the text lists who does.
    """
    device = await _find(settings)
    transport = await open_udp(UdpSettings(device.host, device.port), portable=portable)
    name = f"{settings.device_name or 'the device'} ({address_text(device.host, device.port)})"
    return _HeardTransport(transport, name)


async def _find(settings: UdpSettings) -> FoundDevice:
    where = addresses_of(settings.network)
    found = [each async for each in discover(where, settings.port, LOOKUP_S)]
    # Through several interfaces of this machine a device may be seen at several addresses of it.
    found.sort(key=lambda device: device.host)
    meant = [device for device in found if _is_called(device, settings.device_name)]
    match meant:
        case [device]:
            return device
        case []:
            raise LinkOpenError(_nobody(settings, found))
        case _:
            raise LinkOpenError(_several(settings, meant))


def _is_called(device: FoundDevice, name: str | None) -> bool:
    answer = device.answer
    return not name or name in (answer.display_name, answer.firmware_id.hex())


def _nobody(settings: UdpSettings, found: Sequence[FoundDevice]) -> str:
    place = f"at port {settings.port} of {settings.network}"
    others = f"These do: {_listed(found)}. " if found else ""
    who = f"device {settings.device_name!r}" if settings.device_name else "device"
    return (
        f"no {who} answers {place}. {others}Check that it runs, that it is in this network, and "
        "that no firewall is in between"
    )


def _several(settings: UdpSettings, meant: Sequence[FoundDevice]) -> str:
    who = f"are called {settings.device_name!r}" if settings.device_name else "answer"
    example = address_text(meant[0].host, meant[0].port)
    return (
        f"{len(meant)} devices {who}: {_listed(meant)}. Name one by its address, as udp://{example}"
    )


def _listed(devices: Sequence[FoundDevice]) -> str:
    texts = [f"{device.answer.display_name!r} ({device.host})" for device in devices[:_MAX_LISTED]]
    more = len(devices) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


class _HeardTransport:
    """A transport that is lost when nothing is heard from the device, though it was asked."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name
        self._timer: asyncio.TimerHandle | None = None
        self._was_asked = False  # since the last look, as the next one
        self._was_heard = False
        self._silent_looks = 0

    @property
    def bits_per_second(self) -> int | None:
        return self._transport.bits_per_second

    def start(self, loop: asyncio.AbstractEventLoop, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._loop, self._on_bytes, self._on_lost = loop, on_bytes, on_lost
        self._transport.start(loop, self._heard, self._lost)
        self._timer = loop.call_later(SILENCE_S / _LOOKS, self._look)

    def write(self, data: bytes) -> None:
        self._was_asked = True
        self._transport.write(data)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()

    def _heard(self, data: bytes) -> None:
        self._was_heard = True
        self._on_bytes(data)

    def _lost(self, loss: LinkClosed) -> None:
        self.close()
        self._on_lost(loss)

    def _look(self) -> None:
        if self._was_heard:
            self._silent_looks = 0
        elif self._was_asked:
            self._silent_looks += 1
        self._was_asked = self._was_heard = False
        if self._silent_looks == _LOOKS:
            self._lost(LinkClosed(f"{self._name} is silent, and is looked for again"))
        else:
            self._timer = self._loop.call_later(SILENCE_S / _LOOKS, self._look)
