"""Paths and the numbers of published values."""

from __future__ import annotations

import pytest

from scrutiny.core.paths import normalize_path
from scrutiny.core.watchables import parse_rpv_path, rpv_path


@pytest.mark.parametrize("spelling", ["/a/b", "a/b", "a/b/", "//a///b//"])
def test_every_spelling_has_one_canonical_form(spelling: str) -> None:
    assert normalize_path(spelling) == "/a/b"


def test_published_values_have_upper_case_paths() -> None:
    assert rpv_path(0x10AB) == "/rpv/x10AB"
    assert parse_rpv_path("/rpv/x10AB") == 0x10AB


@pytest.mark.parametrize("path", ["/rpv/x10ab", "/RPV/x10AB", "/rpv/x10AB0", "/rpv/10AB", ""])
def test_other_paths_are_no_published_values(path: str) -> None:
    assert parse_rpv_path(path) is None
