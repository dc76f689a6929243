"""Paths, their indices, and the numbers of published values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.core.errors import PathError
from scrutiny.core.paths import ArraySegment, normalize_path, split_indices
from scrutiny.core.watchables import parse_rpv_path, rpv_path


@pytest.mark.parametrize("spelling", ["/a/b", "a/b", "a/b/", "//a///b//"])
def test_every_spelling_has_one_canonical_form(spelling: str) -> None:
    assert normalize_path(spelling) == "/a/b"


def test_published_values_have_upper_case_paths() -> None:
    assert rpv_path(0x10AB) == "/rpv/x10AB"
    assert parse_rpv_path("/rpv/x10AB") == 0x10AB


@pytest.mark.parametrize("path", ["/rpv/xFFFF", "rpv/xABCD/", "/rpv/x0000"])
def test_x15_ids_of_published_values_are_hexadecimal(path: str) -> None:
    assert parse_rpv_path(path) == int(path.strip("/")[-4:], 16)


@pytest.mark.parametrize(
    "path", ["/rpv/x10ab", "/RPV/x10AB", "/rpv/x10AB0", "/rpv/10AB", "", "/rpv/x10AB\n"]
)
def test_other_paths_are_no_published_values(path: str) -> None:
    assert parse_rpv_path(path) is None


@pytest.mark.parametrize(
    ("path", "raw", "indices"),
    [
        ("/a/t", "/a/t", {}),
        ("/a/t[3]", "/a/t", {4: (3,)}),
        ("/a/t[2][0]/x", "/a/t/x", {4: (2, 0)}),
        ("/w/w[1]/t/t[1][2]", "/w/w/t/t", {4: (1,), 8: (1, 2)}),
        ("/f/*fleet[1][0]/w/w[2]/rpm", "/f/*fleet/w/w/rpm", {9: (1, 0), 13: (2,)}),
        ("/a/t[007][00]", "/a/t", {4: (7, 0)}),
        ("/a/t[12345678901234567890]", "/a/t", {4: (12345678901234567890,)}),
        ("/a/größe[1]", "/a/größe", {8: (1,)}),
    ],
)
def test_indices_are_taken_out_of_a_path(
    path: str, raw: str, indices: dict[int, tuple[int, ...]]
) -> None:
    assert split_indices(path) == (raw, indices)


@pytest.mark.parametrize(
    "path",
    [
        "/A/operator[](int)/x",
        "/A/operator[]",
        "/Vehicle/Speed [km/h]",
        "/a/x[abi:cxx11]",
        "/a/[b, c]",
        "/a/tvar<int [3]>",
        "/a/t[1]x/y",
        "/a/[3]",
        "/a/t[-1]",
        "/a/t[+1]",
        "/a/t[ 1]",
        "/a/t[1_0]",
        "/a/t[]",
        "/a/t[1",
        "/a/t]",
        "/a/t[1]\n",
        "/a/t[\u0661]",
        "/a/t[\u00b2]",
        "/a/t[" + "1" * 41 + "]",
    ],
)
def test_other_brackets_belong_to_the_name(path: str) -> None:
    assert split_indices(path) == (path, {})


@pytest.mark.parametrize(
    ("path", "raw", "indices"),
    [
        ("/A/operator[](int)[4]", "/A/operator[](int)", {18: (4,)}),
        ("/a/t[x][1][2]", "/a/t[x]", {7: (1, 2)}),
        ("/a/t[1]x[2]", "/a/t[1]x", {8: (2,)}),
        ("/a/[1][2]", "/a/[1]", {6: (2,)}),
    ],
)
def test_indices_are_what_remains_behind_the_longest_name(
    path: str, raw: str, indices: dict[int, tuple[int, ...]]
) -> None:
    assert split_indices(path) == (raw, indices)


def test_a_path_made_of_brackets_is_split_in_one_pass() -> None:
    brackets = "[1]" * 20_000

    assert split_indices(f"/a/t{brackets}x")[1] == {}
    assert len(split_indices(f"/a/t{brackets}")[1][4]) == 20_000


@given(
    dimensions=st.lists(st.integers(1, 50), min_size=1, max_size=4),
    element_size=st.integers(1, 1000),
    data=st.data(),
)
def test_elements_lie_in_rows(
    dimensions: list[int], element_size: int, data: st.DataObject
) -> None:
    indices = [data.draw(st.integers(0, size - 1)) for size in dimensions]
    array = ArraySegment(0, tuple(dimensions), element_size)

    linear = 0
    for rank, index in enumerate(indices):
        multiplier = 1
        for size in dimensions[rank + 1 :]:
            multiplier *= size
        linear += index * multiplier

    assert array.offset(indices, "/a") == linear * element_size


def test_the_worked_example_of_the_description() -> None:
    wheels = ArraySegment(0, (4,), 12)
    temperatures = ArraySegment(0, (2, 3), 1)

    assert 8196 + wheels.offset([3], "wheels") == 8232
    assert 8202 + wheels.offset([1], "wheels") + temperatures.offset([1, 2], "temp") == 8219


def test_the_first_element_of_a_huge_array_is_at_its_start() -> None:
    array = ArraySegment(0, (2**63, 2**63), 8)

    assert array.offset([0, 0], "/a") == 0
    assert array.offset([2**63 - 1, 2**63 - 1], "/a") == (2**126 - 1) * 8


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ((4, 0), r"index 4 of /car/wheels is out of range: 0 to 3"),
        ((0, 3), r"index 3 of /car/wheels is out of range: 0 to 2"),
        ((10**30, 0), r"index 10{30} of /car/wheels is out of range: 0 to 3"),
        ((-1, 0), r"index -1 of /car/wheels is out of range: 0 to 3"),
    ],
)
def test_f8_an_index_out_of_range_is_named_with_the_limit(
    indices: tuple[int, ...], message: str
) -> None:
    array = ArraySegment(11, (4, 3), 12)

    with pytest.raises(PathError, match=message):
        array.offset(indices, "/car/wheels")


@pytest.mark.parametrize(
    ("dimensions", "indices", "message"),
    [
        ((4,), (), r"/a is an array \[4\]: it takes 1 index, not 0"),
        ((4,), (1, 2), r"/a is an array \[4\]: it takes 1 index, not 2"),
        ((4, 3), (1,), r"/a is an array \[4\]\[3\]: it takes 2 indices, not 1"),
    ],
)
def test_f8_a_wrong_number_of_indices_is_named_with_the_shape(
    dimensions: tuple[int, ...], indices: tuple[int, ...], message: str
) -> None:
    with pytest.raises(PathError, match=message):
        ArraySegment(0, dimensions, 4).offset(indices, "/a")
