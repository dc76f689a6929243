"""The bare end of a terminal: blocking reads and writes, with frames made beforehand. POSIX only.

This is the ceiling that the server is compared with.
"""

from __future__ import annotations

import os
import time
import tty
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from scrutiny.firmware_link.codes import RESPONSE_OVERHEAD
from scrutiny.firmware_link.frames import Response, crc32
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Connect,
    Disconnect,
    Heartbeat,
    RequestMessage,
)

_READ_SIZE: Final = 65536
_CRC_SIZE: Final = 4
_FORMAT: Final = AddressFormat(8)

AnswerT = TypeVar("AnswerT")


class RawPort:
    """A terminal and a session with the device at the other end of it.

    Attributes:
        fd: of the terminal.
    """

    def __init__(self, port: Path) -> None:
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self._session_id = self.ask(Connect()).session_id
        self._challenge = 0

    def ask(self, message: RequestMessage[AnswerT]) -> AnswerT:
        """Send a message, and return its answer, which has to be a good one."""
        os.write(self.fd, message.request(_FORMAT).encode())
        frame = b""
        while len(frame) < RESPONSE_OVERHEAD + int.from_bytes(frame[3:5], "big"):
            frame += os.read(self.fd, _READ_SIZE)
        response = Response.decode(frame)
        assert response.code == 0, response
        return message.parse_answer(response.payload, _FORMAT)

    def poll(self, frame: bytes, answer_size: int, seconds: float) -> int:
        """Send a frame again and again for a while; return how often."""
        fd, write, read, now = self.fd, os.write, os.read, time.perf_counter
        count = 0
        end = now() + seconds
        while now() < end:
            for _ in range(32):
                write(fd, frame)
                size = len(read(fd, 4096))
                while size < answer_size:
                    size += len(read(fd, 4096))
                assert size == answer_size, f"{size} octets instead of {answer_size}"
            count += 32
        return count

    def cycle(self, requests: Sequence[tuple[bytes, int]], seconds: float) -> int:
        """Send frames in turn, again and again for a while; return how often all of them.

        Args:
            requests: each frame with the size of the answer to it, in octets.
            seconds: until no turn is begun any more.
        """
        fd, write, read, now = self.fd, os.write, os.read, time.perf_counter
        count = 0
        end = now() + seconds
        while now() < end:
            for frame, answer_size in requests:
                write(fd, frame)
                size = len(read(fd, _READ_SIZE))
                while size < answer_size:
                    size += len(read(fd, _READ_SIZE))
                assert size == answer_size, f"{size} octets instead of {answer_size}"
            count += 1
        return count

    def fetch(self, frame: bytes, answer_sizes: Sequence[int]) -> float:
        """Send a frame once per answer; return the seconds until the last octet is here."""
        fd, write, read = self.fd, os.write, os.read
        begin_s = time.perf_counter()
        for answer_size in answer_sizes:
            write(fd, frame)
            size = len(read(fd, _READ_SIZE))
            while size < answer_size:
                size += len(read(fd, _READ_SIZE))
            assert size == answer_size, f"{size} octets instead of {answer_size}"
        return time.perf_counter() - begin_s

    def fetch_checked(self, frame: bytes, answer_sizes: Sequence[int]) -> float:
        """Do as `fetch` does, and check the CRC of each answer before the next request."""
        fd, write, read = self.fd, os.write, os.read
        begin_s = time.perf_counter()
        for answer_size in answer_sizes:
            write(fd, frame)
            answer = read(fd, _READ_SIZE)
            while len(answer) < answer_size:
                answer += read(fd, _READ_SIZE)
            assert crc32(answer[:-_CRC_SIZE]) == int.from_bytes(answer[-_CRC_SIZE:], "big")
        return time.perf_counter() - begin_s

    def keep_session(self) -> None:
        """Let the device know that somebody is here."""
        self._challenge += 1  # a repeated one is refused
        self.ask(Heartbeat(self._session_id, self._challenge))

    def close(self) -> None:
        """End the session, and leave the terminal to others."""
        try:
            self.ask(Disconnect(self._session_id))
        finally:
            os.close(self.fd)
