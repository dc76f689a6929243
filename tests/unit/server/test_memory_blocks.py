"""Blocks and requests: nothing is lost, nothing overflows, little is wasted."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from scrutiny.server.memory_blocks import Block, PlanLimits, merge, octets_per_cycle, pack

HEAD = 6


@dataclass(frozen=True, order=True)
class Span:
    """Octets that are wanted."""

    start: int
    end: int


def spans(*pairs: tuple[int, int]) -> list[Span]:
    return [Span(start, end) for start, end in pairs]


def bounds(blocks: list[Block[Span]]) -> list[tuple[int, int]]:
    return [(block.start, block.end) for block in blocks]


def never(start: int, end: int) -> bool:
    return False


@pytest.mark.parametrize(
    ("wanted", "blocks"),
    [
        ([(0, 4), (4, 8)], [(0, 8)]),
        ([(0, 4), (2, 3)], [(0, 4)]),
        ([(0, 4), (15, 16)], [(0, 16)]),  # 11 octets are cheaper than two heads
        ([(0, 4), (16, 17)], [(0, 4), (16, 17)]),
        ([(0, 8), (1, 2), (8, 9)], [(0, 9)]),
    ],
)
def test_gaps_are_bridged_while_that_is_cheaper(
    wanted: list[tuple[int, int]], blocks: list[tuple[int, int]]
) -> None:
    assert bounds(merge(spans(*wanted), HEAD, never)) == blocks


def test_a_gap_that_must_not_be_read_is_left_out() -> None:
    def is_barred(start: int, end: int) -> bool:
        return start <= 9 < end

    blocks = merge(spans((0, 4), (6, 8), (12, 14), (15, 16)), HEAD, is_barred)

    assert bounds(blocks) == [(0, 8), (12, 16)]


@pytest.mark.parametrize("limits", [(32, 32), (64, 1024), (1024, 64), (128, 128), (6, 14)])
@pytest.mark.parametrize("spread", [0, 5, 40, 500])
def test_requests_hold_everything_within_the_limits(limits: tuple[int, int], spread: int) -> None:
    chance = random.Random(spread)
    wanted: list[Span] = []
    position = 0
    for _ in range(300):
        size = chance.choice((1, 2, 4, 8))
        wanted.append(Span(position, position + size))
        position += chance.randrange(spread + 1) + (size if chance.random() < 0.9 else 0)
    wanted.sort()

    requests = pack(merge(wanted, HEAD, never), HEAD, PlanLimits(*limits))

    assert [place for blocks in requests for block in blocks for place in block.places] == wanted
    for blocks in requests:
        assert len(blocks) * HEAD <= limits[0]
        assert sum(HEAD + block.end - block.start for block in blocks) <= limits[1]
        for block in blocks:
            assert block.start == block.places[0].start
            assert block.end == max(place.end for place in block.places)


def test_a_block_is_split_where_that_saves_a_request() -> None:
    wanted = [
        Span(start, start + 4) for base in (0, 1000, 2000) for start in range(base, base + 84, 4)
    ]

    requests = pack(merge(wanted, HEAD, never), HEAD, PlanLimits(1024, 144))

    assert [bounds(blocks) for blocks in requests] == [
        [(0, 84), (1000, 1048)],
        [(1048, 1084), (2000, 2084)],
    ]


def test_small_blocks_are_not_split() -> None:
    wanted = [
        Span(start, start + 4) for base in (0, 99, 198) for start in range(base, base + 20, 4)
    ]

    requests = pack(merge(wanted, HEAD, never), HEAD, PlanLimits(1024, 70))

    assert [bounds(blocks) for blocks in requests] == [[(0, 20), (99, 119)], [(198, 218)]]


def test_the_octets_of_a_cycle_are_those_on_the_wire() -> None:
    requests = pack(merge(spans((0, 4), (100, 108)), HEAD, never), HEAD, PlanLimits(64, 64))

    assert octets_per_cycle(requests, HEAD) == (8 + 2 * 6) + (9 + 2 * 6 + 4 + 8)
