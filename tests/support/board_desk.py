"""A board of any kind, a line of 115,200 baud, a server with the board's description, and clients.

It lasts for many tests. Each begins with a board that was reset and a session of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sfd.store import DescriptionStore

from .bench import Events, expect_event
from .board_kinds import BoardKind, BuiltFirmware, RunningBoard
from .example_board import CannotBuild
from .missing_tools import cannot_run
from .network_line import NetworkLine
from .noisy_line import NoisyLine
from .processes import DEADLINE_S
from .serial_lane import MaskedInterrupts
from .server_process import ServerProcess

BAUD: Final = 115_200
BUSY_PATH: Final = "/global/board_busy_us"


class BoardDesk:
    """Starts all of it and ends all of it.

    Attributes:
        kind: of the board.
        firmware: that runs on it.
        board: what runs it.
        line: between board and server.
        server: the server, unplugged at first.
    """

    def __init__(
        self, kind: BoardKind, firmware: BuiltFirmware, folder: Path, *, over_tcp: bool = False
    ) -> None:
        """Start it.

        Args:
            kind: of the board.
            firmware: to run on it.
            folder: for all that the processes keep.
            over_tcp: let the server reach the line over TCP, not over a terminal.
        """
        self.kind = kind
        self.firmware = firmware
        self._stack = ExitStack()
        self._clients = ExitStack()
        with ExitStack() as stack:
            DescriptionStore(folder / "data" / "server").install(firmware.description)
            self.board = kind.start(firmware, folder)
            stack.callback(self.board.kill)
            self.line, link = _lay_line(self.board, folder, over_tcp=over_tcp)
            stack.callback(self.line.close)
            self.line.unplug()
            self.server = ServerProcess(folder, "--link", link)
            stack.callback(self.server.kill)
            stack.push(self._clients)
            self._stack = stack.pop_all()

    def __enter__(self) -> BoardDesk:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(exc_type, exc, traceback)

    def connect(self) -> ScrutinyClient:
        """Connect a client that listens to all events."""
        client = ScrutinyClient(enabled_events=Events.LISTEN_ALL, event_queue_size=1000)
        self._clients.enter_context(client)
        return client.connect("127.0.0.1", self.server.tcp_port)

    def begin(self) -> ScrutinyClient:
        """Reset the board, plug it in, and return a client when all is known of it."""
        client = self.connect()
        while client.get_latest_server_status().device_session_id is not None:
            client.wait_server_status_update(DEADLINE_S)  # of the session before
        client.clear_event_queue()
        self.reset_board()
        self.line.plug()
        expect_event(client, Events.SFDLoadedEvent)
        return client

    def end(self) -> None:
        """Take the clients away, and the board from the server."""
        self._clients.close()
        self.line.on_octets = lambda direction, data: None
        self.line.set_faults(None)
        self.line.mask_interrupts(None)
        self.line.unmute()
        self.line.unplug()

    def reset_board(self) -> None:
        """Push the reset button."""
        self.board.reset()
        self.line.connect_board(self.board.port)

    def make_busy(self, client: ScrutinyClient) -> None:
        """Let the board do something else half of the time, with interrupts off, until a reset.

        Octets that it cannot receive meanwhile are lost as on silicon.
        """
        busy_us = self.kind.busy_us
        client.write_watchable(BUSY_PATH, busy_us)
        if not self.kind.loses_octets:
            busy_ns = 1000 * busy_us
            masked = MaskedInterrupts(2 * busy_ns, busy_ns, self.kind.uart_room)
            self.line.mask_interrupts(masked)

    @property
    def overruns(self) -> int:
        """Octets that were lost because the board had no time for them, since it was started."""
        if self.kind.loses_octets:
            return self.board.overruns
        return self.line.counts.overruns

    def address_of(self, symbol: str) -> int:
        """Return where a variable is, as the linker says."""
        return self.kind.address_of(self.firmware, symbol)

    def memory(self, symbol: str, size: int) -> bytes:
        """Return what a variable really has, past the protocol."""
        return self.board.read_memory(self.address_of(symbol), size)


@contextmanager
def open_desk(kind: BoardKind, folder: Path, *, over_tcp: bool = False) -> Generator[BoardDesk]:
    """Build the firmware of a board and start all of it, unless a tool is missing.

    At the end the server must not have complained about itself.
    """
    with ExitStack() as stack:
        try:
            firmware = kind.build()
            desk = stack.enter_context(BoardDesk(kind, firmware, folder, over_tcp=over_tcp))
        except CannotBuild as error:
            cannot_run(f"{error}")
        yield desk
        assert desk.server.complaints == []


def _lay_line(board: RunningBoard, folder: Path, *, over_tcp: bool) -> tuple[NoisyLine, str]:
    """Return a line to a board, and how a server is told of it."""
    if over_tcp:
        network = NetworkLine(board.port, BAUD)
        return network, f"tcp://127.0.0.1:{network.tcp_port}"
    line = NoisyLine(folder / "port", board.port, baud=BAUD)
    return line, f"serial:{line.port}?baudrate={BAUD}"
