"""The API from another language: the example in JavaScript, run as users run it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from scrutiny.api.token_files import new_token, read_token
from tests.support.bench import Bench
from tests.support.example_board import ROOT, SCRATCH, UPTIME
from tests.support.node import node_with_websocket
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

Watch = Callable[..., LoggedProcess]


@pytest.fixture(scope="module")
def node() -> list[str]:
    return node_with_websocket()


@pytest.fixture
def watch(node: list[str]) -> Iterator[Watch]:
    """Run the example with these arguments."""
    started: list[LoggedProcess] = []

    def start(server: ServerProcess, *arguments: str) -> LoggedProcess:
        url = f"ws://127.0.0.1:{server.tcp_port}"
        script = str(ROOT / "examples" / "watch.mjs")
        command = [*node, script, "--url", url, *arguments]
        environment = os.environ | {"SCRUTINY_TOKEN": read_token(server.tcp_port) or new_token()}
        started.append(LoggedProcess(command, environment=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_it_prints_live_values_and_writes_one(bench: Bench, watch: Watch) -> None:
    server = bench.start_server(bench.start_board().port)
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)

    example = watch(server, UPTIME, SCRATCH[0], "--write", f"{SCRATCH[0]}=40 + 2")

    example.wait_for_line(r"^server: Scrutiny Bridge .*, API 1\.")
    example.wait_for_line("^device: connected_ready$")
    example.wait_for_line(f"^write of {SCRATCH[0]}: confirmed by the device$")
    example.wait_for_line(f"^{SCRATCH[0]} = 42$")
    assert client.read_once(SCRATCH[0]) == 42
    first, _ = example.wait_for_line(rf"^{UPTIME} = (\d+)$")
    example.wait_for_line(rf"^{UPTIME} = (?!{first[1]}$)\d+$")
    client.watch(SCRATCH[0]).value = 7  # what others write is seen, too
    example.wait_for_line(f"^{SCRATCH[0]} = 7$")


def test_it_tells_why_it_cannot_watch(bench: Bench, watch: Watch) -> None:
    server = bench.start_server(bench.start_board().port)
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)

    example = watch(server, "/no/such/path")

    assert example.finish() == 1
    assert any("error: unknown watchable '/no/such/path'" in line for line in example.lines)


def test_it_tells_that_there_is_no_server(bench: Bench, watch: Watch) -> None:
    server = bench.start_server(bench.start_board().port)
    server.stop()

    example = watch(server, UPTIME)

    assert example.finish() == 1
    told = [line for line in example.lines if line.startswith("error: ")]
    assert told == [f"error: no connection to ws://127.0.0.1:{server.tcp_port}"]


def test_it_goes_on_when_the_device_is_back(bench: Bench, watch: Watch) -> None:
    line = bench.connect_line(bench.start_board())
    server = bench.start_server(line.port)
    example = watch(server, UPTIME)
    example.wait_for_line(f"^{UPTIME} = ")

    line.unplug()
    example.wait_for_line("^device: disconnected$")
    count = len(example.lines)
    line.plug()

    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)
    handle = client.watch(UPTIME)
    while not any(text.startswith(f"{UPTIME} = ") for text in example.lines[count:]):
        handle.wait_update(DEADLINE_S)
    assert "device: connected_ready" in example.lines[count:]
