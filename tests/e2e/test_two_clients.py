"""Two clients of one server see the same device, and do not depend on each other."""

from __future__ import annotations

import sys

import pytest

from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import SCRATCH
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


def test_what_one_client_writes_the_other_one_sees(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    server = bench.start_server(line.port)
    writer, reader = bench.connect(server), bench.connect(server)
    for client in (writer, reader):
        client.wait_device_ready(DEADLINE_S)
    written = writer.watch(SCRATCH[0])
    seen = reader.watch(SCRATCH[0])

    for value in (1, 2, 3):
        written.value = value
        seen.wait_value(value, DEADLINE_S)


def test_a_client_that_leaves_does_not_take_the_values_of_the_other(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    server = bench.start_server(line.port)
    leaving, staying = bench.connect(server), bench.connect(server)
    for client in (leaving, staying):
        client.wait_device_ready(DEADLINE_S)
    leaving.watch(SCRATCH[0], update_rate=50)
    handle = staying.watch(SCRATCH[0], update_rate=10)
    handle.wait_update(DEADLINE_S)

    leaving.disconnect()

    for _ in range(5):
        handle.wait_update(DEADLINE_S)


def test_both_are_told_that_the_device_went_and_came(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    server = bench.start_server(line.port)
    clients = [bench.connect(server), bench.connect(server)]
    first = {expect_event(client, Events.DeviceReadyEvent).session_id for client in clients}

    line.unplug()
    gone = {expect_event(client, Events.DeviceGoneEvent).session_id for client in clients}
    line.plug()
    second = {expect_event(client, Events.DeviceReadyEvent).session_id for client in clients}

    assert len(first) == len(second) == 1
    assert first == gone
    assert first != second
