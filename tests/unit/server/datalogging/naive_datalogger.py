"""What a datalogger does with a configuration, written as plainly as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from scrutiny.core.datalogging import Axis
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder, Value, decode, encode
from scrutiny.core.watchables import Alias, BitField, PublishedValue, Variable
from scrutiny.firmware_link.codes import DatalogEncoding, FeatureBits, LoopType, TriggerCondition
from scrutiny.firmware_link.messages import (
    BitFieldOperand,
    Configure,
    DatalogSetup,
    LiteralOperand,
    LoopDefinition,
    MemorySignal,
    Operand,
    PublishedValueDefinition,
    RpvOperand,
    RpvSignal,
    VariableOperand,
)
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.server.datalogging.wanted import (
    Recordable,
    WantedOperand,
    WantedRecording,
    WantedSignal,
    WantedTrigger,
)

BASE = 0x2000_0000  # in the target's bytes

PROFILE = DeviceProfile(
    protocol=(1, 0),
    firmware_id=bytes(range(16)),
    display_name="Pump",
    session_id=7,
    max_rx_payload=256,
    max_tx_payload=256,
    max_bitrate_bps=0,
    heartbeat_timeout_us=5_000_000,
    rx_timeout_us=50_000,
    address_size=4,
    char_bit=8,
    features=FeatureBits(0xF0),
    rpvs=(
        PublishedValueDefinition(0x1000, DataType.FLOAT32),
        PublishedValueDefinition(0x1001, DataType.UINT16),
        PublishedValueDefinition(0x1002, DataType.UINT64),
        PublishedValueDefinition(0x1003, DataType.SINT8),
    ),
    loops=(
        LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 1000, "control"),
        LoopDefinition(1, LoopType.VARIABLE_FREQUENCY, True, None, "idle"),
        LoopDefinition(2, LoopType.FIXED_FREQUENCY, False, 10_000, "slow"),
    ),
    datalog_setup=DatalogSetup(4096, DatalogEncoding.RAW, 16),
)


def profile(**changes: Any) -> DeviceProfile:
    """Return the device with something else about it."""
    return replace(PROFILE, **changes)


def variable(
    path: str,
    data_type: DataType = DataType.UINT32,
    address: int = BASE,
    *,
    order: ByteOrder = "little",
    bits: tuple[int, int] | None = None,
    pointer: Variable | None = None,
) -> Recordable:
    """Return a variable to record."""
    field = None if bits is None else BitField(*bits)
    return Recordable(path, "var", Variable(path, data_type, order, address, field, None, pointer))


def published(rpv_id: int, data_type: DataType) -> Recordable:
    """Return a published value to record."""
    value = PublishedValue(rpv_id, data_type)
    return Recordable(value.path, "rpv", value)


def alias(path: str, target: Recordable, gain: float = 1.0, offset: float = 0.0) -> Recordable:
    """Return an alias to record."""
    made = Alias(path, target.path, None, gain, offset)
    return Recordable(path, "alias", target.source, made)


def wanted(
    *recordables: Recordable,
    condition: TriggerCondition = TriggerCondition.ALWAYS_TRUE,
    operands: Iterable[WantedOperand] = (),
    **fields: Any,
) -> WantedRecording:
    """Return a wish to record these on one axis."""
    complete: dict[str, Any] = {
        "name": "test",
        "loop_id": 0,
        "decimation": 1,
        "probe_location": 128,
        "timeout_100ns": 0,
        "trigger": WantedTrigger(condition, tuple(operands)),
        "axes": (Axis(0, "axis"),),
        "signals": tuple(WantedSignal(r.path, 0, r) for r in recordables),
    }
    return WantedRecording(**complete | fields)


class NaiveDatalogger:
    """Memory from `BASE` on, and published values.

    Args:
        memory: octets, from `BASE` on.
        order: of the target.
        char_size: octets of its byte.
        published: values, by id.
    """

    def __init__(
        self,
        memory: bytes,
        order: ByteOrder = "little",
        char_size: int = 1,
        published: Mapping[int, Value] | None = None,
    ) -> None:
        self.memory = memory
        self.order: ByteOrder = order
        self.char_size = char_size
        self.published = dict(published or {})
        self.types = {rpv.id: rpv.type for rpv in PROFILE.rpvs}

    def octets(self, address: int, size: int) -> bytes:
        """Return octets of memory, from an address in the target's bytes on."""
        start = (address - BASE) * self.char_size
        assert 0 <= start <= start + size <= len(self.memory)
        return self.memory[start : start + size]

    def entry(self, configuration: Configure, time_100ns: int) -> bytes:
        """Return what one sample of all signals looks like."""
        parts: list[bytes] = []
        for signal in configuration.signals:
            if isinstance(signal, MemorySignal):
                parts.append(self.octets(signal.address, signal.size * self.char_size))
            elif isinstance(signal, RpvSignal):
                value = self.published[signal.rpv_id]
                parts.append(encode(value, self.types[signal.rpv_id], "big"))
            else:
                parts.append((time_100ns & 0xFFFF_FFFF).to_bytes(4, "big"))
        return b"".join(parts)

    def seen(self, recordable: Recordable) -> Value:
        """Return what a user sees of memory or of a published value."""
        source = recordable.source
        scale = recordable.scale
        value: Value
        if isinstance(source, PublishedValue):
            value = self.published[source.id]
        else:
            octets = self.octets(source.address, source.data_type.size)
            value = decode(octets, source.data_type, self.order)
            if source.bit_field is not None:
                width = 8 * source.data_type.size
                text = f"{int.from_bytes(octets, self.order):0{width}b}"
                field = source.bit_field
                first = field.offset
                if self.order == "little":
                    first = width - field.offset - field.size
                value = int(text[first : first + field.size], 2)
                if source.data_type.kind is TypeKind.SINT and text[first] == "1":
                    value -= 1 << field.size
            if source.data_type.kind is TypeKind.BOOL:
                return int(value != 0)
        if recordable.alias is None or (scale.gain, scale.offset) == (1, 0):
            return value
        return value * scale.gain + scale.offset

    def operand(self, operand: Operand, *, shifts_smallest_word: bool = False) -> Value:
        """Return the value of an operand.

        Args:
            operand: to look at.
            shifts_smallest_word: of a bit field, read the smallest word that covers it, as the
                stock firmware does, instead of one of the size of the type.
        """
        match operand:
            case LiteralOperand(value):
                return value
            case RpvOperand(rpv_id):
                return self.published[rpv_id]
            case VariableOperand(data_type, address):
                assert data_type.kind is not TypeKind.PTR
                return decode(self.octets(address, data_type.size), data_type, self.order)
            case BitFieldOperand(data_type, address, offset, size):
                assert 1 <= size <= 8 * data_type.size - offset
                word_size = data_type.size
                if shifts_smallest_word:
                    word_size = next(w for w in (1, 2, 4, 8) if offset + size <= 8 * w)
                word_size = max(word_size, self.char_size)
                word = int.from_bytes(self.octets(address, word_size), self.order)
                bits = (word >> offset) & ((1 << size) - 1)
                is_negative = data_type.kind is TypeKind.SINT and bits >> (size - 1)
                return bits - (1 << size) if is_negative else bits


def holds(condition: TriggerCondition, values: list[Value], before: Value = 0) -> bool:
    """Return whether a condition is true; before: the first operand in the iteration before."""
    a, b, *rest = values
    checks: dict[TriggerCondition, Callable[[], bool]] = {
        TriggerCondition.EQUAL: lambda: a == b,
        TriggerCondition.NOT_EQUAL: lambda: a != b,
        TriggerCondition.LESS_THAN: lambda: a < b,
        TriggerCondition.LESS_OR_EQUAL_THAN: lambda: a <= b,
        TriggerCondition.GREATER_THAN: lambda: a > b,
        TriggerCondition.GREATER_OR_EQUAL_THAN: lambda: a >= b,
        TriggerCondition.CHANGE_MORE_THAN: lambda: a - before > b if b >= 0 else a - before < b,
        TriggerCondition.IS_WITHIN: lambda: abs(a - b) <= abs(rest[0]),
    }
    return checks[condition]()
