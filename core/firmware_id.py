"""The 16 octets that name one build of a firmware.

Source: Device protocol, section 15.
"""

from __future__ import annotations

FIRMWARE_ID_SIZE = 16

# What a firmware reports that was never tagged after linking.
PLACEHOLDER = bytes.fromhex("a9dcc06528fd41fa7ce863d6aa94a708")


def firmware_id_text(firmware_id: bytes) -> str:
    """Return the identifier as users see it: 32 lower-case hexadecimal digits."""
    return firmware_id.hex()
