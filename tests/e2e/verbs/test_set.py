"""``scrutiny set``: what is written, and what becomes of it in the device."""

from __future__ import annotations

import sys

import pytest

from tests.support.verb_desk import VerbDesk

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

SETPOINT, TRIM, SCRATCH = "/motor/setpoint [rpm]", "/motor/trim [%]", "/rpv/x2000"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1200", "1200.0"), ("0x4B0", "1200.0"), ("-2.5e2", "-250.0"), ("2*600", "1200.0")],
)
def test_numbers_are_written_in_any_form(desk: VerbDesk, run: Run, text: str, value: str) -> None:
    assert run("set", f"{SETPOINT}={text}") == (0, f"{SETPOINT} {value}\n", "")
    assert desk.client.read_once(SETPOINT) == float(value)


def test_several_are_written_in_order_and_the_last_one_counts(desk: VerbDesk, run: Run) -> None:
    result = run("set", f"{SETPOINT}=100", f"{TRIM}=5", f"{SETPOINT}=200")

    assert result == (0, f"{SETPOINT} 200.0\n{TRIM} 5.0\n", "")


def test_what_does_not_fit_is_told_with_what_was_stored(run: Run) -> None:
    result = run("set", f"{SETPOINT}=99000")

    assert (result.code, result.output) == (0, f"{SETPOINT} 3000.0\n")
    assert result.errors.startswith(f"warning: {SETPOINT} is 3000.0, not 99000: it was made to fit")


def test_json_tells_both(run: Run) -> None:
    content = run("set", "--json", f"{SETPOINT}=99000", f"{TRIM}=1").json()

    assert content == {
        SETPOINT: {"value": 3000.0, "wanted": "99000", "is_as_wanted": False},
        TRIM: {"value": 1.0, "wanted": "1", "is_as_wanted": True},
    }


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["/motor/sped [rpm]=1"], 1, "/motor/speed [rpm]"),
        (["/motor/state=FAST"], 1, "write one of 'MOTOR_STOPPED'"),
        ([f"{SETPOINT}=fast"], 1, "'fast' is not a value"),
        (["/rpv/x1001=3"], 1, "the firmware refused"),
        ([SETPOINT], 2, f"'{SETPOINT}' is not PATH=VALUE"),
        ([f"{SETPOINT}="], 2, "is not PATH=VALUE"),
        ([], 2, "the following arguments are required: PATH=VALUE"),
    ],
)
def test_mistakes_are_told(run: Run, arguments: list[str], code: int, reason: str) -> None:
    result = run("set", *arguments)

    assert (result.code, result.output) == (code, "")
    assert reason in result.errors
