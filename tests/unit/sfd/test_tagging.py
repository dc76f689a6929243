from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.sfd.errors import TagError
from scrutiny.sfd.tagging import compute_tag, tag_copy, tag_in_place

SWAPPED = bytes(octet for i in range(0, 16, 2) for octet in (PLACEHOLDER[i + 1], PLACEHOLDER[i]))


def image(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "firmware.elf"
    path.write_bytes(content)
    return path


def folded(content: bytes) -> bytes:
    digest = hashlib.sha256(content).digest()
    return bytes(digest[i] ^ digest[i + 16] for i in range(16))


def test_the_identifier_is_the_folded_digest_of_the_file(tmp_path: Path) -> None:
    content = b"head" + PLACEHOLDER + b"tail"
    tag = compute_tag(image(tmp_path, content))

    assert tag.firmware_id == folded(content).hex()
    assert tag.octets == folded(content)
    assert tag.position == 4


def test_with_16_bit_chars_the_device_reports_the_pairs_exchanged(tmp_path: Path) -> None:
    content = b"head" + SWAPPED + b"tail"
    tag = compute_tag(image(tmp_path, content))

    octets = folded(content)
    assert tag.octets == octets
    assert bytes.fromhex(tag.firmware_id)[::2] == octets[1::2]
    assert bytes.fromhex(tag.firmware_id)[1::2] == octets[::2]


def test_a_plain_placeholder_is_preferred(tmp_path: Path) -> None:
    tag = compute_tag(image(tmp_path, SWAPPED + PLACEHOLDER))

    assert tag.position == 16


def test_only_the_first_place_is_written(tmp_path: Path) -> None:
    content = b"a" + PLACEHOLDER + b"b" + PLACEHOLDER
    path = image(tmp_path, content)

    tag = tag_in_place(path)

    assert path.read_bytes() == b"a" + tag.octets + b"b" + PLACEHOLDER


@pytest.mark.parametrize("position", [(1 << 20) - 8, (2 << 20) - 1, (3 << 20) - 16])
def test_a_placeholder_may_be_anywhere_in_a_large_file(tmp_path: Path, position: int) -> None:
    content = bytearray(os.urandom(3 << 20))
    content[position : position + 16] = PLACEHOLDER
    path = image(tmp_path, bytes(content))

    tag = tag_copy(path, tmp_path / "tagged.elf")

    content[position : position + 16] = tag.octets
    assert (tmp_path / "tagged.elf").read_bytes() == content


def test_x16_a_copy_has_the_permissions_of_the_program(tmp_path: Path) -> None:
    path = image(tmp_path, PLACEHOLDER)
    path.chmod(0o755)

    tag_copy(path, tmp_path / "tagged.elf")

    assert (tmp_path / "tagged.elf").stat().st_mode & 0o777 == 0o755
    assert path.read_bytes() == PLACEHOLDER


def test_x16_tagging_in_place_keeps_the_permissions(tmp_path: Path) -> None:
    path = image(tmp_path, PLACEHOLDER)
    path.chmod(0o750)

    tag_in_place(path)

    assert path.stat().st_mode & 0o777 == 0o750


def test_a_program_is_tagged_once(tmp_path: Path) -> None:
    path = image(tmp_path, b"code" + PLACEHOLDER)
    tag_in_place(path)
    before = path.read_bytes()

    with pytest.raises(TagError, match="tagged before"):
        tag_in_place(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b":10000000A9DCC06528FD41FA7CE863D6AA94A70800\n", "Intel HEX"),
        (b"S00600004844521B\n", "Motorola S-record"),
        (b"\x7fELF" + bytes(100), "not linked"),
        (b"", "is empty"),
    ],
)
def test_a_program_without_a_place_tells_what_to_do(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    with pytest.raises(TagError, match=expected):
        compute_tag(image(tmp_path, content))


def test_a_missing_program_is_told(tmp_path: Path) -> None:
    with pytest.raises(TagError, match="no such file"):
        compute_tag(tmp_path / "nothing.elf")


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(TagError, match="cannot read"):
        compute_tag(tmp_path)


def test_a_copy_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = image(tmp_path, PLACEHOLDER)

    with pytest.raises(TagError, match="cannot write"):
        tag_copy(path, tmp_path / "no folder" / "tagged.elf")
