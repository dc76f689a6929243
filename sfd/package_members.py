"""What the files in a description are called; apart from the code for archives, which takes 15 ms.

Source: firmware description, section 2.1.
"""

from __future__ import annotations

from typing import Final

FIRMWARE_ID_MEMBER: Final = "firmwareid"
METADATA_MEMBER: Final = "metadata.json"
VARIABLE_MAP_MEMBER: Final = "varmap.json"
ALIASES_MEMBER: Final = "alias.json"
