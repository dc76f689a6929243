"""Mutated frames never crash the parsers of the link, and a reset always brings them back.

``SCRUTINY_FUZZ_COUNT`` sets how many mutated frames are fed; the seed is fixed, so a failure
comes again. A third of the frames get a right CRC after the mutation: otherwise the typed
parsers would hardly ever see a mutated payload.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scrutiny.core.types import DataType
from scrutiny.firmware_link.errors import FrameError, MessageError
from scrutiny.firmware_link.frames import (
    Request,
    RequestParser,
    Response,
    ResponseParser,
    crc32,
)
from scrutiny.firmware_link.messages import (
    AddressFormat,
    AnyRequest,
    GetParams,
    ReadAcquisition,
    parse_request,
)

# One million takes 11 s on a busy two-core machine, 30 s with coverage.
FRAME_COUNT = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "1000000"))
SEED = 0x5C2071
MAX_PAYLOAD = 256

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "device-protocol-vectors.json").read_text()
)
RPV_SIZES: dict[int, int] = {
    rpv["id"]: DataType(rpv["type"]).size for rpv in DOCUMENT["reference_device"]["rpvs"]
}
CLEAN_REQUEST = Request(2, 2, bytes.fromhex("123456780001"))
CLEAN_RESPONSE = Response(3, 1, 0, bytes.fromhex("2010001000021011"))
CLEAN_REQUEST_FRAME = CLEAN_REQUEST.encode()
CLEAN_RESPONSE_FRAME = CLEAN_RESPONSE.encode()


@dataclass(frozen=True, slots=True)
class Seed:
    """A good frame, and for a response what it answers."""

    frame: bytes
    fmt: AddressFormat
    answers: AnyRequest | None


def seeds() -> list[Seed]:
    found: list[Seed] = []
    asked: dict[str, AnyRequest] = {}
    for entry in DOCUMENT["vectors"]:
        fmt = AddressFormat(entry["address_size"])
        frame = bytes.fromhex(entry["hex"])
        if entry["direction"] == "request":
            found.append(Seed(frame, fmt, None))
            message = readable_request(frame, fmt)
            if message is not None:
                asked[entry["exchange"]] = message
        else:
            fallback = GetParams() if entry["name"].startswith("get_params") else ReadAcquisition()
            found.append(Seed(frame, fmt, asked.get(entry["exchange"], fallback)))
    return found


def readable_request(frame: bytes, fmt: AddressFormat) -> AnyRequest | None:
    try:
        return parse_request(Request.decode(frame), fmt, RPV_SIZES)
    except (FrameError, MessageError):
        return None


def mutated(frame: bytes, other: bytes, random: Random) -> bytes:
    """Damage a frame in one to three places."""
    octets = bytearray(frame)
    for _ in range(1 + (random.random() < 0.4) + (random.random() < 0.2)):
        where = int(random.random() * len(octets)) if octets else 0
        kind = int(random.random() * 8)
        if kind <= 1 and octets:
            octets[where] ^= 1 << int(random.random() * 8)
        elif kind == 2 and octets:
            octets[where] = int(random.random() * 256)
        elif kind == 3:
            del octets[where:]
        elif kind == 4:
            del octets[where : where + 1 + int(random.random() * 4)]
        elif kind == 5:
            octets[where:where] = random.randbytes(1 + int(random.random() * 6))
        elif kind == 6:
            octets[where:] = other[int(random.random() * len(other)) :]
        else:
            octets += other
    return bytes(octets)


def repaired(frame: bytes, length_offset: int) -> bytes:
    """Make length and CRC right for what is there, so that the payload reaches the messages."""
    head = length_offset + 2
    if len(frame) < head + 4:
        return frame
    payload = frame[head:-4]
    content = frame[:length_offset] + len(payload).to_bytes(2, "big") + payload
    return content + crc32(content).to_bytes(4, "big")


class Targets:
    """The parsers under test, used over and over as a link would."""

    def __init__(self, rpv_sizes: Mapping[int, int]) -> None:
        self.rpv_sizes = rpv_sizes
        self.responses = ResponseParser(MAX_PAYLOAD)
        self.requests = RequestParser(MAX_PAYLOAD)
        self.accepted_count = 0

    def feed_response(self, data: bytes, seed: Seed, chunk_size: int) -> None:
        parser = self.responses
        try:
            for start in range(0, len(data), chunk_size):
                for response in parser.feed(data[start : start + chunk_size]):
                    self.read_answer(response, seed)
        except FrameError:
            assert parser.pending_size == 0
        parser.reset()
        try:
            for start in range(0, len(data), chunk_size):
                parser.feed_one(data[start : start + chunk_size])
        except FrameError:
            assert parser.pending_size == 0
        parser.reset()
        assert parser.feed_one(CLEAN_RESPONSE_FRAME) == CLEAN_RESPONSE

    def read_answer(self, response: Response, seed: Seed) -> None:
        if seed.answers is None:
            return
        try:
            answer = seed.answers.parse_answer(response.payload, seed.fmt)
        except MessageError:
            return
        answer.payload(seed.fmt)
        self.accepted_count += 1

    def feed_request(self, data: bytes, seed: Seed, chunk_size: int) -> None:
        parser = self.requests
        try:
            for start in range(0, len(data), chunk_size):
                for request in parser.feed(data[start : start + chunk_size]):
                    self.read_request(request, seed)
        except FrameError:
            assert parser.pending_size == 0
        parser.reset()
        assert parser.feed(CLEAN_REQUEST_FRAME) == [CLEAN_REQUEST]

    def read_request(self, request: Request, seed: Seed) -> None:
        try:
            message = parse_request(request, seed.fmt, self.rpv_sizes)
        except MessageError:
            return
        message.request(seed.fmt)
        self.accepted_count += 1


@pytest.mark.timeout(max(120, FRAME_COUNT // 5_000))
def test_mutated_frames_raise_nothing_but_frame_and_message_errors() -> None:
    random = Random(SEED)
    corpus = seeds()
    targets = Targets(RPV_SIZES)

    for _ in range(FRAME_COUNT):
        seed = corpus[int(random.random() * len(corpus))]
        other = corpus[int(random.random() * len(corpus))].frame
        data = mutated(seed.frame, other, random)
        # Mostly whole, sometimes in pieces.
        chunk_size = 1 + int(random.random() * 16) if random.random() < 0.1 else 4096
        fix = random.random() < 0.34
        if seed.answers is None:
            targets.feed_request(repaired(data, 2) if fix else data, seed, chunk_size)
        else:
            targets.feed_response(repaired(data, 3) if fix else data, seed, chunk_size)

    # Enough of them are repaired into messages: the typed parsers were reached.
    assert targets.accepted_count > FRAME_COUNT // 20


def test_noise_is_never_a_frame_and_never_sticks() -> None:
    random = Random(SEED)
    responses, requests = ResponseParser(), RequestParser()

    for _ in range(min(FRAME_COUNT, 20_000)):
        noise = random.randbytes(1 + int(random.random() * 80))
        for parser in (responses, requests):
            try:
                assert parser.feed(noise) == []
            except FrameError:
                assert parser.pending_size == 0
            parser.reset()
        assert responses.feed(CLEAN_RESPONSE_FRAME) == [CLEAN_RESPONSE]
        assert requests.feed(CLEAN_REQUEST_FRAME) == [CLEAN_REQUEST]
