"""How much one client may ask of the server at once.

Whatever waits takes memory, and a device answers some hundred requests per second: a client that
does not wait for completions would fill the server, and make all others wait behind it. What is
beyond a limit is refused as a whole; nothing of it has happened.
"""

from __future__ import annotations

from typing import Final

from .errors import CommandRefused

# In flight per client: taken by the server, and not completed by the device.
MOST_WRITES: Final = 50_000
MOST_MEMORY_TRANSFERS: Final = 64
MOST_USER_COMMANDS: Final = 64

# Lists of watchables that are being made; each remembers what it has to go through.
MOST_LISTS: Final = 8

# Paths in one command; one of them takes about 130 octets of the answer, which is one message.
MOST_PATHS: Final = 4000

# Connected at the same time. Each may make the server keep one unfinished message.
MOST_CLIENTS: Final = 200


class InFlight:
    """Counts the operations of one kind that a client has started and that have not ended.

    Args:
        kind: what they are, in plural.
        most: how many there may be.
    """

    def __init__(self, kind: str, most: int) -> None:
        self._kind = kind
        self._most = most
        self._count = 0

    def start(self, count: int = 1) -> None:
        """Count operations that are about to start.

        Raises:
            CommandRefused: they would be too many.
        """
        if self._count + count > self._most:
            raise CommandRefused(
                f"{count} more {self._kind} are too many: {self._count} of this client have not "
                f"ended, at most {self._most} may be in flight; wait for completions and try again"
            )
        self._count += count

    def end(self) -> None:
        """Count one that has ended, well or not."""
        self._count -= 1


def check_path_count(paths: list[str]) -> None:
    """Let a list of paths pass if the answer about them fits into a message.

    Raises:
        CommandRefused: there are too many.
    """
    if len(paths) > MOST_PATHS:
        raise CommandRefused(
            f"{len(paths)} paths are too many for one command, at most {MOST_PATHS} are taken; "
            "split them over several commands"
        )
