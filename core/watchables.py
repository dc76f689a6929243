"""What can be watched in a device, and the paths of published values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .types import DataType

_RPV_PATH = re.compile(r"/rpv/x([0-9A-F]{4})")


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """A value that the firmware offers under a number (RPV), without any symbol."""

    id: int  # 0 to 65535, chosen by the author of the firmware
    data_type: DataType

    @property
    def path(self) -> str:
        """Where clients find it, for example ``/rpv/x10AB``."""
        return rpv_path(self.id)


def rpv_path(rpv_id: int) -> str:
    """Return the path of a published value: four upper-case hexadecimal digits."""
    return f"/rpv/x{rpv_id:04X}"


def parse_rpv_path(path: str) -> int | None:
    """Return the id in the path of a published value, None for any other path."""
    match = _RPV_PATH.fullmatch(path)
    return int(match.group(1), 16) if match else None
