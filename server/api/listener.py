"""The websocket around the sessions: accepts, receives, sends without waiting, closes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Event, State

from scrutiny.firmware_link.transports.settings import address_text

from ..access.front_door import FrontDoor
from ..access.identity import Identity
from ..broadcast import MAX_BACKLOG
from .backlog import PAUSE_BACKLOG
from .backlog_guard import BacklogGuard
from .handshake import Reception, chosen_subprotocol
from .hub import Hub
from .limits import MOST_CLIENTS
from .outlet import Outlet
from .ports import bind, limit_reads, limit_tls_reads
from .repeated import RepeatedWarning
from .strangers import Door, Strangers

logger = logging.getLogger(__name__)

# Up to here a message that is too large is read and answered; above, the connection is closed.
_LARGEST_FRAME: Final = 2 << 20

_PING_INTERVAL_S: Final = 20.0
_PING_TIMEOUT_S: Final = 60.0  # a slow client first has to read what is before the ping
_CLOSE_TIMEOUT_S: Final = 2.0
_OPEN_TIMEOUT_S: Final = 10.0  # for the whole handshake

# Of the frames of messages; source: RFC 6455, section 5.2.
_FIN: Final = 0x80
_LARGEST_SHORT: Final = 125
_HEAD_2: Final = struct.Struct("!BBH")
_HEAD_8: Final = struct.Struct("!BBQ")

# Messages that a client may be ahead of the one that is being done, before it is read no more.
_MOST_AHEAD: Final = 1


class Listener:
    """Open ports on which clients are served; made with :meth:`open`."""

    def __init__(self, hub: Hub, door: FrontDoor) -> None:
        self._hub = hub
        self._tls = door.tls
        self._reception = Reception(door.gatekeeper, time.monotonic)
        self._strangers = Strangers()
        self._full = RepeatedWarning(logger, time.monotonic)
        self._servers: list[Server] = []
        self._sockets: set[_ClientSocket] = set()
        self.port = 0

    @classmethod
    async def open(cls, hub: Hub, door: FrontDoor, host: str, port: int) -> Listener:
        """Listen at an address.

        Args:
            hub: who gets the clients.
            door: who lets them in; it learns the port before the first one comes.
            host: name or address of this machine; ``localhost`` is both of its addresses.
            port: 0 lets the system choose; the attribute ``port`` tells which.

        Raises:
            ListenError: the address cannot be used; the text says which option to change.
            TooExposed: others could reach the device there, and nothing protects it.
            CannotKeepToken: clients could not find the token.
        """
        listener = cls(hub, door)
        if door.tls is not None:
            limit_tls_reads()
        sockets = await bind(host, port, "--port")
        listener.port = sockets[0].getsockname()[1]
        try:
            door.open_at([sock.getsockname()[0] for sock in sockets], listener.port)
            for sock in sockets:
                address = sock.getsockname()
                listener._servers.append(await listener._serve(Door(sock, listener._strangers)))
                scheme = "wss" if door.tls else "ws"
                logger.info("listening on %s://%s", scheme, _address_text(address))
        except BaseException:
            await listener.close()
            for sock in sockets:
                sock.close()
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
            create_connection=cast("type[ServerConnection]", self._make_connection),
            process_request=self._admit,
            select_subprotocol=chosen_subprotocol,
            compression=None,
            ssl=self._tls,
            ssl_handshake_timeout=None if self._tls is None else _OPEN_TIMEOUT_S,
            open_timeout=_OPEN_TIMEOUT_S,
            max_size=_LARGEST_FRAME,
            max_queue=_MOST_AHEAD,
            write_limit=MAX_BACKLOG,  # beyond, who sends values waits until it is told of room
            ping_interval=_PING_INTERVAL_S,
            ping_timeout=_PING_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
        )

    def _make_connection(self, *args: Any, **kwargs: Any) -> _Connection:
        return _Connection(self._strangers, *args, **kwargs)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        assert isinstance(connection, _Connection)
        verdict = self._reception.admit(connection, request)
        if isinstance(verdict, Response):
            return verdict
        connection.identity = verdict
        return None

    async def _serve_client(self, connection: ServerConnection) -> None:
        assert isinstance(connection, _Connection)  # as `serve` was told
        identity = connection.identity
        assert identity is not None  # else the handshake had ended
        connection.is_known()
        name = _address_text(connection.remote_address)
        if len(self._sockets) >= MOST_CLIENTS:
            self._full.tell(f"client {name} is turned away: {MOST_CLIENTS} are connected")
            reason = f"{MOST_CLIENTS} clients are connected, the server takes no more"
            await connection.close(CloseCode.TRY_AGAIN_LATER, reason)
            return
        client_socket = _ClientSocket(connection, name)
        session = self._hub.connect(client_socket, name, identity)
        connection.on_room = session.room_made

        def take(message: bytes) -> bool:
            try:
                session.begin(message)
            except Exception:
                logger.exception("client %s is closed, the server failed", name)
                client_socket.fail()
            return not session.is_busy and client_socket.backlog() <= PAUSE_BACKLOG

        async def ready() -> None:
            await session.idle()
            if client_socket.backlog() > PAUSE_BACKLOG:
                await connection.drain()

        self._sockets.add(client_socket)
        logger.info("client %s connected: %s", name, identity.name)
        try:
            while True:
                await ready()
                connection.take_message = take
                message = await connection.recv(decode=False)  # the first one that was not taken
                connection.take_message = None
                await ready()
                session.begin(message)
        except (ConnectionClosed, OSError) as error:
            logger.info("client %s left: %s", name, error)
        except Exception:
            # The library closes the connection, but what it logs is not shown.
            logger.exception("client %s is closed, the server failed", name)
            raise
        finally:
            connection.take_message = None
            self._sockets.discard(client_socket)
            client_socket.forget()
            self._hub.disconnect(session)


class _Connection(ServerConnection):
    """Knows who is at the other end, and tells when he does not take what is sent.

    Pongs count too, which nobody else sees.

    Args:
        strangers: it is one of them until it is known.

    Attributes:
        identity: once the handshake was accepted.
        on_backlog: called when more has been sent than is taken.
        on_room: called when nearly all of that is taken.
        take_message: takes a whole message at once, and returns whether it may have the next one,
            too; None: messages wait for `recv`. To wake up a task for each takes 30 µs.
    """

    def __init__(self, strangers: Strangers, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.identity: Identity | None = None
        self.take_message: Callable[[bytes], bool] | None = None
        self.on_backlog: Callable[[], None] | None = None
        self.on_room: Callable[[], None] | None = None
        self._strangers = strangers
        self._number = -1
        self._is_deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        limit_reads(transport)
        self._number = transport.get_extra_info("socket").fileno()
        self._strangers.add(self._number, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_known()
        super().connection_lost(exc)

    def is_known(self) -> None:
        """Count it no more among those that may only hold a place."""
        self._strangers.discard(self._number)

    def add_message(self, kind: Opcode, data: bytes) -> None:
        """Let the next `send_joined` send a message, in its place among what the protocol sends.

        The protocol would make the same frame, in 2 µs instead of 0.4.
        """
        size = len(data)
        if size <= _LARGEST_SHORT:
            head = bytes((_FIN | kind, size))
        elif size < 1 << 16:
            head = _HEAD_2.pack(_FIN | kind, 126, size)
        else:
            head = _HEAD_8.pack(_FIN | kind, 127, size)
        self.protocol.writes.append(head + data)

    def send_joined(self) -> None:
        """Send what the protocol has made and that was not sent yet, in one piece."""
        writes = self.protocol.writes
        if len(writes) > 1 and all(writes):  # an empty one is its sign for the end
            self.protocol.writes = [b"".join(writes)]
        self.send_data()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Who pings and does not read the pongs fills the memory like anybody else.
        if self.transport.get_write_buffer_size() > PAUSE_BACKLOG:
            self._is_deaf = True
            self.transport.pause_reading()

    def process_event(self, event: Event) -> None:
        take = self.take_message
        if take is not None and isinstance(event, Frame) and event.opcode in DATA_OPCODES:
            if event.fin and event.opcode is not Opcode.CONT:
                if not take(bytes(event.data)):
                    self.take_message = None  # until `recv` has returned the next one
                return
            self.take_message = None
        super().process_event(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.on_backlog is not None:
            self.on_backlog()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_deaf:
            self._is_deaf = False
            if not self.recv_messages.paused:  # else they are too many, and it goes on when taken
                self.transport.resume_reading()
        if self.on_room is not None:
            self.on_room()


class _ClientSocket(Outlet):
    """Sends to one client at once or into the buffer of its socket, and watches that buffer."""

    takes_binary = True

    def __init__(self, connection: _Connection, name: str) -> None:
        self._connection = connection
        self._transport = connection.transport
        self._name = name
        self._is_held = False
        self._unsent = 0  # octets that are held
        self._guard = BacklogGuard(self.backlog, self._give_up)
        connection.on_backlog = self._guard.look

    def send(self, data: bytes) -> None:
        """Send a text message, unless the client is leaving."""
        if self._connection.state is State.OPEN:
            self._connection.add_message(Opcode.TEXT, data)
            self._sent(len(data))

    def send_binary(self, data: bytes) -> None:
        """Send a binary message, unless the client is leaving."""
        if self._connection.state is State.OPEN:
            self._connection.add_message(Opcode.BINARY, data)
            self._sent(len(data))

    def backlog(self) -> int:
        """Return how many octets wait for the client."""
        return self._unsent + self._transport.get_write_buffer_size()

    def hold(self) -> None:
        """Keep what is sent from now on."""
        self._is_held = True

    def release(self) -> None:
        """Send what was kept, in one piece."""
        self._is_held = False
        if self._unsent:
            self._flush()

    def _sent(self, octets: int) -> None:
        self._unsent += octets
        if not self._is_held:
            self._flush()

    def _flush(self) -> None:
        sent, self._unsent = self._unsent, 0
        self._connection.send_joined()
        self._guard.sent(sent)

    def forget(self) -> None:
        """Stop watching: the client has left."""
        self._connection.on_backlog = self._connection.on_room = None
        self._guard.stop()

    def fail(self) -> None:
        """Close the connection: something is wrong here."""
        self._connection.protocol.fail(CloseCode.INTERNAL_ERROR)
        self._connection.send_data()

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
