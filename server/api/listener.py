"""The websocket around the sessions: accepts, receives, sends without waiting, closes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State

from scrutiny.firmware_link.transports.settings import address_text

from .backlog import PAUSE_BACKLOG
from .backlog_guard import BacklogGuard
from .hub import Hub
from .limits import MOST_CLIENTS
from .ports import bind

logger = logging.getLogger(__name__)

# Up to here a message that is too large is read and answered; above, the connection is closed.
_LARGEST_FRAME: Final = 2 << 20

_PING_INTERVAL_S: Final = 20.0
_PING_TIMEOUT_S: Final = 60.0  # a slow client first has to read what is before the ping
_CLOSE_TIMEOUT_S: Final = 2.0


class Listener:
    """Open ports on which clients are served; made with :meth:`open`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._servers: list[Server] = []
        self._sockets: set[_ClientSocket] = set()
        self.port = 0

    @classmethod
    async def open(cls, hub: Hub, host: str, port: int) -> Listener:
        """Listen at an address.

        Args:
            hub: who gets the clients.
            host: name or address of this machine; ``localhost`` is both of its addresses.
            port: 0 lets the system choose; the attribute ``port`` tells which.

        Raises:
            ListenError: the address cannot be used; the text says which option to change.
        """
        listener = cls(hub)
        try:
            for sock in await bind(host, port, "--port"):
                listener._servers.append(await listener._serve(sock))
                listener.port = sock.getsockname()[1]
                logger.info("listening on ws://%s", _address_text(sock.getsockname()))
        except BaseException:
            await listener.close()
            raise
        return listener

    async def close(self) -> None:
        """Say goodbye to the clients, and close; those that do not listen are cut off."""
        for server in self._servers:
            server.close(code=CloseCode.GOING_AWAY, reason="the server stops")
        closed = [asyncio.ensure_future(server.wait_closed()) for server in self._servers]
        if not closed:
            return
        _, late = await asyncio.wait(closed, timeout=_CLOSE_TIMEOUT_S + 1)
        for client_socket in list(self._sockets) if late else ():
            client_socket.abort()
        await asyncio.wait(closed)

    async def _serve(self, sock: socket.socket) -> Server:
        return await serve(
            self._serve_client,
            sock=sock,
            create_connection=_Connection,
            compression=None,
            # Browsers name the page's origin; without a page of our own none is welcome. This keeps
            # a web page that is open on the same machine from reaching the device.
            origins=[None],
            max_size=_LARGEST_FRAME,
            ping_interval=_PING_INTERVAL_S,
            ping_timeout=_PING_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
        )

    async def _serve_client(self, connection: ServerConnection) -> None:
        assert isinstance(connection, _Connection)  # as `serve` was told
        name = _address_text(connection.remote_address)
        if len(self._sockets) >= MOST_CLIENTS:
            logger.warning("client %s is turned away: %d are connected", name, MOST_CLIENTS)
            reason = f"{MOST_CLIENTS} clients are connected, the server takes no more"
            await connection.close(CloseCode.TRY_AGAIN_LATER, reason)
            return
        client_socket = _ClientSocket(connection, name)
        session = self._hub.connect(
            client_socket.send, client_socket.backlog, name, client_socket.send_binary
        )
        self._sockets.add(client_socket)
        logger.info("client %s connected", name)
        try:
            while True:
                session.receive(await connection.recv(decode=False))
                if session.is_busy:
                    await session.idle()  # meanwhile more commands wait here and in the socket
                if client_socket.backlog() > PAUSE_BACKLOG:
                    await connection.drain()
        except ConnectionClosed as error:
            logger.info("client %s left: %s", name, error)
        except Exception:
            # The library closes the connection, but what it logs is not shown.
            logger.exception("client %s is closed, the server failed", name)
            raise
        finally:
            self._sockets.discard(client_socket)
            client_socket.forget()
            self._hub.disconnect(session)


class _Connection(ServerConnection):
    """Tells when more has been sent than the client takes, pongs too: nobody else sees those."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_backlog: Callable[[], None] | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.on_backlog is not None:
            self.on_backlog()


class _ClientSocket:
    """Sends to one client at once or into the buffer of its socket, and watches that buffer."""

    def __init__(self, connection: _Connection, name: str) -> None:
        self._connection = connection
        self._transport = connection.transport
        self._name = name
        self._guard = BacklogGuard(self.backlog, self._give_up)
        connection.on_backlog = self._guard.look

    def send(self, data: bytes) -> None:
        """Send a text message.

        One of 80 octets: 9.5 µs, of which the system takes 5.5; `await connection.send`: 12.5.
        """
        self._send(data, is_text=True)

    def send_binary(self, data: bytes) -> None:
        """Send a binary message."""
        self._send(data, is_text=False)

    def _send(self, data: bytes, *, is_text: bool) -> None:
        broadcast((self._connection,), data, text=is_text)
        self._guard.sent(len(data))

    def backlog(self) -> int:
        """Return how many octets wait for the client."""
        return self._transport.get_write_buffer_size()

    def forget(self) -> None:
        """Stop watching: the client has left."""
        self._connection.on_backlog = None
        self._guard.stop()

    def abort(self) -> None:
        """Cut the connection off, with all that waits in it."""
        # asyncio's transport fails like this if it was closed and has meanwhile sent the rest.
        with contextlib.suppress(AttributeError):
            self._transport.abort()

    def _give_up(self, reason: str) -> None:
        logger.warning("client %s is too slow and is closed: %s", self._name, reason)
        if self._connection.state is State.OPEN:
            # Close frame and deadline instead of `close()`, which waits for the client to read.
            self._connection.protocol.send_close(CloseCode.TRY_AGAIN_LATER, reason)
            self._connection.send_data()
        asyncio.get_running_loop().call_later(_CLOSE_TIMEOUT_S, self.abort)


def _address_text(address: tuple[Any, ...] | None) -> str:
    return address_text(str(address[0]), int(address[1])) if address else "of unknown address"
