"""The description file (.sfd): a ZIP archive with identifier, metadata, symbol map and aliases.

A description may come from anybody: sizes are limited before and while it is unpacked, and no name
in the archive is ever used as a path.

Source: firmware description, sections 2.1, 2.2 and 2.4.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

from scrutiny.core.firmware_id import parse_firmware_id

from .aliases import decode_aliases
from .atomic_files import replacing
from .errors import PackageError
from .metadata import read_metadata
from .package_members import (
    ALIASES_MEMBER,
    FIRMWARE_ID_MEMBER,
    METADATA_MEMBER,
    VARIABLE_MAP_MEMBER,
    encode_json,
)
from .regular_files import open_regular
from .zip_limits import PACKAGE_SIZE_MAX, check_directory

VARIABLE_MAP_SIZE_MAX: Final = 512 << 20  # a million leaves of 460 octets each
MEMBER_SIZE_MAX: Final = 16 << 20  # of the aliases
# A server reads these of all installed descriptions, and Python's lock is held meanwhile: 16 MiB of
# JSON would stop it for a second, 1 MiB for 50 ms.
INFO_SIZE_MAX: Final = 1 << 20
RATIO_MAX: Final = 200  # maps of 50,000 leaves come to 25; what is made to exhaust us, to 1000
RATIO_UNCHECKED_SIZE: Final = 1 << 20  # small members may be as empty as they like

_PIECE_SIZE: Final = 1 << 20
_ENCRYPTED: Final = 0x1  # flag bit of a member
# Files of one content are equal: 1980 is the first year that a ZIP archive can tell.
_TIMESTAMP: Final = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS: Final = 0o644 << 16
_UNIX: Final = 3

_CAUSE_SHOWN: Final = 100  # characters; `zipfile` repeats names that the archive made up

# What `zipfile` raises for archives that were cut off, altered, or made up.
_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    ValueError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Package:
    """What a description file holds. The symbol map, by far the largest part, stays as it is.

    Attributes:
        firmware_id: 32 lower-case hexadecimal digits.
        metadata: JSON object; values of a wrong type were dropped.
        variable_map: JSON text, UTF-8.
        aliases: JSON object, by path.
        warnings: what reading it found odd; no part of what it holds.
    """

    firmware_id: str
    metadata: dict[str, Any]
    variable_map: bytes
    aliases: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = field(default=(), compare=False)


def read_package(source: Path | BinaryIO) -> Package:
    """Read a whole description file, or a folder with its members.

    Raises:
        PackageError: no ZIP archive, a member is missing, a limit is exceeded.
    """
    with _opened(source) as members:
        firmware_id, metadata = _firmware_id(members), _metadata(members)
        variable_map = _require(members, VARIABLE_MAP_MEMBER, VARIABLE_MAP_SIZE_MAX)
        aliases, repeated = _aliases(members)
        return Package(firmware_id, metadata, variable_map, aliases, tuple(repeated))


def read_package_info(source: Path | BinaryIO) -> tuple[str, dict[str, Any]]:
    """Read firmware id and metadata only.

    Raises:
        PackageError: as `read_package`, for what is looked at.
    """
    with _opened(source) as members:
        return _firmware_id(members), _metadata(members)


def read_variable_map_of(source: Path | BinaryIO) -> bytes:
    """Read the symbol map only, of what may become a description.

    Raises:
        PackageError: as `read_package`, for what is looked at.
    """
    with _opened(source) as members:
        return _require(members, VARIABLE_MAP_MEMBER, VARIABLE_MAP_SIZE_MAX)


def write_package(package: Package, target: Path, *, follow: bool = True) -> None:
    """Write a description file; an existing one is replaced at once, or not at all.

    Equal packages give equal files.

    Args:
        package: to write.
        target: where to.
        follow: if it is a link or no file, write to what it stands for, instead of replacing it.

    Raises:
        PackageError: it cannot be written.
    """
    if len(package.variable_map) > VARIABLE_MAP_SIZE_MAX:
        raise PackageError(_too_large(VARIABLE_MAP_MEMBER, VARIABLE_MAP_SIZE_MAX))
    members = {
        FIRMWARE_ID_MEMBER: package.firmware_id.encode("ascii"),
        METADATA_MEMBER: encode_json(package.metadata),
        VARIABLE_MAP_MEMBER: package.variable_map,
        ALIASES_MEMBER: encode_json(package.aliases),
    }
    try:
        with replacing(target, follow=follow) as stream, zipfile.ZipFile(stream, "w") as archive:
            for name, data in members.items():
                archive.writestr(_describe_member(name), data)
    except OSError as error:
        raise PackageError(f"cannot write {target}: {error.strerror or error}") from error


def _describe_member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIMESTAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _PERMISSIONS
    info.create_system = _UNIX
    return info


class _Members(Protocol):
    """Where members come from."""

    def read(self, name: str, limit: int) -> bytes | None:
        """Return a member, None if there is none."""
        ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with open_regular(self._folder / name) as stream:
                data = stream.read(limit + 1)
        except FileNotFoundError:
            return None
        if len(data) > limit:
            raise PackageError(_too_large(name, limit))
        return data


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        names = [info.filename for info in archive.infolist()]
        for name in (FIRMWARE_ID_MEMBER, METADATA_MEMBER, VARIABLE_MAP_MEMBER, ALIASES_MEMBER):
            if names.count(name) > 1:
                raise PackageError(f"the description holds {name} more than once")

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            info = self._archive.getinfo(name)
        except KeyError:
            return None
        _check_member(info, limit)
        # In pieces, because zipfile holds what it reads at once twice.
        data = io.BytesIO()
        with self._archive.open(info) as stream:
            while piece := stream.read(_PIECE_SIZE):
                # What the archive says about sizes binds nobody, so the limit holds here as well.
                if data.write(piece) and data.tell() > limit:
                    raise PackageError(_too_large(name, limit))
        return data.getvalue()


def _check_member(info: zipfile.ZipInfo, limit: int) -> None:
    name = info.filename
    if info.flag_bits & _ENCRYPTED:
        raise PackageError(f"{name} is encrypted; make the description without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PackageError(
            f"{name} is compressed with method {info.compress_type}; only deflate is known"
        )
    if info.file_size > limit:
        raise PackageError(_too_large(name, limit))
    if info.file_size > max(RATIO_UNCHECKED_SIZE, RATIO_MAX * info.compress_size):
        raise PackageError(f"{name} is compressed to less than 1/{RATIO_MAX}: refused as a trap")


@contextlib.contextmanager
def _opened(source: Path | BinaryIO) -> Generator[_Members]:
    """Give access to the members; whatever is wrong with the container is a PackageError."""
    name = f"{source}" if isinstance(source, Path) else "the description"
    try:
        if isinstance(source, Path) and source.is_dir():
            yield _Folder(source)
        else:
            with contextlib.ExitStack() as stack:
                stream = (
                    stack.enter_context(open_regular(source))
                    if isinstance(source, Path)
                    else source
                )
                check_directory(stream, PACKAGE_SIZE_MAX)
                yield _Archive(stack.enter_context(zipfile.ZipFile(stream)))
    except PackageError as error:
        raise PackageError(f"{name}: {error}") from error
    except FileNotFoundError as error:
        raise PackageError(f"{name}: there is no such file") from error
    except OSError as error:
        raise PackageError(f"{name}: {error.strerror or error}") from error
    except _DAMAGES as error:
        raise PackageError(f"{name}: damaged ZIP archive ({_cause(error)})") from error


def _cause(error: Exception) -> str:
    text = f"{error}" or "it ends too early"
    return text if len(text) <= _CAUSE_SHOWN else f"{text[:_CAUSE_SHOWN]}..."


def _firmware_id(members: _Members) -> str:
    text = _require(members, FIRMWARE_ID_MEMBER, INFO_SIZE_MAX).decode("ascii", "replace")
    firmware_id = parse_firmware_id(text.strip())
    if firmware_id is None:
        raise PackageError(f"{FIRMWARE_ID_MEMBER} is not 32 hexadecimal digits: {text[:40]!r}")
    return firmware_id


def _metadata(members: _Members) -> dict[str, Any]:
    data = _require(members, METADATA_MEMBER, INFO_SIZE_MAX)
    return read_metadata(_decode_json(METADATA_MEMBER, data))


def _aliases(members: _Members) -> tuple[dict[str, Any], list[str]]:
    data = members.read(ALIASES_MEMBER, MEMBER_SIZE_MAX)
    try:
        document, repeated = decode_aliases(b"{}" if data is None else data)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{ALIASES_MEMBER} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise PackageError(f"{ALIASES_MEMBER} is not a JSON object")
    return cast("dict[str, Any]", document), repeated


def _require(members: _Members, name: str, limit: int) -> bytes:
    data = members.read(name, limit)
    if data is None:
        raise PackageError(f"{name} is missing")
    return data


def _decode_json(name: str, data: bytes) -> object:
    try:
        return cast("object", json.loads(data))
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{name} is not JSON: {error}") from error


def _too_large(name: str, limit: int) -> str:
    return f"{name} is larger than {limit >> 20} MiB"
