"""The published schema is that of the messages, and says what is no message."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from scrutiny.api.messages import AnyCommand, AnyServerMessage, command_name
from scrutiny.api.schema import api_schema, schema_text
from tests.support.example_board import ROOT
from tests.support.json_schema import SchemaCheck, check_schema


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return api_schema()


def test_the_published_file_is_up_to_date() -> None:
    published = (ROOT / "docs" / "api-schema.json").read_text(encoding="utf-8")

    assert published == schema_text(), (
        "the messages have changed: python -m scrutiny.api.schema > docs/api-schema.json"
    )


def test_it_is_a_valid_schema(schema: dict[str, Any]) -> None:
    check_schema(schema)


@pytest.mark.parametrize(
    ("direction", "messages"),
    [("Command", get_args(AnyCommand)), ("ServerMessage", get_args(AnyServerMessage))],
)
def test_each_message_is_in_it(
    schema: dict[str, Any], direction: str, messages: tuple[Any, ...]
) -> None:
    described = {
        schema["$defs"][ref["$ref"].rpartition("/")[2]]["properties"]["cmd"]["enum"][0]
        for ref in schema["$defs"][direction]["anyOf"]
    }

    assert described == {command_name(message) for message in messages}


@pytest.mark.parametrize(
    "message",
    [
        {"cmd": "echo", "payload": "x"},
        {"cmd": "subscribe_watchable", "reqid": 1, "watchables": ["/a"], "rate": 10},
        {"cmd": "watchable_update", "reqid": None, "updates": [{"id": "1", "t": 0.5, "v": None}]},
        {"cmd": "welcome", "server_time_zero_timestamp": 1.5, "added_later": []},
    ],
)
def test_messages_are_valid(schema: dict[str, Any], message: Any) -> None:
    assert SchemaCheck(schema).errors(message) == []


@pytest.mark.parametrize(
    "message",
    [
        [],
        {"cmd": "no_such_command"},
        {"payload": "x"},
        {"cmd": "echo"},
        {"cmd": "echo", "payload": 1},
        {"cmd": "echo", "payload": "", "reqid": "1"},
        {"cmd": "subscribe_watchable", "watchables": "/a"},
        {"cmd": "watchable_update", "updates": [{"id": "1", "t": 0.5, "v": "1"}]},
    ],
)
def test_other_things_are_not(schema: dict[str, Any], message: Any) -> None:
    assert SchemaCheck(schema).errors(message)
