"""A serial port of another machine, which is told its settings over the network (RFC 2217)."""

from __future__ import annotations

import socket
from collections.abc import Callable

import serial

from .rfc2217_listener import Rfc2217Listener, port_manager


class NetworkPort(Rfc2217Listener):
    """Answers one client after the other."""

    def __init__(self, answer: Callable[[bytes, str], bytes]) -> None:
        """Begin to listen.

        Args:
            answer: is called with the octets that came, and the parity that the client has set
                (``N``, ``E``, ``O``); returns those to send back.
        """
        self._answer = answer
        super().__init__()

    def _serve(self, client: socket.socket) -> None:
        settings = serial.serial_for_url("loop://")  # which keeps what the client sets
        manager = port_manager(settings, client)
        while data := client.recv(4096):
            octets = b"".join(manager.filter(data))
            if octets and (answer := self._answer(octets, settings.parity)):
                client.sendall(b"".join(manager.escape(answer)))
