"""Link to a simulated device in this process, with the timing rules of a real one.

Octets go both ways through the event loop, so nobody is called from inside their own ``write``.
"""

from __future__ import annotations

import contextlib
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Protocol

from ..errors import LinkOpenError
from .base import TransportBase
from .settings import MemorySettings


class Endpoint(Protocol):
    """The device's side of a memory link. All calls are made in the loop's thread."""

    def attach(self, send: Callable[[bytes], None], loop: AbstractEventLoop) -> None:
        """The link is up; octets for the other end go into ``send``, in the loop's thread."""
        ...

    def receive(self, data: bytes) -> None:
        """Octets have arrived."""
        ...

    def detach(self) -> None:
        """The link is down; ``send`` has no effect any more."""
        ...


EndpointFactory = Callable[[], Endpoint]

_factories: dict[str, EndpointFactory] = {}
_open_links: dict[str, set[MemoryTransport]] = {}


class MemoryTransport(TransportBase):
    """The near side of a memory link."""

    def __init__(self, link_name: str, endpoint: Endpoint) -> None:
        super().__init__(f"memory:{link_name}")
        self._link_name = link_name
        self._endpoint = endpoint

    def write(self, data: bytes) -> None:
        if self._is_open:
            self._loop.call_soon(self._to_device, bytes(data))

    def drop_link(self, reason: str = "the simulated cable was unplugged") -> None:
        """Lose the link as an unplugged cable does. May be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(self._lose, reason)

    def _begin(self) -> None:
        _open_links.setdefault(self._link_name, set()).add(self)
        self._endpoint.attach(self._from_device, self._loop)

    def _end(self) -> None:
        _open_links[self._link_name].discard(self)
        self._endpoint.detach()

    def _release(self) -> None:
        pass

    def _to_device(self, data: bytes) -> None:
        if self._is_open:
            self._endpoint.receive(data)

    def _from_device(self, data: bytes) -> None:
        if self._is_open:
            self._loop.call_soon(self._deliver, bytes(data))

    def _deliver(self, data: bytes) -> None:
        if self._is_open and data:
            self._on_bytes(data)


def register_endpoint(name: str, factory: EndpointFactory) -> None:
    """Make ``memory:name`` open what the factory returns, a new endpoint for each link."""
    _factories[name] = factory


def unregister_endpoint(name: str) -> None:
    """Forget a name; links that are open stay so. An unknown name is fine."""
    _factories.pop(name, None)


def drop_links(name: str, reason: str = "the simulated cable was unplugged") -> int:
    """Lose every open link to ``memory:name``, and tell how many. From any thread."""
    links = list(_open_links.get(name, ()))
    for link in links:
        link.drop_link(reason)
    return len(links)


def open_memory(settings: MemorySettings) -> MemoryTransport:
    """Connect to an endpoint of this process.

    Raises:
        LinkOpenError: nothing is registered under the name.
    """
    factory = _factories.get(settings.name)
    if factory is None and not settings.name:
        factory = _built_in
    if factory is None:
        names = ", ".join(f"memory:{name}" for name in sorted({"", *_factories}))
        raise LinkOpenError(f"there is no memory:{settings.name}. Registered: {names}")
    return MemoryTransport(settings.name, factory())


def _built_in() -> Endpoint:
    from .. import simulator  # only who asks for it pays for the import

    return simulator.default_endpoint()
