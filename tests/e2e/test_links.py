"""The life of a board over links that no loop can watch: its port is read by a thread."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S
from tests.support.serial_server import SerialServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


@dataclass(frozen=True)
class Link:
    """A way to a board that can be cut."""

    url: str
    cut: Callable[[], None]
    mend: Callable[[], None]
    options: tuple[str, ...] = ()


@contextmanager
def read_by_a_thread(bench: Bench) -> Generator[Link]:
    """As serial ports on Windows are."""
    line = bench.connect_line(bench.start_board())
    options = ("--options", "device.portable_links=true")
    yield Link(f"serial:{line.port}", line.unplug, line.plug, options)


@contextmanager
def at_another_machine(bench: Bench) -> Generator[Link]:
    with SerialServer(bench.start_board().port) as server:
        yield Link(f"serial:{server.url}?baudrate=57600", server.hang_up, lambda: None)


@pytest.mark.parametrize("link_to", [read_by_a_thread, at_another_machine])
def test_a_board_comes_goes_and_comes_back(
    bench: Bench, link_to: Callable[[Bench], AbstractContextManager[Link]]
) -> None:
    with link_to(bench) as link:
        client = bench.connect(bench.start_server_with_link(link.url, *link.options))
        before = expect_event(client, Events.DeviceReadyEvent).session_id
        client.write_watchable(SCRATCH[0], 4711)

        link.cut()
        assert expect_event(client, Events.DeviceGoneEvent).session_id == before
        link.mend()

        assert expect_event(client, Events.DeviceReadyEvent).session_id != before
        client.watch(SCRATCH[0]).wait_value(4711, DEADLINE_S)
        client.watch(UPTIME).wait_update(DEADLINE_S)
