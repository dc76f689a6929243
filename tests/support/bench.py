"""A test bench: boards, lines, servers and clients that belong together and end together."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from scrutiny.firmware_link.simulator.faults import FaultSettings
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.events import AnyEvent

from .example_board import Board
from .noisy_line import NoisyLine
from .processes import DEADLINE_S
from .server_process import ServerProcess

Events = ScrutinyClient.Events
EventT = TypeVar("EventT", bound=AnyEvent)


class Bench:
    """Starts what a test needs, under names in a folder of its own.

    Attributes:
        servers: all that were started, also those that ended.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self.servers: list[ServerProcess] = []
        self._program = program
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(exc_type, exc, traceback)

    def start_board(self, *arguments: str) -> Board:
        """Start a board; one that is still running under the same name has to be ended before."""
        board = Board(self._program, self._folder / "board", *arguments)
        self._stack.callback(board.kill)
        return board

    def connect_line(
        self, board: Board, faults: FaultSettings | None = None, baud: int | None = None
    ) -> NoisyLine:
        """Put a line in front of a board; without ``baud``, one that takes no time."""
        line = NoisyLine(self._folder / "port", board.port, faults, baud)
        return self._stack.enter_context(line)

    def start_server(
        self, port: Path, baud: int = 115_200, *options: str, tcp_port: int = 0
    ) -> ServerProcess:
        """Start a server with a serial port; it shares its memory with the others of this bench.

        Args:
            port: of the board.
            baud: of the line.
            options: of the command line, besides.
            tcp_port: where clients connect; 0 for a free one.
        """
        link = f"serial:{port}?baudrate={baud}"
        return self.start_server_with_link(link, "--port", f"{tcp_port}", *options)

    def start_server_with_link(self, link: str, *options: str) -> ServerProcess:
        """Start a server with any link, likewise.

        Args:
            link: as on the command line.
            options: besides.
        """
        server = ServerProcess(self._folder, "--link", link, *options)
        self._stack.callback(server.kill)
        self.servers.append(server)
        return server

    def connect(self, server: ServerProcess) -> ScrutinyClient:
        """Connect a client that listens to all events."""
        client = ScrutinyClient(enabled_events=Events.LISTEN_ALL, event_queue_size=1000)
        self._stack.enter_context(client)
        return client.connect("127.0.0.1", server.tcp_port)


def expect_event(
    client: ScrutinyClient, kind: type[EventT], timeout_s: float = DEADLINE_S
) -> EventT:
    """Wait for an event and return it; those of other kinds before it are skipped.

    Raises:
        AssertionError: it did not come.
    """
    deadline_s = time.monotonic() + timeout_s
    seen: list[AnyEvent] = []
    while (remaining_s := deadline_s - time.monotonic()) > 0:
        event = client.read_event(timeout=remaining_s)
        if isinstance(event, kind):
            return event
        if event is not None:
            seen.append(event)
    raise AssertionError(f"no {kind.__name__} within {timeout_s} s, only {seen}")
