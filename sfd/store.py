"""Where installed descriptions are kept, one file per firmware.

Source: firmware description, section 2.10; the folder is shared with the other tools of the user.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from scrutiny.core.firmware_id import parse_firmware_id

from .atomic_files import replacing
from .errors import PackageError, VariableMapError
from .regular_files import open_regular
from .zip_limits import PACKAGE_SIZE_MAX

if TYPE_CHECKING:
    from .package import Package
    from .variable_map import VariableMap

DATA_FOLDER_VARIABLE: Final = "SCRUTINY_DATA_FOLDER"
_STORAGE_NAME: Final = "sfd_storage"


def default_data_folder() -> Path:
    """Return the folder of the user's account; the variable SCRUTINY_DATA_FOLDER wins."""
    chosen = os.environ.get(DATA_FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs  # not needed when the folder is given

    return platformdirs.user_data_path("server", "scrutiny")


class InstalledDescription(msgspec.Struct, frozen=True):
    """A description in the store.

    Attributes:
        firmware_id: 32 lower-case hexadecimal digits.
        size: of the file, in octets.
        metadata: JSON object, empty if the file cannot be read.
        is_damaged: whether the file cannot be read.
    """

    firmware_id: str
    size: int
    metadata: dict[str, Any]
    is_damaged: bool = False


class DescriptionStore:
    """The folder ``sfd_storage`` below a data folder, made when first needed."""

    def __init__(self, data_folder: Path | None = None) -> None:
        self._folder = (data_folder or default_data_folder()) / _STORAGE_NAME
        self._built_in: dict[str, Path] = {}

    def path_of(self, firmware_id: str) -> Path:
        """Return where the description of a firmware is, whether or not it is there.

        Raises:
            PackageError: not exactly 32 hexadecimal digits.
        """
        name = parse_firmware_id(firmware_id)
        if name is None:
            raise PackageError(
                f"not a firmware identifier, which has 32 hexadecimal digits: {firmware_id[:60]!r}"
            )
        return self._folder / name

    def provide(self, firmware_id: str, package: Path) -> None:
        """Let :meth:`find` know a description that is not installed."""
        self._built_in[firmware_id] = package

    def find(self, firmware_id: str) -> Path:
        """Return where a description is to be read from: installed, or else provided.

        Raises:
            PackageError: not exactly 32 hexadecimal digits.
        """
        installed = self.path_of(firmware_id)
        return installed if installed.exists() else self._built_in.get(installed.name, installed)

    def list(self) -> list[InstalledDescription]:
        """Return what is installed, in the order of identifiers; damaged files have no metadata."""
        try:
            names = sorted(entry.name for entry in self._folder.iterdir())
        except OSError:  # nothing was ever installed
            return []
        found = (self.get(name) for name in names if parse_firmware_id(name) == name)
        return [description for description in found if description is not None]

    def get(self, firmware_id: str) -> InstalledDescription | None:
        """Return one installed description, None if there is none.

        Raises:
            PackageError: not exactly 32 hexadecimal digits.
        """
        path = self.path_of(firmware_id)
        if not path.is_file():
            return None
        from .package import read_package_info  # 15 ms, and no server has to wait for it

        size = path.stat().st_size
        try:
            _, metadata = read_package_info(path)
        except PackageError:
            return InstalledDescription(path.name, size, {}, is_damaged=True)
        return InstalledDescription(path.name, size, metadata)

    def install(self, source: Path) -> InstalledDescription:
        """Check a description file and copy it, whole or not at all; one of the same firmware goes.

        Raises:
            PackageError: it is damaged; nothing has changed.
        """
        from .package import read_package

        if source.is_dir():
            package = read_package(source)
            check_package(package)
            return self.add(package)
        data = _read_limited(source)
        try:
            package = read_package(io.BytesIO(data))
            check_package(package)
        except PackageError as error:
            raise PackageError(f"{source}: {error}") from error
        path = self._make_place(package.firmware_id)
        try:
            with replacing(path, follow=False) as stream:
                stream.write(data)
        except OSError as error:
            raise PackageError(f"cannot write {path}: {error.strerror or error}") from error
        return InstalledDescription(package.firmware_id, len(data), package.metadata)

    def add(self, package: Package) -> InstalledDescription:
        """Install a description that is not in a file.

        Its symbol map was checked before (`check_package`), or has just been written by us.

        Raises:
            PackageError: it cannot be written; nothing has changed.
        """
        from .package import write_package

        path = self._make_place(package.firmware_id)
        write_package(package, path, follow=False)
        return InstalledDescription(package.firmware_id, path.stat().st_size, package.metadata)

    def uninstall(self, firmware_id: str) -> bool:
        """Remove a description; False if there was none.

        Raises:
            PackageError: not exactly 32 hexadecimal digits, or it cannot be removed.
        """
        path = self.path_of(firmware_id)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise PackageError(f"cannot remove {path}: {error.strerror or error}") from error
        return True

    def _make_place(self, firmware_id: str) -> Path:
        path = self.path_of(firmware_id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PackageError(f"cannot make {self._folder}: {error.strerror or error}") from error
        return path


def _read_limited(source: Path) -> bytes:
    """Read the file once, so that what is installed is what was checked."""
    try:
        with open_regular(source) as stream:
            return stream.read(PACKAGE_SIZE_MAX + 1)
    except FileNotFoundError as error:
        raise PackageError(f"{source}: there is no such file") from error
    except OSError as error:
        raise PackageError(f"{source}: {error.strerror or error}") from error


def check_package(package: Package) -> tuple[VariableMap, list[str]]:
    """Refuse a description that no server could load.

    Returns:
        Its variables, and what was left out of them because it makes no sense.

    Raises:
        PackageError: its symbol map is none.
    """
    from .variable_map_json import read_variable_map

    try:
        return read_variable_map(package.variable_map)
    except VariableMapError as error:
        raise PackageError(f"its symbol map cannot be used: {error}") from error
