"""One direction of a serial line: its pace, and a receiver that is too busy; no I/O, no clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from scrutiny.firmware_link.exchange import BITS_PER_OCTET

# A wake-up per octet would cost 11,520 of them per second at 115,200 baud. In lumps, a frame still
# ends on time, and the gaps stay far below the 50 ms at which a receiver starts anew.
LUMP_NS: Final = 2_000_000


class SerialLane:
    """Octets go in at once and come out at the pace of a UART.

    Attributes:
        octet_ns: time of one octet on the line; 0 for a line that takes no time.
    """

    def __init__(self, baud: int | None = None, lump_ns: int = LUMP_NS) -> None:
        """Begin with an empty line.

        Args:
            baud: bit/s; None for a line that takes no time.
            lump_ns: how much of what is through may wait to be taken together.
        """
        self._lump_ns = lump_ns
        self.octet_ns = 0 if baud is None else BITS_PER_OCTET * 1_000_000_000 // baud
        self._octets = bytearray()
        self._first_done_ns = 0  # when the first octet is through
        self._free_at_ns = 0  # when the last octet that was taken was through

    def push(self, data: bytes, now_ns: int) -> None:
        """Begin to send octets now, or when those before are through."""
        if not self._octets:
            self._first_done_ns = max(now_ns, self._free_at_ns) + self.octet_ns
        self._octets += data

    def take(self, now_ns: int) -> tuple[int, bytes]:
        """Return the octets that are through by now, and when the first of them was."""
        first_ns = self._first_done_ns
        if not self._octets or now_ns < first_ns:
            return first_ns, b""
        count = len(self._octets)
        if self.octet_ns:
            count = min(count, 1 + (now_ns - first_ns) // self.octet_ns)
        taken = bytes(self._octets[:count])
        del self._octets[:count]
        self._free_at_ns = first_ns + (count - 1) * self.octet_ns
        self._first_done_ns = self._free_at_ns + self.octet_ns
        return first_ns, taken

    @property
    def wake_ns(self) -> int | None:
        """When to take again; None when nothing is on its way."""
        if not self._octets:
            return None
        last_ns = self._first_done_ns + (len(self._octets) - 1) * self.octet_ns
        return min(last_ns, self._first_done_ns + self._lump_ns)


@dataclass(frozen=True, slots=True)
class MaskedInterrupts:
    """How a receiver is kept from emptying its UART.

    Attributes:
        period_ns: from one time with interrupts off to the next.
        masked_ns: how long they are off each time.
        room: octets that the UART keeps meanwhile; those after them are lost.
    """

    period_ns: int
    masked_ns: int
    room: int = 2  # as in an AVR


class BusyReceiver:
    """Loses what a UART loses while interrupts are off.

    Attributes:
        lost: octets so far.
    """

    def __init__(self, masked: MaskedInterrupts) -> None:
        self.lost = 0
        self._masked = masked
        self._waiting: deque[int] = deque()  # when the octets that are in the UART came

    def hear(self, data: bytes, first_ns: int, octet_ns: int) -> bytes:
        """Return what is left of octets, the first of which comes at a time."""
        kept = bytearray()
        for index, octet in enumerate(data):
            if self._keeps(first_ns + index * octet_ns):
                kept.append(octet)
        self.lost += len(data) - len(kept)
        return bytes(kept)

    def _keeps(self, at_ns: int) -> bool:
        period_ns = self._masked.period_ns
        begin_ns = at_ns // period_ns * period_ns
        while self._waiting and self._waiting[0] < begin_ns:
            self._waiting.popleft()
        if at_ns - begin_ns >= self._masked.masked_ns:
            return True
        if len(self._waiting) >= self._masked.room:
            return False
        self._waiting.append(at_ns)
        return True
