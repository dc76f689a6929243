"""Cutting lists of paths into commands."""

from __future__ import annotations

import pytest

from scrutiny.api.codec import encode
from scrutiny.api.messages import DetailedWatchable, SubscribeReply, SubscribeWatchable
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.sdk._path_lists import MOST_PATHS, halves, split_paths


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (4000, [4000]), (4001, [4000, 1]), (9000, [4000, 4000, 1000])],
)
def test_no_command_has_more_paths_than_the_server_takes(count: int, sizes: list[int]) -> None:
    paths = [f"/{number}" for number in range(count)]

    parts = list(split_paths(paths))

    assert [len(part) for part in parts] == sizes
    assert [path for part in parts for path in part] == paths


@pytest.mark.parametrize("letter", ["x", "é", "\x01", '"'])
def test_long_paths_fit_into_messages_with_room_for_the_answer(letter: str) -> None:
    paths = [f"/{number}/" + letter * 500 for number in range(MOST_PATHS)]

    parts = list(split_paths(paths))

    assert [path for part in parts for path in part] == paths
    sizes = [len(encode(SubscribeWatchable(watchables=part))) for part in parts]
    assert max(sizes) < MAX_MESSAGE_SIZE // 2
    assert len(parts) > 1


@pytest.mark.parametrize("length", [10, 60, 300])
def test_an_answer_about_variables_fits_into_a_message(length: int) -> None:
    paths = [f"/{number:04}".ljust(length, "x") for number in range(MOST_PATHS)]

    for part in split_paths(paths):
        subscribed = {
            path: DetailedWatchable(
                path, "var", "ffffff", "float32", address=2**32 - 1, bitoffset=None, bitsize=None
            )
            for path in part
        }
        assert len(encode(SubscribeReply(reqid=2**32, subscribed=subscribed))) < MAX_MESSAGE_SIZE


def test_halves() -> None:
    assert halves(["/a", "/b", "/c"]) == [["/a"], ["/b", "/c"]]
    assert halves(["/a", "/b"]) == [["/a"], ["/b"]]
    assert halves(["/a"]) == []


def test_a_path_that_is_longer_than_all_others_together_is_alone() -> None:
    long = "/" + "x" * MAX_MESSAGE_SIZE

    assert list(split_paths(["/a", long, "/b", "/c"])) == [["/a"], [long], ["/b", "/c"]]
