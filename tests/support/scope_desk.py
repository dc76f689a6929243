"""A board, a server and a client, and ``scrutiny scope`` as a process beside them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import OperationFailure

from .example_board import Board
from .processes import DEADLINE_S, LoggedProcess
from .server_process import ServerProcess
from .verb_desk import ENVIRONMENT

if TYPE_CHECKING:
    from .terminal_process import TerminalProcess

_SETPOINT: Final = "/rpv/x1000"


class Desk:
    """A board, a server, a client, and whatever is started with ``scrutiny scope``."""

    def __init__(self, board: Board, server: ServerProcess, client: ScrutinyClient) -> None:
        self.board = board
        self.server = server
        self.client = client
        self._processes: list[LoggedProcess | TerminalProcess] = []

    def command(self, *arguments: str) -> list[str]:
        port = f"{self.server.tcp_port}"
        scope = [sys.executable, "-m", "scrutiny.cli.main", "scope", "--host", "127.0.0.1"]
        return [*scope, "--port", port, *arguments]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self.command(*arguments),
            env={**ENVIRONMENT, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=3 * DEADLINE_S,
            check=False,
        )

    def start(self, *arguments: str) -> LoggedProcess:
        process = LoggedProcess(self.command(*arguments), environment=ENVIRONMENT)
        self._processes.append(process)
        return process

    def start_on_terminal(
        self, *arguments: str, columns: int = 80, lines: int = 24
    ) -> TerminalProcess:
        from .terminal_process import TerminalProcess  # there are none on Windows

        command = self.command(*arguments)
        process = TerminalProcess(command, environment=ENVIRONMENT, columns=columns, lines=lines)
        self._processes.append(process)
        return process

    def clear(self) -> None:
        """End what was started, and bring the motor to 1500 rpm."""
        for process in self._processes:
            process.kill() if isinstance(process, LoggedProcess) else process.close()
        self._processes.clear()
        for request in self.client.get_datalogging_requests():
            with contextlib.suppress(OperationFailure):  # it has just ended
                self.client.cancel_datalogging_request(request.token)
        self.client.write_watchable(_SETPOINT, 1500)
