"""What is known about a firmware description file (SFD) without reading its symbols."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrutiny import __version__


@dataclass(frozen=True)
class SFDGenerationInfo:
    """When and by what a description was made; None for what it does not tell.

    Attributes:
        timestamp: local time, without time zone.
        scrutiny_version: of the tool that made it.
        system_type: name of the operating system.
    """

    timestamp: datetime | None
    python_version: str | None
    scrutiny_version: str | None
    system_type: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as a description file holds it; ``time`` is in seconds since 1970."""
        return {
            "python_version": self.python_version,
            "scrutiny_version": self.scrutiny_version,
            "system_type": self.system_type,
            "time": None if self.timestamp is None else int(self.timestamp.timestamp()),
        }

    @classmethod
    def make(cls) -> SFDGenerationInfo:
        """Return what describes this moment and this program."""
        return cls(
            timestamp=datetime.now(),
            python_version=platform.python_version(),
            scrutiny_version=__version__,
            system_type=platform.system(),
        )


@dataclass(frozen=True)
class SFDMetadata:
    """What the author of a firmware says about it; None for what he does not."""

    project_name: str | None
    author: str | None
    version: str | None
    generation_info: SFDGenerationInfo

    def to_dict(self) -> dict[str, Any]:
        """Return it as a description file holds it."""
        return {
            "project_name": self.project_name,
            "author": self.author,
            "version": self.version,
            "generation_info": self.generation_info.to_dict(),
        }


@dataclass(frozen=True)
class SFDInfo:
    """A firmware description that the server has.

    Attributes:
        firmware_id: 32 lower-case hexadecimal digits, the same as in the firmware itself.
        filesize: in octets; None for a description that is built into the server.
        metadata: None if there is none in the file.
    """

    firmware_id: str
    filesize: int | None
    metadata: SFDMetadata | None
