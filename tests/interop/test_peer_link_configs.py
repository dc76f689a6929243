"""The stock SDK chooses links of our server by probe and bus, and understands what it tells."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import link_url
from tests.support.can_nodes import device_node, new_link
from tests.support.rtt_servers import Terminal, jlink_server
from tests.support.server_process import ServerProcess

from .peer_processes import Peer, PeerClient

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the peer is run on POSIX")

Connect = Callable[..., PeerClient]


@pytest.fixture
def connect(peer_python: Path, tmp_path: Path) -> Iterator[Connect]:
    """Start our server with these arguments, and the stock SDK as its client."""
    with ExitStack() as ends:

        def connect(*arguments: str) -> PeerClient:
            server = ServerProcess(tmp_path, "--tcp-port", "0", *arguments)
            ends.callback(server.kill)
            match, _ = server.wait_for_line(r"listening on tcp://127\.0\.0\.1:(\d+)")
            home = tmp_path / "peer"
            home.mkdir()
            client = Peer(peer_python, home).connect(int(match[1]))
            ends.callback(client.process.stop)
            return client

        yield connect


def test_an_rtt_server_is_chosen_as_a_target(connect: Connect) -> None:
    client = connect()
    with jlink_server([Terminal(), default_endpoint()]) as port:
        told = client.ask("link_by_rtt", target=f"rtt://127.0.0.1:{port}", buffer_index=1)

        assert told == [f"rtt://127.0.0.1:{port}", "swd", 1]
        assert client.ask("device")["name"] == "Motor example (simulated)"


ADAPTERS: dict[str, dict[str, Any]] = {
    "SocketCAN": {"channel": "can77"},
    "Vector": {"channel": 0, "bitrate": 500_000, "data_bitrate": 2_000_000},
    "KVaser": {"channel": 0, "bitrate": 500_000, "data_bitrate": 2_000_000, "fd_non_iso": True},
    "PCAN": {"channel": "PCAN_USBBUS1", "bitrate": 500_000},
    "ETAS": {"channel": "ETAS://USB/1", "bitrate": 500_000, "data_bitrate": 2_000_000},
}


def test_links_by_can_are_taken_and_told(connect: Connect) -> None:
    client = connect()

    for adapter, fields in ADAPTERS.items():
        assert client.ask("link_by_can", adapter=adapter, fields=fields), adapter


def test_a_bus_without_hardware_does_not_cost_the_status(connect: Connect) -> None:
    settings = new_link("udp_multicast", fd=True)

    def work() -> None:
        client = connect("--link", link_url(settings))
        assert client.ask("device")["name"] == "Motor example (simulated)"
        assert client.ask("told_link_type") == "_Dummy"

    async def scenario() -> None:
        with device_node(settings, default_endpoint(), asyncio.get_running_loop()):
            await asyncio.to_thread(work)

    asyncio.run(scenario())
