"""Values on their way to the device, and the octets that they become.

Source: device protocol, section 9; firmware description, sections 2.9 and 10.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from scrutiny.core.errors import ValueCodecError
from scrutiny.core.values import (
    Value,
    bit_shift,
    decode,
    encode,
    extract_bits,
    insert_bits,
)
from scrutiny.core.watchables import BitField, PublishedValue, Variable
from scrutiny.firmware_link.codes import MemoryControlFunction

from .entries import Entry
from .outcome import Outcome, OutcomeCallback, unknown_outcome
from .pointers import NULL_POINTER
from .store import ValueStore
from .target_memory import TargetMemory

if TYPE_CHECKING:
    from .receivers import Receiver

_ID_SIZE: Final = 2
_WORD_BITS: Final = 3  # of an address within a word of 8 octets


class PendingWrite:
    """One value for the device, in the device's units; it fits the type of the entry's source.

    Attributes:
        entry: what is written.
        value: what it will be.
        function: how the device is asked; writes of one function can share a request.
        part: what it adds to the payload of a request; None until it is known where it goes.
        acknowledgement: what it adds to the answer.
        is_alone: it must not share a request: one that it shared was refused.
        touched: where it goes: numbers of words of 8 octets, or of a published value.
        octets: in memory afterwards; None unless the write tells that.
        was_sent: and may have been carried out, but is to be sent again.
        was_unanswered: it was given up once, and waits for the device to show a sign of life.
    """

    __slots__ = (
        "_done",
        "acknowledgement",
        "entry",
        "function",
        "is_alone",
        "octets",
        "part",
        "touched",
        "value",
        "was_sent",
        "was_unanswered",
    )

    def __init__(self, entry: Entry, value: Value, done: OutcomeCallback) -> None:
        self.entry = entry
        self.value = value
        self.function = MemoryControlFunction.WRITE_RPV
        self.part: bytes | None = None
        self.acknowledgement = b""
        self.is_alone = False
        self.was_sent = self.was_unanswered = False
        self.touched = range(0)
        self._done = done
        self.octets: bytes | None = None
        entry.holds += 1

    @property
    def pointer(self) -> Variable | None:
        """The pointer that has to be read first."""
        source = self.entry.source
        return source.pointer if isinstance(source, Variable) else None

    @property
    def is_published(self) -> bool:
        """Whether it goes to a published value rather than to memory."""
        return self.function is MemoryControlFunction.WRITE_RPV

    def prepare(self, memory: TargetMemory) -> str | None:
        """Make what is sent, unless a pointer has to be read first; return why that cannot be."""
        source = self.entry.source
        try:
            if isinstance(source, PublishedValue):
                self._prepare_published(source)
            elif source.pointer is None:
                return self._prepare_memory(source, source.address & memory.fmt.mask, memory)
            else:
                pointer = source.pointer
                return memory.read_objection(
                    pointer.address & memory.fmt.mask, pointer.data_type.size
                )
        except ValueCodecError as error:
            return f"{error}"
        return None

    def follow(self, pointer_value: int, memory: TargetMemory) -> str | None:
        """Make what is sent, behind the pointer; return why that cannot be."""
        source = self.entry.source
        assert isinstance(source, Variable)
        assert source.pointer is not None
        if pointer_value == 0:
            return f"{NULL_POINTER}: {source.pointer.path} points to nothing"
        address = (pointer_value + source.address) & memory.fmt.mask
        try:
            return self._prepare_memory(source, address, memory)
        except ValueCodecError as error:
            return f"{error}"

    def begin_again(self) -> None:
        """Get ready for a request of its own; a pointer is read again."""
        self.is_alone = True
        self.look_up_again()

    def look_up_again(self) -> None:
        """Have its pointer read again, if it has one: that may have changed meanwhile."""
        if self.pointer is not None:
            self.part = None

    def finish(self, reason: str, store: ValueStore, now_ns: int) -> None:
        """Tell who asked for it; without a reason it has succeeded."""
        self.entry.holds -= 1
        store.keep_idle(self.entry)
        self._done(Outcome(not reason, reason, b"", now_ns))

    def give_up(self, reason: str, store: ValueStore, now_ns: int) -> None:
        """Finish without an answer of the device: it may have been carried out, if it was sent."""
        self.finish(unknown_outcome(reason) if self.was_sent else reason, store, now_ns)

    def _prepare_published(self, source: PublishedValue) -> None:
        rpv_id = source.id.to_bytes(_ID_SIZE, "big")
        self.part = rpv_id + encode(self.value, source.data_type, "big")
        self.acknowledgement = rpv_id + bytes((source.data_type.size,))
        self.touched = range(source.id, source.id + 1)

    def _prepare_memory(self, variable: Variable, address: int, memory: TargetMemory) -> str | None:
        size = variable.data_type.size
        if (objection := memory.write_objection(address, size)) is not None:
            return objection
        head = memory.fmt.encode(address) + size.to_bytes(2, "big")
        self.part = head + self._content(variable)
        self.acknowledgement = head
        self.touched = range(address >> _WORD_BITS, (address + size - 1 >> _WORD_BITS) + 1)
        return None

    def _content(self, variable: Variable) -> bytes:
        field = variable.bit_field
        if field is None or field.size == 8 * variable.data_type.size:
            self.function = MemoryControlFunction.WRITE
            self.octets = encode(self.value, variable.data_type, variable.byte_order)
            return self.octets
        self.function = MemoryControlFunction.WRITE_MASKED
        return self._masked(variable, field)

    def _masked(self, variable: Variable, field: BitField) -> bytes:
        order, data_type = variable.byte_order, variable.data_type
        shift = bit_shift(field.offset, field.size, data_type, order)
        storage, mask = insert_bits(self.value, shift, field.size)
        return storage.to_bytes(data_type.size, order) + mask.to_bytes(data_type.size, order)


def confirm(writes: Iterable[PendingWrite], store: ValueStore, now_ns: int) -> None:
    """Show values at once wherever they are watched, under all their names."""
    confirmed: dict[Entry, PendingWrite] = {}
    for write in writes:
        for entry in store.same_source(write.entry.source):
            if entry in confirmed:  # written twice: who takes every sample gets both values
                _show(confirmed, store, now_ns)
                confirmed = {}
            confirmed[entry] = write
    _show(confirmed, store, now_ns)


def _show(confirmed: dict[Entry, PendingWrite], store: ValueStore, now_ns: int) -> None:
    writes = confirmed.values()
    values, octets = [write.value for write in writes], [write.octets for write in writes]
    store.update(list(confirmed), values, now_ns, octets)
    marked: defaultdict[Receiver, list[Entry]] = defaultdict(list)
    for entry in confirmed:
        for receiver in entry.watchers:
            marked[receiver].append(entry)
    for receiver, entries in marked.items():
        receiver.mark(entries)


class PendingOctets(PendingWrite):
    """The octets of a variable as they will be in memory; of a bit field, those of its storage.

    Args:
        entry: what is written; its source is a variable.
        octets: as many as the type of the variable has.
        done: told how it ended.
    """

    __slots__ = ()

    def __init__(self, entry: Entry, octets: bytes, done: OutcomeCallback) -> None:
        assert isinstance(entry.source, Variable)
        super().__init__(entry, _value_of(octets, entry.source), done)
        self.function = MemoryControlFunction.WRITE
        self.octets = octets

    def _content(self, variable: Variable) -> bytes:
        assert self.octets is not None
        return self.octets


def _value_of(octets: bytes, variable: Variable) -> Value:
    data_type, order, field = variable.data_type, variable.byte_order, variable.bit_field
    if field is None:
        return decode(octets, data_type, order)
    shift = bit_shift(field.offset, field.size, data_type, order)
    return extract_bits(int.from_bytes(octets, order), shift, field.size, data_type.kind)
