"""Datagrams of the TCP port: whole ones are found, whatever is between them and however cut."""

from __future__ import annotations

import hashlib
import os
import zlib

import pytest

from scrutiny.server.api.tcp_framing import LARGEST_PAYLOAD, DatagramDecoder, to_datagram

MESSAGE = b'{"cmd":"echo","reqid":1,"payload":"ping"}'


def datagram(message: bytes, flags: str, *, size: str = "") -> bytes:
    """Return a message as some sender may send it."""
    payload = zlib.compress(message, 1) if "c" in flags else message
    digest = hashlib.md5(payload).digest() if "h" in flags else b""
    return (
        f"<SCRUTINY size={size or f'{len(payload):x}'} flags={flags}>".encode() + payload + digest
    )


def messages(*pieces: bytes, silence_s: float = 0.0) -> list[bytes]:
    """Return what is found in a stream that comes in pieces, with a silence before each."""
    decoder = DatagramDecoder(1000)
    return [message for piece in pieces for message in decoder.feed(piece, silence_s)]


@pytest.mark.parametrize("flags", ["", "c", "h", "ch"])
def test_all_flags_are_taken_in_pieces_of_any_size(flags: str) -> None:
    stream = datagram(MESSAGE, flags) * 2

    assert messages(stream) == [MESSAGE] * 2
    assert messages(*[stream[i : i + 1] for i in range(len(stream))]) == [MESSAGE] * 2
    assert messages(*[stream[i : i + 7] for i in range(0, len(stream), 7)]) == [MESSAGE] * 2


def test_what_we_send_is_compressed_and_has_a_digest() -> None:
    sent = to_datagram(MESSAGE)

    assert sent is not None
    assert sent.startswith(b"<SCRUTINY size=2d flags=ch>")
    assert sent.endswith(bytes.fromhex("08a59c0019d09088fdd3726b083da675"))
    assert messages(sent) == [MESSAGE]


def test_size_is_taken_in_both_cases() -> None:
    assert messages(datagram(MESSAGE + b" ", "", size="2A")) == [MESSAGE + b" "]
    assert messages(datagram(MESSAGE + b" ", "", size="2a")) == [MESSAGE + b" "]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 5000,
        b"<SCRUTINY size= flags=>",
        b"<SCRUTINY size=5 flags=hc>",
        b"<SCRUTINY <SCRUTINY size=",
        f"<SCRUTINY size={LARGEST_PAYLOAD + 1:x} flags=ch>".encode(),
        datagram(MESSAGE, "h")[:-1] + b"\0",
        b"<SCRUTINY size=4 flags=c>\x78\x01zz",
        datagram(MESSAGE, "c", size="10")[:-29],
    ],
)
def test_garbage_is_skipped(garbage: bytes) -> None:
    assert messages(garbage + datagram(MESSAGE, "ch"))[-1:] == [MESSAGE]


def test_nothing_in_a_damaged_datagram_is_taken_for_a_message() -> None:
    damaged = datagram(datagram(MESSAGE, ""), "h")[:-1] + b"\0"

    assert messages(damaged) == []


def test_an_empty_datagram_is_an_empty_message() -> None:
    assert messages(b"<SCRUTINY size=0 flags=>") == [b""]


def test_a_part_does_not_outlive_a_second_of_silence() -> None:
    whole = datagram(MESSAGE, "ch")

    assert messages(whole[:40], whole[40:], silence_s=1.0) == [MESSAGE]
    assert messages(whole[:40], whole[40:], silence_s=1.1) == []
    assert messages(whole[:40], whole, silence_s=1.1) == [MESSAGE]


def test_what_is_compressed_well_is_passed_on_up_to_a_limit() -> None:
    assert messages(datagram(b" " * 1000, "c")) == [b" " * 1000]
    assert messages(datagram(b" " * 100_000_000, "c")) == [b" " * 1001]


def test_largest_datagram_is_taken_and_a_larger_one_not_sent() -> None:
    noise = os.urandom(LARGEST_PAYLOAD)

    assert messages(datagram(noise, "")) == [noise]
    assert to_datagram(noise) is None
