"""What is known of raw accesses before the device is asked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import (
    AddressFormat,
    MemoryData,
    ReadMemory,
    ReadMemoryAnswer,
)
from scrutiny.server.jobs import Job
from scrutiny.server.memory_access import MemoryTransfer
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.outcome import Outcome

from ...support.api_bench import PROFILE

FMT = AddressFormat(4)


class Bench:
    """Notes which requests would be made, and how it ended."""

    def __init__(self, char_bit: int = 8) -> None:
        self.asked: list[Job] = []
        self.outcomes: list[Outcome] = []
        profile = replace(PROFILE, char_bit=char_bit)
        self.transfer = MemoryTransfer(
            profile, PlanLimits(128, 128), self.asked.append, self.outcomes.append
        )


def answer_to(job: Job, content: bytes) -> Response:
    """Return what a device says that has this content from 0x1000 on."""
    (block,) = ReadMemory.parse(Request.decode(job.frame).payload, FMT).blocks
    start = block.address - 0x1000
    data = MemoryData(block.address, content[start : start + block.size])
    return Response(3, 1, 0, ReadMemoryAnswer((data,)).payload(FMT))


@pytest.mark.parametrize(("char_bit", "size"), [(8, 4), (16, 8)])
def test_nothing_is_written_beyond_the_end_of_the_addresses(char_bit: int, size: int) -> None:
    inside, beyond = Bench(char_bit), Bench(char_bit)

    inside.transfer.write(0xFFFF_FFFC, bytes(size))
    beyond.transfer.write(0xFFFF_FFFD, bytes(size))

    assert (len(inside.asked), inside.outcomes) == (1, [])
    (outcome,) = beyond.outcomes
    assert (beyond.asked, outcome.success) == ([], False)
    assert "address 0x100000000 is beyond the device's 32 bits" in outcome.reason


def test_the_next_piece_is_asked_for_before_the_last_one_is_looked_at() -> None:
    bench = Bench()
    content = bytes(range(256)) * 2

    bench.transfer.read(0x1000, len(content))

    for answered, known in enumerate((2, 3, 4, 5, 5)):  # pieces of 122 octets, the last of 24
        assert len(bench.asked) == known
        job = bench.asked[answered]
        assert not job.decides_next(answer_to(job, content))
        job.answered(answer_to(job, content), 0)
    assert [outcome.data for outcome in bench.outcomes] == [content]


def test_what_was_asked_for_in_vain_is_not_missed() -> None:
    bench = Bench()
    bench.transfer.read(0x1000, 512)
    first, second = bench.asked

    first.answered(Response(3, 1, ResponseCode.FORBIDDEN, b""), 0)
    second.answered(answer_to(second, bytes(512)), 0)

    (outcome,) = bench.outcomes
    assert not outcome.success
    assert len(bench.asked) == 2


def test_nothing_is_read_beyond_the_end_of_the_addresses() -> None:
    bench = Bench()

    bench.transfer.read(0xFFFF_FFFF, 2)

    assert bench.asked == []
    assert "beyond the device's 32 bits" in bench.outcomes[0].reason


def test_half_a_byte_of_the_target_is_refused() -> None:
    bench = Bench(char_bit=16)

    bench.transfer.write(0x100, bytes(3))

    assert bench.asked == []
    assert "3 octets are not a multiple of the device's 2" in bench.outcomes[0].reason
