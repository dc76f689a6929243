from __future__ import annotations

import pytest

from scrutiny.sdk._arguments import (
    check_octets,
    check_path,
    check_rate,
    check_timeout,
    check_written_value,
)


@pytest.mark.parametrize("value", [0, -5, 2**64 - 1, -(2**63), 1.5, True, " 0x10 ", "true"])
def test_values_are_passed_as_they_are(value: int | float | bool | str) -> None:
    checked = check_written_value(value)

    assert checked == value
    assert type(checked) is type(value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**30])
def test_integers_beyond_64_bits_become_floats_which_the_server_saturates(value: int) -> None:
    assert check_written_value(value) == float(value)


@pytest.mark.parametrize("data", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_octets_of_any_kind(data: object) -> None:
    assert check_octets("data", data) == b"ab"


def test_a_memoryview_with_gaps() -> None:
    assert check_octets("data", memoryview(b"a-b-")[::2]) == b"ab"


@pytest.mark.parametrize("data", [5, "ab", [1, 2], None])
def test_what_holds_no_octets(data: object) -> None:
    with pytest.raises(TypeError, match="data"):
        check_octets("data", data)


def test_paths_are_normalised() -> None:
    assert check_path("a//b/ c/") == "/a/b/ c"


@pytest.mark.parametrize(
    ("path", "error"), [(None, TypeError), (b"/a", TypeError), ("", ValueError)]
)
def test_wrong_paths(path: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_path(path)


@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (0.99, ValueError),
        (float("inf"), ValueError),
        (float("nan"), ValueError),
        (True, TypeError),
        ("1", TypeError),
    ],
)
def test_wrong_rates(rate: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_rate(rate)


def test_rates_and_time_limits() -> None:
    assert check_rate(None) is None
    assert check_rate(1) == 1
    assert check_timeout(float("inf")) == float("inf")
    with pytest.raises(ValueError, match=r"-0\.1"):
        check_timeout(-0.1)
    with pytest.raises(TypeError):
        check_timeout(None)
    with pytest.raises(ValueError, match="too large"):
        check_timeout(10**400)
