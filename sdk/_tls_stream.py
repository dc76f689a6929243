"""TLS over a blocking socket on which one thread reads while others write.

The standard library's SSLSocket must not be used by two threads at once before Python 3.13. Here
the encryption has no I/O of its own, and is done under a lock that is never held while waiting.
"""

from __future__ import annotations

import socket
import ssl
import threading

_RECEIVE_SIZE = 1 << 16


class TlsStream:
    """What of a socket the websocket needs, encrypted.

    Args:
        connection: connected; it is used up.
        context: decides whether to trust the server.
        host: as the user named it.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._socket = connection
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._lock = threading.Lock()

    def shake_hands(self) -> None:
        """Agree on keys, and check who is there; before anybody else uses it.

        Raises:
            OSError: the socket failed, or took too long.
            ssl.SSLError: the server is not to be trusted, or speaks no TLS.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send_outgoing()
                data = self._socket.recv(_RECEIVE_SIZE)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                self._send_outgoing()  # why it fails here, for the log over there
                raise
            else:
                self._send_outgoing()
                return

    def settimeout(self, timeout_s: float | None) -> None:
        """Limit each wait of the socket."""
        self._socket.settimeout(timeout_s)

    def send(self, data: bytes | memoryview) -> int:
        """Send all; calls may not overlap."""
        with self._lock:
            self._tls.write(data)
            encrypted = self._outgoing.read()
        rest = memoryview(encrypted)
        while rest:  # unlike sendall, a time limit per piece: slow is not dead
            rest = rest[self._socket.send(rest) :]
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send all."""
        self.send(data)

    def recv(self, size: int) -> bytes:
        """Return what arrives next; empty at the end. For one thread."""
        while True:
            with self._lock:
                try:
                    return self._tls.read(size)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLZeroReturnError:
                    return b""
            data = self._socket.recv(_RECEIVE_SIZE)
            if not data:
                return b""
            with self._lock:
                self._incoming.write(data)

    def shutdown(self, how: int) -> None:
        """End one or both directions of the socket."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _send_outgoing(self) -> None:
        self._socket.sendall(self._outgoing.read())
