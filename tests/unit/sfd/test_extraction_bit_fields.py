"""Storage units of bit fields, by arithmetic alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.sfd.dwarf.bit_fields import (
    Storage,
    find_storage,
    signed_bit_offset,
    start_from_bit_offset,
)


def test_whole_storage_units_are_moved_into_the_byte() -> None:
    found = find_storage(37, 3, 4, 8, preferred_byte=None, structure_size=8)

    assert found == Storage(byte=4, size=4, bit_offset=5)


def test_the_place_that_the_program_tells_is_kept() -> None:
    assert find_storage(37, 3, 4, 8, preferred_byte=2, structure_size=8) == Storage(2, 4, 21)


def test_f3_a_crossing_field_moves_its_unit_inside_the_structure() -> None:
    found = find_storage(28, 20, 4, 8, preferred_byte=None, structure_size=6)

    assert found == Storage(byte=2, size=4, bit_offset=12)


def test_f3_a_field_too_wide_for_a_moved_unit_gets_a_wider_one() -> None:
    found = find_storage(20, 30, 4, 8, preferred_byte=None, structure_size=12)

    assert found == Storage(byte=2, size=8, bit_offset=4)


def test_f3_storage_beyond_the_structure_is_better_than_none() -> None:
    found = find_storage(5, 31, 4, 8, preferred_byte=None, structure_size=5)

    assert found == Storage(byte=0, size=8, bit_offset=5)


def test_storage_starts_at_whole_bytes_of_a_16_bit_target() -> None:
    assert find_storage(28, 8, 2, 16, preferred_byte=None, structure_size=3) == Storage(1, 4, 12)


def test_no_storage_holds_a_field_in_nine_octets() -> None:
    assert find_storage(3, 64, 8, 8, preferred_byte=None, structure_size=9) is None


@given(
    start=st.integers(0, 200),
    bit_size=st.integers(1, 64),
    size=st.sampled_from([1, 2, 4, 8]),
    char_bit=st.sampled_from([8, 16]),
    padding=st.integers(0, 9),
)
def test_storage_always_holds_the_field(
    start: int, bit_size: int, size: int, char_bit: int, padding: int
) -> None:
    structure_size = -(-(start + bit_size) // char_bit) + padding

    found = find_storage(
        start, bit_size, size, char_bit, preferred_byte=None, structure_size=structure_size
    )

    if found is None:
        assert start % char_bit + bit_size > 64
        return
    assert found.byte >= 0
    assert found.byte * char_bit + found.bit_offset == start
    assert 0 <= found.bit_offset <= 8 * found.size - bit_size


@pytest.mark.parametrize(
    ("little", "bit_offset", "start"), [(True, 29, 32), (True, 20, 41), (False, 0, 32)]
)
def test_old_offsets_count_from_the_most_significant_bit(
    *, little: bool, bit_offset: int, start: int
) -> None:
    assert start_from_bit_offset(4, bit_offset, 3, 4, 8, little=little) == start


@pytest.mark.parametrize(
    ("written", "meant"), [(0, 0), (61, 61), (248, -8), (65528, -8), (2**64 - 8, -8), (-8, -8)]
)
def test_negative_offsets_are_found_in_forms_without_sign(written: int, meant: int) -> None:
    assert signed_bit_offset(written) == meant
