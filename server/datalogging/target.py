"""The device as a recording sees it: limits of its datalogger, and where its values are now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder, bit_shift
from scrutiny.core.watchables import PublishedValue, Variable
from scrutiny.firmware_link.codes import DatalogEncoding, FeatureBits
from scrutiny.firmware_link.messages import DatalogSetup, LoopDefinition
from scrutiny.firmware_link.profile import DeviceProfile

from ..target_memory import TargetMemory
from .errors import RecordingRefused

_WIDE: Final = 8  # octets of the types that firmware may lack


class Place(msgspec.Struct, frozen=True):
    """Octets of memory, counted from address 0, whatever the target's bytes are."""

    start: int
    end: int  # the first octet behind

    @property
    def size(self) -> int:
        """How many octets these are."""
        return self.end - self.start


class FieldBits(msgspec.Struct, frozen=True):
    """A bit field as a number: shift it right so far in the octets of its place.

    Attributes:
        shift: of the field above the least significant bit of its least significant octet.
        size: in bits.
        kind: of the value.
    """

    shift: int
    size: int
    kind: TypeKind


class RecordingTarget:
    """One device, as its session found it, with the pointers as they were just read.

    Args:
        profile: of the device.
        pointers: values by path, for those that are needed.

    Attributes:
        memory: addresses and protected regions.
        setup: limits of the datalogger.
        has_64bit: whether the firmware can handle values of 8 octets other than as memory.

    Raises:
        RecordingRefused: the device has no datalogger that this server can use.
    """

    def __init__(self, profile: DeviceProfile, pointers: Mapping[str, int]) -> None:
        self.profile = profile
        self.memory = TargetMemory.of(profile)
        self.setup = usable_setup(profile)
        self.has_64bit = FeatureBits.SUPPORT_64BITS in profile.features
        self._pointers = pointers
        self._published = {rpv.id: rpv.type for rpv in profile.rpvs}

    @property
    def char_size(self) -> int:
        """Octets of the target's byte."""
        return self.memory.octets_per_byte

    def loop(self, loop_id: int) -> LoopDefinition:
        """Return a loop that can record.

        Raises:
            RecordingRefused: there is none with this id, or it cannot.
        """
        usable = [loop for loop in self.profile.loops if loop.supports_datalogging]
        for loop in usable:
            if loop.loop_id == loop_id:
                return loop
        names = ", ".join(f"{loop.loop_id} ({loop.name})" for loop in usable)
        if any(loop.loop_id == loop_id for loop in self.profile.loops):
            why = f"the loop {loop_id} of the firmware does not record"
        else:
            why = f"the firmware has no loop {loop_id}"
        raise RecordingRefused(f"{why}; sampling rates are {names or 'none'}")

    def check_published(self, value: PublishedValue) -> None:
        """Let a published value pass that the device has, and can record and compare.

        Raises:
            RecordingRefused: it has not.
        """
        if self._published.get(value.id) is not value.data_type:
            raise RecordingRefused(f"the device does not publish {value.path} any more")
        if value.data_type.size % self.char_size:
            raise RecordingRefused(
                f"{value.path} has {value.data_type.size} octet, less than a byte of the device"
            )
        self.check_width(value.path, value.data_type.size)

    def check_width(self, path: str, size: int) -> None:
        """Let a value of so many octets pass that the firmware handles as a number.

        Raises:
            RecordingRefused: it cannot.
        """
        if size >= _WIDE and not self.has_64bit:
            raise RecordingRefused(
                f"{path} has 64 bits, and the firmware was built without 64-bit support"
            )

    def address_of(self, variable: Variable) -> int:
        """Return where a variable is, in the target's bytes.

        Raises:
            RecordingRefused: it is behind a pointer that is null or unknown, or beyond memory.
        """
        mask = self.memory.fmt.mask
        address = variable.address & mask  # as for reading: the tools of an AVR add 0x80_0000
        if variable.pointer is not None:
            pointer = self._pointers.get(variable.pointer.path)
            if not pointer:
                why = "is null" if pointer == 0 else "was not read"
                raise RecordingRefused(
                    f"{variable.path} has no address: the pointer {variable.pointer.path} {why}"
                )
            address = (pointer + variable.address) & mask
        last = address + self.memory.byte_count(variable.data_type.size) - 1
        if last > mask:
            raise RecordingRefused(
                f"{variable.path} is at {address:#x}, beyond the device's "
                f"{8 * self.profile.address_size} bits of address"
            )
        return address

    def storage_of(self, variable: Variable) -> Place:
        """Return the octets of the whole variable, or of the storage of a bit field.

        Raises:
            RecordingRefused: see `address_of`.
        """
        start = self.address_of(variable) * self.char_size
        return Place(start, start + variable.data_type.size)

    def place_of(self, variable: Variable) -> tuple[Place, FieldBits | None]:
        """Return the octets that hold the value; of a bit field those it has a part in.

        Raises:
            RecordingRefused: see `address_of`, or it is protected.
        """
        storage = self.storage_of(variable)
        bits = field_bits(variable)
        place, bits = (storage, None) if bits is None else narrowed(storage, bits, variable)
        self.check_readable(variable.path, place)
        return place, bits

    def check_readable(self, path: str, place: Place) -> None:
        """Let octets pass that the firmware does not protect.

        Raises:
            RecordingRefused: it does.
        """
        first = place.start // self.char_size
        last = (place.end - 1) // self.char_size
        objection = self.memory.read_objection(first, (last - first + 1) * self.char_size)
        if objection is not None:
            raise RecordingRefused(f"{path} cannot be recorded, {objection}")


def usable_setup(profile: DeviceProfile) -> DatalogSetup:
    """Return the limits of a device's datalogger.

    Raises:
        RecordingRefused: it has none, or one that encodes in an unknown way.
    """
    setup = profile.datalog_setup
    if FeatureBits.DATALOGGING not in profile.features or setup is None:
        raise RecordingRefused("the firmware was built without datalogging")
    if setup.encoding is not DatalogEncoding.RAW:
        raise RecordingRefused(f"the device encodes as {setup.encoding.name}, which is not known")
    return setup


def has_datalogger(profile: DeviceProfile | None) -> bool:
    """Whether recordings can be asked of a device."""
    if profile is None:
        return False
    try:
        usable_setup(profile)
    except RecordingRefused:
        return False
    return True


def field_bits(variable: Variable) -> FieldBits | None:
    """Return where a bit field is in its storage, None for a whole variable."""
    field = variable.bit_field
    if field is None:
        return None
    shift = bit_shift(field.offset, field.size, variable.data_type, variable.byte_order)
    return FieldBits(shift, field.size, variable.data_type.kind)


def narrowed(storage: Place, bits: FieldBits, variable: Variable) -> tuple[Place, FieldBits]:
    """Return the octets of a storage that a bit field has a part in, and where it is in them."""
    lowest = bits.shift // 8
    highest = (bits.shift + bits.size - 1) // 8
    place = octets_from_the_end(storage, lowest, highest + 1, variable.byte_order)
    return place, FieldBits(bits.shift % 8, bits.size, bits.kind)


def octets_from_the_end(storage: Place, lowest: int, end: int, order: ByteOrder) -> Place:
    """Return octets of a number, counted from its least significant one."""
    if order == "little":
        return Place(storage.start + lowest, storage.start + end)
    return Place(storage.end - end, storage.end - lowest)


def unsigned_or_signed(size: int, kind: TypeKind) -> DataType:
    """Return the integer type of so many octets."""
    group = TypeKind.SINT if kind is TypeKind.SINT else TypeKind.UINT
    return DataType((group << 4) | (size.bit_length() - 1))
