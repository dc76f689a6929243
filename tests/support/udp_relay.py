"""A network between a server and a board that loses, doubles and reorders datagrams on purpose."""

from __future__ import annotations

import random
import selectors
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

_DATAGRAM_MAX: Final = 65536


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of datagrams, 0 to 1, of each direction.

    Attributes:
        lost: never arrive.
        doubled: arrive twice.
        late: arrive behind the one that follows them, whichever way that one goes.
    """

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0


class UdpRelay:
    """Carries datagrams in a thread of its own.

    Attributes:
        port: where the server finds the board, on 127.0.0.1.
        lost, doubled, late: how many datagrams that happened to.
    """

    def __init__(self, board_port: int, weather: Weather, seed: int) -> None:
        """Begin to carry.

        Args:
            board_port: of the board, on 127.0.0.1.
            weather: what happens on the way.
            seed: of the dice.
        """
        self.lost = self.doubled = self.late = 0
        self._weather = weather
        self._dice = random.Random(seed)
        self._board = ("127.0.0.1", board_port)
        self._server: tuple[str, int] | None = None
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self._back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._back.bind(("127.0.0.1", 0))
        self.port = int(self._front.getsockname()[1])
        self._waiting: list[tuple[socket.socket, bytes]] = []
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._carry, name="UDP relay", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.send(b"x")
        self._thread.join()
        for each in (self._front, self._back, self._stop, self._stopped):
            each.close()

    def _carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (self._front, self._back, self._stopped):
                selector.register(each, selectors.EVENT_READ)
            while True:
                sources = {key.fileobj for key, _ in selector.select()}
                if self._stopped in sources:
                    return
                if self._front in sources:
                    data, self._server = self._front.recvfrom(_DATAGRAM_MAX)
                    self._pass_on(self._back, data)
                if self._back in sources:
                    self._pass_on(self._front, self._back.recv(_DATAGRAM_MAX))

    def _pass_on(self, towards: socket.socket, data: bytes) -> None:
        late, self._waiting = self._waiting, []
        if self._dice.random() < self._weather.lost:
            self.lost += 1
        elif self._dice.random() < self._weather.late:
            self.late += 1
            self._waiting.append((towards, data))
        else:
            self._send(towards, data)
            if self._dice.random() < self._weather.doubled:
                self.doubled += 1
                self._send(towards, data)
        for each in late:
            self._send(*each)

    def _send(self, towards: socket.socket, data: bytes) -> None:
        target = self._board if towards is self._back else self._server
        if target is not None:
            towards.sendto(data, target)
