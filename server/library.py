"""The installed descriptions, reached from the loop without blocking it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.store import DescriptionStore, InstalledDescription

from .loading import TIME_LIMIT_S, LoadError, last_line_of
from .uploads import Upload, UploadError

INSTALLER: Final = (sys.executable, "-m", "scrutiny.server.install")

# Each may take 64 MiB of disk until it is complete, or left alone for some time.
MOST_UPLOADS: Final = 8

# Each takes a processor and up to a gigabyte for as long as its file can make it, and goes on when
# its client has left.
MOST_INSTALLERS: Final = 2


class DescriptionLibrary:
    """Lists, installs and removes descriptions.

    Args:
        data_folder: of the server.

    Attributes:
        store: where they are.
    """

    def __init__(self, data_folder: Path) -> None:
        self.store = DescriptionStore(data_folder)
        self._data_folder = str(data_folder.absolute())
        self._uploads: set[Upload] = set()
        self._installers = asyncio.Semaphore(MOST_INSTALLERS)

    async def installed(self) -> list[InstalledDescription]:
        """Return all."""
        return await asyncio.to_thread(self.store.list)

    async def metadata_of(self, firmware_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the metadata of those that are installed, by firmware id."""
        return await asyncio.to_thread(self._metadata, list(firmware_ids))

    async def size_of(self, firmware_id: str) -> int | None:
        """Return the size of one, in octets; None if it is not installed.

        Raises:
            PackageError: the identifier is none.
        """
        return await asyncio.to_thread(_size, self.store.path_of(firmware_id))

    async def uninstall(self, firmware_ids: Sequence[str]) -> None:
        """Remove descriptions. All identifiers are checked before the first is removed.

        Raises:
            PackageError: an identifier is none, or not installed, or a file cannot be removed.
        """
        for firmware_id in firmware_ids:
            if await self.size_of(firmware_id) is None:
                raise PackageError(f"no description of firmware {firmware_id} is installed")
        for firmware_id in firmware_ids:
            await asyncio.to_thread(self.store.uninstall, firmware_id)

    async def install(self, package: Path) -> InstalledDescription:
        """Check a description and install it, under the identifier that it contains.

        Waits until few others are being installed. Cancelling is safe: the check is stopped.

        Raises:
            LoadError: it cannot be used; nothing has changed.
        """
        command = (*INSTALLER, str(package), self._data_folder)
        async with self._installers:
            if not await asyncio.to_thread(package.is_file):
                raise LoadError("the upload was discarded meanwhile")
            firmware_id = await last_line_of(command, TIME_LIMIT_S)
        installed = await asyncio.to_thread(self.store.get, firmware_id)
        if installed is None:
            raise LoadError("it was installed, and removed again by somebody else")
        return installed

    async def begin_upload(self, total_size: int) -> Upload:
        """Make a place for a description that comes in pieces.

        Raises:
            UploadError: there are too many of them, or there is no place.
        """
        if len(self._uploads) >= MOST_UPLOADS:
            raise UploadError(f"{MOST_UPLOADS} uploads are not complete, wait for one of them")
        upload = Upload(asyncio.get_running_loop(), total_size, self._uploads.discard)
        self._uploads.add(upload)
        await upload.begin()
        return upload

    def _metadata(self, firmware_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        metadata: dict[str, dict[str, Any]] = {}
        for firmware_id in firmware_ids:
            with contextlib.suppress(PackageError, OSError):  # no id, or it has just vanished
                if (description := self.store.get(firmware_id)) is not None:
                    metadata[firmware_id] = description.metadata
        return metadata

    def close(self) -> None:
        """Discard what is not complete."""
        for upload in list(self._uploads):
            upload.discard()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
