"""What the files in a description are called, and how small ones are written.

Apart from the code for archives, which takes 15 ms to import.

Source: firmware description, section 2.1.
"""

from __future__ import annotations

import json
from typing import Any, Final

FIRMWARE_ID_MEMBER: Final = "firmwareid"
METADATA_MEMBER: Final = "metadata.json"
VARIABLE_MAP_MEMBER: Final = "varmap.json"
ALIASES_MEMBER: Final = "alias.json"


def encode_json(document: dict[str, Any]) -> bytes:
    """Return a small member as it is written, for people as well."""
    # Half of a surrogate pair, which JSON can hold and UTF-8 cannot, becomes an escape of JSON.
    text = json.dumps(document, indent=4, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")
