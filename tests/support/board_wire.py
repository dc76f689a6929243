"""Requests to a board without a server, and what it answers."""

from __future__ import annotations

import socket
import time
from typing import Final, TypeVar

from scrutiny.firmware_link.errors import FrameError
from scrutiny.firmware_link.frames import ResponseParser
from scrutiny.firmware_link.messages import (
    BEFORE_PARAMS,
    AddressFormat,
    Connect,
    Discover,
    RequestMessage,
)

from .processes import DEADLINE_S

_RESEND_S: Final = 1.0
_CONNECT: Final = Connect().request(BEFORE_PARAMS).encode()

AnswerT = TypeVar("AnswerT")


class Wire:
    """A client's end of the UART of a board, with a session.

    A busy machine may hold up half of a request for so long that the board drops it: it is sent
    again, after a session was asked for, since that may be over, too.
    """

    def __init__(self, connection: socket.socket, fmt: AddressFormat = BEFORE_PARAMS) -> None:
        """Take over a connection, and return when the board listens.

        Args:
            connection: to its UART.
            fmt: of the addresses in requests.
        """
        self._socket = connection
        self._fmt = fmt
        self._parser = ResponseParser()
        self._socket.settimeout(_RESEND_S)
        self.exchange(Discover())  # repeated until the board listens
        self._socket.sendall(_CONNECT)

    def exchange(self, request: RequestMessage[AnswerT]) -> AnswerT:
        """Send a request, and return its answer.

        Raises:
            AssertionError: there is none, or it is a refusal.
        """
        frame = request.request(self._fmt)
        deadline_s = time.monotonic() + DEADLINE_S
        self._socket.sendall(frame.encode())
        while time.monotonic() < deadline_s:
            try:
                responses = self._parser.feed(self._socket.recv(4096))
            except TimeoutError:
                self._socket.sendall(_CONNECT + frame.encode())
                continue
            except FrameError:  # an answer that was cut by a reset, or by the one after it
                continue
            for response in responses:
                if (response.command, response.subfunction) == (frame.command, frame.subfunction):
                    assert response.code == 0
                    return request.parse_answer(response.payload, self._fmt)
        raise AssertionError(f"no answer to {request}")

    def close(self) -> None:
        """Leave."""
        self._socket.close()
