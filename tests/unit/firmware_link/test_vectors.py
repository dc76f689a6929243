"""The frames of the specification, both ways: frame to typed message to the same frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.errors import CrcError, DirectionError, FrameError, MessageError
from scrutiny.firmware_link.frames import Request, RequestParser, Response, ResponseParser
from scrutiny.firmware_link.messages import (
    AddressFormat,
    AnyRequest,
    GetParams,
    ReadAcquisition,
    parse_request,
)

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "device-protocol-vectors.json").read_text()
)
DEVICE: dict[str, Any] = DOCUMENT["reference_device"]
RPV_SIZES: dict[int, int] = {rpv["id"]: DataType(rpv["type"]).size for rpv in DEVICE["rpvs"]}


@dataclass(frozen=True)
class Vector:
    name: str
    exchange: str
    is_request: bool
    is_ignored: bool
    fmt: AddressFormat
    command: int
    subfunction: int
    code: int
    code_name: str
    fields: dict[str, Any]
    payload: bytes
    frame: bytes


def load(entry: dict[str, Any]) -> Vector:
    return Vector(
        name=entry["name"],
        exchange=entry["exchange"],
        is_request=entry["direction"] == "request",
        is_ignored=entry["name"].startswith("ignored_"),
        fmt=AddressFormat(entry["address_size"]),
        command=entry["command"],
        subfunction=entry["subfunction"],
        code=entry.get("code", 0),
        code_name=entry.get("code_name", ""),
        fields=entry["fields"],
        payload=bytes.fromhex(entry["payload_hex"]),
        frame=bytes.fromhex(entry["hex"]),
    )


VECTORS = [load(entry) for entry in DOCUMENT["vectors"]]
REQUESTS = {v.exchange: v for v in VECTORS if v.is_request and not v.is_ignored}
RESPONSES = {v.exchange: v for v in VECTORS if not v.is_request}

# What a device cannot read; it answers with the code of the vector's response.
MALFORMED = {
    "datalog_configure_4_operands",
    "get_region_bad_type",
    "getinfo_unknown_subfunction",
    "read_malformed",
    "read_rpv_odd_length",
    "read_rpv_unknown",
    "unknown_command",
    "write_malformed",
    "write_rpv_unknown",
}


def by_name(vector: Vector) -> str:
    return vector.name


def typed_request(vector: Vector) -> AnyRequest:
    return parse_request(Request.decode(vector.frame), vector.fmt, RPV_SIZES)


def request_of(response: Vector) -> AnyRequest:
    """Return the typed request that a response answers; a few are listed without theirs."""
    if response.exchange in REQUESTS:
        return typed_request(REQUESTS[response.exchange])
    return GetParams() if response.name.startswith("get_params") else ReadAcquisition()


def assert_same_fields(message: object, fields: dict[str, Any]) -> int:
    """Compare the fields that have the same name on both sides; return how many there are."""
    compared = 0
    for name, expected in fields.items():
        value = getattr(message, name, None)
        if value is None or isinstance(value, tuple):
            continue
        plain = value.value if isinstance(value, Enum) else value
        assert (plain.hex() if isinstance(plain, bytes) else plain) == expected, name
        compared += 1
    return compared


def test_all_vectors_are_there() -> None:
    assert len(VECTORS) == DOCUMENT["vector_count"] == 202


@pytest.mark.parametrize("vector", [v for v in VECTORS if not v.is_ignored], ids=by_name)
def test_frame_decodes_and_encodes(vector: Vector) -> None:
    if vector.is_request:
        request = Request(vector.command, vector.subfunction, vector.payload)
        assert Request.decode(vector.frame) == request
        assert RequestParser().feed(vector.frame) == [request]
        assert request.encode() == vector.frame
    else:
        response = Response(vector.command, vector.subfunction, vector.code, vector.payload)
        assert Response.decode(vector.frame) == response
        assert ResponseParser().feed_one(vector.frame) == response
        assert response.encode() == vector.frame


@pytest.mark.parametrize(
    "vector", [v for v in REQUESTS.values() if v.exchange not in MALFORMED], ids=by_name
)
def test_request_is_read_and_written(vector: Vector) -> None:
    message = typed_request(vector)

    assert message.request(vector.fmt).encode() == vector.frame
    assert_same_fields(message, vector.fields)


@pytest.mark.parametrize("exchange", sorted(MALFORMED))
def test_malformed_request_is_refused_with_the_code_of_the_device(exchange: str) -> None:
    with pytest.raises(MessageError) as caught:
        typed_request(REQUESTS[exchange])

    assert caught.value.code == RESPONSES[exchange].code


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if not v.is_request and v.code == 0], ids=by_name
)
def test_answer_is_read_and_written(vector: Vector) -> None:
    answer = request_of(vector).parse_answer(vector.payload, vector.fmt)

    payload = answer.payload(vector.fmt)
    assert Response(vector.command, vector.subfunction, 0, payload).encode() == vector.frame
    assert_same_fields(answer, vector.fields)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.code != 0], ids=by_name)
def test_refusal_has_a_known_code_and_no_payload(vector: Vector) -> None:
    response = Response.decode(vector.frame)

    assert ResponseCode(response.code).name.replace("_", "") == vector.code_name.upper()
    assert response.payload == b""


def test_most_fields_are_compared_by_name() -> None:
    answers = sum(
        assert_same_fields(request_of(v).parse_answer(v.payload, v.fmt), v.fields)
        for v in VECTORS
        if not v.is_request and v.code == 0
    )
    requests = sum(
        assert_same_fields(typed_request(v), v.fields)
        for v in REQUESTS.values()
        if v.exchange not in MALFORMED
    )

    assert answers > 90
    assert requests > 90


@pytest.mark.parametrize(
    ("name", "error"),
    [("ignored_bad_crc.req", CrcError), ("ignored_msb_set.req", DirectionError)],
)
def test_what_a_device_ignores_is_no_frame(name: str, error: type[FrameError]) -> None:
    (frame,) = [v.frame for v in VECTORS if v.name == name]

    with pytest.raises(error):
        RequestParser().feed(frame)


def test_a_device_ignores_what_is_above_its_buffer() -> None:
    (frame,) = [v.frame for v in VECTORS if v.name == "ignored_oversize.req"]

    with pytest.raises(FrameError):
        RequestParser(DEVICE["max_rx_payload"]).feed(frame)
    assert len(RequestParser(DEVICE["max_rx_payload"] + 1).feed(frame)) == 1


@pytest.mark.parametrize("vector", VECTORS, ids=by_name)
def test_a_truncated_payload_is_a_message_or_a_message_error(vector: Vector) -> None:
    for size in range(len(vector.payload)):
        payload = vector.payload[:size]
        try:
            if vector.is_request:
                frame = Request(vector.command & 0x7F, vector.subfunction, payload)
                parse_request(frame, vector.fmt, RPV_SIZES)
            else:
                request_of(vector).parse_answer(payload, vector.fmt)
        except MessageError:
            pass
