from __future__ import annotations

import pytest

from scrutiny.firmware_link.transports.can_frames import data_fields

FD_SIZES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64}


def sizes(count: int, *, is_fd: bool) -> list[int]:
    return [len(field) for field in data_fields(bytes(count), is_fd=is_fd)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, [1]), (8, [8]), (9, [8, 1]), (24, [8, 8, 8]), (31, [8, 8, 8, 7])],
)
def test_classic_frames_carry_eight_octets(count: int, expected: list[int]) -> None:
    assert sizes(count, is_fd=False) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (7, [7]),
        (8, [8]),
        (9, [8, 1]),
        (11, [8, 3]),
        (12, [12]),
        (15, [12, 3]),
        (19, [16, 3]),
        (31, [24, 7]),
        (47, [32, 12, 3]),
        (63, [48, 12, 3]),
        (64, [64]),
        (265, [64, 64, 64, 64, 8, 1]),
    ],
)
def test_frames_of_fd_are_as_large_as_they_can_be_full(count: int, expected: list[int]) -> None:
    assert sizes(count, is_fd=True) == expected


@pytest.mark.parametrize("is_fd", [False, True], ids=["classic", "fd"])
def test_nothing_is_padded_lost_or_moved(is_fd: bool) -> None:
    for count in range(600):
        octets = bytes(index * 7 % 251 for index in range(count))
        fields = list(data_fields(octets, is_fd=is_fd))
        assert b"".join(fields) == octets
        assert {len(field) for field in fields} <= FD_SIZES
