"""Whole messages are cut out of the stream; all else goes to the parser, in order."""

from __future__ import annotations

import random

import pytest
from websockets.frames import Frame, Opcode

from scrutiny.sdk._whole_frames import FrameCutter, Piece

LARGEST = 1 << 20
SIZES = [0, 1, 125, 126, 127, 65535, 65536]


def text(data: bytes, *, fin: bool = True) -> bytes:
    return Frame(Opcode.TEXT, data, fin).serialize(mask=False)


def binary(data: bytes) -> bytes:
    return Frame(Opcode.BINARY, data).serialize(mask=False)


def rest_of_message(data: bytes, *, fin: bool = True) -> bytes:
    return Frame(Opcode.CONT, data, fin).serialize(mask=False)


def for_parser(pieces: list[Piece]) -> bytes:
    return b"".join(octets for kind, octets in pieces if kind is None)


@pytest.mark.parametrize("size", SIZES)
def test_messages_of_every_size_are_cut_out(size: int) -> None:
    first, second = bytes(size), b"\x81" * size

    pieces = FrameCutter(LARGEST).cut(text(first) + binary(second))

    assert pieces == [(Opcode.TEXT, first), (Opcode.BINARY, second)]


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.CLOSE])
def test_control_frames_keep_their_place(opcode: Opcode) -> None:
    control = Frame(opcode, b"\x03\xe8").serialize(mask=False)

    pieces = FrameCutter(LARGEST).cut(text(b"1") + control + text(b"2"))

    assert pieces == [(Opcode.TEXT, b"1"), (None, control), (Opcode.TEXT, b"2")]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(bytes([0xC1, 1, 0]), id="reserved bit"),
        pytest.param(bytes([0x83, 1, 0]), id="unknown opcode"),
        pytest.param(text(bytes(LARGEST + 1)), id="too large"),
    ],
)
def test_what_breaks_the_rules_goes_to_the_parser(frame: bytes) -> None:
    assert FrameCutter(LARGEST).cut(frame) == [(None, frame)]


def test_a_masked_message_goes_to_the_parser() -> None:
    frame = Frame(Opcode.TEXT, b"masked").serialize(mask=True)

    assert for_parser(FrameCutter(LARGEST).cut(frame))[:2] == frame[:2]


def test_a_message_in_fragments_goes_to_the_parser_with_all_that_is_in_between() -> None:
    ping = Frame(Opcode.PING, b"").serialize(mask=False)
    fragments = text(b"a", fin=False) + ping + rest_of_message(b"b", fin=False)
    wrong = text(b"no message begins here")
    cutter = FrameCutter(LARGEST)

    assert for_parser(cutter.cut(fragments)) == fragments
    assert for_parser(cutter.cut(rest_of_message(b"c"))) == rest_of_message(b"c")
    assert cutter.cut(text(b"next")) == [(Opcode.TEXT, b"next")]
    assert for_parser(cutter.cut(text(b"", fin=False) + wrong)) == text(b"", fin=False) + wrong


def test_chunking_carries_no_meaning() -> None:
    random_source = random.Random(1)
    messages = [random_source.randbytes(random_source.choice(SIZES[:5])) for _ in range(60)]
    stream = b"".join(text(message) for message in messages)
    for _ in range(50):
        cutter, position, received = FrameCutter(LARGEST), 0, b""
        while position < len(stream):
            size = random_source.choice([1, 2, 3, 100, 1000])
            for kind, octets in cutter.cut(stream[position : position + size]):
                received += octets if kind is None else text(octets)
            position += size
        assert received == stream
