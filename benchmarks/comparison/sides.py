"""The two that are compared: each is a server at a board's port, and clients of it. Linux only."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from benchmarks.measured import MeasuredServer, Usage, checkout_environment, usage_of
from scrutiny.sfd.store import DescriptionStore
from tests.interop.peer_processes import Peer
from tests.support.example_board import Board

from .rows import OURS

SCRIPT: Final = Path(__file__).with_name("client.py")
LOOK_AGAIN_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one task of a client came to.

    Attributes:
        result: what the client tells.
        server_cpu: share of a core that the server used meanwhile.
        seconds: how long that was.
        device_octets: that the board has read meanwhile.
    """

    result: Mapping[str, float]
    server_cpu: float
    seconds: float
    device_octets: int


class ClientFailed(Exception):
    """It ended before it was through with its task; why is on standard error."""


class _NoResult(dict[str, float]):
    """What is known after a failure: nothing of anything."""

    def __missing__(self, name: str) -> float:
        return math.nan


FAILED: Final = Outcome(_NoResult(), math.nan, math.nan, 0)


class Client:
    """A client process with one task."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True
        )

    def wait_for(self, word: str) -> None:
        """Wait until the client says a word."""
        line = self._output.readline()
        if line.strip() != word:
            self.kill()
            raise ClientFailed(f"{line!r} instead of {word!r}")

    def result(self) -> dict[str, float]:
        """Return what it tells at its end."""
        text, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise ClientFailed(f"exit code {self._process.returncode}")
        result: dict[str, float] = json.loads(text)
        return result

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        with suppress(ValueError):  # it was killed before
            self._process.communicate()

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


class Side(ABC):
    """A server that is connected to a board, and ready to be used.

    Attributes:
        start_s: seconds from its start until it listened.
    """

    start_s: float

    @property
    @abstractmethod
    def usage(self) -> Usage:
        """What its server has used so far."""

    @property
    def log(self) -> str:
        """What its server has told that may explain a failure."""
        return ""

    @abstractmethod
    def client(self, task: str, **job: Any) -> Client:
        """Start a client with a task."""

    def do(self, board: Board, task: str, **job: Any) -> Outcome:
        """Let one client do a task, and measure meanwhile."""
        client = self.client(task, **job)
        client.wait_for("begin")
        before, board_before = self.usage, usage_of(board.pid)
        client.wait_for("end")
        after, board_after = self.usage, usage_of(board.pid)
        return Outcome(
            client.result(),
            after.cpu_share_since(before),
            after.time_s - before.time_s,
            board_after.octets_read_since(board_before),
        )


class Ours(Side):
    """Our server and SDK."""

    def __init__(
        self, python: Path, board: Board, baud: int, description: Path, folder: Path
    ) -> None:
        folder.mkdir()
        DescriptionStore(folder / "data" / "server").install(description)
        link = f"serial:{board.port}?baudrate={baud or 115_200}"
        self._folder = folder
        self._python = python
        self.server = MeasuredServer(folder, "--link", link, python=python)
        _, listening_s = self.server.wait_for_line("listening on")
        self.start_s = listening_s - self.server.started_s

    @property
    def usage(self) -> Usage:
        return self.server.usage

    @property
    def log(self) -> str:
        return "\n".join(self.server.lines)

    def client(self, task: str, **job: Any) -> Client:
        text = json.dumps({"port": self.server.tcp_port, "task": task, **job})
        return Client([str(self._python), str(SCRIPT), text], checkout_environment(), self._folder)

    def close(self) -> None:
        """End the server."""
        assert self.server.stop() == 0, self.server.complaints


class Theirs(Side):
    """The stock server and SDK."""

    def __init__(self, python: Path, board: Board, description: Path, folder: Path) -> None:
        folder.mkdir()
        self._peer = Peer(python, folder)
        self._python = python
        self._folder = folder
        installed = self._peer.run("install-sfd", description)
        assert installed.returncode == 0, installed.stdout + installed.stderr
        started_s = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            listening = pool.submit(_time_of_listening, self._peer.port)
            self._server = self._peer.start_server(board.port)
        self.start_s = listening.result() - started_s

    @property
    def usage(self) -> Usage:
        return usage_of(self._server.pid)

    def client(self, task: str, **job: Any) -> Client:
        text = json.dumps({"port": self._peer.port, "task": task, **job})
        return Client([str(self._python), "-I", str(SCRIPT), text], os.environ, self._folder)

    def do(self, board: Board, task: str, **job: Any) -> Outcome:
        """Do as any side does; a client that fails is a result, too."""
        try:
            return super().do(board, task, **job)
        except ClientFailed as reason:
            print(f"the stock client failed at {task!r}: {reason}", file=sys.stderr)
            return FAILED

    def close(self) -> None:
        """End the server."""
        self._server.stop()


def _time_of_listening(port: int) -> float:
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return time.monotonic()
        time.sleep(LOOK_AGAIN_S)


class Sides:
    """Starts both, one at a time, with homes of their own.

    Args:
        folder: for the homes.
        ours: the Python of our server and clients.
        theirs: that of the peer, if it can be had.
    """

    def __init__(self, folder: Path, ours: Path, theirs: Path | None) -> None:
        self._folder = folder
        self._ours = ours
        self._theirs = theirs
        self._count = 0

    @property
    def has_peer(self) -> bool:
        """Whether the stock server can be had."""
        return self._theirs is not None

    def start(self, who: str, stack: ExitStack, board: Board, baud: int, description: Path) -> Side:
        """Start our server or the stock one; it ends with the stack."""
        folder = self._new_folder()
        side: Ours | Theirs
        if who == OURS:
            side = Ours(self._ours, board, baud, description, folder)
        else:
            assert self._theirs is not None
            side = Theirs(self._theirs, board, description, folder)
        stack.callback(side.close)
        return side

    def _new_folder(self) -> Path:
        self._count += 1
        return self._folder / f"side{self._count}"
