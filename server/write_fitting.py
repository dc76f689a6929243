"""From what a user wants to write to the value that the device gets.

Source: client API, section 7.4; firmware description, section 3.
"""

from __future__ import annotations

import math
import sys

from scrutiny.core.values import Value, saturate
from scrutiny.core.watchables import Alias, Variable

from .entries import Entry


def fit_to_entry(entry: Entry, value: Value) -> Value:
    """Return the value of the entry's source that a write gives.

    Through an alias, the value is limited and scaled first, and then rounded to the nearest
    integer where the target is one. What is beyond the range of the type becomes its end.

    Args:
        entry: what to write.
        value: in the units of the user.

    Raises:
        ValueCodecError: the value is not finite, or the type cannot be written.
    """
    source, alias = entry.source, entry.alias
    bits = None
    if isinstance(source, Variable) and source.bit_field is not None:
        bits = source.bit_field.size
    is_scaled = alias is not None and alias.is_scaled and not isinstance(value, bool)
    is_finite = not isinstance(value, float) or math.isfinite(value)
    if alias is not None and is_finite:  # saturate refuses what is not
        value = _unscaled(alias, value)
    return saturate(value, source.data_type, bits, to_nearest=is_scaled)


def _unscaled(alias: Alias, value: Value) -> Value:
    """Return the value in units of the target, which is finite however large it gets."""
    try:
        wanted = alias.to_device(value)
    except OverflowError:
        wanted = math.inf if (value > 0) == (alias.gain > 0) else -math.inf
    if isinstance(wanted, float) and math.isinf(wanted):
        return math.copysign(sys.float_info.max, wanted)
    return wanted
