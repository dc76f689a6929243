"""The 16 octets that name one build of a firmware.

Source: Device protocol, section 15; firmware description, section 1.
"""

from __future__ import annotations

import re
from typing import Final

FIRMWARE_ID_SIZE: Final = 16

# What a firmware reports that was never tagged after linking.
PLACEHOLDER: Final = bytes.fromhex("a9dcc06528fd41fa7ce863d6aa94a708")

_TEXT: Final = re.compile(r"[0-9a-fA-F]{32}")


def firmware_id_text(firmware_id: bytes) -> str:
    """Return the identifier as users see it: 32 lower-case hexadecimal digits."""
    return firmware_id.hex()


def parse_firmware_id(text: str) -> str | None:
    """Return the identifier in lower case; None unless it is exactly 32 hexadecimal digits.

    Whatever passes can be used as the name of a file.
    """
    return text.lower() if _TEXT.fullmatch(text) else None
