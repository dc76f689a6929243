"""What has to be asked to read some variables, and the least time that takes on a line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.codes import RESPONSE_OVERHEAD
from scrutiny.firmware_link.messages import AddressFormat
from scrutiny.server.broadcast import ValueFeed
from scrutiny.server.clock import ServerClock
from scrutiny.server.entries import Entry
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.read_plan import ReadPlan, ReadTarget
from scrutiny.server.store import ValueStore
from scrutiny.server.target_memory import TargetMemory
from scrutiny.server.turns import finish

FORMAT: Final = AddressFormat(8)  # of the example firmware as a process
BITS_PER_OCTET: Final = 10


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and how long its answer is, in octets."""

    frame: bytes
    answer_size: int

    @property
    def octets(self) -> int:
        """All that travels, of which the bound takes one octet after the other."""
        return len(self.frame) + self.answer_size


def planned_exchanges(variables: Sequence[Variable], buffer_size: int) -> list[Exchange]:
    """Return what our server sends to read variables once.

    Args:
        variables: of a device with 64-bit addresses.
        buffer_size: of the device, for requests and for answers, in octets of payload.
    """
    loop = asyncio.new_event_loop()
    feed = ValueFeed(loop, lambda message: None, lambda: 0, ServerClock())
    entries = [Entry(f"{number:x}", one) for number, one in enumerate(variables)]
    for entry in entries:
        entry.watchers[feed] = None
    limits = PlanLimits(buffer_size, buffer_size)
    target = ReadTarget(limits, TargetMemory(FORMAT), ValueStore())
    jobs = finish(ReadPlan.made(entries, target)).continuous
    feed.close()
    loop.close()
    return [Exchange(job.frame, job.max_size + RESPONSE_OVERHEAD) for job in jobs]


def cycle_s(exchanges: Sequence[Exchange], baud: int) -> float:
    """Return the least seconds that a line takes for one round of exchanges."""
    return sum(one.octets for one in exchanges) * BITS_PER_OCTET / baud
