"""What users may write: a number, a boolean, or text for one of them.

Source: client API, section 7.4; firmware description, sections 6.5 and 9.
"""

from __future__ import annotations

import math

from scrutiny.api.messages import WrittenValue
from scrutiny.core.enums import Enumeration
from scrutiny.core.errors import ExpressionError
from scrutiny.core.expressions import evaluate
from scrutiny.core.values import Value

from .errors import CommandRefused, quoted

# Names of an enumeration in a refusal: enough to find a misspelling.
_NAMES_SHOWN = 12


def parse_written_value(written: WrittenValue, enum: Enumeration | None = None) -> Value:
    """Return the value that a user wrote, integers exactly.

    Args:
        written: text is the name of an enumerator in exact case, or else an expression.
        enum: what the entry's values are called.

    Raises:
        CommandRefused: the text is none of the allowed forms, or the number is not finite.
    """
    if not isinstance(written, str):
        if isinstance(written, float) and not math.isfinite(written):
            raise CommandRefused(f"{written} is not a finite number")
        return written
    if enum is not None and written in enum.values:
        return enum.values[written]
    try:
        return evaluate(written)
    except ExpressionError as error:
        raise CommandRefused(
            f"{quoted(written)} is not a value: {error}; {_allowed(enum)}"
        ) from error


def _allowed(enum: Enumeration | None) -> str:
    """Return what may be written instead."""
    forms = "true, false, a number as 12, -3.5e2, 0x1F or 0b101, or an expression as 2*pi"
    if enum is None or not enum.values:
        return f"write {forms}"
    names = [quoted(name) for name in enum.values]
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = f" ({len(names) - _NAMES_SHOWN} more)" if len(names) > _NAMES_SHOWN else ""
    return f"write one of {shown}{more}, {forms}"
