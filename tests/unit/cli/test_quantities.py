from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.cli.quantities import hertz, in_seconds, with_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10_000.0, "10 kHz"),
        (1.0, "1 Hz"),
        (999.6, "1 kHz"),
        (0.5, "500 mHz"),
        (1234.5, "1.23 kHz"),
        (2e-6, "2 µHz"),
        (3e-12, "0.003 nHz"),
        (5e12, "5000 GHz"),
        (0.0, "0 Hz"),
        (float("inf"), "inf Hz"),
    ],
)
def test_numbers_have_three_digits_and_a_prefix(value: float, text: str) -> None:
    assert with_unit(value, "Hz") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8192, "819 ms"), (8.192, "8.19 s"), (8192.0, "8190 s"), (-0.5, "-500 ms"), (0, "0 s")],
)
def test_long_times_stay_in_seconds(value: float, text: str) -> None:
    assert in_seconds(value) == text


@pytest.mark.parametrize(
    ("text", "frequency"),
    [
        ("500Hz", 500.0),
        ("500 hz", 500.0),
        ("2.5 kHz", 2500.0),
        ("1e3Hz", 1000.0),
        ("1MHz", 1e6),
        ("100 mHz", 0.1),
        ("500", None),
        ("kHz", None),
        ("1.2.3Hz", None),
        ("-5Hz", None),
        ("control", None),
    ],
)
def test_frequencies_have_their_unit(text: str, frequency: float | None) -> None:
    assert hertz(text) == frequency


@given(st.text(max_size=12))
def test_any_text_is_a_frequency_or_none(text: str) -> None:
    frequency = hertz(text)
    assert frequency is None or frequency >= 0
