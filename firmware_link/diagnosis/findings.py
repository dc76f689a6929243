"""What can be found out about a link."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """What the matter is."""

    ALL_WELL = "all-well"
    NO_LINK = "no-link"
    NO_SUCH_PORT = "no-such-port"
    PORT_BUSY = "port-busy"
    NO_PERMISSION = "no-permission"
    CANNOT_OPEN = "cannot-open"
    LINK_LOST = "link-lost"
    SILENCE = "silence"
    STARTS_LATE = "starts-late"
    WRONG_BAUD_RATE = "wrong-baud-rate"
    OTHER_PARITY = "other-parity"
    SEVEN_BITS = "seven-bits"
    ECHO = "echo"
    TEXT = "text"
    UNREADABLE = "unreadable"
    DAMAGED_ANSWERS = "damaged-answers"
    OTHER_PROTOCOL = "other-protocol"
    REFUSED = "refused"
    SESSION_BUSY = "session-busy"
    UNTAGGED = "untagged"
    SLOW_LATENCY_TIMER = "slow-latency-timer"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        cause: what it is, for programs.
        text: what was observed.
        advice: what to do about it; empty if nothing has to be done.
        prevents: no device can be used as long as it is so.
    """

    cause: Cause
    text: str
    advice: str = ""
    prevents: bool = True
