"""Clients that mean no good: plain sockets that say what they are told to."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any, Final

from scrutiny.server.api.tcp_framing import DatagramDecoder, to_datagram
from tests.support.api_peer import token_headers

_TIMEOUT_S: Final = 30.0
_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="

CLOSE: Final = 8  # opcodes
CONTINUATION: Final = 0
TEXT: Final = 1


def upgrade_request(port: int, *lines: str, token: str | None = None) -> bytes:
    """Return the octets that ask for a websocket.

    Args:
        port: of the server.
        lines: of the header, besides.
        token: None: the one of this account, if the server asks for one.
    """
    authorization = token_headers(port) if token is None else {"Authorization": f"Bearer {token}"}
    header = [
        "GET / HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {_KEY}",
        *(f"{name}: {value}" for name, value in authorization.items()),
        *lines,
    ]
    return ("\r\n".join(header) + "\r\n\r\n").encode()


def frame(payload: bytes, opcode: int = TEXT, *, is_last: bool = True, flags: int = 0) -> bytes:
    """Return a frame of a client, masked with zeros; `flags` are of the first octet."""
    first = opcode | flags | (0x80 if is_last else 0)
    return frame_header(len(payload), first) + payload


def frame_header(size: int, first: int = 0x80 | TEXT) -> bytes:
    """Return what stands before that many octets of a masked payload."""
    if size < 126:
        return bytes((first, 0x80 | size)) + bytes(4)
    if size < 1 << 16:
        return bytes((first, 0x80 | 126)) + size.to_bytes(2, "big") + bytes(4)
    return bytes((first, 0x80 | 127)) + size.to_bytes(8, "big") + bytes(4)


def datagram(message: bytes) -> bytes:
    """Return a message as clients of the original send it."""
    octets = to_datagram(message)
    assert octets is not None
    return octets


class Intruder:
    """A socket to a server; whatever is sent after the server has closed it is lost silently.

    Attributes:
        socket: to do more with.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._port = port
        self._received = b""

    def send(self, data: bytes) -> bool:
        """Send octets; False if the connection is closed."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def upgrade(self, *lines: str, token: str | None = None) -> str:
        """Ask for a websocket, and return the header of the answer; empty: there was none."""
        self.send(upgrade_request(self._port, *lines, token=token))
        return self.header()

    def header(self) -> str:
        """Return the header of the answer to a request; empty: there was none."""
        while b"\r\n\r\n" not in self._received:
            if not self._receive():
                return ""
        header, _, self._received = self._received.partition(b"\r\n\r\n")
        return header.decode()

    def close_reason(self) -> str:
        """Read to the end of a websocket; return its code and reason, or how else it ended."""
        while (next_frame := self._next_frame()) is not None:
            opcode, payload = next_frame
            if opcode == CLOSE:
                return f"{int.from_bytes(payload[:2], 'big')} {payload[2:].decode()}"
        return "cut off"

    def answers(self, count: int) -> list[bytes]:
        """Return the next messages of a websocket; fewer if it ends."""
        found: list[bytes] = []
        while len(found) < count and (next_frame := self._next_frame()) is not None:
            opcode, payload = next_frame
            if opcode == CLOSE:
                break
            found.append(payload)
        return found

    def datagrams(self, reqid: int) -> list[dict[str, Any]]:
        """Return what comes at the port of the original, up to the answer with this id.

        Raises:
            ConnectionError: the server has closed the connection.
        """
        decoder, found = DatagramDecoder(1 << 24), list[dict[str, Any]]()
        while not found or found[-1]["reqid"] != reqid:
            if not self._receive():
                raise ConnectionError("the server has closed the connection")
            found += map(json.loads, decoder.feed(self._received, 0.0))
            self._received = b""
        return found

    def is_closed_by_server(self) -> bool:
        """Read to the end, whatever comes; False if there is none within the time-out."""
        try:
            while self._receive():
                self._received = b""
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Return opcode and payload; None: the connection has ended."""
        if not self._has(2):
            return None
        opcode, size, start = self._received[0] & 0xF, self._received[1] & 0x7F, 2
        if size >= 126:
            start += 2 if size == 126 else 8
            if not self._has(start):
                return None
            size = int.from_bytes(self._received[2:start], "big")
        if not self._has(start + size):
            return None
        payload, self._received = (
            self._received[start : start + size],
            self._received[start + size :],
        )
        return opcode, payload

    def _has(self, size: int) -> bool:
        while len(self._received) < size:
            if not self._receive():
                return False
        return True

    def _receive(self) -> bool:
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            raise
        except OSError:
            return False
        self._received += data
        return bool(data)
