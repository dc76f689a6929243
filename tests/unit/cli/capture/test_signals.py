from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.cli.capture.signals import AddSignals, SignalChoice, by_axis, signal_choice


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("/motor/speed [rpm]", "/motor/speed [rpm]", "speed [rpm]"),
        ("n=/motor/speed", "/motor/speed", "n"),
        (" my speed =/a", "/a", "my speed"),
        ("a=b=/c=/d", "/c=/d", "a=b"),
        ("/a=b/c=/d", "/a=b/c=/d", "d"),
        ("=/a", "/a", "a"),
        ("/global/table[3]", "/global/table[3]", "table[3]"),
        ("motor/speed", "motor/speed", "speed"),
        ("/motor/", "/motor/", "motor"),
    ],
)
def test_a_signal_is_a_path_that_may_have_a_name(text: str, path: str, name: str) -> None:
    assert signal_choice(text) == SignalChoice(path, name)


@given(st.text(min_size=1).filter(lambda text: text.strip("/ ")), st.text(max_size=5))
def test_any_path_can_be_written(text: str, name: str) -> None:
    assert signal_choice(f"/{text}").path == f"/{text}"
    plain = name.replace("/", "").replace("=", "")
    assert signal_choice(f"{plain}=/{text}").path == f"/{text}"


@pytest.mark.parametrize("text", ["", "/", "x=/", "//", " "])
def test_nothing_is_no_signal(text: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        signal_choice(text)


def test_signals_with_one_unit_share_an_axis() -> None:
    signals = [
        signal_choice(text)
        for text in (
            "/m/speed [rpm]",
            "/m/state",
            "set=/m/setpoint [rpm]",
            "/t[1]",
            "/t[2]",
            "/d [%]",
        )
    ]
    assert {axis: [s.name for s in each] for axis, each in by_axis(signals).items()} == {
        "rpm": ["speed [rpm]", "set"],
        "state": ["state"],
        "t[1]": ["t[1]"],
        "t[2]": ["t[2]"],
        "%": ["d [%]"],
    }


def parsed(*arguments: str) -> list[SignalChoice]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--axis")
    parser.add_argument("--signal", dest="signals", nargs="+", action=AddSignals, default=[])
    signals: list[SignalChoice] = parser.parse_args(arguments).signals
    return signals


def test_an_axis_is_for_the_signals_that_follow_it() -> None:
    assert parsed("--signal", "/a", "--axis", "x", "--signal", "/b", "n=/c", "--signal", "/d") == [
        SignalChoice("/a", "a"),
        SignalChoice("/b", "b", "x"),
        SignalChoice("/c", "n", "x"),
        SignalChoice("/d", "d", "x"),
    ]


def test_two_parsers_do_not_share_their_signals() -> None:
    assert parsed("--signal", "/a") == parsed("--signal", "/a")
    assert parsed() == []


def test_what_is_no_signal_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parsed("--signal", "/")
    assert end.value.code == 2
    assert "argument --signal: '/' has no path in it" in capsys.readouterr().err
