"""What a debugger would tell of an emulated machine, past the protocol: QEMU's QMP. POSIX only."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from types import TracebackType
from typing import Any

from .processes import DEADLINE_S


class MonitorSocket:
    """Where an emulator connects when it starts: ``-qmp unix:PATH``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{path}")
        self._listener.listen()
        self._listener.settimeout(DEADLINE_S)

    def __enter__(self) -> MonitorSocket:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def accept(self) -> MachineMonitor:
        """Wait until the machine runs; its serial ports can be connected to then."""
        connection, _ = self._listener.accept()
        return MachineMonitor(connection)


class MachineMonitor:
    """A conversation with the emulator."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(DEADLINE_S)
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        assert "QMP" in self._receive()
        self._execute("qmp_capabilities")

    def reset(self) -> None:
        """Push the reset button."""
        self._execute("system_reset")

    def hang(self) -> None:
        """Stop the processor, until `go_on`."""
        self._execute("stop")

    def go_on(self) -> None:
        """Let the processor run again."""
        self._execute("cont")

    def read_memory(self, address: int, size: int) -> bytes:
        """Return octets from a physical address on."""
        dump = self._execute(
            "human-monitor-command", {"command-line": f"xp /{size}xb {address:#x}"}
        )
        octets = re.findall(r"0x([0-9a-f]{2})\b", dump)
        assert len(octets) == size, dump
        return bytes.fromhex("".join(octets))

    def close(self) -> None:
        """End the conversation; the machine goes on."""
        self._lines.close()
        self._connection.close()

    def _execute(self, command: str, arguments: dict[str, Any] | None = None) -> Any:
        message = {"execute": command, "arguments": arguments or {}}
        self._connection.sendall(json.dumps(message).encode() + b"\n")
        while "event" in (answer := self._receive()):
            pass
        assert "return" in answer, answer
        return answer["return"]

    def _receive(self) -> dict[str, Any]:
        line = self._lines.readline()
        assert line, "the emulator has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer
