"""Clients that have left, in whatever way: the server keeps no object of theirs."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import re
from typing import Final

import pytest
from msgspec.structs import replace

from scrutiny.server.api.session import ClientSession
from scrutiny.server.broadcast import ValueFeed
from scrutiny.server.settings import ServerSettings

from ..support.api_peer import Server, run, running
from ..support.intruders import datagram

VISITS: Final = 20
COMMAND: Final = {"cmd": "subscribe_watchable", "reqid": 1, "watchables": ["/rpv/x2020"]}


def remembered() -> int:
    """Return how many objects of clients there are."""
    gc.collect()
    return sum(isinstance(item, (ClientSession, ValueFeed)) for item in gc.get_objects())


async def visit_websocket(server: Server, *, is_polite: bool) -> None:
    """Connect, watch, and leave."""
    async with server.client() as peer:
        await peer.ask("subscribe_watchable", watchables=COMMAND["watchables"])
        await peer.event("watchable_update")
        if not is_polite:
            peer.connection.transport.abort()


async def visit_tcp_port(port: int, *, is_polite: bool) -> None:
    """Connect, watch, and leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(datagram(json.dumps(COMMAND).encode()))
    for _ in range(3):  # the welcome, the answer, a value
        await reader.readuntil(b"<SCRUTINY")
    if is_polite:
        writer.close()
    else:
        writer.transport.abort()


@pytest.mark.parametrize("is_polite", [True, False], ids=["says goodbye", "vanishes"])
def test_nothing_is_kept_of_clients_that_have_left(
    settings: ServerSettings, caplog: pytest.LogCaptureFixture, is_polite: bool
) -> None:
    caplog.set_level(logging.INFO)

    async def test() -> None:
        async with (
            running(replace(settings, tcp_port=0)) as server,
            server.client() as other,
        ):
            await other.device_is_ready()
            match = re.search(r"listening on tcp://127\.0\.0\.1:(\d+)", caplog.text)
            assert match is not None
            caplog.set_level(logging.WARNING)  # the log keeps errors, and those keep all
            before = remembered()
            for _ in range(VISITS):
                await visit_websocket(server, is_polite=is_polite)
                await visit_tcp_port(int(match[1]), is_polite=is_polite)

            while (await other.ask("get_server_stats"))["client_count"] != 1:
                pass  # each question is a turn of the server's loop

            assert remembered() == before > 0

    run(test())
