"""Octets per cycle for 1,000 variables scattered over memory, against the least there can be.

The least is a bound that no plan can beat. Let h be the octets of a block's head (address and
length), F those of the two frames of a request, D the octets that are wanted, and g the gaps
between variables that are neighbours. R requests with blocks b take

    F * R + sum over b of (2 * h + size of b)

- Between two neighbours, either the gap is read (g octets) or a new block begins (2 * h octets),
  whatever the others do: all blocks together take at least 2 * h + D + sum of min(g, 2 * h).
- In the answers it is g or h octets: they take at least A = h + D + sum of min(g, h), so that
  R >= A / (largest answer).
- Between two requests a block ends, so R - 1 of the gaps cannot be read: in addition to the above
  at least the R - 1 smallest of max(0, 2 * h - g).

Packing blocks into requests without splitting them may be impossible at that price, so that no
plan reaches the bound everywhere. The exit code is 1 if ours takes more than 1.1 of it.

    python benchmarks/scattered.py
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.core.types import DataType  # noqa: E402
from scrutiny.core.watchables import Variable  # noqa: E402
from scrutiny.firmware_link.codes import REQUEST_OVERHEAD, RESPONSE_OVERHEAD  # noqa: E402
from scrutiny.firmware_link.frames import Request, Response  # noqa: E402
from scrutiny.firmware_link.messages import (  # noqa: E402
    AddressFormat,
    MemoryData,
    ReadMemory,
    ReadMemoryAnswer,
)
from scrutiny.server.broadcast import ValueFeed  # noqa: E402
from scrutiny.server.clock import ServerClock  # noqa: E402
from scrutiny.server.entries import Entry  # noqa: E402
from scrutiny.server.memory_blocks import PlanLimits  # noqa: E402
from scrutiny.server.read_plan import ReadPlan, ReadTarget  # noqa: E402
from scrutiny.server.store import ValueStore  # noqa: E402
from scrutiny.server.target_memory import TargetMemory  # noqa: E402
from scrutiny.server.turns import finish  # noqa: E402

COUNT: Final = 1000
RAM: Final = 0x2000_0000
LIMIT: Final = 1.10
BUFFERS: Final = (128, 256, 1024)
TYPES: Final = (
    DataType.UINT8,
    DataType.SINT16,
    DataType.FLOAT32,
    DataType.UINT32,
    DataType.SINT32,
    DataType.FLOAT64,
)
FMT: Final = AddressFormat(4)
FRAMES: Final = REQUEST_OVERHEAD + RESPONSE_OVERHEAD

Place = tuple[int, DataType]


def main() -> int:
    """Print the table; the exit code is 1 if a plan is too far from the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1, help="of the layouts")
    seed: int = parser.parse_args().seed
    loop = asyncio.new_event_loop()
    feed = ValueFeed(loop, lambda message: None, lambda: 0, ServerClock())
    print(
        "layout               buffers  requests  octets/cycle    bound  ratio  plan µs  decode µs"
    )
    worst = 0.0
    for name, places in layouts(random.Random(seed)):
        for size in BUFFERS:
            worst = max(worst, measure(name, places, PlanLimits(size, size), feed))
    feed.close()
    loop.close()
    print(f"worst ratio {worst:.3f}; plan and decode: per variable, fastest of 15")
    return 0 if worst <= LIMIT else 1


def layouts(chance: random.Random) -> Iterator[tuple[str, list[Place]]]:
    """Yield named sets of variables, by address, each aligned to its size."""
    yield "gaps to 20 octets", scattered(chance, lambda: chance.randrange(21))
    yield "gaps to 64 octets", scattered(chance, lambda: chance.randrange(65))
    yield "gaps to 2 kB", scattered(chance, lambda: chance.randrange(2049))
    yield "clusters of about 10", scattered(chance, lambda: _far(chance, 10))
    yield "clusters of about 50", scattered(chance, lambda: _far(chance, 50))
    yield "one table", scattered(chance, lambda: 0)
    for size in (24, 60, 100, 400):
        yield f"structs of {size}", structs(size)


def scattered(chance: random.Random, gap: Callable[[], int]) -> list[Place]:
    """Return variables of mixed types, with gaps between them."""
    places: list[Place] = []
    address = RAM
    for _ in range(COUNT):
        data_type = chance.choice(TYPES)
        address = -(-(address + gap()) // data_type.size) * data_type.size
        places.append((address, data_type))
        address += data_type.size
    return places


def structs(size: int) -> list[Place]:
    """Return the members, of 4 octets, of objects that are far from each other."""
    return [
        (RAM + (4 * index // size) * (size + 300) + 4 * index % size, DataType.FLOAT32)
        for index in range(COUNT)
    ]


def least_octets(places: Sequence[Place], limits: PlanLimits) -> int:
    """Return the bound."""
    head = FMT.address_size + 2
    gaps = [after - before - kind.size for (before, kind), (after, _) in pairwise(places)]
    wanted = sum(kind.size for _, kind in places)
    answers = head + wanted + sum(min(gap, head) for gap in gaps)
    requests = -(-answers // limits.max_answer)
    cut = sorted(max(0, 2 * head - gap) for gap in gaps)[: requests - 1]
    blocks = 2 * head + wanted + sum(min(gap, 2 * head) for gap in gaps)
    return FRAMES * requests + blocks + sum(cut)


def measure(name: str, places: Sequence[Place], limits: PlanLimits, feed: ValueFeed) -> float:
    """Print a line, and return the ratio."""
    entries = [
        Entry(f"{index:x}", Variable(f"/v{index}", data_type, "little", address))
        for index, (address, data_type) in enumerate(places)
    ]
    random.Random(0).shuffle(entries)
    for entry in entries:
        entry.watchers[feed] = None
    target = ReadTarget(limits, TargetMemory(FMT), ValueStore())
    plan_us = fastest_us(lambda: finish(ReadPlan.made(entries, target))) / COUNT
    plan = finish(ReadPlan.made(entries, target))
    octets = sum(len(job.frame) + job.max_size + RESPONSE_OVERHEAD for job in plan.continuous)
    answers = [(job, answer_to(job.frame)) for job in plan.continuous]

    def decode() -> None:
        for job, response in answers:
            job.answered(response, 1)

    decode_us = fastest_us(decode) / COUNT
    bound = least_octets(places, limits)
    print(
        f"{name:20} {limits.max_answer:7}  {len(answers):8}  {octets:12}  {bound:7}"
        f"  {octets / bound:5.3f}  {plan_us:7.2f}  {decode_us:9.3f}"
    )
    return octets / bound


def answer_to(frame: bytes) -> Response:
    """Return an answer with octets of 1."""
    blocks = ReadMemory.parse(Request.decode(frame).payload, FMT).blocks
    answer = ReadMemoryAnswer(tuple(MemoryData(a, b"\1" * size) for a, size in blocks))
    return Response(ReadMemory.command, ReadMemory.subfunction, 0, answer.payload(FMT))


def fastest_us(action: Callable[[], object]) -> float:
    """Return the duration of something that nothing else disturbs, in microseconds."""
    durations: list[float] = []
    for _ in range(15):
        begin = time.perf_counter()
        action()
        durations.append(1e6 * (time.perf_counter() - begin))
    return min(durations)


def _far(chance: random.Random, size: int) -> int:
    return chance.randrange(100, 1000) if chance.random() < 1 / size else 0


if __name__ == "__main__":
    sys.exit(main())
