"""Frames: encoding, decoding, and cutting a byte stream into them."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.firmware_link.errors import (
    CrcError,
    DirectionError,
    FrameError,
    LengthError,
    UnknownCode,
)
from scrutiny.firmware_link.frames import Request, RequestParser, Response, ResponseParser, crc32

READ_OK = Response(3, 1, 0, bytes.fromhex("2010001000021011"))
REFUSED = Response(2, 4, 4, b"")
HEARTBEAT = Request(2, 2, bytes.fromhex("123456780000"))

octets = st.integers(0, 0xFF)
commands = st.integers(0, 0x7F)
payloads = st.binary(max_size=300)
requests = st.builds(Request, commands, octets, payloads)
responses = st.builds(Response, commands, octets, st.integers(0, 6), payloads)


def with_crc(content: bytes) -> bytes:
    return content + zlib.crc32(content).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("data", "expected"), [(b"123456789", 0xCBF43926), (bytes(range(1, 11)), 0x2520577B)]
)
def test_crc_matches_the_published_checks(data: bytes, expected: int) -> None:
    assert crc32(data) == expected


@given(st.binary(), st.binary())
def test_crc_is_the_one_of_zlib_also_in_pieces(first: bytes, second: bytes) -> None:
    assert crc32(second, crc32(first)) == zlib.crc32(first + second)
    assert crc32(memoryview(first)) == crc32(bytearray(first)) == zlib.crc32(first)


@given(requests)
def test_request_decoding_inverts_encoding(request: Request) -> None:
    assert Request.decode(request.encode()) == request


@given(responses)
def test_response_decoding_inverts_encoding(response: Response) -> None:
    assert Response.decode(response.encode()) == response


@pytest.mark.parametrize(
    "frame",
    [
        Request(0x80, 1, b""),
        Request(1, 256, b""),
        Request(-1, 1, b""),
        Request(1, 1, bytes(65536)),
        Response(0x80, 1, 0, b""),
        Response(1, 1, 256, b""),
        Response(1, 1, 0, bytes(65536)),
    ],
    ids=lambda frame: f"{type(frame).__name__}-{frame[:-1]}-{len(frame[-1])}",
)
def test_what_does_not_fit_a_frame_is_the_callers_mistake(frame: Request | Response) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        frame.encode()


@pytest.mark.parametrize("frame", [READ_OK, HEARTBEAT], ids=["response", "request"])
def test_a_frame_cut_short_is_never_decoded(frame: Request | Response) -> None:
    encoded = frame.encode()
    for size in range(len(encoded)):
        with pytest.raises(LengthError):
            type(frame).decode(encoded[:size])


def test_a_frame_with_octets_behind_it_is_not_decoded() -> None:
    with pytest.raises(LengthError) as caught:
        Response.decode(READ_OK.encode() + b"\0")

    assert (caught.value.declared, caught.value.possible) == (8, 9)


@pytest.mark.parametrize("size", [1, 2, 3, 16, 17, 18], ids="{}-octet chunks".format)
def test_chunking_carries_no_meaning_for_responses(size: int) -> None:
    parser = ResponseParser(max_payload=64)
    stream = READ_OK.encode() * 3

    found = [r for i in range(0, len(stream), size) for r in parser.feed(stream[i : i + size])]

    assert found == [READ_OK] * 3
    assert parser.pending_size == 0


@given(st.lists(requests, max_size=5), st.integers(1, 40))
def test_chunking_carries_no_meaning_for_requests(sent: list[Request], size: int) -> None:
    parser = RequestParser()
    stream = b"".join(request.encode() for request in sent)

    found = [r for i in range(0, len(stream), size) for r in parser.feed(stream[i : i + size])]

    assert found == sent


@given(responses, st.integers(1, 40))
def test_one_response_in_chunks_comes_out_once(response: Response, size: int) -> None:
    parser = ResponseParser()
    stream = response.encode()

    found = [parser.feed_one(stream[i : i + size]) for i in range(0, len(stream), size)]

    assert found == [None] * (len(found) - 1) + [response]


def test_octets_behind_the_one_response_are_dropped_and_counted() -> None:
    parser = ResponseParser()

    assert parser.feed_one(READ_OK.encode() + b"\x00\x01\x02") == READ_OK
    assert parser.excess_octets == 3
    assert parser.pending_size == 0
    assert parser.feed_one(REFUSED.encode()) == REFUSED


def test_pending_size_tells_of_an_incomplete_frame_and_reset_forgets_it() -> None:
    parser = ResponseParser()
    parser.feed_one(READ_OK.encode()[:7])

    assert parser.pending_size == 7
    parser.reset()
    assert parser.pending_size == 0
    assert parser.feed(READ_OK.encode()) == [READ_OK]


def test_no_octets_complete_nothing() -> None:
    parser = ResponseParser()

    assert parser.feed_one(b"") is None
    assert parser.feed(b"") == []


def feed_all(feed: Callable[[bytes], object], chunks: list[bytes]) -> None:
    for chunk in chunks:
        feed(chunk)


WRONG_CRC = READ_OK.encode()[:-1] + b"\0"
BAD_RESPONSES: list[tuple[bytes, type[FrameError]]] = [
    (b"\x03", DirectionError),
    (HEARTBEAT.encode(), DirectionError),
    (WRONG_CRC, CrcError),
    (with_crc(bytes.fromhex("8301070000")), UnknownCode),
    (with_crc(bytes.fromhex("8301ff0000")), UnknownCode),
    (bytes.fromhex("8301000041"), LengthError),
]


@pytest.mark.parametrize("size", [1, 4, 1000], ids="{}-octet chunks".format)
@pytest.mark.parametrize(("stream", "error"), BAD_RESPONSES)
@pytest.mark.parametrize("method", ["feed", "feed_one"])
def test_a_bad_response_is_named_and_the_parser_is_empty(
    method: str, stream: bytes, error: type[FrameError], size: int
) -> None:
    parser = ResponseParser(max_payload=64)
    feed = parser.feed if method == "feed" else parser.feed_one

    chunks = [stream[i : i + size] for i in range(0, len(stream), size)]
    with pytest.raises(error):
        feed_all(feed, chunks)

    assert parser.pending_size == 0
    assert parser.feed_one(READ_OK.encode()) == READ_OK


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"\x81", DirectionError),
        (bytes.fromhex("01010041"), LengthError),
        (HEARTBEAT.encode()[:-1] + b"\0", CrcError),
    ],
)
def test_a_bad_request_is_named_and_the_parser_is_empty(
    stream: bytes, error: type[FrameError]
) -> None:
    parser = RequestParser(max_payload=64)

    with pytest.raises(error):
        parser.feed(stream)

    assert parser.pending_size == 0
    assert parser.feed(HEARTBEAT.encode()) == [HEARTBEAT]


def test_a_crc_error_carries_both_crcs_and_what_followed() -> None:
    stream = HEARTBEAT.encode()
    broken = stream[:-1] + b"\0"

    with pytest.raises(CrcError) as caught:
        RequestParser().feed(broken + stream)

    assert caught.value.expected == zlib.crc32(stream[:-4])
    assert caught.value.received == int.from_bytes(broken[-4:], "big")
    assert caught.value.following == stream


def test_a_bad_frame_behind_a_good_one_is_reported_by_the_next_call() -> None:
    parser = ResponseParser()

    assert parser.feed(READ_OK.encode() + WRONG_CRC) == [READ_OK]
    with pytest.raises(CrcError):
        parser.feed(b"")
    assert parser.pending_size == 0


def test_the_largest_payload_passes_and_one_octet_more_does_not() -> None:
    parser = ResponseParser()
    parser.max_payload = 32

    assert parser.feed_one(Response(3, 1, 0, bytes(32)).encode()) is not None
    with pytest.raises(LengthError):
        parser.feed_one(Response(3, 1, 0, bytes(33)).encode())
