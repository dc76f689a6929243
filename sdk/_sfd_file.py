"""The one thing that the client has to know of a description file: for which firmware it is.

Source: firmware description, section 2.1.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from scrutiny.core.firmware_id import parse_firmware_id

# Largest file that a server takes, in octets.
LARGEST_FILE = 64 << 20

# The member holds 32 digits and maybe blanks. Reading stops here, whatever the file declares.
_LARGEST_MEMBER = 1000


def read_sfd_file(path: Path) -> tuple[bytes, str]:
    """Return the content of a description file, and the identifier of its firmware.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no description file, or larger than 64 MiB.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"{path} is larger than {LARGEST_FILE >> 20} MiB")
    return content, _firmware_id(content, path)


def _firmware_id(content: bytes, path: Path) -> str:
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            archive.open("firmwareid") as member,
        ):
            text = member.read(_LARGEST_MEMBER).decode("ascii").strip()
    except Exception as error:  # a damaged archive raises about ten different types
        raise ValueError(f"{path} is no firmware description: {error}") from error
    firmware_id = parse_firmware_id(text)
    if firmware_id is None:
        raise ValueError(f"{path} is no firmware description: {text[:40]!r} is no firmware id")
    return firmware_id
