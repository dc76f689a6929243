from __future__ import annotations

import os
from pathlib import Path

import pytest

from scrutiny.sfd.atomic_files import replacing


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "new") as stream:
            stream.write(b"content")
    finally:
        os.umask(before)

    assert (tmp_path / "new").read_bytes() == b"content"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_file_keeps_its_permissions_unless_others_are_given(tmp_path: Path) -> None:
    target = tmp_path / "old"
    target.write_bytes(b"")
    target.chmod(0o751)

    with replacing(target):
        pass
    assert target.stat().st_mode & 0o777 == 0o751

    with replacing(target, 0o700):
        pass
    assert target.stat().st_mode & 0o777 == 0o700


def test_nobody_sees_half_of_a_file(tmp_path: Path) -> None:
    target = tmp_path / "old"
    target.write_bytes(b"old")

    with replacing(target) as stream:
        stream.write(b"new")
        stream.flush()
        assert target.read_bytes() == b"old"

    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_f7_what_fails_leaves_nothing_behind(tmp_path: Path, problem: type[BaseException]) -> None:
    target = tmp_path / "old"
    target.write_bytes(b"old")

    def fail() -> None:
        with replacing(target) as stream:
            stream.write(b"new")
            raise problem

    with pytest.raises(problem):
        fail()

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_what_is_no_file_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with replacing(pipe) as stream:
            stream.write(b"content")

        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_errors_name_what_was_to_be_written(tmp_path: Path) -> None:
    target = tmp_path / "no folder" / "a.json"

    with pytest.raises(FileNotFoundError) as caught, replacing(target):
        pass

    assert caught.value.filename == str(target)


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError, match="folder"), replacing(tmp_path / "folder"):
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_is_being_written_can_be_told_by_its_name(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.symbols"):
        (draft,) = tmp_path.iterdir()

        assert draft.match(".a.symbols.*.tmp")


def test_names_as_long_as_can_be_are_written(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 255)

    with replacing(target) as stream:
        stream.write(b"x")

    assert target.read_bytes() == b"x"
