"""What the TCP port does with answers that it cannot send, and with clients that do not read."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable
from typing import Any, cast

import pytest

from scrutiny.server.access.identity import Identity
from scrutiny.server.access.rights import Role
from scrutiny.server.api import backlog, backlog_guard
from scrutiny.server.api.hub import Hub
from scrutiny.server.api.outlet import Outlet
from scrutiny.server.api.tcp_framing import DatagramDecoder, to_datagram
from scrutiny.server.api.tcp_listener import TcpListener

ANYBODY = Identity("anybody", Role.OWNER)
NOISE = base64.b64encode(random.Random(1).randbytes(3 << 20)).decode()


class LoudSession:
    """Answers what it gets: a number of octets of noise, then a short message."""

    def __init__(self, outlet: Outlet, hub: LoudHub) -> None:
        self._outlet = outlet
        self._hub = hub

    def room_made(self) -> None:
        """Nothing waits."""

    async def take(self, data: bytes) -> None:
        """Answer one message."""
        size = int(data)
        self._outlet.send(json.dumps({"cmd": "loud", "reqid": 4, "noise": NOISE[:size]}).encode())
        self._outlet.send(b'{"cmd":"after"}')
        self._hub.largest_backlog = max(self._hub.largest_backlog, self._outlet.backlog())


class LoudHub:
    """Stands for the clients of a server.

    Attributes:
        largest_backlog: octets that have waited for one of them.
    """

    def __init__(self) -> None:
        self.largest_backlog = 0

    def connect(self, outlet: Outlet, address: str, identity: Identity) -> LoudSession:
        """Add a client."""
        return LoudSession(outlet, self)

    def disconnect(self, session: LoudSession) -> None:
        """Remove it."""


async def ask(port: int, *sizes: int) -> list[dict[str, Any]]:
    """Ask for noise, and return all answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for size in sizes:
        writer.write(to_datagram(b"%d" % size) or b"")
    decoder, found = DatagramDecoder(1 << 24), list[dict[str, Any]]()
    while len(found) < 2 * len(sizes):
        data = await reader.read(1 << 16)
        assert data, "the connection is closed"
        found += map(json.loads, decoder.feed(data, 0.0))
    writer.close()
    return found


def test_an_error_stands_in_for_an_answer_that_is_too_large() -> None:
    large, after, small, _ = asyncio.run(ask_for_much())

    assert (large["cmd"], large["reqid"], large["request_cmd"]) == ("error", 4, "loud")
    assert "download_datalogging_acquisition" in large["msg"]
    assert after["cmd"] == "after"
    assert small["noise"] == NOISE[:10]


async def ask_for_much() -> list[dict[str, Any]]:
    """Return the answers to a request for too much, and to one for little."""
    listener = await TcpListener.open(cast("Hub", LoudHub()), ANYBODY, "localhost", 0)
    try:
        return await ask(listener.port, 4 << 20, 10)
    finally:
        await listener.close()


def test_a_client_that_does_not_read_is_closed_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(backlog_guard, "CHECK_INTERVAL_S", 0.05)
    monkeypatch.setattr(backlog, "TOO_LARGE_FOR_S", 0.1)
    monkeypatch.setattr(backlog, "LARGEST_BACKLOG", 1 << 19)
    served = asyncio.run(be_deaf(lambda: "is too slow and is closed" in caplog.text))
    assert served > 0


async def be_deaf(is_over: Callable[[], bool]) -> int:
    """Read nothing, and count how often another client is served until all is over."""
    served = 0
    hub = LoudHub()
    listener = await TcpListener.open(cast("Hub", hub), ANYBODY, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=1 << 10)
    try:
        writer.write((to_datagram(b"%d" % (1 << 20)) or b"") * 20)
        while not is_over():
            assert (await ask(listener.port, 10))[0]["noise"] == NOISE[:10]
            served += 1
    finally:
        writer.transport.abort()
        await listener.close()
    assert hub.largest_backlog < 4 << 20  # of the 20 MiB that it has asked for
    return served
