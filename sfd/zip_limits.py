"""A look at the end of a ZIP archive, before its list of members is read into memory.

`zipfile` makes an object of about half a kilobyte for each member it is told of, 46 octets in the
file: an archive of 64 MiB would fill a gigabyte.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final

from .errors import PackageError

PACKAGE_SIZE_MAX: Final = 64 << 20  # of the file; as what clients may upload
MEMBER_COUNT_MAX: Final = 64
DIRECTORY_SIZE_MAX: Final = 1 << 16

# End of central directory: signature, disks, counts, size and place of the directory, comment.
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_COMMENT_SIZE_MAX: Final = 0xFFFF
_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"  # of an archive with 64-bit sizes
_LOCATOR_SIZE: Final = 20


def check_directory(stream: BinaryIO, size_max: int) -> None:
    """Refuse what is no ZIP archive, or one that is too large or has too many members.

    Raises:
        PackageError: with the limit in its text.
    """
    size = stream.seek(0, os.SEEK_END)
    if size > size_max:
        raise PackageError(f"larger than {size_max >> 20} MiB")
    stream.seek(max(0, size - _END.size - _COMMENT_SIZE_MAX - _LOCATOR_SIZE))
    tail = stream.read()
    end = _find_end(tail)
    if end < 0:
        raise PackageError("not a description file (no ZIP archive), or cut off at its end")
    if tail[max(0, end - _LOCATOR_SIZE) : end].startswith(_LOCATOR_SIGNATURE):
        raise PackageError("a ZIP archive with 64-bit sizes, which no description needs")
    _, _, _, _, count, directory_size, _, _ = _END.unpack_from(tail, end)
    if count > MEMBER_COUNT_MAX or directory_size > DIRECTORY_SIZE_MAX:
        raise PackageError(f"more than {MEMBER_COUNT_MAX} members")


def _find_end(tail: bytes) -> int:
    """Return where the last record is, in the way that `zipfile` finds it; -1: nowhere."""
    bare = len(tail) - _END.size
    if bare >= 0 and tail[bare:].startswith(_END_SIGNATURE) and tail.endswith(b"\0\0"):
        return bare
    found = tail.rfind(_END_SIGNATURE)
    return found if found + _END.size <= len(tail) else -1
