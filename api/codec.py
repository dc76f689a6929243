"""JSON form of the messages: decoders built once, one error type for whatever arrives.

Figures (CPython 3.11): 60 value updates are encoded in about 12 µs; a command is decoded in 1 µs.
To build a decoder takes 5 ms or more, and most programs decode one direction.
"""

from __future__ import annotations

import functools
import json
from typing import Any, TypeVar, cast

import msgspec

from .errors import MalformedMessage
from .messages import AnyCommand, AnyServerMessage, ServerMessage
from .messages import Command as CommandBase

_Message = TypeVar("_Message")

_encoder = msgspec.json.Encoder()


def encode(message: CommandBase | ServerMessage) -> bytes:
    """Return a message as compact JSON in UTF-8. Floats that are not finite become null."""
    return _encoder.encode(message)


def decode_command(data: bytes | str) -> AnyCommand:
    """Return the command that a client sent.

    Raises:
        MalformedMessage: with what is wrong, and the sender's ``reqid`` if it could be read.
    """
    return _decode(_commands(), data)


def decode_server_message(data: bytes | str) -> AnyServerMessage:
    """Return the reply or event that a server sent.

    Raises:
        MalformedMessage: the server speaks another version, or something else than this contract.
    """
    return _decode(_server_messages(), data)


@functools.cache
def _commands() -> msgspec.json.Decoder[AnyCommand]:
    return msgspec.json.Decoder(AnyCommand)


@functools.cache
def _server_messages() -> msgspec.json.Decoder[AnyServerMessage]:
    return msgspec.json.Decoder(AnyServerMessage)


def _decode(decoder: msgspec.json.Decoder[_Message], data: bytes | str) -> _Message:
    try:
        return decoder.decode(data)
    except RecursionError:
        raise MalformedMessage("the message is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise MalformedMessage(f"the message is not valid UTF-8: {error.reason}") from None
    except msgspec.DecodeError as error:
        raise _explain(data, error) from None


def _explain(data: bytes | str, error: msgspec.DecodeError) -> MalformedMessage:
    """Find out whose message it was, so that its sender learns about the failure."""
    try:
        envelope: Any = json.loads(data)  # takes the NaN and Infinity that some writers emit
    except (ValueError, RecursionError):
        return MalformedMessage(f"the message is not valid JSON: {error}")
    if not isinstance(envelope, dict):
        return MalformedMessage(f"a message is a JSON object, not {_json_kind(envelope)}")
    fields = cast("dict[str, Any]", envelope)
    reqid = fields.get("reqid")
    known_reqid = reqid if isinstance(reqid, int) and not isinstance(reqid, bool) else None
    command = fields.get("cmd")
    if not isinstance(command, str):
        reason = "the field cmd is missing" if command is None else "the field cmd is not a string"
        return MalformedMessage(reason, reqid=known_reqid)
    # The name goes into the answer, and half of a surrogate pair cannot be written in UTF-8.
    name = command[:80].encode(errors="backslashreplace").decode()
    if "`$.cmd`" in str(error):
        return MalformedMessage(f"unknown command {name!r}", reqid=known_reqid, command=name)
    return MalformedMessage(str(error), reqid=known_reqid, command=name)


def _json_kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return "an array"
    return "a string" if isinstance(value, str) else "a number"
