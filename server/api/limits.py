"""How much one client may ask of the server at once.

Whatever waits takes memory, and a device answers some hundred requests per second: a client that
does not wait for completions would fill the server, and make all others wait behind it. What is
beyond a limit is refused as a whole; nothing of it has happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .errors import CommandRefused

# In flight per client: taken by the server, and not completed by the device.
MOST_WRITES: Final = 50_000
MOST_MEMORY_TRANSFERS: Final = 64
MOST_USER_COMMANDS: Final = 64
MOST_READS: Final = 64  # commands, of up to `MOST_PATHS` values each

# Lists of watchables that are being made; each remembers what it has to go through.
MOST_LISTS: Final = 8

# Loads of descriptions by command, which wait for each other.
MOST_LOADS: Final = 4

# Commands about installed descriptions; each may hold a message with a piece of a file.
MOST_DESCRIPTION_COMMANDS: Final = 16

# Paths in one command; what is told about one takes from 130 octets to many thousand, of an answer
# that is one message.
MOST_PATHS: Final = 4000

# Watched by one client. Each takes some 2 kB, and time whenever Python looks through all objects
# for garbage, which holds the loop: 20 to 40 ms with this many, 150 to 260 with 48,000.
MOST_SUBSCRIPTIONS: Final = 10_000

# Characters of a path. Looking one up takes 1.7 ms if it has this many, all of them indices; C++
# names of real programs have some hundred.
LONGEST_PATH: Final = 4096

# Connected at the same time. Each may make the server keep one unfinished message.
MOST_CLIENTS: Final = 200


# Commands about recordings and acquisitions that wait for each other.
MOST_DATALOGGING_COMMANDS: Final = 64

# Recordings of one client that have not ended, and of all together.
MOST_RECORDINGS: Final = 32
MOST_RECORDINGS_OF_ALL: Final = 256

# Signals of a recording, and axes.
MOST_LOGGED_SIGNALS: Final = 256

# Characters of the name of a recording, of its signals and axes.
LONGEST_NAME: Final = 500

# Acquisitions that one client fetches at the same time; each is in memory meanwhile.
MOST_FETCHES: Final = 4

# Acquisitions in one list.
MOST_LISTED: Final = 10_000


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


def check_subscriptions(count: int, more: int) -> None:
    """Let a client watch more.

    Raises:
        CommandRefused: there would be too many.
    """
    if count + more > MOST_SUBSCRIPTIONS:
        raise CommandRefused(
            f"{more} more subscriptions are too many: this client has {count}, at most "
            f"{MOST_SUBSCRIPTIONS} are taken; unsubscribe, or read values once with read_watchable"
        )


def check_count(what: str, items: Sequence[object]) -> None:
    """Let a list in a command pass if it is not too long.

    Raises:
        CommandRefused: it is.
    """
    if len(items) > MOST_PATHS:
        raise CommandRefused(
            f"{len(items)} {what} are too many for one command, at most {MOST_PATHS} are taken; "
            "split them over several commands"
        )
