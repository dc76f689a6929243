"""The firmware identifier of a program: computed from the file, written in place of a placeholder.

Source: firmware description, section 1.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import re
import shutil
import stat
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scrutiny.core.firmware_id import FIRMWARE_ID_SIZE, PLACEHOLDER, firmware_id_text

from .atomic_files import replacing
from .errors import TagError
from .regular_files import open_regular

_TEXT_FORMATS: Final = {
    "Intel HEX": re.compile(rb":[0-9A-Fa-f]{10}"),
    "Motorola S-record": re.compile(rb"S[0-9][0-9A-Fa-f]{6}"),
}


@dataclass(frozen=True, slots=True)
class FirmwareTag:
    """The identifier of an untagged program, and where it belongs.

    Attributes:
        firmware_id: 32 lower-case hexadecimal digits, as the device will report it.
        octets: what is written into the program.
        position: in the program file, in octets.
    """

    firmware_id: str
    octets: bytes
    position: int


def compute_tag(program: Path) -> FirmwareTag:
    """Compute the identifier of an untagged program.

    Raises:
        TagError: it has no placeholder, or cannot be read.
    """
    with _readable(program), _mapped(program) as content:
        return _find_tag(content, program)


def tag_in_place(program: Path) -> FirmwareTag:
    """Write its identifier into a program; 16 octets change, the permissions stay.

    The file is replaced at once, so it may even be running.

    Raises:
        TagError: as `compute_tag`, or it cannot be written. Nothing has changed.
    """
    return tag_copy(program, program)


def tag_copy(program: Path, target: Path) -> FirmwareTag:
    """Copy a program with its permissions, and write its identifier into the copy.

    Raises:
        TagError: as `compute_tag`, or the copy cannot be written. Nothing has changed.
    """
    tag = compute_tag(program)
    try:
        with open_regular(program) as source:
            mode = stat.S_IMODE(program.stat().st_mode)
            with replacing(target, mode) as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.seek(tag.position)
                copy.write(tag.octets)
    except OSError as error:
        raise TagError(f"cannot write {target}: {error.strerror or error}") from error
    return tag


@contextlib.contextmanager
def _readable(program: Path) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise TagError(f"{program}: there is no such file") from error
    except OSError as error:
        raise TagError(f"cannot read {program}: {error.strerror or error}") from error


@contextlib.contextmanager
def _mapped(program: Path) -> Generator[mmap.mmap]:
    with open_regular(program) as stream:
        if program.stat().st_size == 0:
            raise TagError(f"{program} is empty")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def _find_tag(content: mmap.mmap, program: Path) -> FirmwareTag:
    position = content.find(PLACEHOLDER)
    is_swapped = position < 0
    if is_swapped:
        # A char array of a target with 16-bit bytes, whose octets are stored little endian.
        position = content.find(_swap_pairs(PLACEHOLDER))
    if position < 0:
        raise TagError(f"{program} {_why_there_is_none(content)}")
    folded = _fold(hashlib.sha256(content).digest())
    reported = _swap_pairs(folded) if is_swapped else folded
    return FirmwareTag(firmware_id_text(reported), folded, position)


def _why_there_is_none(content: mmap.mmap) -> str:
    start = content[:16]
    for name, pattern in _TEXT_FORMATS.items():
        if pattern.match(start):
            return f"is text ({name}): tag the ELF file or raw binary, and convert it afterwards"
    return (
        "has no place for a firmware identifier: either it was tagged before (link it again), "
        "or the device library is not linked into it"
    )


def _fold(digest: bytes) -> bytes:
    halves = zip(digest[:FIRMWARE_ID_SIZE], digest[FIRMWARE_ID_SIZE:], strict=True)
    return bytes(low ^ high for low, high in halves)


def _swap_pairs(octets: bytes) -> bytes:
    swapped = bytearray(octets)
    swapped[::2], swapped[1::2] = octets[1::2], octets[::2]
    return bytes(swapped)
