"""Names of values in a trigger, and the numbers that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scrutiny.sdk import DetailedWatchableConfiguration, EmbeddedEnum

from ..output import one_line
from .errors import CaptureRefused
from .trigger_text import NameOperand, PathOperand, WrittenTrigger

_TRUTHS: Final = {"true": 1, "false": 0}
_NAMES_SHOWN: Final = 12


def trigger_operands(
    trigger: WrittenTrigger, definitions: Mapping[str, DetailedWatchableConfiguration]
) -> list[float | str]:
    """Return the operands as a recording takes them: numbers and paths.

    Args:
        trigger: as it was written.
        definitions: of all paths in it.

    Raises:
        CaptureRefused: a name means nothing.
    """
    enums = [enum for path in trigger.paths if (enum := definitions[path].enum) is not None]
    operands: list[float | str] = []
    for operand in trigger.operands:
        match operand:
            case PathOperand(path):
                operands.append(path)
            case NameOperand(name):
                operands.append(_value_of(name, trigger.paths, enums))
            case _:
                operands.append(operand)
    return operands


def _value_of(name: str, paths: tuple[str, ...], enums: list[EmbeddedEnum]) -> int:
    for enum in enums:
        if enum.has_value(name):
            return enum.get_value(name)
    if name.lower() in _TRUTHS:
        return _TRUTHS[name.lower()]
    compared = " and ".join(map(one_line, paths))
    if not enums:
        raise CaptureRefused(
            f"{one_line(name)!r} is no number, no path, which begins with /, and no name: "
            f"the values of {compared} have none"
        )
    known = list(dict.fromkeys(known for enum in enums for known in enum.vals))
    more = ", ..." if len(known) > _NAMES_SHOWN else ""
    raise CaptureRefused(
        f"{compared} is never {one_line(name)!r}, but "
        f"{', '.join(map(one_line, known[:_NAMES_SHOWN]))}{more}"
    )
