"""From a trigger in the user's units to the condition and operands that the device compares.

The device knows nothing of aliases. So literals are brought into its units, where the gain of the
alias allows it, and the comparison is turned round where the gain is negative. What it cannot be
told exactly is refused, with what to ask for instead.

Literals reach the device as 32-bit floats. Source: device protocol, sections 11.2 and 12.
"""

from __future__ import annotations

import math
import struct
from typing import Final, NoReturn

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import Value
from scrutiny.core.watchables import PublishedValue, Variable
from scrutiny.firmware_link.codes import TriggerCondition
from scrutiny.firmware_link.messages import (
    BitFieldOperand,
    LiteralOperand,
    Operand,
    RpvOperand,
    VariableOperand,
)

from .errors import RecordingRefused
from .target import (
    FieldBits,
    Place,
    RecordingTarget,
    field_bits,
    octets_from_the_end,
    unsigned_or_signed,
)
from .wanted import (
    UNSCALED,
    Recordable,
    Scale,
    WantedOperand,
    WantedTrigger,
)

_WORD_SIZES: Final = (1, 2, 4, 8)  # octets

# Names of an enumeration in a refusal: enough to find a misspelling.
_NAMES_SHOWN: Final = 12

# How far from a whole number a literal may be that comes out of an alias with a gain.
_ROUNDING: Final = 1e-9

_CONDITIONS: Final = {
    "true": TriggerCondition.ALWAYS_TRUE,
    "eq": TriggerCondition.EQUAL,
    "neq": TriggerCondition.NOT_EQUAL,
    "lt": TriggerCondition.LESS_THAN,
    "let": TriggerCondition.LESS_OR_EQUAL_THAN,
    "gt": TriggerCondition.GREATER_THAN,
    "get": TriggerCondition.GREATER_OR_EQUAL_THAN,
    "cmt": TriggerCondition.CHANGE_MORE_THAN,
    "within": TriggerCondition.IS_WITHIN,
}
_TURNED: Final = {
    TriggerCondition.LESS_THAN: TriggerCondition.GREATER_THAN,
    TriggerCondition.LESS_OR_EQUAL_THAN: TriggerCondition.GREATER_OR_EQUAL_THAN,
    TriggerCondition.GREATER_THAN: TriggerCondition.LESS_THAN,
    TriggerCondition.GREATER_OR_EQUAL_THAN: TriggerCondition.LESS_OR_EQUAL_THAN,
}
_EXACT: Final = (TriggerCondition.EQUAL, TriggerCondition.NOT_EQUAL)

_Comparison = tuple[TriggerCondition, tuple[Recordable | float, ...]]


def condition_named(name: str) -> TriggerCondition:
    """Return the condition that clients call so.

    Raises:
        RecordingRefused: there is none.
    """
    condition = _CONDITIONS.get(name)
    if condition is None:
        raise RecordingRefused(f"unknown condition {name[:40]!r}; use {', '.join(_CONDITIONS)}")
    return condition


def device_trigger(
    wanted: WantedTrigger, target: RecordingTarget
) -> tuple[TriggerCondition, tuple[Operand, ...]]:
    """Return what the device has to compare.

    Raises:
        RecordingRefused: it cannot be told, or it could not look at an operand.
    """
    condition, operands = in_device_units(wanted)
    return condition, tuple([_encoded(operand, target) for operand in operands])


def in_device_units(wanted: WantedTrigger) -> _Comparison:
    """Return condition and operands, with literals in the units of the device.

    Raises:
        RecordingRefused: the number of operands is wrong, or the device cannot be told.
    """
    condition, operands = wanted.condition, wanted.operands
    if len(operands) != condition.operand_count:
        name = next(name for name, known in _CONDITIONS.items() if known is condition)
        raise RecordingRefused(
            f"the condition {name} takes {condition.operand_count} operands, not {len(operands)}"
        )
    if condition is TriggerCondition.ALWAYS_TRUE:
        return condition, ()
    if condition is TriggerCondition.CHANGE_MORE_THAN:
        return condition, _change(operands)
    if condition is TriggerCondition.IS_WITHIN:
        return condition, _within(operands)
    return _compared(condition, operands)


# --------------------------------------------------------------------- conditions


def _compared(condition: TriggerCondition, operands: tuple[WantedOperand, ...]) -> _Comparison:
    pair = _named(operands)
    scale = _common_scale(pair)
    if scale.gain < 0:
        condition = _TURNED.get(condition, condition)
    if condition in _EXACT:
        return condition, _exactly(pair, scale)
    return condition, tuple([_in_units(operand, scale) for operand in pair])


def _exactly(pair: tuple[Recordable | Value, ...], scale: Scale) -> tuple[Recordable | float, ...]:
    """Return two operands that are compared for equality."""
    watchable = next((o for o in pair if isinstance(o, Recordable)), None)
    if watchable is None or watchable.source.data_type.kind is TypeKind.FLOAT:
        return tuple([_in_units(operand, scale) for operand in pair])
    return tuple([o if isinstance(o, Recordable) else _whole(o, scale, watchable) for o in pair])


def _change(operands: tuple[WantedOperand, ...]) -> tuple[Recordable | float, ...]:
    """Return a watchable, and how much it has to change from one iteration to the next."""
    changing, by = operands
    if isinstance(changing, str) or isinstance(by, str):
        raise RecordingRefused("cmt compares a change with a number; a name cannot be used")
    scale = changing.scale if isinstance(changing, Recordable) else UNSCALED
    if isinstance(by, Recordable):
        if by.scale != Scale(scale.gain) or scale.gain < 0:
            _refuse_units(changing, by, "compare the change with a number instead")
        return _plain(changing), by
    step = _number(by) / scale.gain
    if scale.gain < 0 and step == 0:
        # The sign says whether a rise or a fall is meant, and zero has none.
        raise RecordingRefused(
            f"a change of more than 0 of {changing}, whose gain is negative, cannot be told to the "
            "device; use a small number instead of 0"
        )
    is_whole = (
        isinstance(changing, Recordable) and changing.source.data_type.kind is not TypeKind.FLOAT
    )
    if is_whole and -1 < step < 0:
        raise RecordingRefused(
            f"the device sees {changing} change in whole steps of {abs(scale.gain):g}; "
            f"use a change of {-scale.gain:g} at least"
        )
    return _plain(changing), _float32(step, by)


def _within(operands: tuple[WantedOperand, ...]) -> tuple[Recordable | float, ...]:
    """Return what is compared, with what, and how far they may be apart."""
    margin = operands[2]
    if isinstance(margin, str):
        raise RecordingRefused("the margin of within is a number; a name cannot be used")
    pair = _named(operands[:2])
    if not isinstance(margin, Recordable):
        scale = _common_scale(pair)
        distance = abs(_number(margin)) / abs(scale.gain)
        return (*(_in_units(operand, scale) for operand in pair), _float32(distance, margin))
    is_known = any(isinstance(operand, Recordable) for operand in pair)
    scale = _common_scale(pair) if is_known else margin.scale
    # A distance has no offset, and no sign.
    if margin.scale.offset or abs(margin.scale.gain) != abs(scale.gain):
        other = next((o for o in pair if isinstance(o, Recordable)), operands[0])
        _refuse_units(other, margin, "use a number as the margin instead")
    return (*(_in_units(operand, scale) for operand in pair), margin)


def _plain(operand: Recordable | Value) -> Recordable | float:
    return operand if isinstance(operand, Recordable) else _float32(_number(operand), operand)


# --------------------------------------------------------------------- units


def _common_scale(pair: tuple[Recordable | Value, ...]) -> Scale:
    """Return the scale of what is compared; a literal takes that of the other side."""
    scaled = [operand for operand in pair if isinstance(operand, Recordable)]
    if not scaled:
        return UNSCALED
    if any(operand.scale != scaled[0].scale for operand in scaled):
        _refuse_units(scaled[0], scaled[1], "compare their targets, or each with a number")
    return scaled[0].scale


def _refuse_units(first: WantedOperand, second: Recordable, instead: str) -> NoReturn:
    told = [
        f"{operand} ({operand.scale}, target {operand.source.path})"
        if operand.alias is not None
        else f"{operand}"
        for operand in (first, second)
        if isinstance(operand, Recordable)
    ]
    raise RecordingRefused(
        f"the device cannot compare {' with '.join(told)}: their scales differ, and it knows "
        f"nothing of aliases; {instead}"
    )


def _in_units(operand: Recordable | Value, scale: Scale) -> Recordable | float:
    if isinstance(operand, Recordable):
        return operand
    return _float32(_unscaled(operand, scale), operand)


def _unscaled(literal: Value, scale: Scale) -> float:
    """Return a literal in the units of the device."""
    number = _number(literal)
    return number if scale == UNSCALED else (number - scale.offset) / scale.gain


def _whole(literal: Value, scale: Scale, watchable: Recordable) -> float:
    """Return a literal that an integer is compared with for equality, exactly."""
    number: float | int = literal
    if scale != UNSCALED:
        number = _unscaled(literal, scale)
        if math.isfinite(number) and abs(number - round(number)) <= _ROUNDING * max(1, abs(number)):
            number = round(number)  # the arithmetic of an alias is inexact
    sent = _float32(number, literal)
    if not sent.is_integer():
        raise RecordingRefused(
            f"{watchable} can never be {literal}, its values in the device are whole numbers"
            f"{f' times {scale.gain:g}' if scale.gain != 1 else ''}; use lt, let, gt or get"
        )
    if int(sent) != number:
        raise RecordingRefused(
            f"{literal} cannot be compared for equality: the device gets literals as 32-bit "
            f"floats, which would make it {int(sent)}; use lt, let, gt or get, or compare with "
            "another watchable"
        )
    return sent


def _number(literal: Value) -> float:
    try:
        return float(literal)
    except OverflowError:
        return math.inf


def _float32(number: float, literal: Value) -> float:
    """Return the nearest 32-bit float.

    Raises:
        RecordingRefused: there is none.
    """
    try:
        sent: float = struct.unpack(">f", struct.pack(">f", number))[0]
    except (OverflowError, struct.error):
        sent = math.inf
    if not math.isfinite(sent):
        scaled = "" if number == literal else f" ({number:g} in the device's units)"
        raise RecordingRefused(
            f"the literal {_shown(literal)}{scaled} is no finite 32-bit float, which is what the "
            "device compares with"
        )
    return sent


def _shown(literal: Value) -> str:
    return f"{literal}" if isinstance(literal, float) or abs(literal) < 1 << 70 else "of this size"


# --------------------------------------------------------------------- names of values


def _named(operands: tuple[WantedOperand, ...]) -> tuple[Recordable | Value, ...]:
    """Return operands with numbers in the place of names of values."""
    if all(not isinstance(operand, str) for operand in operands):
        return tuple([operand for operand in operands if not isinstance(operand, str)])
    watchable = next((o for o in operands if isinstance(o, Recordable)), None)
    return tuple([_value_named(o, watchable) if isinstance(o, str) else o for o in operands])


def _value_named(name: str, watchable: Recordable | None) -> int:
    enum = None if watchable is None else watchable.enum
    if enum is None or not enum.values:
        of_what = "no watchable" if watchable is None else f"{watchable}, which has no named values"
        raise RecordingRefused(
            f"the literal {name[:80]!r} is compared with {of_what}; use a number, or the operand "
            "type watchable for a path"
        )
    if name not in enum.values:
        known = [repr(known) for known in list(enum.values)[:_NAMES_SHOWN]]
        raise RecordingRefused(
            f"{name[:80]!r} is no value of {watchable}; known are {', '.join(known)}"
            f"{' and more' if len(enum.values) > _NAMES_SHOWN else ''}"
        )
    return enum.values[name]


# --------------------------------------------------------------------- operands


def _encoded(operand: Recordable | float, target: RecordingTarget) -> Operand:
    if not isinstance(operand, Recordable):
        return LiteralOperand(operand)
    source = operand.source
    if isinstance(source, PublishedValue):
        target.check_published(source)
        return RpvOperand(source.id)
    bits = field_bits(source)
    storage = target.storage_of(source)
    if bits is None:
        return _variable(operand, source, storage, target)
    return _bit_field(operand, source, storage, bits, target)


def _variable(
    operand: Recordable, source: Variable, storage: Place, target: RecordingTarget
) -> Operand:
    target.check_width(operand.path, storage.size)
    target.check_readable(operand.path, storage)
    data_type = source.data_type
    # A boolean of another size than the firmware's own would be refused, and so are pointers.
    is_wide_boolean = data_type.kind is TypeKind.BOOL and data_type is not DataType.BOOL8
    if is_wide_boolean or data_type.kind is TypeKind.PTR:
        data_type = unsigned_or_signed(storage.size, TypeKind.UINT)
    return VariableOperand(data_type, storage.start // target.char_size)


def _bit_field(
    operand: Recordable,
    source: Variable,
    storage: Place,
    bits: FieldBits,
    target: RecordingTarget,
) -> Operand:
    """Return the smallest word that begins with the octet of the field's least significant bit.

    So the offset is at most 7: firmware that refuses more takes it, and all read the same, whether
    they shift the smallest word that covers the field or one of the size of the type. A field of
    three octets, or five to seven, may need a word that leaves its storage; then that is taken.
    """
    unit = 8 * target.char_size
    lowest = bits.shift // unit * target.char_size
    shift = bits.shift % unit
    for size in _WORD_SIZES:
        if size < target.char_size or shift + bits.size > 8 * size:
            continue
        if lowest + size <= storage.size:
            word = octets_from_the_end(storage, lowest, lowest + size, source.byte_order)
            break
    else:
        word, shift = storage, bits.shift
    target.check_width(operand.path, word.size)
    target.check_readable(operand.path, word)
    data_type = unsigned_or_signed(word.size, bits.kind)
    return BitFieldOperand(data_type, word.start // target.char_size, shift, bits.size)
