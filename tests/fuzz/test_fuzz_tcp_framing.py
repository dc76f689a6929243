"""Damaged streams never stop the search for datagrams; what is intact is found."""

from __future__ import annotations

import os
from random import Random
from typing import Final

from scrutiny.server.api.tcp_framing import DatagramDecoder, to_datagram

STREAM_COUNT: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "5000000")) // 500
SEED: Final = 0x5C2073
LARGEST: Final = 200


def damaged(stream: bytes, source: Random) -> bytes:
    """Change, cut or insert some octets."""
    octets = bytearray(stream)
    for _ in range(source.randint(1, 4)):
        position = source.randrange(len(octets) + 1)
        match source.randrange(4):
            case 0:
                octets[position : position + 1] = source.randbytes(1)
            case 1:
                del octets[position : position + source.randint(1, 40)]
            case 2:
                octets[position:position] = source.randbytes(source.randint(1, 40))
            case _:
                octets[position:position] = b"<SCRUTINY size=%x flags=c>" % source.randrange(64)
    return bytes(octets)


def test_damaged_streams_yield_intact_messages_and_go_on() -> None:
    source = Random(SEED)
    sent = [b'{"cmd":"echo","reqid":%d}' % index for index in range(4)]
    stream = b"".join(datagram for message in sent if (datagram := to_datagram(message)))
    last = to_datagram(b"last")
    assert last is not None
    found = 0
    for _ in range(STREAM_COUNT):
        decoder = DatagramDecoder(LARGEST)
        octets, start = damaged(stream, source), 0
        while start < len(octets):
            size = source.randint(1, 100)
            for message in decoder.feed(octets[start : start + size], 0.0):
                assert len(message) <= len(octets)
                found += message in sent
            start += size
        assert list(decoder.feed(last, 1.1)) == [b"last"]
    assert found > STREAM_COUNT
