from __future__ import annotations

import pytest

from scrutiny.cli.capture.capacity import Capacity, capacity_for, listing
from scrutiny.cli.capture.sampling import Sampling
from scrutiny.sdk import (
    DataloggingCapabilities,
    DataloggingEncoding,
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    EmbeddedDataType,
    FixedFreqSamplingRate,
    VariableFreqSamplingRate,
    WatchableType,
)

CONTROL = FixedFreqSamplingRate(0, "control", 10_000.0)
IDLE = VariableFreqSamplingRate(1, "idle")
CAPABILITIES = DataloggingCapabilities(DataloggingEncoding.RAW, 1000, 16, [CONTROL, IDLE])

SPEED = DetailedVarWatchableConfiguration(
    WatchableType.Variable, EmbeddedDataType.float64, None, "1", "/speed", 0, None, None
)
ALIAS = DetailedAliasWatchableConfiguration(
    WatchableType.Alias,
    EmbeddedDataType.float64,
    None,
    "2",
    "/alias",
    "/speed",
    WatchableType.Variable,
    2.0,
    0.0,
    None,
    None,
)
PUBLISHED = DetailedRPVWatchableConfiguration(
    WatchableType.RuntimePublishedValue, EmbeddedDataType.uint16, None, "3", "/rpv/x0001", 1
)


def test_a_sample_has_the_size_of_all_that_is_recorded() -> None:
    assert capacity_for([SPEED, PUBLISHED], CAPABILITIES) == Capacity(10, 100)
    assert capacity_for([SPEED, PUBLISHED], CAPABILITIES, with_time=True) == Capacity(14, 71)


def test_what_is_recorded_once_counts_once() -> None:
    assert capacity_for([SPEED, SPEED, ALIAS], CAPABILITIES) == Capacity(8, 125)


def test_nothing_takes_no_room() -> None:
    assert capacity_for([], CAPABILITIES) == Capacity(0, 0)


def test_a_recording_lasts_as_long_as_its_samples() -> None:
    assert Capacity(10, 100).duration_s(Sampling(CONTROL, 10)) == pytest.approx(0.1)
    assert Capacity(10, 100).duration_s(Sampling(IDLE)) is None


@pytest.mark.parametrize(
    ("duration_s", "decimation"),
    [(0.001, 1), (0.01, 1), (0.011, 2), (0.1, 10), (429.0, 42900), (1e6, 65535)],
)
def test_the_smallest_decimation_that_is_enough_is_taken(
    duration_s: float, decimation: int
) -> None:
    capacity = Capacity(10, 100)
    assert capacity.decimation_for(duration_s, Sampling(CONTROL)) == decimation
    assert capacity.decimation_for(duration_s, Sampling(IDLE)) == 1
    assert Capacity(2000, 0).decimation_for(duration_s, Sampling(CONTROL)) == 1


def test_the_list_tells_loops_and_buffer() -> None:
    assert listing(CAPABILITIES, None) == [
        "Buffer: 1000 octets, 16 signals",
        "",
        "Id  Loop     Frequency",
        "0   control  10 kHz",
        "1   idle     varies",
    ]


def test_with_signals_the_list_tells_how_long_they_can_be_recorded() -> None:
    assert listing(CAPABILITIES, Capacity(10, 100)) == [
        "Buffer: 1000 octets, 16 signals",
        "Sample: 10 octets of these signals; 100 samples fit",
        "",
        "Id  Loop     Frequency  each   every 10  every 100",
        "0   control  10 kHz     10 ms  100 ms    1 s",
        "1   idle     varies",
    ]
