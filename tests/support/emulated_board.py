"""The example firmware on an emulated microcontroller, its UART on a unix socket. POSIX only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .machine_monitor import MachineMonitor, MonitorSocket
from .processes import LoggedProcess

_HEADLESS: Final = ("-nodefaults", "-display", "none", "-monitor", "none")


class QemuBoard(LoggedProcess):
    """One run of a program in QEMU.

    Attributes:
        port: the socket on which the first UART is served.
        overruns: none, as the emulator waits.
    """

    def __init__(self, machine: Sequence[str], program: Path, folder: Path) -> None:
        """Start it, and return when its UART can be connected to.

        Args:
            machine: the emulator and its options, the one that takes the program last.
            program: an ELF file.
            folder: for its sockets; one board at a time.
        """
        self.port = folder / "uart"
        self.overruns = 0
        self._monitor: MachineMonitor | None = None
        with MonitorSocket(folder / "qmp") as monitor:
            super().__init__(
                [
                    *machine,
                    str(program),
                    *_HEADLESS,
                    *("-serial", f"unix:{self.port},server=on,wait=off"),
                    *("-qmp", f"unix:{monitor.path}"),
                ]
            )
            try:
                self._monitor = monitor.accept()
            except BaseException:
                self.kill()
                raise

    def reset(self) -> None:
        """Push the reset button."""
        self._asked_monitor.reset()

    def read_memory(self, address: int, size: int) -> bytes:
        """Return what is in memory, past the protocol."""
        return self._asked_monitor.read_memory(address, size)

    def kill(self) -> None:
        """Cut its power."""
        super().kill()
        if self._monitor is not None:
            self._monitor.close()

    @property
    def _asked_monitor(self) -> MachineMonitor:
        assert self._monitor is not None
        return self._monitor
