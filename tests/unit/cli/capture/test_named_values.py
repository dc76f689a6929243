from __future__ import annotations

import pytest

from scrutiny.cli.capture.errors import CaptureRefused
from scrutiny.cli.capture.named_values import trigger_operands
from scrutiny.cli.capture.trigger_text import AT_ONCE, parse_trigger
from scrutiny.sdk import (
    DetailedVarWatchableConfiguration,
    EmbeddedDataType,
    EmbeddedEnum,
    WatchableType,
)

STATES = EmbeddedEnum("state", {"STOPPED": 0, "RUNNING": 2, "true": 7, "over heated": 9})


def variable(path: str, enum: EmbeddedEnum | None = None) -> DetailedVarWatchableConfiguration:
    kind, uint8 = WatchableType.Variable, EmbeddedDataType.uint8
    return DetailedVarWatchableConfiguration(kind, uint8, enum, "id", path, 0, None, None)


DEFINITIONS = {"/state": variable("/state", STATES), "/speed": variable("/speed")}


@pytest.mark.parametrize(
    ("text", "operands"),
    [
        ("/state == RUNNING", ["/state", 2]),
        ("RUNNING != /state", [2, "/state"]),
        ("/state == 'over heated'", ["/state", 9]),
        ("/state within 1 of RUNNING", ["/state", 2, 1]),
        ("/state == /speed", ["/state", "/speed"]),
        ("/state == 'true'", ["/state", 7]),
        ("/speed == true", ["/speed", 1]),
        ("/speed == FALSE", ["/speed", 0]),
        ("/speed > 2.5", ["/speed", 2.5]),
    ],
)
def test_names_become_numbers(text: str, operands: list[float | str]) -> None:
    assert trigger_operands(parse_trigger(text), DEFINITIONS) == operands


def test_a_trigger_at_once_has_no_operands() -> None:
    assert trigger_operands(AT_ONCE, {}) == []


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(CaptureRefused, match=r"/state is never 'FAST', but STOPPED, RUNNING, true"):
        trigger_operands(parse_trigger("/state == FAST"), DEFINITIONS)


def test_a_name_where_values_have_none_is_told_what_else_there_is() -> None:
    with pytest.raises(CaptureRefused, match=r"'FAST' is no number, no path.*/speed have none"):
        trigger_operands(parse_trigger("/speed == FAST"), DEFINITIONS)
