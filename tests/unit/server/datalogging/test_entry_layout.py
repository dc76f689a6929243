"""What is recorded becomes as few signals of the device as possible."""

from __future__ import annotations

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.messages import MemorySignal, RpvSignal, TimeSignal
from scrutiny.firmware_link.profile import DeviceProfile, MemoryRegion
from scrutiny.server.datalogging.entry_layout import EntryLayout
from scrutiny.server.datalogging.errors import RecordingRefused
from scrutiny.server.datalogging.target import Place, RecordingTarget
from scrutiny.server.datalogging.wanted import Recordable

from .naive_datalogger import BASE, PROFILE, alias, profile, published, variable


def layout(
    *recordables: Recordable, device: DeviceProfile = PROFILE, with_time: bool = False
) -> EntryLayout:
    return EntryLayout(recordables, RecordingTarget(device, {}), with_time=with_time)


def test_memory_that_touches_or_overlaps_is_one_signal() -> None:
    made = layout(
        variable("/c", DataType.UINT8, BASE + 6),
        variable("/a", DataType.UINT32, BASE),
        variable("/union", DataType.FLOAT32, BASE + 2),
        variable("/far", DataType.UINT16, BASE + 8),
    )
    assert made.signals == (MemorySignal(BASE, 7), MemorySignal(BASE + 8, 2))
    assert made.size == 9
    assert made.position_of(Place(BASE + 2, BASE + 6)) == 2
    assert made.position_of(Place(BASE + 8, BASE + 10)) == 7


def test_the_same_octets_are_recorded_once() -> None:
    speed = variable("/speed", DataType.SINT16)
    value = published(0x1001, DataType.UINT16)
    made = layout(speed, alias("/a", speed, 2), speed, value, alias("/b", value, 3))
    assert made.signals == (MemorySignal(BASE, 2), RpvSignal(0x1001))
    assert (made.size, made.published_position(0x1001)) == (4, 2)


def test_a_long_area_goes_on_with_the_next_signal() -> None:
    table = [variable(f"/t[{i}]", DataType.UINT32, BASE + 4 * i) for i in range(200)]
    made = layout(*table)
    sizes = [255, 255, 255, 35]
    assert [signal.size for signal in made.signals if isinstance(signal, MemorySignal)] == sizes
    assert made.signals[1] == MemorySignal(BASE + 255, 255)
    assert made.position_of(Place(BASE + 252, BASE + 256)) == 252  # its octets are in two signals


@pytest.mark.parametrize(
    ("order", "bits", "address", "size"),
    [
        ("little", (0, 8), BASE, 1),
        ("little", (9, 3), BASE + 1, 1),
        ("little", (7, 2), BASE, 2),
        ("little", (31, 1), BASE + 3, 1),
        ("big", (0, 8), BASE, 1),
        ("big", (31, 1), BASE + 3, 1),
        ("big", (7, 2), BASE, 2),
    ],
)
def test_of_a_bit_field_only_its_octets_are_recorded(
    order: str, bits: tuple[int, int], address: int, size: int
) -> None:
    field = variable("/f", DataType.UINT32, order="big" if order == "big" else "little", bits=bits)
    assert layout(field).signals == (MemorySignal(address, size),)


def test_bytes_of_16_bits_are_recorded_whole() -> None:
    device = profile(char_bit=16)
    field = variable("/f", DataType.UINT32, bits=(20, 3))
    made = layout(field, variable("/x", DataType.UINT32, BASE + 4), device=device, with_time=True)
    assert made.signals == (MemorySignal(BASE + 1, 1), MemorySignal(BASE + 4, 2), TimeSignal())
    assert made.size == 10
    place, bits = RecordingTarget(device, {}).place_of(_variable_of(field))
    assert (made.position_of(place), bits and bits.shift) == (0, 4)


def test_published_values_and_the_time_come_last() -> None:
    made = layout(
        published(0x1001, DataType.UINT16),
        variable("/v", DataType.UINT8),
        published(0x1000, DataType.FLOAT32),
        with_time=True,
    )
    assert made.signals == (
        MemorySignal(BASE, 1),
        RpvSignal(0x1000),
        RpvSignal(0x1001),
        TimeSignal(),
    )
    assert (made.time_position, made.size) == (7, 11)


def test_what_is_protected_is_refused_with_the_region() -> None:
    device = profile(forbidden_regions=(MemoryRegion(BASE + 2, BASE + 2),))
    with pytest.raises(RecordingRefused, match=r"/v cannot be recorded, .*0x20000002"):
        layout(variable("/v", DataType.UINT32), device=device)
    field = variable("/f", DataType.UINT32, bits=(0, 16))  # not in the octets that are protected
    assert layout(field, device=device).signals == (MemorySignal(BASE, 2),)


def test_what_lies_beyond_the_addresses_is_refused() -> None:
    with pytest.raises(RecordingRefused, match=r"beyond the device's 32 bits"):
        layout(variable("/v", DataType.UINT32, 0xFFFF_FFFE))


def test_addresses_are_those_that_the_device_knows() -> None:
    """The tools of an AVR place RAM behind the flash, at 0x80_0000."""
    device = profile(address_size=2)
    made = layout(variable("/v", DataType.UINT8, 0x80_0100), device=device)
    assert made.signals == (MemorySignal(0x0100, 1),)


def test_a_published_value_that_the_device_does_not_have_is_refused() -> None:
    for other in (published(0x2000, DataType.UINT8), published(0x1000, DataType.UINT32)):
        with pytest.raises(RecordingRefused, match=r"does not publish"):
            layout(other)
    with pytest.raises(RecordingRefused, match=r"less than a byte"):
        layout(published(0x1003, DataType.SINT8), device=profile(char_bit=16))


def _variable_of(recordable: Recordable) -> Variable:
    assert isinstance(recordable.source, Variable)
    return recordable.source
