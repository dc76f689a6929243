"""ser2net, the serial server that most people use, in front of a terminal."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .missing_tools import cannot_run
from .processes import LoggedProcess

_CONFIG = """\
connection: &board
  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}
  connector: serialdev,{device},9600n81,local
"""


class Ser2net(LoggedProcess):
    """A run of it.

    Attributes:
        address: where it will listen in a moment, as host:port; it does not tell when.
    """

    def __init__(self, device: str, folder: Path) -> None:
        """Start it.

        Args:
            device: the terminal.
            folder: for its files.
        """
        program = shutil.which("ser2net", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        if program is None:
            cannot_run("needs ser2net, of the package of that name")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        config = folder / "ser2net.yaml"
        config.write_text(_CONFIG.format(port=port, device=device))
        super().__init__([program, "-n", "-d", "-c", f"{config}", "-P", f"{folder / 'pid'}"])


@contextmanager
def ser2net(device: str, folder: Path) -> Generator[Ser2net]:
    """Have it run."""
    server = Ser2net(device, folder)
    try:
        yield server
    finally:
        server.kill()
