"""Datagrams in a TCP stream, as clients of the original expect them; no I/O, no clock.

A datagram is ``<SCRUTINY size=HEX flags=FLAGS>``, that many octets, and with the flag ``h`` their
MD5 digest. With ``c`` the octets are a zlib stream. Source: client API, section 1.1.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from typing import Final

LARGEST_PAYLOAD: Final = 1 << 20  # octets as transmitted
SILENCE_LIMIT_S: Final = 1.0

_HEADER: Final = re.compile(rb"<SCRUTINY size=([0-9a-fA-F]{1,8}) flags=(c?h?)>")
_LONGEST_HEADER: Final = len(b"<SCRUTINY size=12345678 flags=ch>")
_DIGEST_SIZE: Final = 16


def to_datagram(message: bytes) -> bytes | None:
    """Return a message compressed and with its digest; None if it is too large to be sent."""
    payload = zlib.compress(message, 1)
    if len(payload) > LARGEST_PAYLOAD:
        return None
    header = b"<SCRUTINY size=%x flags=ch>" % len(payload)
    return header + payload + _digest(payload)


class DatagramDecoder:
    """Finds the messages in what a client sends; holds at most one datagram, and what was fed.

    Args:
        largest_message: octets after decompression. Of a longer message that many and one more are
            passed on, so that whoever gets it can tell, and a small one cannot fill the memory.
    """

    def __init__(self, largest_message: int) -> None:
        self._largest_message = largest_message
        self._buffer = bytearray()
        self._header: tuple[int, bytes] | None = None

    def feed(self, data: bytes, silence_s: float) -> Iterator[bytes]:
        """Take octets, and yield the messages that are complete; go through all of them.

        What is damaged is skipped without a word: nobody knows whose request it was.

        Args:
            data: any piece of the stream.
            silence_s: how long the stream was silent before; what is incomplete does not outlive
                more than a second of it.
        """
        if silence_s > SILENCE_LIMIT_S:
            self._buffer.clear()
            self._header = None
        self._buffer += data
        while self._header is not None or self._find_header():
            assert self._header is not None
            size, flags = self._header
            whole_size = size + (_DIGEST_SIZE if b"h" in flags else 0)
            if len(self._buffer) < whole_size:
                return
            payload, digest = bytes(self._buffer[:size]), bytes(self._buffer[size:whole_size])
            del self._buffer[:whole_size]
            self._header = None
            if digest and digest != _digest(payload):
                continue
            message = self._decompressed(payload) if b"c" in flags else payload
            if message is not None:
                yield message

    def _find_header(self) -> bool:
        """Skip to behind the next header whose datagram is not too large."""
        while match := _HEADER.search(self._buffer):
            size, flags = int(match[1], 16), match[2]
            del self._buffer[: match.end()]
            if size <= LARGEST_PAYLOAD:
                self._header = size, flags
                return True
        del self._buffer[: max(0, len(self._buffer) - _LONGEST_HEADER + 1)]
        return False

    def _decompressed(self, payload: bytes) -> bytes | None:
        stream = zlib.decompressobj()
        try:
            message = stream.decompress(payload, self._largest_message + 1)
        except zlib.error:
            return None
        is_whole = stream.eof or len(message) > self._largest_message
        return message if is_whole else None


def _digest(payload: bytes) -> bytes:
    return hashlib.md5(payload, usedforsecurity=False).digest()
