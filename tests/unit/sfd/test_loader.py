"""Descriptions are prepared once, found again, and refused with one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scrutiny.sfd import loader
from scrutiny.sfd.compiled import CompiledDescription
from scrutiny.sfd.package import Package, write_package

GARAGE = (Path(__file__).parents[2] / "data" / "garage-variable-map.json").read_bytes()
FIRMWARE_ID = "00112233445566778899aabbccddeeff"

Capture = pytest.CaptureFixture[str]


def make_package(path: Path, **parts: object) -> Path:
    contents: dict[str, object] = {
        "firmware_id": FIRMWARE_ID,
        "metadata": {"version": "3.1"},
        "variable_map": GARAGE,
        "aliases": {"/Gear": {"target": "/global/car/gear"}},
    }
    write_package(Package(**(contents | parts)), path)  # type: ignore[arg-type]
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make_package(tmp_path / "garage.sfd")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def load(package: Path, cache: Path, capsys: Capture) -> Path:
    """Run the loader in this process, and return what it printed."""
    assert loader.main([str(package), str(cache)]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    return Path(output.out.splitlines()[-1])


def refusal(package: Path, cache: Path, capsys: Capture) -> str:
    """Run the loader in this process, and return the one line that it said."""
    assert loader.main([str(package), str(cache)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("\n")
    assert len(output.err.splitlines()) == 1
    return output.err.strip()


def test_a_description_is_prepared(package: Path, cache: Path, capsys: Capture) -> None:
    path = load(package, cache, capsys)

    description = CompiledDescription.open(path)
    assert path.parent == cache
    assert description.firmware_id == FIRMWARE_ID
    assert description.metadata == {"version": "3.1"}
    assert description.variable_count + description.factory_count == 11
    assert [alias.path for alias in description.aliases(0, 9)] == ["/Gear"]
    assert description.warnings == []
    description.close()
    assert [file.name for file in cache.iterdir()] == [path.name]


def test_warnings_tell_what_was_left_out(tmp_path: Path, cache: Path, capsys: Capture) -> None:
    package = make_package(
        tmp_path / "a.sfd",
        variable_map=GARAGE.replace(b'"addr": 8192, "enum": 0', b'"addr": 8192, "enum": 5'),
        aliases={"/A": {"target": "/none"}, "/B": {"gain": 0}}
        | {f"/C{i}": {"target": 3} for i in range(100)},
    )

    description = CompiledDescription.open(load(package, cache, capsys))

    assert description.variable_count == 2
    assert description.alias_count == 0
    assert description.warnings[0].startswith("variable /global/car/gear ")
    assert description.warnings[-2] == "81 more aliases left out"
    assert description.warnings[-1].startswith("alias /A ")
    assert len(description.warnings) == 1 + 20 + 1 + 1
    description.close()


def test_the_same_content_is_found_again(
    package: Path, tmp_path: Path, cache: Path, capsys: Capture
) -> None:
    first = load(package, cache, capsys)
    os.utime(first, ns=(0, 0))
    before = first.stat()
    copy = tmp_path / "copy.sfd"
    copy.write_bytes(package.read_bytes())

    assert load(copy, cache, capsys) == first

    assert first.stat().st_ino == before.st_ino
    assert first.stat().st_mtime_ns > before.st_mtime_ns  # it is the youngest now


def test_other_content_has_another_place(
    package: Path, tmp_path: Path, cache: Path, capsys: Capture
) -> None:
    other = make_package(tmp_path / "other.sfd", aliases={})

    assert load(package, cache, capsys) != load(other, cache, capsys)
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_result_is_made_again(
    damage: str, package: Path, cache: Path, capsys: Capture
) -> None:
    path = load(package, cache, capsys)
    good = path.read_bytes()
    damaged = {"cut": good[:-9], "changed": good[:-1] + b"\xaa", "empty": b""}[damage]
    path.write_bytes(damaged)

    assert load(package, cache, capsys) == path

    assert path.read_bytes() == good


def test_the_eight_that_were_used_last_are_kept(
    package: Path, cache: Path, capsys: Capture
) -> None:
    cache.mkdir()
    for age in range(12):
        old = cache / f"{age}.symbols"
        old.touch()
        os.utime(old, (1000 - age, 1000 - age))
    (cache / "something else").touch()

    path = load(package, cache, capsys)

    kept = {file.name for file in cache.iterdir()}
    assert kept == {path.name, "something else"} | {f"{age}.symbols" for age in range(7)}


def test_the_oldest_go_when_they_take_too_much_room(
    package: Path, cache: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    for age in range(3):
        old = cache / f"{age}.symbols"
        old.write_bytes(bytes(1000))
        os.utime(old, (1000 - age, 1000 - age))
    size = load(package, cache, capsys).stat().st_size
    monkeypatch.setattr(loader, "CACHE_SIZE_MAX", size + 1500)

    path = load(package, cache, capsys)

    assert {file.name for file in cache.iterdir()} == {path.name, "0.symbols"}


def test_the_new_result_stays_even_if_it_is_larger_than_the_cache(
    package: Path, cache: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "CACHE_SIZE_MAX", 1)

    assert load(package, cache, capsys).exists()


def test_what_a_killed_process_left_behind_goes(
    package: Path, cache: Path, capsys: Capture
) -> None:
    cache.mkdir()
    fresh, stale = cache / ".a.symbols.0.tmp", cache / ".b.symbols.0.tmp"
    fresh.touch()
    stale.touch()
    before = time.time() - 7200
    os.utime(stale, (before, before))

    load(package, cache, capsys)

    assert fresh.exists()
    assert not stale.exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_f4_a_damaged_file_is_refused(
    content: bytes, package: Path, cache: Path, capsys: Capture
) -> None:
    package.write_bytes(content)

    assert refusal(package, cache, capsys)
    assert list(cache.iterdir()) == []


def test_f2_a_file_without_a_map_is_refused(tmp_path: Path, cache: Path, capsys: Capture) -> None:
    package = make_package(tmp_path / "a.sfd", variable_map=b'{"endianness":\n"little"}')

    assert "symbol map cannot be read" in refusal(package, cache, capsys)
    assert list(cache.iterdir()) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path, cache: Path, capsys: Capture) -> None:
    assert "none.sfd" in refusal(tmp_path / "none.sfd", cache, capsys)


def test_a_cache_folder_that_cannot_be_made_is_named(package: Path, capsys: Capture) -> None:
    assert "garage.sfd" in refusal(package, package / "cache", capsys)


def test_wrong_arguments_are_answered_with_the_usage(capsys: Capture) -> None:
    assert loader.main(["only one"]) == 1
    assert capsys.readouterr().err.startswith("usage: ")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "scrutiny.sfd.loader", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def test_the_process_prints_the_path(package: Path, cache: Path) -> None:
    result = run(package, cache)

    assert (result.returncode, result.stderr) == (0, b"")
    description = CompiledDescription.open(Path(os.fsdecode(result.stdout.splitlines()[-1])))
    assert description.find_variable("/global/car/gear") is not None
    description.close()


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of address space")
def test_the_process_says_that_it_needs_too_much_memory(tmp_path: Path, cache: Path) -> None:
    # 4 MB of text that become 300,000 objects.
    entries = b",".join(b'"/%x":0' % i for i in range(300_000))
    text = GARAGE.replace(b'"variables": {', b'"variables": {' + entries + b",")
    package = make_package(tmp_path / "a.sfd", variable_map=text)
    code = (
        "import resource, sys\n"
        "from scrutiny.sfd import compiling, loader, package, variable_map_reading\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (24 << 20), -1))\n"
        "sys.exit(loader.main(sys.argv[1:]))\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", code, package, cache], capture_output=True, check=False, timeout=60
    )

    assert result.returncode == 1
    assert result.stderr == b"the description needs more than 1024 MiB of memory\n"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
def test_the_process_has_low_priority_and_bounded_memory(package: Path, cache: Path) -> None:
    code = (
        "import os, resource, runpy, sys\n"
        "sys.argv = ['loader', *sys.argv[1:]]\n"
        "try:\n"
        "    runpy.run_module('scrutiny.sfd.loader', run_name='__main__')\n"
        "finally:\n"
        "    print(os.nice(0), resource.getrlimit(resource.RLIMIT_AS)[0], file=sys.stderr)\n"
    )
    before = os.nice(0)

    result = subprocess.run(
        [sys.executable, "-c", code, package, cache], capture_output=True, check=True, timeout=60
    )

    niceness, limit = map(int, result.stderr.split())
    assert niceness == min(before + loader.NICENESS, 19)
    assert limit == loader.MEMORY_MAX
