"""From places in memory to the blocks of as few octets as possible; no devices, no values.

A block costs its head in the request, and the same head and its content in the answer. So octets
that nobody wants are read along where that is cheaper than a second block, and blocks are laid out
over requests in the order of their addresses. Positions and sizes are in octets, whatever the
target's byte is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from scrutiny.firmware_link.codes import REQUEST_OVERHEAD, RESPONSE_OVERHEAD

_FRAMES_SIZE: Final = REQUEST_OVERHEAD + RESPONSE_OVERHEAD

# Of a block that does not fit the rest of a request, a beginning of less is not worth a head.
_SMALLEST_SPLIT: Final = 16


class PlanLimits(msgspec.Struct, frozen=True):
    """What one request and one answer may hold, in octets of payload."""

    max_request: int
    max_answer: int


class Place(Protocol):
    """Octets that must be read together."""

    @property
    def start(self) -> int:
        """The first octet."""
        ...

    @property
    def end(self) -> int:
        """The first octet behind."""
        ...


PlaceT = TypeVar("PlaceT", bound=Place)


class Block(Generic[PlaceT]):
    """Consecutive octets that are read as one.

    Attributes:
        places: what is wanted of them, by address; they may overlap.
    """

    __slots__ = ("end", "places", "start")

    def __init__(self, places: list[PlaceT], end: int) -> None:
        self.places = places
        self.start = places[0].start
        self.end = end


def merge(
    places: Sequence[PlaceT], head_size: int, is_barred: Callable[[int, int], bool]
) -> list[Block[PlaceT]]:
    """Join places, sorted by address, whose gaps are cheaper than another block.

    Args:
        places: what has to be read.
        head_size: octets of the address and length of a block.
        is_barred: whether a gap, from its first octet to the one behind, must not be read.
    """
    blocks: list[Block[PlaceT]] = []
    block: Block[PlaceT] | None = None
    for place in places:
        if block is not None:
            gap = place.start - block.end
            if gap <= 0 or (gap < 2 * head_size and not is_barred(block.end, place.start)):
                block.places.append(place)
                if place.end > block.end:
                    block.end = place.end
                continue
        block = Block([place], place.end)
        blocks.append(block)
    return blocks


def pack(
    blocks: Sequence[Block[PlaceT]], head_size: int, limits: PlanLimits
) -> list[list[Block[PlaceT]]]:
    """Lay blocks out over requests.

    A split costs two more heads, the space left over without it may cost another pair of frames:
    which of the two is cheaper depends on the sizes that there are.
    """
    whole = _Packer(head_size, limits, splits_freely=False).pack(blocks)
    if len(whole) < 2 or all(block.end - block.start <= _SMALLEST_SPLIT for block in blocks):
        return whole
    split = _Packer(head_size, limits, splits_freely=True).pack(blocks)
    return min(whole, split, key=lambda requests: octets_per_cycle(requests, head_size))


def octets_per_cycle(requests: Sequence[Sequence[Block[PlaceT]]], head_size: int) -> int:
    """Return what one round of these requests takes on the wire, both ways, frames included."""
    return sum(
        _FRAMES_SIZE + sum(2 * head_size + block.end - block.start for block in blocks)
        for blocks in requests
    )


class _Packer:
    """Fills one request after the other."""

    def __init__(self, head_size: int, limits: PlanLimits, *, splits_freely: bool) -> None:
        self._head_size = head_size
        self._largest_block = limits.max_answer - head_size
        self._most_blocks = max(1, limits.max_request // head_size)
        self._splits_freely = splits_freely

    def pack(self, blocks: Sequence[Block[PlaceT]]) -> list[list[Block[PlaceT]]]:
        requests: list[list[Block[PlaceT]]] = []
        current: list[Block[PlaceT]] = []
        space = self._largest_block  # for the content of one more block
        for whole in blocks:
            rest: Block[PlaceT] | None = whole
            while rest is not None:
                is_full = len(current) == self._most_blocks
                fitting, rest = self._cut(rest, 0 if is_full else space, is_first=not current)
                if fitting is not None:
                    current.append(fitting)
                    space -= self._head_size + fitting.end - fitting.start
                if rest is not None:
                    requests.append(current)
                    current, space = [], self._largest_block
        if current:
            requests.append(current)
        return requests

    def _cut(
        self, block: Block[PlaceT], space: int, *, is_first: bool
    ) -> tuple[Block[PlaceT] | None, Block[PlaceT] | None]:
        """Return what of a block goes into the space of the request, and the rest of it."""
        size = block.end - block.start
        if size <= space:
            return block, None
        must_be_split = size > self._largest_block
        if not is_first and (space < _SMALLEST_SPLIT or not (self._splits_freely or must_be_split)):
            return None, block
        return _split(block, space, is_forced=is_first)


def _split(
    block: Block[PlaceT], space: int, *, is_forced: bool
) -> tuple[Block[PlaceT] | None, Block[PlaceT] | None]:
    count, end = 0, block.start
    for place in block.places:
        if place.end - block.start > space:
            break
        end = max(end, place.end)
        count += 1
    if count == 0:
        if not is_forced:
            return None, block
        count, end = 1, block.places[0].end  # larger than any answer: the device shall say so
    behind = block.places[count:]
    if not behind:
        return block, None
    rest = Block(behind, max(place.end for place in behind))
    return Block(block.places[:count], end), rest
