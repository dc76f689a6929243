"""On a fast line a board with large buffers answers with more at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from scrutiny.firmware_link.frames import ResponseParser
from scrutiny.firmware_link.simulator.faults import Direction
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench
from tests.support.example_board import description_of
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

LARGE_BUFFERS: Final = ("--rx-size", "4096", "--tx-size", "4096")
TABLE: Final = "/global/measured_table/measured_table[0]"
SIZE: Final = 4000
MEMORY_HEAD: Final = 8 + 2  # address and size, on a host of 64 bits


@pytest.fixture
def bench(described_program: Path, tmp_path: Path) -> Iterator[Bench]:
    DescriptionStore(tmp_path / "data" / "server").install(description_of(described_program))
    with Bench(described_program, tmp_path) as bench:
        yield bench


@pytest.mark.parametrize(
    ("baud", "options", "largest"),
    [
        (115_200, (), 1024),
        (1_000_000, (), 1500),
        (3_000_000, (), SIZE + MEMORY_HEAD),  # all at once
        (3_000_000, ("--options", "device.max_response_size=512"), 512),
        (3_000_000, ("--options", "device.max_bitrate_bps=2000000"), 1024),
    ],
)
def test_memory_comes_in_pieces_that_suit_the_line(
    bench: Bench, baud: int, options: tuple[str, ...], largest: int
) -> None:
    sizes: list[int] = []
    responses = ResponseParser(max_payload=SIZE + MEMORY_HEAD)

    def note(direction: Direction, data: bytes) -> None:
        if direction is Direction.TO_HOST:
            sizes.extend(len(response.payload) for response in responses.feed(data))

    line = bench.connect_line(bench.start_board(*LARGE_BUFFERS))
    client = bench.connect(bench.start_server(line.port, baud, *options))
    client.wait_device_ready(DEADLINE_S)
    client.wait_sfd_loaded(DEADLINE_S)
    address = client.get_var_watchable_info(TABLE).address
    assert address is not None
    line.on_octets = note

    assert client.read_memory(address, SIZE) == bytes(SIZE)

    assert max(sizes) == largest
