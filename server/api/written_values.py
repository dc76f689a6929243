"""What users may write: a JSON number or boolean, or one of them as text.

Source: client API, section 7.4.
"""

from __future__ import annotations

import math
import re
from typing import Final

from scrutiny.api.messages import WrittenValue
from scrutiny.core.values import Value

from .errors import CommandRefused, quoted

_DECIMAL: Final = re.compile(r"[+-]?[0-9]+")
_PREFIXED: Final = re.compile(r"([+-]?)(0x[0-9a-f]+|0b[01]+)")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?")

# Longer text is no number that anybody means, and costs time to convert.
_LONGEST_TEXT: Final = 400


def parse_written_value(written: WrittenValue) -> Value:
    """Return the value that a user wrote, integers exactly.

    Raises:
        CommandRefused: the text is none of the allowed forms, or the number is not finite.
    """
    value = _parse_text(written) if isinstance(written, str) else written
    if isinstance(value, float) and not math.isfinite(value):
        raise CommandRefused(f"{_shown(written)} is not a finite number")
    return value


def _parse_text(written: str) -> Value:
    text = written.strip().lower() if len(written) <= _LONGEST_TEXT else ""
    if text in ("true", "false"):
        return text == "true"
    if _DECIMAL.fullmatch(text):
        return int(text)
    if prefixed := _PREFIXED.fullmatch(text):
        magnitude = int(prefixed[2], 0)
        return -magnitude if prefixed[1] == "-" else magnitude
    if _FLOAT.fullmatch(text):
        return float(text)
    raise CommandRefused(
        f"{quoted(written)} is not a value; write true, false, or a number as 12, -3.5e2, "
        "0x1F or 0b101"
    )


def _shown(written: WrittenValue) -> str:
    return quoted(written) if isinstance(written, str) else str(written)
