"""Two machines on one network, as far as programs can tell: namespaces of Linux, without root.

`python -m tests.support.two_machines BOARD COMMAND...` runs a command on one of them; on the other
one is a board, which hears broadcasts. It ends as the command does, or with 77 where the system
allows no such network.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

NETWORK: Final = "10.99.0"
PORT: Final = 12345
NO_NETWORK: Final = 77
_IN_NAMESPACE: Final = "SCRUTINY_TEST_IN_NAMESPACE"


def main(board: str, command: Sequence[str]) -> int:
    """Connect the machines, start the board, run the command."""
    if _IN_NAMESPACE not in os.environ:
        return _again_in_a_namespace()
    # In a namespace of its own, until its input ends.
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        there = ["nsenter", f"--target={other.pid}", "--net"]
        try:
            _ip("link", "add", "near", "type", "veth", "peer", "name", "far")
            _ip("link", "set", "far", "netns", f"{other.pid}")
            for where, address, device in (([], 1, "near"), (there, 2, "far")):
                _ip(
                    "address",
                    "add",
                    f"{NETWORK}.{address}/24",
                    "broadcast",
                    "+",
                    "dev",
                    device,
                    at=where,
                )
                _ip("link", "set", device, "up", at=where)
        except subprocess.CalledProcessError:
            return NO_NETWORK
        arguments = ["--udp", f"{PORT}", "--bind", "0.0.0.0", "--name", "far away"]
        with subprocess.Popen([*there, board, *arguments], stdout=subprocess.PIPE) as far_board:
            assert far_board.stdout is not None
            far_board.stdout.readline()  # it listens
            try:
                return subprocess.run(command, check=False).returncode
            finally:
                far_board.kill()


def _ip(*arguments: str, at: Sequence[str] = ()) -> None:
    subprocess.run([*at, "ip", *arguments], check=True)


def _again_in_a_namespace() -> int:
    """Be root in a namespace with a network of its own."""
    unshare = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        return NO_NETWORK
    program = [*unshare, sys.executable, "-m", "tests.support.two_machines", *sys.argv[1:]]
    return subprocess.run(program, check=False, env={**os.environ, _IN_NAMESPACE: "1"}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
