"""The websocket around the sessions: accepts, receives, sends without waiting, closes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State

from scrutiny.firmware_link.transports.settings import address_text

from .backlog import CHECK_INTERVAL_S, BacklogWatch
from .errors import ListenError
from .hub import Hub
from .limits import MOST_CLIENTS

logger = logging.getLogger(__name__)

# Up to here a message that is too large is read and answered; above, the connection is closed.
_LARGEST_FRAME: Final = 2 << 20

# A client that leaves this much unread is not asked for more commands until it has read.
_PAUSE_BACKLOG: Final = 1 << 20

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
            for sock in await _bind(host, port):
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
                if client_socket.backlog() > _PAUSE_BACKLOG:
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
        self._loop = asyncio.get_running_loop()
        self._octets_sent = 0
        self._check: asyncio.TimerHandle | None = None
        self._name = name
        connection.on_backlog = self._watch_backlog

    def send(self, data: bytes) -> None:
        """Send a text message.

        One of 80 octets: 9.5 µs, of which the system takes 5.5; `await connection.send`: 12.5.
        """
        self._send(data, is_text=True)

    def send_binary(self, data: bytes) -> None:
        """Send a binary message."""
        self._send(data, is_text=False)

    def _send(self, data: bytes, *, is_text: bool) -> None:
        self._octets_sent += len(data)
        broadcast((self._connection,), data, text=is_text)
        if self._check is None:
            self._watch_backlog()

    def backlog(self) -> int:
        """Return how many octets wait for the client."""
        return self._transport.get_write_buffer_size()

    def forget(self) -> None:
        """Stop watching: the client has left."""
        self._connection.on_backlog = None
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def abort(self) -> None:
        """Cut the connection off, with all that waits in it."""
        # asyncio's transport fails like this if it was closed and has meanwhile sent the rest.
        with contextlib.suppress(AttributeError):
            self._transport.abort()

    def _watch_backlog(self) -> None:
        if self._check is None and (backlog := self.backlog()):
            watch = BacklogWatch(self._octets_sent, backlog, self._loop.time())
            self._check = self._loop.call_later(CHECK_INTERVAL_S, self._check_backlog, watch)

    def _check_backlog(self, watch: BacklogWatch) -> None:
        self._check = None
        backlog = self.backlog()
        if not backlog:
            return
        if reason := watch.verdict(self._octets_sent, backlog, self._loop.time()):
            self._give_up(reason)
            return
        self._check = self._loop.call_later(CHECK_INTERVAL_S, self._check_backlog, watch)

    def _give_up(self, reason: str) -> None:
        logger.warning("client %s is too slow and is closed: %s", self._name, reason)
        if self._connection.state is State.OPEN:
            # Close frame and deadline instead of `close()`, which waits for the client to read.
            self._connection.protocol.send_close(CloseCode.TRY_AGAIN_LATER, reason)
            self._connection.send_data()
        self._loop.call_later(_CLOSE_TIMEOUT_S, self.abort)


async def _bind(host: str, port: int) -> list[socket.socket]:
    """Open the sockets of a host, all with the same port."""
    sockets: list[socket.socket] = []
    try:
        for family, address in await _addresses(host, port):
            try:
                sock = socket.create_server((address, port), family=family, backlog=128)
            except OSError as error:
                # A machine without IPv6 has one loopback address only.
                if host == "localhost" and sockets and error.errno != errno.EADDRINUSE:
                    logger.debug("localhost is %s only: %s", sockets[0].getsockname()[0], error)
                    continue
                raise ListenError(_why_not(error, host, port)) from error
            # Clients' sockets inherit it. asyncio sets it only where the socket names its protocol,
            # and without it an answer may wait 40 ms for the acknowledgement of the one before.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sockets.append(sock)
            port = sock.getsockname()[1]
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


async def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    if host == "localhost":
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"{host!r} is no address of this machine ({error}); use --host") from None
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use, maybe by another server; "
                "stop it, or choose another port with --port"
            )
        case errno.EACCES:
            return f"port {port} on {host} is not permitted; choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine; choose one with --host"
        case _:
            return f"cannot listen on port {port} of {host}: {error.strerror or error}"


def _address_text(address: tuple[Any, ...] | None) -> str:
    return address_text(str(address[0]), int(address[1])) if address else "of unknown address"
