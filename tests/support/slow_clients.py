"""Clients that watch values: one that takes all, and one that takes as much as it is told to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import Any, Final

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect
from websockets.uri import parse_uri

from scrutiny.api.value_frames import decode_frame
from scrutiny.server.api.tcp_framing import DatagramDecoder, to_datagram
from tests.support.api_peer import token_headers

KINDS: Final = ("json", "binary", "tcp")
TABLE: Final = "/static/crc32.c/crc32_table/crc32_table"
RECEIVE_BUFFER: Final = 4096  # octets, so that little fits between the server and a slow client


def paths_of_table(count: int) -> list[str]:
    """Return paths of variables of the example firmware, up to 256."""
    return [f"{TABLE}[{index}]" for index in range(count)]


def commands(paths: Sequence[str], kind: str) -> list[bytes]:
    """Return what a client sends to watch values."""
    wanted: list[dict[str, Any]] = [
        {"cmd": "subscribe_watchable", "reqid": 1, "watchables": list(paths)}
    ]
    if kind == "binary":
        wanted.insert(0, {"cmd": "set_value_format", "reqid": 2, "format": "binary"})
    return [json.dumps(command).encode() for command in wanted]


class HonestClient:
    """Takes every update, in a thread of its own.

    Attributes:
        newest_us: server time of the newest value.
        without_value: updates that told that there is none.
    """

    def __init__(self, port: int, paths: Sequence[str], tls: ssl.SSLContext | None = None) -> None:
        self.newest_us = 0.0
        self.without_value = 0
        self._times_s: list[float] = []
        self._stack = ExitStack()
        headers = token_headers(port)
        self._connection = self._stack.enter_context(
            connect(
                f"{'ws' if tls is None else 'wss'}://127.0.0.1:{port}",
                additional_headers=headers,
                compression=None,
                ssl=tls,
            )
        )
        for command in commands(paths, "json"):
            self._connection.send(command.decode())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Count from now on."""
        self._times_s = []

    @property
    def updates(self) -> int:
        """How many messages with values were counted."""
        return len(self._times_s)

    @property
    def gaps_s(self) -> list[float]:
        """Times between two updates, in ascending order; the one until now is among them."""
        times_s = [*self._times_s, time.perf_counter()]
        return sorted(after - before for before, after in pairwise(times_s))

    def close(self) -> None:
        """Leave."""
        self._stack.close()
        self._thread.join()

    def _run(self) -> None:
        for text in self._connection:
            message = json.loads(text)
            if message["cmd"] == "watchable_update":
                self._times_s.append(time.perf_counter())
                self.without_value += sum(update["v"] is None for update in message["updates"])
                newest_us = max(update["t"] for update in message["updates"])
                self.newest_us = max(self.newest_us, newest_us)


class SlowConnection:
    """Watches values over a plain socket whose buffer holds little, and reads when it is told to.

    Args:
        kind: of `KINDS`.
        port: the one for that kind.
        paths: what it watches.

    Attributes:
        octets: how many it has read since it has subscribed.
    """

    def __init__(self, kind: str, port: int, paths: Sequence[str]) -> None:
        self.octets = 0
        self.socket = socket.socket()
        self._stream: _Stream = _Datagrams() if kind == "tcp" else _Frames(port)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self.socket.connect(("127.0.0.1", port))
            self.socket.sendall(self._stream.opening())
            while not self._stream.is_open:
                for _ in self._stream.feed(self._received(RECEIVE_BUFFER)):
                    pass
            for command in commands(paths, kind):
                self.socket.sendall(self._stream.packed(command))
        except BaseException:
            self.close()
            raise
        self.octets = 0

    def read_times_us(self, most: int) -> list[float]:
        """Read up to so many octets; return the newest server time of each update they complete.

        Raises:
            ConnectionError: the server has closed the connection.
        """
        data = self._received(most)
        self.octets += len(data)
        times_us = [_newest_us(message) for message in self._stream.feed(data)]
        self.socket.sendall(self._stream.replies())
        return [time_us for time_us in times_us if time_us is not None]

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def _received(self, most: int) -> bytes:
        if data := self.socket.recv(most):
            return data
        raise ConnectionError("the server has closed the connection")


class _Stream:
    """Messages in a stream of octets."""

    is_open = True

    def opening(self) -> bytes:
        """Return what is sent first."""
        return b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take octets and yield messages."""
        raise NotImplementedError

    def packed(self, message: bytes) -> bytes:
        """Return the octets of a message."""
        raise NotImplementedError

    def replies(self) -> bytes:
        """Return what has to be sent because of what was fed: pongs."""
        return b""


class _Datagrams(_Stream):
    def __init__(self) -> None:
        self._decoder = DatagramDecoder(1 << 24)

    def feed(self, data: bytes) -> Iterator[bytes]:
        return self._decoder.feed(data, 0.0)

    def packed(self, message: bytes) -> bytes:
        datagram = to_datagram(message)
        assert datagram is not None
        return datagram


class _Frames(_Stream):
    def __init__(self, port: int) -> None:
        self.is_open = False
        self._headers = token_headers(port)
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}"))

    def opening(self) -> bytes:
        request = self._protocol.connect()
        request.headers.update(self._headers)
        self._protocol.send_request(request)
        return b"".join(self._protocol.data_to_send())

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            self.is_open = True
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                yield bytes(event.data)

    def packed(self, message: bytes) -> bytes:
        self._protocol.send_text(message)
        return b"".join(self._protocol.data_to_send())

    def replies(self) -> bytes:
        return b"".join(self._protocol.data_to_send())


def _newest_us(message: bytes) -> float | None:
    if not message.startswith(b"{"):
        return max(group.time_ns for group in decode_frame(message)) / 1e3
    content = json.loads(message)
    if content["cmd"] != "watchable_update":
        return None
    return float(max(update["t"] for update in content["updates"]))
