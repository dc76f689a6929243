"""Random layouts in random memory: what is decoded is what a naive look finds."""

from __future__ import annotations

import random
import struct

import pytest

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder, Value
from scrutiny.firmware_link.codes import DatalogEncoding
from scrutiny.firmware_link.messages import DatalogSetup
from scrutiny.server.datalogging.plan import Origin, Recorded, RecordingPlan
from scrutiny.server.datalogging.wanted import Recordable, XAxis

from .naive_datalogger import (
    BASE,
    NaiveDatalogger,
    alias,
    profile,
    published,
    variable,
    wanted,
)

SAMPLE_COUNT = 7
ORIGIN = Origin("ab" * 16, "cd" * 16, None, 1.0)


def random_recordable(
    chance: random.Random, index: int, byte_count: int, order: ByteOrder, char_size: int
) -> Recordable:
    types = [t for t in DataType if t.is_readable and t.size % char_size == 0]
    data_type = chance.choice(types)
    address = BASE + chance.randint(0, byte_count - data_type.size // char_size)
    bits = None
    if data_type.kind is not TypeKind.FLOAT and chance.random() < 0.4:
        first = chance.randrange(8 * data_type.size)
        bits = first, chance.randint(1, 8 * data_type.size - first)
    item = variable(f"/v{index}", data_type, address, order=order, bits=bits)
    if chance.random() < 0.8:
        return item
    return alias(f"/a{index}", item, chance.choice((0.5, -2.0)), chance.choice((0, 3)))


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("char_size", [1, 2])
@pytest.mark.parametrize("seed", range(25))
def test_any_layout_comes_back_as_it_was(seed: int, order: ByteOrder, char_size: int) -> None:
    chance = random.Random(seed)
    byte_count = chance.choice((20, 150, 1000))
    recordables = [
        random_recordable(chance, index, byte_count, order, char_size)
        for index in range(chance.randint(1, 30))
    ]
    recordables.append(published(0x1001, DataType.UINT16))
    if char_size == 1:
        recordables.append(alias("/percent", published(0x1003, DataType.SINT8), 100))
    device = profile(
        char_bit=8 * char_size,
        max_rx_payload=2048,
        datalog_setup=DatalogSetup(1 << 16, DatalogEncoding.RAW, 255),
    )
    made = RecordingPlan(wanted(*recordables, x_axis=XAxis.MEASURED_TIME), device, {})
    configuration = made.configuration(seed)
    entries: list[bytes] = []
    expected: list[list[Value]] = []
    times = [chance.randrange(1 << 32)]
    for _ in range(SAMPLE_COUNT):
        values: dict[int, Value] = {
            0x1001: chance.randrange(1 << 16),
            0x1003: chance.randrange(-128, 128),
        }
        memory = chance.randbytes(byte_count * char_size)
        device_now = NaiveDatalogger(memory, order, char_size, values)
        entries.append(device_now.entry(configuration, times[-1]))
        expected.append([device_now.seen(item) for item in recordables])
        times.append(times[-1] + chance.randrange(1 << 31))

    acquisition = made.acquisition(Recorded(b"".join(entries), SAMPLE_COUNT, 3), ORIGIN)

    for index, series in enumerate(acquisition.series):
        found = [_octets_of(sample) for sample in series.samples]
        assert found == [_octets_of(values[index]) for values in expected], series.path
    ticks = [time - times[0] for time in times[:-1]]
    assert list(acquisition.x.samples) == [tick / 1e7 for tick in ticks]


def _octets_of(sample: Value) -> object:
    """Return something that is equal for what is no number, too."""
    if isinstance(sample, float) and sample != sample:
        return "nan"
    return struct.pack(">d", sample) if isinstance(sample, float) else sample
