"""Random and damaged binary frames are refused as such, and never anything else."""

from __future__ import annotations

import contextlib
import os
from random import Random
from typing import Final

from scrutiny.api.errors import MalformedMessage
from scrutiny.api.value_frames import Group, InvalidGroup, ValueGroup, decode_frame, encode_frames
from scrutiny.core.types import DataType

FRAME_COUNT: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "5000000")) // 500
SEED: Final = 0x5C2072

GROUPS: Final[list[Group]] = [
    ValueGroup(10, DataType.FLOAT32, [1, 2], [1.5, 2.5], [b"\0\1\2\3"] * 2),
    ValueGroup(20, DataType.SINT64, [3], [-1]),
    ValueGroup(30, DataType.BOOL8, [4, 5, 6], [True, False, True]),
    InvalidGroup(40, [7], ["forbidden"]),
]


def damaged(frame: bytes, source: Random) -> bytes:
    """Change, cut, insert or invent some octets."""
    octets = bytearray(frame)
    for _ in range(source.randint(1, 4)):
        position = source.randrange(len(octets) + 1)
        match source.randrange(4):
            case 0:
                octets[position : position + 1] = source.randbytes(1)
            case 1:
                del octets[position : position + source.randint(1, 8)]
            case 2:
                octets[position:position] = source.randbytes(source.randint(1, 8))
            case _:
                octets = bytearray(b"\1" + source.randbytes(source.randrange(40)))
    return bytes(octets)


def test_damaged_frames_are_malformed_or_hold_as_many_values_as_ids() -> None:
    source = Random(SEED)
    (frame,) = encode_frames(GROUPS)
    understood = 0
    for _ in range(FRAME_COUNT):
        with contextlib.suppress(MalformedMessage):
            for group in decode_frame(damaged(frame, source)):
                told = group.reasons if isinstance(group, InvalidGroup) else group.values
                assert len(group.ids) == len(told)
            understood += 1
    assert 0 < understood < FRAME_COUNT
