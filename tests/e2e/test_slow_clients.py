"""A client that falls behind, beside one that does not: a real board and the server process."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench
from tests.support.example_board import description_of
from tests.support.processes import DEADLINE_S
from tests.support.slow_clients import KINDS, HonestClient, SlowConnection, paths_of_table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

WATCHED: Final = 100
MISSED: Final = 500  # messages of some 10 kB

# The buffers of both systems and of the server; what one takes was up to 4 MiB.
MOST_WAITING: Final = 1 << 17


@pytest.fixture
def bench(described_program: Path, tmp_path: Path) -> Iterator[Bench]:
    DescriptionStore(tmp_path / "data" / "server").install(description_of(described_program))
    with Bench(described_program, tmp_path) as bench:
        yield bench


def wait_for_updates(client: HonestClient, count: int) -> None:
    """Wait until a client has got so many more."""
    wanted = client.updates + count
    deadline_s = time.monotonic() + DEADLINE_S
    while client.updates < wanted:
        assert time.monotonic() < deadline_s, "no more updates"
        time.sleep(0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_has_not_read_for_long_soon_gets_the_newest(bench: Bench, kind: str) -> None:
    server = bench.start_server(bench.start_board().port, 115_200, "--tcp-port", "0")
    match, _ = server.wait_for_line(r"listening on tcp://127\.0\.0\.1:(\d+)")
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)
    client.wait_sfd_loaded(DEADLINE_S)
    paths = paths_of_table(WATCHED)
    with closing(HonestClient(server.tcp_port, paths)) as honest:
        wait_for_updates(honest, 1)
        port = int(match[1]) if kind == "tcp" else server.tcp_port
        with closing(SlowConnection(kind, port, paths)) as slow:
            wait_for_updates(honest, MISSED)

            since_us = honest.newest_us
            while not any(time_us >= since_us for time_us in slow.read_times_us(4096)):
                assert slow.octets <= MOST_WAITING

            assert slow.octets <= MOST_WAITING
            wait_for_updates(honest, 1)
        assert honest.without_value == 0
    assert not any("too slow" in line for line in server.lines)
    assert not server.complaints
