"""Asking a network which devices are on it: each tells without a session who it is."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

from .codes import ResponseCode
from .errors import AnswerMismatch, DeviceRefused, LinkError, LinkOpenError
from .frames import Response, ResponseParser
from .messages import Discover, DiscoverAnswer
from .messages.base import BEFORE_PARAMS

logger = logging.getLogger(__name__)

DISCOVERY_S: Final = 1.0
_ROUNDS: Final = (0.0, 0.2, 0.5)  # when everybody is asked, as a share of the time: some get lost
_BURST: Final = 64  # datagrams that are sent at once, and the pause behind them
_BURST_PAUSE_S: Final = 0.005
_LARGEST_ANSWER: Final = Discover().answer_size(BEFORE_PARAMS)
_MAX_PEERS: Final = 4096  # whose octets are kept until they are an answer


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that has answered.

    Attributes:
        host: its IP address.
        port: from which it has answered.
        answer: what it has told.
    """

    host: str
    port: int
    answer: DiscoverAnswer


async def discover(
    addresses: Sequence[str], port: int, duration_s: float = DISCOVERY_S
) -> AsyncGenerator[FoundDevice]:
    """Ask everybody at some addresses, and tell who answers, each once, as they come.

    Args:
        addresses: of hosts, or for broadcasts.
        port: on which devices listen, 1 to 65535.
        duration_s: how long to wait for answers; beyond the time that it takes to ask.

    Raises:
        LinkOpenError: nobody could be asked; the text says why.
    """
    loop = asyncio.get_running_loop()
    seen: set[tuple[str, int]] = set()
    targets = await _resolve(addresses, port)
    duration_s += len(_ROUNDS) * (len(targets) // _BURST) * _BURST_PAUSE_S
    async with _Inquiry.open(targets) as inquiry:
        end_s = loop.time() + duration_s
        asking = loop.create_task(inquiry.ask(duration_s))
        try:
            while (remaining_s := end_s - loop.time()) > 0:
                try:
                    found = await asyncio.wait_for(inquiry.answers.get(), remaining_s)
                except TimeoutError:
                    break
                if (found.host, found.port) not in seen:
                    seen.add((found.host, found.port))
                    yield found
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        if inquiry.reason is not None and not inquiry.sent_count:
            raise LinkOpenError(f"cannot ask {addresses[0]}: {inquiry.reason}. Check the network")


_Target = tuple[socket.AddressFamily, Any]  # an address as sendto takes it


async def _resolve(addresses: Sequence[str], port: int) -> list[_Target]:
    loop = asyncio.get_running_loop()
    targets: list[_Target] = []
    for address in addresses:
        if _is_ipv4(address):  # those of a whole network need no worker thread each
            targets.append((socket.AF_INET, (address, port)))
            continue
        try:
            found = await loop.getaddrinfo(address, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise LinkOpenError(
                f"cannot find {address!r}: {error}. Check the name, or give an IP address"
            ) from error
        # The first one: most names have one, and all would be the same device.
        targets.append((found[0][0], found[0][4]))
    return targets


def _is_ipv4(address: str) -> bool:
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


class _Inquiry(asyncio.DatagramProtocol):
    """Sends the question, and cuts the answers out of what comes.

    Attributes:
        answers: what has come and was not taken.
        sent_count: how many questions the system has taken.
        reason: why it would not take the others; None if it took all.
    """

    def __init__(self) -> None:
        self.answers: asyncio.Queue[FoundDevice] = asyncio.Queue()
        self.sent_count = 0
        self.reason: str | None = None
        self._refused_count = 0
        self._parsers: dict[Any, ResponseParser] = {}
        self._targets: list[_Target] = []
        self._endpoints: dict[socket.AddressFamily, asyncio.DatagramTransport] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, targets: Sequence[_Target]) -> AsyncGenerator[Self]:
        inquiry = cls()
        inquiry._targets = list(targets)
        loop = asyncio.get_running_loop()
        try:
            for family in {family for family, _ in targets}:
                anywhere = ("::" if family is socket.AF_INET6 else "0.0.0.0", 0)
                inquiry._endpoints[family], _ = await loop.create_datagram_endpoint(
                    lambda: inquiry, local_addr=anywhere, family=family, allow_broadcast=True
                )
            yield inquiry
        except OSError as error:
            raise LinkOpenError(f"cannot ask the network: {error.strerror or error}") from error
        finally:
            for endpoint in inquiry._endpoints.values():
                endpoint.abort()

    async def ask(self, duration_s: float) -> None:
        """Ask all, several times within the duration."""
        question = Discover().request(BEFORE_PARAMS).encode()
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        for share in _ROUNDS:
            await asyncio.sleep(start_s + share * duration_s - loop.time())
            self._parsers.clear()  # of what was cut short
            for number, (family, address) in enumerate(self._targets, 1):
                refused_count = self._refused_count
                self._endpoints[family].sendto(question, address)
                self.sent_count += self._refused_count == refused_count
                if number % _BURST == 0:
                    await asyncio.sleep(_BURST_PAUSE_S)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if len(self._parsers) >= _MAX_PEERS and addr not in self._parsers:
            return
        parser = self._parsers.setdefault(addr, ResponseParser(_LARGEST_ANSWER))
        try:
            for response in parser.feed(data):
                self.answers.put_nowait(FoundDevice(addr[0], addr[1], _answer_in(response)))
        except LinkError as error:
            logger.debug("%s sends what is no answer: %s", addr[0], error)

    def error_received(self, exc: Exception) -> None:
        """Go on: others may be reached, or may answer."""
        self._refused_count += 1
        self.reason = (exc.strerror if isinstance(exc, OSError) else None) or f"{exc}"


def _answer_in(response: Response) -> DiscoverAnswer:
    """Return what a device tells about itself.

    Raises:
        LinkError: it tells something else, or refuses.
    """
    command, subfunction = Discover.command, Discover.subfunction
    if (response.command, response.subfunction) != (command, subfunction):
        raise AnswerMismatch("command", command, response.command)
    if response.code != ResponseCode.OK:
        raise DeviceRefused(ResponseCode(response.code), command, subfunction)
    return Discover().parse_answer(response.payload, BEFORE_PARAMS)
