"""What values in binary take on the wire: a real board, the server process, and the SDK."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from scrutiny.api.value_frames import decode_frame
from scrutiny.sdk.aio import AsyncScrutinyClient
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench
from tests.support.either_client import RUNNERS
from tests.support.example_board import description_of
from tests.support.processes import DEADLINE_S
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

WATCHED: Final = 100
MOST_OCTETS: Final = 16


@pytest.fixture
def bench(described_program: Path, tmp_path: Path) -> Iterator[Bench]:
    DescriptionStore(tmp_path / "data" / "server").install(description_of(described_program))
    with Bench(described_program, tmp_path) as bench:
        yield bench


async def paths_of_four_octets(client: AsyncScrutinyClient) -> list[str]:
    request = client.download_watchable_list()
    await request.wait_for_completion(DEADLINE_S)
    content = request.get()
    named = {**content.rpv, **content.var}
    paths = [path for path, it in named.items() if it.datatype.get_size_bit() == 32]
    return [path for path in paths if "*" not in path][:WATCHED]


async def watch_for_long(client: AsyncScrutinyClient) -> None:
    await client.wait_device_ready(DEADLINE_S)
    await client.wait_sfd_loaded(DEADLINE_S)
    handles = await client.watch_many(await paths_of_four_octets(client))
    assert len(handles) == WATCHED
    for _ in range(20):
        await client.wait_new_value_for_all(DEADLINE_S)
    assert any(handle.raw_data for handle in handles)  # those of variables


@pytest.mark.parametrize("name", RUNNERS)
def test_an_update_of_four_octets_takes_at_most_16(bench: Bench, name: str) -> None:
    server = bench.start_server(bench.start_board().port)
    with RecordingProxy(server.tcp_port) as proxy:
        asyncio.run(RUNNERS[name](proxy.port, watch_for_long))
    frames = list(proxy.frames)

    updates = sum(len(group.ids) for frame in frames for group in decode_frame(frame))
    octets = sum(map(len, frames))
    assert updates >= 20 * WATCHED
    assert octets <= MOST_OCTETS * updates
    assert not any("watchable_update" in text for text in proxy.from_server)
