from __future__ import annotations

import os
from pathlib import Path

import pytest

from scrutiny.sfd.compiled import CompiledDescription
from scrutiny.sfd.elf.program import Program
from scrutiny.sfd.errors import ElfError, PackageError, TagError
from scrutiny.sfd.package import read_package_info
from scrutiny.sfd.regular_files import open_regular
from scrutiny.sfd.tagging import compute_tag


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes into: to open it takes for ever."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")

    with open_regular(tmp_path / "file") as stream:
        assert stream.read() == b"content"


def test_a_pipe_is_refused_at_once(pipe: Path) -> None:
    with pytest.raises(OSError, match="a pipe or a device"):
        open_regular(pipe)


def test_a_device_without_end_is_refused() -> None:
    with pytest.raises(OSError, match="a pipe or a device"):
        open_regular(Path("/dev/zero"))


def test_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        open_regular(tmp_path)

    assert caught.value.filename == str(tmp_path)


def test_nothing_that_reads_a_file_waits_for_a_pipe(pipe: Path) -> None:
    with pytest.raises(ElfError, match="pipe"):
        Program.open(pipe)
    with pytest.raises(PackageError, match="pipe"):
        read_package_info(pipe)
    with pytest.raises(PackageError, match="pipe"):
        CompiledDescription.open(pipe)
    with pytest.raises(TagError, match="pipe"):
        compute_tag(pipe)
