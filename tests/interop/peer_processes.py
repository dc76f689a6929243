"""The peer's programs as processes, in an environment and a home of their own."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeVar

DEADLINE_S: Final = 30.0
CLIENT_SCRIPT: Final = Path(__file__).with_name("peer_client.py")
DEVICE_SCRIPT: Final = Path(__file__).with_name("peer_device.py")


class Process:
    """A process whose lines of output, standard error included if asked, are at hand."""

    def __init__(
        self,
        command: Sequence[str | Path],
        env: dict[str, str],
        folder: Path,
        *,
        with_errors: bool = False,
    ) -> None:
        self._process = subprocess.Popen(
            command,
            env=env,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if with_errors else None,
            text=True,
        )
        self._seen: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(
            target=self._read, args=(_there(self._process.stdout),), daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        """What the system calls it."""
        return self._process.pid

    def say(self, line: str) -> None:
        """Write a line to standard input."""
        stdin = _there(self._process.stdin)
        stdin.write(f"{line}\n")
        stdin.flush()

    def line(self, deadline_s: float = DEADLINE_S) -> str:
        """Return the next line."""
        try:
            line = self._lines.get(timeout=deadline_s)
        except queue.Empty:
            line = None
        assert line is not None, "no further line after:\n" + "".join(self._seen[-40:])
        return line

    def after(self, text: str) -> Process:
        """Skip lines until one contains the text; the process is ended if there is none."""
        deadline = time.monotonic() + DEADLINE_S
        try:
            while text not in self.line(max(0.0, deadline - time.monotonic())):
                pass
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """End it as a user would, unless it has ended; return the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal_number)
        return self._finish()

    def end_input(self) -> int:
        """Close its standard input, and return the exit code that follows."""
        _there(self._process.stdin).close()
        return self._finish()

    def _finish(self) -> int:
        try:
            return self._process.wait(DEADLINE_S)
        finally:
            self._process.kill()
            self._reader.join()
            _there(self._process.stdin).close()
            _there(self._process.stdout).close()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._seen.append(line)
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


@contextmanager
def running_processes() -> Generator[list[Process]]:
    """Processes that end afterwards, the last one first."""
    processes: list[Process] = []
    try:
        yield processes
    finally:
        for process in reversed(processes):
            process.stop()


ThingT = TypeVar("ThingT")


def _there(thing: ThingT | None) -> ThingT:
    assert thing is not None
    return thing


class PeerScript:
    """A script in the environment of the peer, which does what it is told.

    Attributes:
        patience_s: how long an answer may take.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.patience_s = DEADLINE_S

    def ask(self, name: str, /, **arguments: Any) -> Any:
        """Run a command of the script, and return its result."""
        answer = self._answer(name, arguments)
        assert "refused" not in answer, f"{name}: {answer['refused']}"
        return answer["result"]

    def refusal(self, name: str, /, **arguments: Any) -> str:
        """Run a command that has to be refused, and return why it was."""
        answer = self._answer(name, arguments)
        assert "refused" in answer, f"{name} gives {answer}"
        return str(answer["refused"])

    def close(self) -> None:
        """Let it end."""
        assert self.process.end_input() == 0

    def _answer(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.process.say(json.dumps({"name": name, "arguments": arguments}))
        answer: dict[str, Any] = json.loads(self.process.line(self.patience_s))
        return answer


class PeerClient(PeerScript):
    """The stock SDK, connected to a server."""


class Peer:
    """The stock server, SDK and emulated device, with a home of their own."""

    def __init__(self, python: Path, home: Path) -> None:
        self._python = python
        self._home = home
        self._port = _free_port()
        # Isolated (-I), and without our environment: nothing of ours may get into its imports.
        self._env = {"PATH": os.defpath, "HOME": str(home)}
        for name in ("DATA", "CONFIG", "STATE", "CACHE"):
            self._env[f"XDG_{name}_HOME"] = str(home / name.lower())

    def start_server(self, device_port: Path) -> Process:
        """Start its server, and wait until it is through with the device."""
        config = self._home / "server.json"
        config.write_text(json.dumps(self._settings(device_port)))
        server = self._start("-m", "scrutiny", "server", "--config", config, with_errors=True)
        return server.after("fully ready")

    @property
    def description_folder(self) -> Path:
        """Where it keeps installed firmware descriptions."""
        return self._home / "data" / "server" / "sfd_storage"

    @property
    def port(self) -> int:
        """Where its server listens."""
        return self._port

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a verb of its command line to the end."""
        return self._run("-m", "scrutiny", *arguments)

    def run_script(self, script: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a script of ours in its environment to the end."""
        return self._run(script, *arguments, deadline_s=10 * DEADLINE_S)

    def connect(self, port: int | None = None) -> PeerClient:
        """Start its SDK as a client of its server, or of whatever listens at a port."""
        return PeerClient(self._start(CLIENT_SCRIPT, str(port or self._port)))

    def start_device(self, description: Path, buffer_size: int) -> tuple[PeerScript, int]:
        """Start its emulated device, whose description is written to a file.

        Returns:
            The device, and the UDP port at which it can be reached.
        """
        process = self._start(DEVICE_SCRIPT, description, str(buffer_size))
        return PeerScript(process), int(process.line().rpartition(":")[2])

    def _run(
        self, *arguments: str | Path, deadline_s: float = DEADLINE_S
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._python, "-I", *arguments],
            env=self._env,
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )

    def _start(self, *arguments: str | Path, with_errors: bool = False) -> Process:
        command = (self._python, "-I", "-u", *arguments)
        return Process(command, self._env, self._home, with_errors=with_errors)

    def _settings(self, device_port: Path) -> dict[str, Any]:
        return {
            "api": {
                "client_interface_type": "tcp",
                "client_interface_config": {"host": "127.0.0.1", "port": self._port},
            },
            "device": {
                "link_type": "serial",
                "link_config": {"portname": str(device_port), "baudrate": 115200},
            },
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
