"""A running server in this process, and clients that speak JSON to it over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from scrutiny.api.token_files import read_token
from scrutiny.server.daemon import Daemon
from scrutiny.server.loading import LOADER
from scrutiny.server.settings import ServerSettings

Message = dict[str, Any]

DEADLINE_S: Final = 20


def token_headers(port: int) -> dict[str, str]:
    """Return what lets a client of this account into the server on a port."""
    token = read_token(port)
    return {} if token is None else {"Authorization": f"Bearer {token}"}


class Peer:
    """A client that speaks JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[Message] = []
        self._reqids = itertools.count(1)

    async def receive(self) -> Message:
        message: Message = json.loads(await self.connection.recv())
        return message

    async def ask(self, cmd: str, **fields: Any) -> Message:
        """Send a command and return its answer; events that come before are kept."""
        reqid = next(self._reqids)
        await self.connection.send(json.dumps({"cmd": cmd, "reqid": reqid, **fields}))
        return await self.find(lambda message: message["reqid"] == reqid)

    async def find(self, is_wanted: Callable[[Message], bool]) -> Message:
        """Return the next message of a kind; events that come before are kept."""
        while not is_wanted(message := await self.receive()):
            self.events.append(message)
        return message

    async def event(self, cmd: str) -> Message:
        return await self.find(lambda message: message["cmd"] == cmd)

    async def is_served(self) -> bool:
        return (await self.ask("echo", payload="ping")).get("payload") == "ping"

    async def status(self, is_wanted: Callable[[Message], bool]) -> Message:
        """Return the first status of a kind, from now on."""
        status = await self.ask("get_server_status")
        while not is_wanted(status):
            status = await self.event("inform_server_status")
        return status

    async def device_is_ready(self) -> None:
        await self.status(lambda status: status["device_status"] == "connected_ready")


class Server:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.port = port

    @asynccontextmanager
    async def client(self, host: str = "127.0.0.1") -> AsyncGenerator[Peer, None]:
        """Connect; the welcome is taken, the first message is what follows it."""
        url = f"ws://{host}:{self.port}"
        # Without a limit to the queue, a client that leaves need not read what is on its way.
        async with connect(
            url,
            compression=None,
            max_size=None,
            max_queue=None,
            additional_headers=token_headers(self.port),
        ) as connection:
            peer = Peer(connection)
            assert (await peer.receive())["cmd"] == "welcome"
            yield peer


@asynccontextmanager
async def running(
    settings: ServerSettings, loader: tuple[str, ...] = LOADER
) -> AsyncGenerator[Server, None]:
    """Run a server with these settings."""
    daemon = Daemon(settings, loader=loader)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    run = asyncio.create_task(daemon.run(port.set_result))
    try:
        await asyncio.wait((run, port), return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            run.result()
        yield Server(port.result())
    finally:
        daemon.stop()
        await run


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end, but not for ever."""

    async def limited() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await test

    asyncio.run(limited())
