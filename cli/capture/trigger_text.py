"""Triggers as they are typed: ``/motor/speed [rpm] > 1000``.

    A == B   A != B   A < B   A <= B   A > B   A >= B
    PATH rises by B    PATH falls by B    A within MARGIN of B

An operand is a path, which begins with ``/``, a number, or the name of a value of what it is
compared with. Operators stand between spaces, and of several the last one counts: paths may have
anything in them. Quotes, single or double, keep an operand together; doubled inside it, they stand
for themselves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from scrutiny.sdk.datalogging_config import TriggerCondition

from ..output import one_line
from .errors import TriggerUnreadable

_COMPARISONS: Final = {
    "==": TriggerCondition.Equal,
    "!=": TriggerCondition.NotEqual,
    "<": TriggerCondition.LessThan,
    "<=": TriggerCondition.LessOrEqualThan,
    ">": TriggerCondition.GreaterThan,
    ">=": TriggerCondition.GreaterOrEqualThan,
}
_RISE: Final = "rises by"
_FALL: Final = "falls by"
_NEAR: Final = "within"

_OPERATOR: Final = re.compile(
    r"(?<=\s)(==|!=|<=|>=|<|>|rises\s+by|falls\s+by|within)(?=\s)", re.ASCII
)
_OF: Final = re.compile(r"(?<=\s)of(?=\s)", re.ASCII)
_QUOTED: Final = re.compile(r"""(["'])((?:(?!\1).|\1\1)*)\1(?=\s|$)""", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_HEXADECIMAL: Final = re.compile(r"[+-]?0x[0-9a-f]+", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER: Final = 400  # letters; any float has less

_FORMS: Final = (
    "write it as '/PATH > 3', with spaces around the operator, which is one of "
    "== != < <= > >=, 'rises by', 'falls by' and 'within ... of'"
)


@dataclass(frozen=True, slots=True)
class PathOperand:
    """A variable, an alias or a published value."""

    path: str


@dataclass(frozen=True, slots=True)
class NameOperand:
    """A word: the name of a value, or ``true`` or ``false``."""

    name: str


Operand = PathOperand | NameOperand | int | float


@dataclass(frozen=True, slots=True)
class WrittenTrigger:
    """A trigger as it was written.

    Attributes:
        condition: what has to be true.
        operands: as many as it takes, in order.
        text: as it was typed.
    """

    condition: TriggerCondition
    operands: tuple[Operand, ...] = ()
    text: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths in it, each once."""
        paths = [operand.path for operand in self.operands if isinstance(operand, PathOperand)]
        return tuple(dict.fromkeys(paths))


AT_ONCE: Final = WrittenTrigger(TriggerCondition.AlwaysTrue)


def parse_trigger(text: str) -> WrittenTrigger:
    """Return what a text says.

    Raises:
        TriggerUnreadable: it is no trigger.
    """
    found = next(_readings(text.strip()), None)
    if found is None:
        raise TriggerUnreadable(f"no trigger: {_shown(text)}; {_hint(text)}")
    operator, operands = found
    trigger = _trigger(operator, tuple(_operand(each) for each in operands))
    if not trigger.paths:
        raise TriggerUnreadable(
            f"nothing in {_shown(text)} can change: a path begins with /, as in '/PATH > 3'"
        )
    return replace(trigger, text=text)


def quoted(path: str) -> str:
    """Return a path as it can be written in any trigger."""
    return '"' + path.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class _Piece:
    """The text of an operand, without the quotes around it if there were any."""

    text: str
    is_quoted: bool = False


_Reading = tuple[str, tuple[_Piece, ...]]


def _readings(text: str) -> Iterator[_Reading]:
    """Yield operator and operands, as they can be told apart, the best first."""
    if (first := _QUOTED.match(text)) is not None:
        operator = _OPERATOR.search(text, first.end())
        if operator is not None and not text[first.end() : operator.start()].strip():
            operands = _right_side(operator[0], text[operator.end() :].strip())
            if operands is not None:
                yield operator[0], (_unquoted(first), *operands)
        return
    all_plain: list[_Reading] = []
    for operator in _OPERATOR.finditer(text):
        left, right = text[: operator.start()].strip(), text[operator.end() :].strip()
        pieces = _right_side(operator[0], right)
        if not left or pieces is None:
            continue
        reading = operator[0], (_Piece(left), *pieces)
        if pieces[-1].is_quoted:  # other operators after this one are inside the quotes
            yield reading
        else:
            all_plain.append(reading)
    yield from reversed(all_plain)


def _right_side(operator: str, text: str) -> tuple[_Piece, ...] | None:
    """Return what follows an operator, None if that is not what it takes."""
    if operator != _NEAR:
        piece = _piece(text)
        return None if piece is None else (piece,)
    margin = _QUOTED.match(text)
    of = _OF.search(text, 0 if margin is None else margin.end())
    if of is None or (margin is not None and text[margin.end() : of.start()].strip()):
        return None
    pieces = _piece(text[: of.start()].strip()), _piece(text[of.end() :].strip())
    return None if pieces[0] is None or pieces[1] is None else (pieces[0], pieces[1])


def _piece(text: str) -> _Piece | None:
    if text[:1] not in ('"', "'"):
        return _Piece(text) if text else None
    match = _QUOTED.fullmatch(text)
    return None if match is None else _unquoted(match)


def _unquoted(match: re.Match[str]) -> _Piece:
    quote, inner = match[1], match[2]
    return _Piece(inner.replace(quote * 2, quote), is_quoted=True)


def _operand(piece: _Piece) -> Operand:
    text = piece.text
    if text.startswith("/"):
        return PathOperand(text)
    if piece.is_quoted:
        return NameOperand(text)
    number = _number(text)
    return NameOperand(text) if number is None else number


def _number(text: str) -> int | float | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if not _NUMBER.fullmatch(text):
        return None
    if not math.isfinite(float(text)):
        raise TriggerUnreadable(f"{_shown(text)} is too large a number")
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _trigger(operator: str, operands: tuple[Operand, ...]) -> WrittenTrigger:
    if operator in _COMPARISONS:
        return WrittenTrigger(_COMPARISONS[operator], operands)
    if operator == _NEAR:
        value, margin, centre = operands
        return WrittenTrigger(TriggerCondition.IsWithin, (value, centre, margin))
    return _change(" ".join(operator.split()), *operands)


def _change(operator: str, changing: Operand, by: Operand) -> WrittenTrigger:
    if not isinstance(changing, PathOperand):
        raise TriggerUnreadable(f"what {operator} something is a path, which begins with /")
    if isinstance(by, NameOperand):
        raise TriggerUnreadable(f"{operator} takes a number, not {_shown(by.name)}")
    if isinstance(by, PathOperand):
        if operator == _FALL:
            raise TriggerUnreadable(f"{operator} takes a number; {_RISE} takes a path, too")
        return WrittenTrigger(TriggerCondition.ChangeMoreThan, (changing, by))
    if by < 0 or (operator == _FALL and by == 0):
        other = f"{_FALL if operator == _RISE else _RISE} {-by:g}" if by else "a small number"
        raise TriggerUnreadable(f"{operator} takes a positive number, not {by:g}; use {other}")
    return WrittenTrigger(
        TriggerCondition.ChangeMoreThan, (changing, -by if operator == _FALL else by)
    )


def _hint(text: str) -> str:
    if re.search(r"\schanges\s+by\s", text):
        return f"the device looks for a rise or for a fall: use '{_RISE}' or '{_FALL}'"
    if re.search(r"\s=\s", text):
        return "to compare, use =="
    return _FORMS


def _shown(text: str) -> str:
    return f"'{one_line(text[:200])}'"
