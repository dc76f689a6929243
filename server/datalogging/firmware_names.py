"""What descriptions tell about firmware: the names that acquisitions carry, and metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..library import DescriptionLibrary
from ..symbols import Symbols

_LONGEST_NAME: Final = 500  # characters; a description is untrusted


class FirmwareNames:
    """Looks firmware up in the loaded description, and in those that are installed.

    Args:
        symbols: the description in use.
        library: of those that are installed.
    """

    def __init__(self, symbols: Symbols, library: DescriptionLibrary) -> None:
        self._symbols = symbols
        self._library = library

    async def name_of(self, firmware_id: str) -> str | None:
        """Return project and version, as ``Pump V2.1``; None if they are not known."""
        loaded = self._symbols.loaded
        if loaded is not None and loaded.firmware_id == firmware_id:
            return firmware_name(loaded.description.metadata)
        metadata = await self.metadata_of([firmware_id])
        return firmware_name(metadata.get(firmware_id, {}))

    async def metadata_of(self, firmware_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the metadata of those descriptions that are installed, by firmware id."""
        return await self._library.metadata_of(firmware_ids)


def firmware_name(metadata: Mapping[str, Any]) -> str | None:
    """Return the name of a firmware out of the metadata of its description."""
    project, version = metadata.get("project_name"), metadata.get("version")
    if not isinstance(project, str) or not project:
        return None
    name = f"{project} V{version}" if isinstance(version, str) and version else project
    return name[:_LONGEST_NAME]
