from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.cli.capture.errors import CaptureRefused
from scrutiny.cli.capture.sampling import LARGEST_DECIMATION, Sampling, choose_sampling
from scrutiny.sdk import FixedFreqSamplingRate, SamplingRate, VariableFreqSamplingRate

IDLE = VariableFreqSamplingRate(0, "idle")
CONTROL = FixedFreqSamplingRate(1, "control", 10_000.0)
SLOW = FixedFreqSamplingRate(2, "Slow", 1_000.0)
RATES = [IDLE, CONTROL, SLOW]


def test_the_first_loop_with_a_fixed_frequency_is_the_default() -> None:
    assert choose_sampling(RATES) == Sampling(CONTROL, 1)
    assert choose_sampling(RATES, decimation=7) == Sampling(CONTROL, 7)
    assert choose_sampling([IDLE]) == Sampling(IDLE, 1)


@pytest.mark.parametrize(
    ("text", "loop"), [("idle", IDLE), ("slow", SLOW), ("1", CONTROL), (" 0 ", IDLE)]
)
def test_a_loop_is_named_by_its_name_or_its_id(text: str, loop: SamplingRate) -> None:
    assert choose_sampling(RATES, text, 3) == Sampling(loop, 3)


def test_a_name_counts_before_an_id_and_its_spelling_before_its_letters() -> None:
    named = FixedFreqSamplingRate(9, "1", 5.0)
    assert choose_sampling([*RATES, named], "1").rate is named
    upper = FixedFreqSamplingRate(8, "CONTROL", 5.0)
    assert choose_sampling([*RATES, upper], "CONTROL").rate is upper


def test_two_loops_of_one_name_are_told_apart_by_their_ids() -> None:
    twin = FixedFreqSamplingRate(7, "control", 5.0)
    with pytest.raises(CaptureRefused, match="use an id: 1 or 7"):
        choose_sampling([*RATES, twin], "control")


@pytest.mark.parametrize(
    ("text", "decimation", "expected"),
    [
        ("10kHz", None, Sampling(CONTROL, 1)),
        ("20kHz", None, Sampling(CONTROL, 1)),
        ("1kHz", None, Sampling(SLOW, 1)),
        ("5 kHz", None, Sampling(CONTROL, 2)),
        ("300Hz", None, Sampling(CONTROL, 33)),
        ("500Hz", None, Sampling(SLOW, 2)),
        ("100Hz", 10, Sampling(SLOW, 10)),
        ("1mHz", None, Sampling(SLOW, LARGEST_DECIMATION)),
    ],
)
def test_of_a_frequency_the_nearest_possible_one_is_taken(
    text: str, decimation: int | None, expected: Sampling
) -> None:
    assert choose_sampling(RATES, text, decimation) == expected


@given(st.floats(1e-3, 1e6))
def test_no_other_loop_or_decimation_is_nearer(wanted_hz: float) -> None:
    def distance(frequency_hz: float) -> float:
        return abs(math.log(frequency_hz / wanted_hz))

    found = choose_sampling(RATES, f"{wanted_hz!r}Hz").frequency_hz
    assert found is not None
    for loop in (CONTROL, SLOW):
        middle = round(loop.frequency / wanted_hz)
        for decimation in range(middle - 3, middle + 4):
            clamped = min(max(decimation, 1), LARGEST_DECIMATION)
            assert distance(found) <= distance(loop.frequency / clamped) + 1e-9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fast", "no loop 'fast'; loops are idle .no fixed frequency, id 0., control .10 kHz"),
        ("500", "no loop '500'; a frequency needs its unit, as 500Hz"),
        ("0Hz", "no loop samples at 0 Hz"),
        ("1e999Hz", "no loop samples at inf Hz"),
    ],
)
def test_what_is_no_rate_is_answered_with_the_loops(text: str, reason: str) -> None:
    with pytest.raises(CaptureRefused, match=reason):
        choose_sampling(RATES, text)


def test_without_a_fixed_frequency_no_frequency_can_be_had() -> None:
    with pytest.raises(CaptureRefused, match="no loop samples at 5 Hz"):
        choose_sampling([IDLE], "5Hz")
    with pytest.raises(CaptureRefused, match="no loop that records"):
        choose_sampling([])


@pytest.mark.parametrize(
    ("sampling", "text"),
    [
        (Sampling(CONTROL), "10 kHz, every iteration of the loop control"),
        (Sampling(CONTROL, 2), "5 kHz, every 2nd iteration of the loop control (10 kHz)"),
        (Sampling(CONTROL, 11), "909 Hz, every 11th iteration of the loop control (10 kHz)"),
        (Sampling(CONTROL, 103), "97.1 Hz, every 103rd iteration of the loop control (10 kHz)"),
        (Sampling(IDLE), "every iteration of the loop idle, which has no fixed frequency"),
    ],
)
def test_it_says_how_often_that_is(sampling: Sampling, text: str) -> None:
    assert f"{sampling}" == text


@pytest.mark.parametrize("frequency", [0.0, -1.0, math.nan, math.inf])
def test_a_frequency_that_is_none_is_not_used(frequency: float) -> None:
    assert Sampling(FixedFreqSamplingRate(0, "broken", frequency)).frequency_hz is None
