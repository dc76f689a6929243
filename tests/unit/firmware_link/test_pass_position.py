"""Where in a pass the device is, told from the counters of its chunks."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.pass_position import MAX_LATE, MAX_LOST, PassPosition

FULL_COUNT = 2340  # and one chunk with the rest


@pytest.fixture
def position() -> PassPosition:
    position = PassPosition()
    position.lay_out(FULL_COUNT)
    return position


def go_to(position: PassPosition, index: int) -> None:
    """Let all chunks before this one come."""
    for before in range(index):
        assert position.index_of(before & 0xFF) == before


def test_up_to_256_full_chunks_the_counter_is_the_index() -> None:
    position = PassPosition()
    position.lay_out(256)

    assert [position.index_of(counter) for counter in (200, 3, 255)] == [200, 3, 255]


def test_the_index_goes_on_where_the_counter_wraps(position: PassPosition) -> None:
    go_to(position, 1000)

    assert position.index_of(1000 & 0xFF) == 1000


@pytest.mark.parametrize("lost", [1, 100, MAX_LOST])
def test_as_many_chunks_may_be_skipped_as_requests_got_lost(
    position: PassPosition, lost: int
) -> None:
    go_to(position, 1000)
    for _ in range(lost):
        position.lost()

    assert position.index_of((1000 + lost) & 0xFF) == 1000 + lost


def test_a_chunk_that_nothing_explains_leaves_the_position_unknown(position: PassPosition) -> None:
    go_to(position, 1000)
    position.lost()

    assert position.index_of((1000 + 2) & 0xFF) is None
    assert position.index_of((1000 + 3) & 0xFF) is None
    assert position.index_of(1000 & 0xFF) is None


def test_too_many_lost_requests_leave_the_position_unknown(position: PassPosition) -> None:
    go_to(position, 1000)
    for _ in range(MAX_LOST + 1):
        position.lost()

    assert position.index_of(1000 & 0xFF) is None


def test_the_end_of_the_pass_makes_the_position_known_again(position: PassPosition) -> None:
    assert position.index_of(7) is None
    position.end_pass()

    assert [position.index_of(0), position.index_of(1)] == [0, 1]


def test_a_doubled_chunk_is_the_one_before(position: PassPosition) -> None:
    go_to(position, 1000)

    assert position.index_of(999 & 0xFF) == 999
    assert position.index_of(1000 & 0xFF) == 1000


def test_the_answer_that_a_doubled_chunk_hides_may_be_missing(position: PassPosition) -> None:
    go_to(position, 1000)
    position.index_of(999 & 0xFF)

    assert position.index_of(1001 & 0xFF) == 1001


def test_a_chunk_is_late_by_a_few_only(position: PassPosition) -> None:
    go_to(position, 1000)

    assert position.index_of((1000 - MAX_LATE) & 0xFF) == 1000 - MAX_LATE
    assert position.index_of((1000 - MAX_LATE - 1) & 0xFF) is None


def test_nothing_is_late_before_anything_has_come(position: PassPosition) -> None:
    assert position.index_of((FULL_COUNT - 1) & 0xFF) is None


def test_late_chunks_may_be_of_the_pass_before(position: PassPosition) -> None:
    go_to(position, FULL_COUNT)
    position.end_pass()
    assert position.index_of(0) == 0

    assert position.index_of((FULL_COUNT - 1) & 0xFF) == FULL_COUNT - 1
    position.end_pass()  # doubled, too
    assert position.index_of(1) == 1


def test_there_is_no_chunk_before_the_first_of_a_pass(position: PassPosition) -> None:
    go_to(position, FULL_COUNT)
    position.end_pass()
    go_to(position, 3)

    assert position.index_of(-2 & 0xFF) is None


def test_chunks_may_be_skipped_into_the_next_pass(position: PassPosition) -> None:
    go_to(position, FULL_COUNT - 3)
    for _ in range(10):
        position.lost()

    assert position.index_of(4) == 4


@pytest.fixture
def torn() -> PassPosition:
    """A position where the counter 5 may mean 261 or, in the next pass, 5."""
    position = PassPosition()
    position.lay_out(256 + 20)
    go_to(position, 256)
    for _ in range(30):
        position.lost()
    return position


def test_where_two_indexes_are_possible_none_is_chosen(torn: PassPosition) -> None:
    assert torn.index_of(5) is None


def test_chunks_beyond_the_end_of_a_pass_are_in_the_next(torn: PassPosition) -> None:
    assert [torn.index_of(counter) for counter in range(5, 22)] == [None] * 15 + [20, 21]


def test_the_end_of_the_pass_decides_between_two_indexes(torn: PassPosition) -> None:
    assert [torn.index_of(counter) for counter in range(5, 20)] == [None] * 15
    torn.end_pass()

    assert [torn.index_of(counter) for counter in (0, 1)] == [0, 1]


def test_a_counter_that_jumps_decides_if_the_end_of_the_pass_was_lost(torn: PassPosition) -> None:
    assert [torn.index_of(counter) for counter in range(5, 20)] == [None] * 15
    torn.lost()

    assert [torn.index_of(counter) for counter in (0, 1)] == [0, 1]


def test_in_a_very_long_pass_only_the_end_decides() -> None:
    position = PassPosition()
    position.lay_out(0xFFFF_FFFF)

    assert [position.index_of(counter) for counter in (7, 8, 9)] == [None] * 3
    position.end_pass()

    assert [position.index_of(counter) for counter in (0, 1)] == [0, 1]


def test_a_pass_may_begin_anew(position: PassPosition) -> None:
    go_to(position, 1000)

    assert [position.index_of(counter) for counter in (0, 1, 2)] == [0, 1, 2]


@pytest.mark.parametrize("further", [0, 1, 2], ids=["", "with the CRC", "with rest and CRC"])
def test_how_long_a_pass_is_need_not_be_known(position: PassPosition, further: int) -> None:
    go_to(position, FULL_COUNT - 1)
    for _ in range(1 + further + 1):  # the last full chunk, what follows, and the first
        position.lost()

    assert position.index_of(1) == 1


def test_a_full_chunk_is_not_where_only_the_rest_can_be() -> None:
    position = PassPosition()
    position.lay_out(512)
    go_to(position, 512)
    position.lost()  # chunk 512, with the counter 0

    assert [position.index_of(0), position.index_of(1)] == [0, 1]


def test_lost_requests_may_be_answered_after_the_end_of_the_pass(position: PassPosition) -> None:
    go_to(position, FULL_COUNT)
    position.lost()
    position.end_pass()

    assert position.index_of(1) == 1
