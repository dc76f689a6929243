from __future__ import annotations

import argparse

import pytest

from scrutiny.cli.capture.options import scope_parser
from scrutiny.cli.capture.signals import SignalChoice
from scrutiny.cli.capture.trigger_text import AT_ONCE, parse_trigger


def parsed(*arguments: str) -> argparse.Namespace:
    return scope_parser().parse_args(arguments)


def test_little_has_to_be_said() -> None:
    arguments = parsed("--signal", "/a")

    assert arguments.signals == [SignalChoice("/a", "a")]
    assert arguments.trigger is AT_ONCE
    assert (arguments.position, arguments.hold, arguments.timeout) == (0.5, 0.0, None)
    assert (arguments.rate, arguments.decimation, arguments.duration) == (None, None, None)
    assert (arguments.host, arguments.port) == ("localhost", 8765)


def test_everything_can_be_said() -> None:
    arguments = parsed(
        *("--signal", "/a", "n=/b", "--trigger", "-3 < /a", "--rate", "control"),
        *("--decimation", "10", "--duration", "2.5", "--position", "0", "--hold", "0.1"),
        *("--timeout", "30", "--x", "/a", "--name", "step", "--csv", "-", "--png", "a.png"),
        *("--host", "bench", "--port", "9000"),
    )

    assert arguments.trigger == parse_trigger("-3 < /a")
    assert (arguments.decimation, arguments.duration) == (10, 2.5)
    assert (arguments.position, arguments.hold, arguments.timeout) == (0.0, 0.1, 30.0)
    assert (arguments.csv, arguments.x, arguments.port) == ("-", "/a", 9000)


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--decimation", "0", "'0' is not a whole number, 1 to 65535"),
        ("--decimation", "2.5", "is not a whole number"),
        ("--position", "1.1", "is not a number, 0 to 1"),
        ("--position", "nan", "is not a number, 0 to 1"),
        ("--hold", "430", "is not a number, 0 to 429"),
        ("--duration", "0", "is not a number, 0 to 429"),
        ("--timeout", "-1", "is not a number, 0 or more"),
        ("--port", "65536", "is not a whole number, 1 to 65535"),
        ("--trigger", "/a>3", "no trigger: '/a>3'; write it as"),
    ],
)
def test_wrong_arguments_end_with_2_and_the_reason(
    option: str, value: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parsed("--signal", "/a", option, value)
    assert end.value.code == 2
    assert reason in capsys.readouterr().err


def test_the_help_tells_how_triggers_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    text = capsys.readouterr().out
    assert "'/motor/speed [rpm] > 1000'" in text


def test_the_triggers_in_the_help_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    shown = capsys.readouterr().out.partition("A trigger compares")[2].partition("It fires")[0]
    triggers = [line.split("'")[1] for line in shown.splitlines() if line.startswith("  '")]
    assert len(triggers) == 5
    for trigger in triggers:
        parse_trigger(trigger)
