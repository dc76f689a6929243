"""JSON in both directions; whatever arrives, only MalformedMessage comes out."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.api.codec import decode_command, decode_server_message, encode
from scrutiny.api.errors import MalformedMessage
from scrutiny.api.messages import (
    AnyCommand,
    DetailedWatchable,
    Echo,
    FileChunk,
    LoadSfd,
    ReadWatchable,
    SetLinkConfig,
    SubscribeReply,
    SubscribeWatchable,
    UploadSfdData,
    ValueUpdate,
    WatchableUpdate,
    Welcome,
    WriteItem,
    WriteWatchable,
    command_name,
)


def test_a_command_is_decoded_by_its_name() -> None:
    command = decode_command(b'{"cmd":"echo","reqid":1,"payload":"ping"}')

    assert command == Echo(payload="ping", reqid=1)
    assert command_name(command) == "echo"


def test_unknown_fields_are_ignored_and_the_number_is_optional() -> None:
    assert decode_command('{"cmd":"echo","payload":"ping","extra":[1]}') == Echo(payload="ping")


def test_a_rate_may_be_written_as_an_integer() -> None:
    command = decode_command('{"cmd":"subscribe_watchable","watchables":["/a"],"rate":10}')

    assert command == SubscribeWatchable(watchables=["/a"], rate=10.0)


def test_64_bit_integers_are_exact() -> None:
    item = WriteItem(0, "1f", 2**64 - 1)

    assert decode_command(encode(WriteWatchable(updates=[item]))) == WriteWatchable(updates=[item])


def test_messages_are_compact_json_with_a_null_number_in_events() -> None:
    message = WatchableUpdate(updates=[ValueUpdate("1f", 2.5, 3)])

    assert encode(message) == (
        b'{"cmd":"watchable_update","updates":[{"id":"1f","t":2.5,"v":3}],"reqid":null}'
    )
    assert decode_server_message(encode(message)) == message


def test_no_message_holds_what_is_not_json() -> None:
    encoded = encode(WatchableUpdate(updates=[ValueUpdate("1f", 2.5, float("nan"))]))

    assert json.loads(encoded)["updates"] == [{"id": "1f", "t": 2.5, "v": None}]


def test_what_other_servers_leave_out_has_a_default() -> None:
    message = decode_server_message(
        '{"cmd":"welcome","reqid":null,"server_time_zero_timestamp":1760000000.25}'
    )

    assert message == Welcome(server_time_zero_timestamp=1760000000.25)


@pytest.mark.parametrize(
    "command",
    [
        ReadWatchable(watchables=["/a[1]"], reqid=1),
        SubscribeWatchable(watchables=["/a"], rate=None, partial=True),
        LoadSfd(firmware_id="00" * 16),
        UploadSfdData(token="t", file_chunk=FileChunk(0, "AAAA"), reqid=2),
    ],
    ids=command_name,
)
def test_commands_about_variables_and_descriptions_come_through(command: AnyCommand) -> None:
    assert decode_command(encode(command)) == command


def test_what_is_not_known_is_null_and_what_does_not_apply_is_absent() -> None:
    variable = DetailedWatchable("/a", "var", "1f", "uint8", address=None, bitsize=None)

    reply = json.loads(encode(SubscribeReply(subscribed={"/a": variable})))

    assert reply["subscribed"]["/a"] == {
        "path": "/a",
        "type": "var",
        "id": "1f",
        "dtype": "uint8",
        "address": None,
        "bitsize": None,
    }
    assert "failed" not in reply


@pytest.mark.parametrize(
    ("data", "reqid", "command", "text"),
    [
        (b"", None, "<empty>", "not valid JSON"),
        (b"{", None, "<empty>", "not valid JSON"),
        (b"[]", None, "<empty>", "not an array"),
        (b"null", None, "<empty>", "not null"),
        (b"true", None, "<empty>", "not true"),
        (b"12", None, "<empty>", "not a number"),
        (b'"x"', None, "<empty>", "not a string"),
        (b"{}", None, "<empty>", "cmd is missing"),
        (b'{"reqid":7}', 7, "<empty>", "cmd is missing"),
        (b'{"cmd":5,"reqid":7}', 7, "<empty>", "cmd is not a string"),
        (b'{"cmd":"nonsense","reqid":7}', 7, "nonsense", "unknown command"),
        (b'{"cmd":"echo","reqid":7}', 7, "echo", "payload"),
        (b'{"cmd":"echo","reqid":7,"payload":1}', 7, "echo", "Expected `str`"),
        (b'{"cmd":"echo","reqid":"7","payload":"x"}', None, "echo", "reqid"),
        (b'{"cmd":"echo","reqid":1.5,"payload":"x"}', None, "echo", "reqid"),
        (b'{"cmd":"echo","reqid":[1],"payload":"x"}', None, "echo", "reqid"),
        (b'{"cmd":"echo","reqid":NaN,"payload":"x"}', None, "echo", "malformed"),
        (b'{"cmd":"echo","reqid":true,"payload":"x"}', None, "echo", "reqid"),
        (b'{"cmd":"read_memory","reqid":1,"address":true,"size":1}', 1, "read_memory", "address"),
        (b'{"cmd":"echo","payload":"\xff"}', None, "<empty>", "UTF-8"),
        (b'{"cmd":"\\ud800","reqid":1}', 1, "\\ud800", "surrogate"),
        (b"[" * 200_000, None, "<empty>", "not valid JSON"),
        (b'{"cmd":' * 200_000, None, "<empty>", "nested too deeply"),
        (b'{"a":' * 200_000, None, "<empty>", "nested too deeply"),
    ],
)
def test_bad_messages_are_named(data: bytes, reqid: int | None, command: str, text: str) -> None:
    with pytest.raises(MalformedMessage) as raised:
        decode_command(data)

    assert text in str(raised.value)
    assert raised.value.reqid == reqid
    assert raised.value.command == command


VALID = encode(
    SetLinkConfig(link_type="serial", link_config={"portname": "/dev/tty", "baudrate": 1}, reqid=3)
)


@given(st.binary(max_size=200))
def test_random_octets_never_get_through(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_command(data)


@given(
    position=st.integers(0, len(VALID) - 1),
    octets=st.binary(max_size=4),
    count=st.integers(0, 4),
)
def test_damaged_messages_are_refused_or_still_messages(
    position: int, octets: bytes, count: int
) -> None:
    damaged = VALID[:position] + octets + VALID[position + count :]
    try:
        message = decode_command(damaged)
    except MalformedMessage:
        return
    assert isinstance(message, msgspec.Struct)
