"""Reading memory: variables become numbers in blocks, and the answer becomes their values.

All numbers of one answer come out of one `struct.Struct`. Memory that two variables share, as the
members of a union do, takes another one for what overlaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from struct import Struct
from typing import Any, Final

from scrutiny.core.types import STRUCT_CODES, DataType
from scrutiny.core.values import ByteOrder, bit_shift, extract_bits
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.codes import Command, MemoryControlFunction
from scrutiny.firmware_link.frames import Request

from .entries import Entry
from .memory_blocks import Block, PlanLimits, merge, pack
from .read_layouts import Convert, Decoded, converted, is_wide_boolean, picker
from .target_memory import TargetMemory

_UNSIGNED_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
# By name: hashing a member of an enum takes longer than all else in adding a variable.
_CODES: Final = {data_type.api_name: code for data_type, code in STRUCT_CODES.items()}
_WIDE_BOOLEANS: Final = {data_type.api_name for data_type in DataType if is_wide_boolean(data_type)}
_PREFIX: Final[dict[ByteOrder, str]] = {"little": "<", "big": ">"}


# Laying so many out takes about 0.3 ms.
SLOTS_PER_STEP: Final = 200


class Slot:
    """A number in memory, with the entries that are made of it.

    Attributes:
        start: position in octets, ``end`` the first one behind.
        code: how it is unpacked, as in `struct`.
        size: octets of that code.
        readers: what is made of it, and how; None: nothing has to be done.
    """

    __slots__ = ("code", "end", "readers", "size", "start")

    def __init__(self, start: int, end: int, size: int, code: str) -> None:
        self.start = start
        self.end = end
        self.size = size
        self.code = code
        self.readers: list[tuple[Entry, Convert | None]] = []


class MemoryLayout:
    """Reads blocks of memory."""

    __slots__ = (
        "_blocks",
        "_conversions",
        "_heads",
        "_limits",
        "_memory",
        "_order",
        "_pick",
        "_unpack_heads",
        "_unpack_layers",
        "entries",
        "frame",
        "prefix",
        "size",
    )

    def __init__(
        self,
        blocks: list[Block[Slot]],
        order: ByteOrder,
        memory: TargetMemory,
        limits: PlanLimits,
    ) -> None:
        octets_per_byte, head_size = memory.octets_per_byte, memory.head_size
        # Address and length, both big endian, are one number.
        heads = tuple(
            [
                (block.start // octets_per_byte << 16 | block.end - block.start).to_bytes(
                    head_size, "big"
                )
                for block in blocks
            ]
        )
        request = Request(Command.MEMORY_CONTROL, MemoryControlFunction.READ, b"".join(heads))
        sizes = [block.end - block.start for block in blocks]
        self.frame = request.encode()
        self.prefix = heads[0]
        self.size = sum(map(len, heads)) + sum(sizes)
        self._blocks = blocks
        self._order: ByteOrder = order
        self._memory = memory
        self._limits = limits
        self._heads = heads
        head_code = f"{head_size}s"
        heads_format = "".join(f"{head_code}{size}x" for size in sizes)
        self._unpack_heads = Struct(heads_format).unpack
        self._unpack_layers, slots = _compiled(blocks, head_size, _PREFIX[order])
        readers = [reader for slot in slots for reader in slot.readers]
        self.entries: Sequence[Entry] = tuple([entry for entry, _ in readers])
        self._pick = None
        if len(readers) != len(slots):
            self._pick = picker([i for i, slot in enumerate(slots) for _ in slot.readers])
        self._conversions = [
            (index, convert) for index, (_, convert) in enumerate(readers) if convert is not None
        ]

    @property
    def is_single(self) -> bool:
        return len(self._blocks) == 1 and len(self._blocks[0].places) == 1

    def decode(self, payload: bytes) -> Decoded | None:
        if self._unpack_heads(payload) != self._heads:
            return None
        unpack_values, unpack_octets = self._unpack_layers[0]
        values: Any = unpack_values(payload)
        octets: Any = unpack_octets(payload)
        for unpack_values, unpack_octets in self._unpack_layers[1:]:
            values += unpack_values(payload)
            octets += unpack_octets(payload)
        if self._pick is not None:
            values, octets = self._pick(values), self._pick(octets)
        return converted(values, self._conversions), octets

    def halves(self) -> list[MemoryLayout]:
        slots = [slot for block in self._blocks for slot in block.places]
        middle = len(slots) // 2
        return [
            layout
            for part in (slots[:middle], slots[middle:])
            for layout in memory_layouts(part, self._order, self._memory, self._limits)
        ]


class SlotTable:
    """Collects the slots of variables, one for all that are in the same place."""

    def __init__(self, order: ByteOrder, memory: TargetMemory, limits: PlanLimits) -> None:
        self._order: ByteOrder = order
        self._memory = memory
        self._limits = limits
        self._slots: dict[tuple[int, str], Slot] = {}

    def add(self, variable: Variable, address: int, entries: Iterable[Entry]) -> None:
        """Let these entries show a variable, which is at this address."""
        data_type = variable.data_type
        convert: Convert | None = None
        code = _CODES[data_type.api_name]
        if variable.bit_field is not None:
            convert = _bit_reader(variable)
            code = _UNSIGNED_CODES[data_type.size]
        elif data_type.api_name in _WIDE_BOOLEANS:
            convert = bool
        key = address, code
        slot = self._slots.get(key)
        if slot is None:
            octets_per_byte = self._memory.octets_per_byte
            size = data_type.size
            start = address * octets_per_byte
            end = start + (size if octets_per_byte == 1 else size + size % octets_per_byte)
            slot = self._slots[key] = Slot(start, end, size, code)
        slot.readers += [(entry, convert) for entry in entries]

    def layouts(self) -> Iterator[MemoryLayout]:
        """Yield the requests that read all of them."""
        slots = sorted(self._slots.values(), key=_start)
        return memory_layouts(slots, self._order, self._memory, self._limits)


def memory_layouts(
    slots: Sequence[Slot], order: ByteOrder, memory: TargetMemory, limits: PlanLimits
) -> Iterator[MemoryLayout]:
    """Yield the requests that read these slots, which are sorted by their start.

    They are laid out some at a time, so that none of the steps takes long. What is in the last
    request goes on with the next ones: it may not be full.
    """
    octets_per_byte = memory.octets_per_byte

    def is_barred(start: int, end: int) -> bool:
        return memory.is_forbidden(start // octets_per_byte, end - start)

    rest: list[Slot] = []
    position, count = 0, SLOTS_PER_STEP
    while position < len(slots):
        blocks = merge([*rest, *slots[position : position + count]], memory.head_size, is_barred)
        position += count
        requests = pack(blocks, memory.head_size, limits)
        if position < len(slots):
            rest = [slot for block in requests.pop() for slot in block.places]
        if not requests:
            count *= 2  # answers are large: the same slots must not be laid out again and again
        for part in requests:
            yield MemoryLayout(part, order, memory, limits)


class _Layer:
    """Slots that do not overlap, and the formats that unpack them."""

    __slots__ = ("end", "octets", "slots", "values")

    def __init__(self) -> None:
        self.end = 0
        self.slots: list[Slot] = []
        self.values: list[str] = []
        self.octets: list[str] = []

    def add(self, slot: Slot, position: int) -> None:
        gap = position - self.end
        pad = f"{gap}x" if gap else ""
        self.values.append(pad + slot.code)
        self.octets.append(f"{pad}{slot.size}s")
        self.slots.append(slot)
        self.end = position + slot.size


Unpack = Callable[[bytes], tuple[Any, ...]]


def _compiled(
    blocks: list[Block[Slot]], head_size: int, prefix: str
) -> tuple[list[tuple[Unpack, Unpack]], list[Slot]]:
    """Return for each layer how values and octets are unpacked, and the slots in that order."""
    layers = [_Layer()]
    position = 0
    for block in blocks:
        position += head_size
        shift = position - block.start
        for slot in block.places:
            start = shift + slot.start
            for layer in layers:
                if layer.end <= start:
                    break
            else:
                layer = _Layer()
                layers.append(layer)
            layer.add(slot, start)
        position += block.end - block.start
    unpacks: list[tuple[Unpack, Unpack]] = [
        (
            Struct(prefix + "".join(layer.values)).unpack_from,
            Struct("".join(layer.octets)).unpack_from,
        )
        for layer in layers
    ]
    return unpacks, [slot for layer in layers for slot in layer.slots]


def _bit_reader(variable: Variable) -> Convert:
    field, data_type = variable.bit_field, variable.data_type
    assert field is not None
    shift = bit_shift(field.offset, field.size, data_type, variable.byte_order)
    size, kind = field.size, data_type.kind
    return lambda storage: extract_bits(storage, shift, size, kind)


_start = attrgetter("start")
