from __future__ import annotations

import os
from pathlib import Path

import pytest

from scrutiny.sfd.cache import CachedExtraction, ExtractionCache, extraction_key
from scrutiny.sfd.extraction import Dropped, ExtractionOptions

RESULT = CachedExtraction(
    b'{"variables": {}}\n' * 100,
    leaf_count=7,
    dropped=[Dropped("/global/x", "main.c", "virtual base")],
    warnings=["odd"],
)


@pytest.fixture
def cache(tmp_path: Path) -> ExtractionCache:
    return ExtractionCache(tmp_path / "cache")


def test_a_result_is_found_again(cache: ExtractionCache) -> None:
    cache.put("key", RESULT)

    assert cache.get("key") == RESULT
    assert cache.get("other") is None


def test_results_are_kept_compressed(cache: ExtractionCache, tmp_path: Path) -> None:
    cache.put("key", RESULT)

    (file,) = (tmp_path / "cache").iterdir()
    assert file.stat().st_size < len(RESULT.variable_map) / 2


def test_a_damaged_result_is_none(cache: ExtractionCache, tmp_path: Path) -> None:
    cache.put("key", RESULT)
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()

    for position in range(0, len(whole), 5):
        file.write_bytes(whole[:position])
        assert cache.get("key") is None
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert cache.get("key") is None


def test_the_key_changes_with_all_that_matters(tmp_path: Path) -> None:
    program, other = tmp_path / "a.elf", tmp_path / "b.elf"
    program.write_bytes(b"one")
    other.write_bytes(b"two")
    plain = ExtractionOptions()
    keys = [
        extraction_key(program, plain, None),
        extraction_key(other, plain, None),
        extraction_key(program, plain, ""),
        extraction_key(program, plain, "\t"),
        extraction_key(program, ExtractionOptions(dereference_pointers=True), None),
        extraction_key(program, ExtractionOptions(unit_patterns_ignored=("a",)), None),
        extraction_key(program, ExtractionOptions(path_patterns_ignored=("a",)), None),
        extraction_key(program, ExtractionOptions(path_patterns_ignored=("a", "b")), None),
    ]

    assert len(set(keys)) == len(keys)
    other.write_bytes(b"one")
    assert extraction_key(other, plain, None) == keys[0]


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    def result(text: bytes) -> CachedExtraction:
        return CachedExtraction(text, 0, [], [])

    cache = ExtractionCache(tmp_path, size_max=3000)
    for age, key in enumerate(("a", "b")):
        cache.put(key, result(os.urandom(1200)))
        os.utime(tmp_path / f"{key}.varmap", (age, age))
    assert cache.get("a") is not None

    cache.put("c", result(os.urandom(1200)))

    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


def test_what_a_killed_process_left_behind_goes_after_an_hour(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.varmap.00.tmp", tmp_path / ".b.varmap.00.tmp"
    for draft in (old, young):
        draft.write_bytes(b"half")
    os.utime(old, (0, 0))

    ExtractionCache(tmp_path).put("key", RESULT)

    assert not old.exists()
    assert young.exists()


def test_what_is_larger_than_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = ExtractionCache(tmp_path / "cache", size_max=10)
    cache.put("key", RESULT)

    assert cache.get("key") is None
    assert not (tmp_path / "cache").exists()


def test_without_a_place_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ExtractionCache(tmp_path / "file")

    cache.put("key", RESULT)

    assert cache.get("key") is None
