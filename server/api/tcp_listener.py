"""The TCP port for clients of the original: the same sessions as behind the websocket."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from scrutiny.api.codec import encode
from scrutiny.api.messages import Error
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.firmware_link.transports.settings import address_text

from ..access.identity import Identity
from ..broadcast import MAX_BACKLOG
from .backlog import PAUSE_BACKLOG
from .backlog_guard import BacklogGuard
from .hub import Hub
from .limits import MOST_CLIENTS
from .outlet import Outlet
from .ports import MOST_READ, bind, limit_reads
from .repeated import RepeatedWarning
from .strangers import Door
from .tcp_framing import LARGEST_PAYLOAD, DatagramDecoder, to_datagram

logger = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S: Final = 2.0

# Larger messages are compressed in a thread: 1 MiB would hold the loop for some 20 ms.
_LARGEST_AT_ONCE: Final = 1 << 16


class TcpListener:
    """Open ports on which clients are served; made with :meth:`open`."""

    def __init__(self, hub: Hub, identity: Identity) -> None:
        self._hub = hub
        self._identity = identity
        self._full = RepeatedWarning(logger, time.monotonic)
        self._servers: list[asyncio.Server] = []
        self._clients: dict[_TcpClient, asyncio.Task[None]] = {}
        self.port = 0

    @classmethod
    async def open(cls, hub: Hub, identity: Identity, host: str, port: int) -> TcpListener:
        """Listen at an address.

        Args:
            hub: who gets the clients.
            identity: of all of them: they cannot say who they are.
            host: name or address of this machine; ``localhost`` is 127.0.0.1.
            port: 0 lets the system choose; the attribute ``port`` tells which.

        Raises:
            ListenError: the address cannot be used; the text says which option to change.
        """
        listener = cls(hub, identity)
        loop = asyncio.get_running_loop()
        # The stock client knows IPv4 only.
        for sock in await bind("127.0.0.1" if host == "localhost" else host, port, "--tcp-port"):
            address, listener.port = sock.getsockname()[:2]
            server = await loop.create_server(listener._make_connection, sock=Door(sock))
            listener._servers.append(server)
            logger.info("listening on tcp://%s", address_text(address, listener.port))
        return listener

    async def close(self) -> None:
        """Close; clients that do not take what waits for them are cut off."""
        for server in self._servers:
            server.close()
        for client in self._clients:
            client.close()
        if tasks := list(self._clients.values()):
            await asyncio.wait(tasks, timeout=_CLOSE_TIMEOUT_S)
        for client in list(self._clients):
            client.abort()
        if tasks := [task for task in tasks if not task.done()]:
            await asyncio.wait(tasks)

    def _make_connection(self) -> _Connection:
        return _Connection(asyncio.StreamReader(limit=MOST_READ), self._serve_client)

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        connection = writer.transport.get_protocol()
        assert isinstance(connection, _Connection)
        peer = writer.get_extra_info("peername")
        name = address_text(str(peer[0]), int(peer[1])) if peer else "of unknown address"
        if len(self._clients) >= MOST_CLIENTS:
            self._full.tell(f"client {name} is turned away: {MOST_CLIENTS} are connected")
            writer.close()
            return
        client = _TcpClient(writer, name)
        session = self._hub.connect(client, name, self._identity)
        client.on_room = connection.on_room = session.room_made
        task = asyncio.current_task()
        assert task is not None
        self._clients[client] = task
        logger.info("client %s connected over TCP", name)
        loop = asyncio.get_running_loop()
        decoder = DatagramDecoder(MAX_MESSAGE_SIZE)
        try:
            while True:
                waits_since_s = loop.time()
                data = await reader.read(MOST_READ)
                if not data:
                    break
                # Only this wait is silence of the client; the others below are ours.
                for message in decoder.feed(data, loop.time() - waits_since_s):
                    await session.take(message)
                    if client.backlog() > PAUSE_BACKLOG:
                        await client.packed()
                        await writer.drain()
                await asyncio.sleep(0)  # what was read ahead comes without a turn of the others
            logger.info("client %s left", name)
        except OSError as error:
            logger.info("client %s left: %s", name, error.strerror or error)
        except Exception:
            logger.exception("client %s is closed, the server failed", name)
        finally:
            del self._clients[client]
            self._hub.disconnect(session)
            connection.on_room = None
            client.forget()


class _Connection(asyncio.StreamReaderProtocol):
    """A stream that tells when there is room in it again.

    Attributes:
        on_room: called when nearly all is taken of what was sent and had not been.
    """

    on_room: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        # Beyond, who sends values waits until it is told of room.
        transport.set_write_buffer_limits(MAX_BACKLOG)
        super().connection_made(transport)
        limit_reads(transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_room is not None:
            self.on_room()


class _TcpClient(Outlet):
    """Sends to one client at once or into the buffer of its socket, and watches that buffer.

    Attributes:
        on_room: called when all messages that had to be compressed are in that buffer.
    """

    takes_binary = False

    def __init__(self, writer: asyncio.StreamWriter, name: str) -> None:
        self._transport = writer.transport
        self._name = name
        self._guard = BacklogGuard(self._transport.get_write_buffer_size, self._give_up)
        self._held: list[bytes] | None = None
        self._waiting: deque[bytes] = deque()  # what comes after a message that is compressed
        self._waiting_octets = 0
        self._packing: asyncio.Task[None] | None = None
        self.on_room: Callable[[], None] | None = None

    def send(self, data: bytes) -> None:
        """Send a message; all arrive in the order in which they were sent."""
        if self._packing is None and len(data) <= _LARGEST_AT_ONCE:
            self._write(data, to_datagram(data))
            return
        self._waiting.append(data)
        self._waiting_octets += len(data)
        if self._packing is None:
            self._packing = asyncio.get_running_loop().create_task(self._pack())

    def send_binary(self, data: bytes) -> None:
        """Fail: the framing of the original carries JSON."""
        raise AssertionError("TCP carries JSON only")

    def backlog(self) -> int:
        """Return how many octets wait for the client."""
        return self._transport.get_write_buffer_size() + self._waiting_octets

    def hold(self) -> None:
        """Keep what is sent from now on."""
        self._held = []

    def release(self) -> None:
        """Send what was kept, in one piece."""
        held, self._held = self._held, None
        if held:
            self._put(b"".join(held))

    async def packed(self) -> None:
        """Wait until all that was sent is in the buffer of the socket."""
        if self._packing is not None:
            await asyncio.wait((self._packing,))

    def close(self) -> None:
        """Close the connection when what waits is sent."""
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection off, with all that waits in it."""
        self._transport.abort()

    def forget(self) -> None:
        """Close, and stop watching: the client has left."""
        self.on_room = None
        self._guard.stop()
        self._waiting.clear()
        self._waiting_octets = 0
        self._transport.abort()

    async def _pack(self) -> None:
        try:
            while self._waiting:
                message = self._waiting[0]
                if len(message) > _LARGEST_AT_ONCE:
                    datagram = await asyncio.to_thread(to_datagram, message)
                else:
                    datagram = to_datagram(message)
                if self._waiting:  # the client is still there
                    self._waiting.popleft()
                    self._waiting_octets -= len(message)
                    self._write(message, datagram)
        finally:
            self._packing = None
            if self.on_room is not None:
                self.on_room()

    def _write(self, message: bytes, datagram: bytes | None) -> None:
        if datagram is None:
            logger.warning("a message of %d octets is too large for TCP", len(message))
            datagram = to_datagram(_too_large(message))
            assert datagram is not None
        if self._held is None:
            self._put(datagram)
        else:
            self._held.append(datagram)

    def _put(self, octets: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(octets)
            self._guard.sent(len(octets))

    def _give_up(self, reason: str) -> None:
        logger.warning("client %s is too slow and is closed: %s", self._name, reason)
        self.abort()


class _Envelope(msgspec.Struct):
    cmd: str = ""
    reqid: int | None = None


def _too_large(message: bytes) -> bytes:
    """Return what the client gets instead of a message that cannot be sent."""
    envelope = msgspec.json.decode(message, type=_Envelope)
    reason = (
        f"the answer exceeds the {LARGEST_PAYLOAD >> 20} MiB of a message over TCP; fetch it in "
        "pieces (for a recording: download_datalogging_acquisition, or the command line's export), "
        "or record fewer samples"
    )
    return encode(Error(reqid=envelope.reqid, request_cmd=envelope.cmd, msg=reason))
