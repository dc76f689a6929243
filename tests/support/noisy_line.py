"""A serial cable between a server and a board, with faults on purpose. POSIX only.

The server's end is a pseudo terminal under a stable name, as a USB adapter has one; the board's end
is the board's own terminal, or the socket of an emulator. Octets go through a `FaultModel` both
ways, and then at the pace of the line.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import itertools
import os
import selectors
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Self, TypeVar

from scrutiny.firmware_link.simulator.faults import (
    Direction,
    FaultCounts,
    FaultKind,
    FaultModel,
    FaultSettings,
    ScriptedFault,
)

from .serial_lane import BusyReceiver, MaskedInterrupts, SerialLane

if sys.platform != "win32":
    import tty

_READ_SIZE: Final = 1 << 16
_COMMAND_DEADLINE_S: Final = 10.0
# Some emulators need as long as the line for each octet: it has to begin while others are coming.
_LUMP_TO_DEVICE_NS: Final = 200_000
_HANG_UPS: Final = (errno.EIO, errno.ECONNRESET)  # of a terminal, of a socket

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class LineCounts:
    """What a line has carried so far.

    Attributes:
        from_server: octets that the server sent.
        from_board: octets that the board sent.
        lost: octets that met a cable that was not plugged, or nobody who reads.
        faults: octets that were damaged on purpose.
        overruns: octets that the board's UART had no room for, see `NoisyLine.mask_interrupts`.
    """

    from_server: int
    from_board: int
    lost: int
    faults: int
    overruns: int


class NoisyLine:
    """Carries octets in a thread of its own until it is closed.

    Attributes:
        port: the name under which the server finds its end.
        on_octets: called from the line's thread with all octets that come in, before they go on.
    """

    def __init__(
        self,
        port: Path,
        board: Path,
        faults: FaultSettings | None = None,
        baud: int | None = None,
    ) -> None:
        """Connect both ends; the board's terminal or socket must exist.

        Args:
            port: where the server's end appears.
            board: the board's end.
            faults: None for a perfect line.
            baud: bit/s, with 10 bits per octet; None for a line that takes no time.
        """
        self.port = port
        self.on_octets: Callable[[Direction, bytes], None] = lambda direction, data: None
        self._model = FaultModel(faults)
        self._past_faults = 0  # of the models before
        self._is_mute = False
        self._octets = dict.fromkeys(Direction, 0)
        self._lost = 0
        self._lanes = {
            Direction.TO_DEVICE: SerialLane(baud, _LUMP_TO_DEVICE_NS),
            Direction.TO_HOST: SerialLane(baud),
        }
        self._busy: BusyReceiver | None = None
        self._past_overruns = 0  # of the busy receivers before
        self._server_fd: int | None = None
        self._terminal_fd: int | None = None  # keeps the terminal alive while nobody uses it
        self._board_fd: int | None = None
        self._underway: list[tuple[int, int, Direction, bytes]] = []
        self._order = itertools.count()
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._selector = selectors.SelectSelector()  # the others round up to milliseconds
        self._wake_up, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._run_commands)
        self._is_closing = False
        self._thread = threading.Thread(target=self._carry, name="noisy line", daemon=True)
        self._thread.start()
        try:
            self.connect_board(board)
            self.plug()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # ----------------------------------------------------------------- what can be done to it

    def plug(self) -> None:
        """Make the server's port appear; it must not be plugged."""
        self._in_thread(self._plug)

    def unplug(self) -> None:
        """Make the server's port vanish, as when the USB plug is pulled."""
        self._in_thread(self._unplug)

    def mute(self) -> None:
        """Swallow everything from now on: the port stays, the board is silent."""
        self._in_thread(lambda: self._set_mute(True))

    def unmute(self) -> None:
        """Carry octets again."""
        self._in_thread(lambda: self._set_mute(False))

    def connect_board(self, board: Path) -> None:
        """Use another board, or the same one after it was started again."""
        self._in_thread(lambda: self._connect_board(board))

    def set_faults(self, faults: FaultSettings | None) -> None:
        """Go on with other faults; None for a perfect line."""
        self._in_thread(lambda: self._set_faults(faults))

    def drop_octet(self, direction: Direction, offset: int) -> None:
        """Lose one octet, once: the ``offset``-th of those still to come, from 0."""
        fault = ScriptedFault(FaultKind.DROP, offset, direction)
        self._in_thread(lambda: self._model.script(fault))

    def mask_interrupts(self, masked: MaskedInterrupts | None) -> None:
        """Lose what the board's UART loses while its interrupts are off; None for none of it."""
        self._in_thread(lambda: self._mask_interrupts(masked))

    @property
    def counts(self) -> LineCounts:
        """What it has carried so far."""
        return self._in_thread(self._count)

    def close(self) -> None:
        """Unplug both ends and end the thread."""
        if self._thread.is_alive():
            self._commands.put(self._stop)
            self._wake_up.send(b"\0")
            self._thread.join()
        self._wake_up.close()
        self._woken.close()
        self._selector.close()

    # ----------------------------------------------------------------- the thread

    def _in_thread(self, action: Callable[[], ResultT]) -> ResultT:
        """Run something between two chunks of octets, and return when it is done."""
        done: Future[ResultT] = Future()

        def run() -> None:
            try:
                done.set_result(action())
            except BaseException as error:
                done.set_exception(error)

        self._commands.put(run)
        self._wake_up.send(b"\0")
        return done.result(_COMMAND_DEADLINE_S)

    def _carry(self) -> None:
        while not self._is_closing:
            for key, _ in self._selector.select(self._time_to_next_s()):
                key.data()
            self._deliver_due()
        self._unplug()
        self._disconnect_board()

    def _run_commands(self) -> None:
        self._woken.recv(_READ_SIZE)
        while not self._commands.empty():
            self._commands.get()()

    def _stop(self) -> None:
        self._is_closing = True

    # ----------------------------------------------------------------- ends

    def _plug(self) -> None:
        assert self._server_fd is None, "the line is plugged already"
        self._server_fd, self._terminal_fd = os.openpty()
        tty.setraw(self._terminal_fd)
        os.set_blocking(self._server_fd, False)
        self._selector.register(self._server_fd, selectors.EVENT_READ, self._read_server)
        fresh = self.port.with_name(f"{self.port.name}.new")
        fresh.symlink_to(os.ttyname(self._terminal_fd))
        fresh.replace(self.port)

    def _unplug(self) -> None:
        if self._server_fd is None or self._terminal_fd is None:
            return
        self.port.unlink(missing_ok=True)
        self._selector.unregister(self._server_fd)
        os.close(self._server_fd)
        os.close(self._terminal_fd)
        self._server_fd = self._terminal_fd = None

    def _connect_board(self, board: Path) -> None:
        self._disconnect_board()
        if stat.S_ISSOCK(board.stat().st_mode):
            self._board_fd = _connect_socket(board)
        else:
            self._board_fd = os.open(board, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self._board_fd)
        self._selector.register(self._board_fd, selectors.EVENT_READ, self._read_board)

    def _disconnect_board(self) -> None:
        if self._board_fd is None:
            return
        self._selector.unregister(self._board_fd)
        os.close(self._board_fd)
        self._board_fd = None

    def _set_mute(self, is_mute: bool) -> None:
        self._is_mute = is_mute

    def _set_faults(self, faults: FaultSettings | None) -> None:
        self._past_faults += _octet_faults(self._model.counts)
        self._model = FaultModel(faults)

    def _mask_interrupts(self, masked: MaskedInterrupts | None) -> None:
        self._past_overruns = self._overruns()
        self._busy = None if masked is None else BusyReceiver(masked)

    def _overruns(self) -> int:
        return self._past_overruns + (0 if self._busy is None else self._busy.lost)

    def _count(self) -> LineCounts:
        return LineCounts(
            self._octets[Direction.TO_DEVICE],
            self._octets[Direction.TO_HOST],
            self._lost,
            self._past_faults + _octet_faults(self._model.counts),
            self._overruns(),
        )

    # ----------------------------------------------------------------- octets

    def _read_server(self) -> None:
        if self._server_fd is None:  # unplugged since it became readable
            return
        with contextlib.suppress(BlockingIOError):
            self._pass_on(os.read(self._server_fd, _READ_SIZE), Direction.TO_DEVICE)

    def _read_board(self) -> None:
        if self._board_fd is None:  # disconnected since it became readable
            return
        try:
            data = os.read(self._board_fd, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _HANG_UPS:
                raise
            data = b""
        if data:
            self._pass_on(data, Direction.TO_HOST)
        else:
            self._disconnect_board()

    def _pass_on(self, data: bytes, direction: Direction) -> None:
        self._octets[direction] += len(data)
        self.on_octets(direction, data)
        if self._is_mute:
            self._lost += len(data)
            return
        now_ns = time.monotonic_ns()
        for due_ns, part in self._model.pass_on(data, direction, now_ns):
            heapq.heappush(self._underway, (due_ns, next(self._order), direction, part))

    def _time_to_next_s(self) -> float | None:
        due = [lane.wake_ns for lane in self._lanes.values() if lane.wake_ns is not None]
        if self._underway:
            due.append(self._underway[0][0])
        return max(0.0, (min(due) - time.monotonic_ns()) / 1e9) if due else None

    def _deliver_due(self) -> None:
        now_ns = time.monotonic_ns()
        while self._underway and self._underway[0][0] <= now_ns:
            due_ns, _, direction, part = heapq.heappop(self._underway)
            self._lanes[direction].push(part, due_ns)
        for direction, lane in self._lanes.items():
            first_ns, data = lane.take(now_ns)
            if self._busy is not None and direction is Direction.TO_DEVICE:
                data = self._busy.hear(data, first_ns, lane.octet_ns)
            if data:
                self._deliver(data, direction)

    def _deliver(self, data: bytes, direction: Direction) -> None:
        fd = self._board_fd if direction is Direction.TO_DEVICE else self._server_fd
        sent = 0
        if fd is not None:
            # Full, or just hung up: a line without handshake loses octets then.
            with contextlib.suppress(OSError):
                sent = os.write(fd, data)
        self._lost += len(data) - sent


def _octet_faults(counts: FaultCounts) -> int:
    return counts.dropped + counts.flipped + counts.duplicated


def _connect_socket(path: Path) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(f"{path}")
        connection.setblocking(False)
        return connection.detach()
