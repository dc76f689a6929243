"""A board, a server and a client, and verbs of ``scrutiny`` that ask this server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from scrutiny.cli.main import main
from scrutiny.sdk.client import ScrutinyClient

from .example_board import ROOT, Board
from .processes import DEADLINE_S, LoggedProcess
from .server_process import ServerProcess
from .token_folder import share_tokens

if TYPE_CHECKING:
    from .terminal_process import TerminalProcess

PROGRAM: Final = (sys.executable, "-m", "scrutiny.cli.main")
share_tokens()  # before the environment is copied
ENVIRONMENT: Final = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "PYTHONUTF8": "1"}
ENVIRONMENT.pop("NO_COLOR", None)


class Result(NamedTuple):
    """What became of a verb that ran in this process."""

    code: int
    output: str
    errors: str

    def json(self) -> Any:
        """Return what it showed, if all went well."""
        assert self.code == 0, self.errors
        return json.loads(self.output)


class VerbDesk:
    """A board, a server, a client, and whatever is started with ``scrutiny``."""

    def __init__(self, board: Board, server: ServerProcess, client: ScrutinyClient) -> None:
        self.board = board
        self.server = server
        self.client = client
        self._processes: list[LoggedProcess | TerminalProcess] = []
        self._piped: list[subprocess.Popen[str]] = []

    def arguments(self, verb: str, *arguments: str) -> list[str]:
        """Return the arguments of ``scrutiny``, those for the server among them."""
        return [verb, "--host", "127.0.0.1", "--port", f"{self.server.tcp_port}", *arguments]

    def start(self, verb: str, *arguments: str) -> LoggedProcess:
        command = [*PROGRAM, *self.arguments(verb, *arguments)]
        process = LoggedProcess(command, environment=ENVIRONMENT)
        self._processes.append(process)
        return process

    def start_on_terminal(
        self, verb: str, *arguments: str, columns: int = 80, lines: int = 24
    ) -> TerminalProcess:
        from .terminal_process import TerminalProcess  # there are none on Windows

        command = [*PROGRAM, *self.arguments(verb, *arguments)]
        process = TerminalProcess(command, environment=ENVIRONMENT, columns=columns, lines=lines)
        self._processes.append(process)
        return process

    def start_in_pipe(self, verb: str, *arguments: str) -> subprocess.Popen[str]:
        """Start it with its standard output in a pipe, which is the caller's."""
        process = subprocess.Popen(
            [*PROGRAM, *self.arguments(verb, *arguments)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._piped.append(process)
        return process

    def run_process(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, as a process."""
        return subprocess.run(
            [*PROGRAM, *self.arguments(verb, *arguments)],
            env=ENVIRONMENT,
            capture_output=True,
            encoding="utf-8",
            timeout=3 * DEADLINE_S,
            check=False,
        )

    def clear(self) -> None:
        """End what was started."""
        for process in self._processes:
            process.kill() if isinstance(process, LoggedProcess) else process.close()
        self._processes.clear()
        for piped in self._piped:
            piped.kill()
            piped.wait()
            if piped.stdout is not None:
                piped.stdout.close()
        self._piped.clear()


def run_here(capsys: pytest.CaptureFixture[str], *arguments: str) -> Result:
    """Run ``scrutiny`` in this process, which saves its start."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return Result(code, captured.out, captured.err)
