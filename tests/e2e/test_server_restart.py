"""A server that is killed while the board runs leaves a session open that the next one closes."""

from __future__ import annotations

import sys
import time

import pytest

from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import SCRATCH
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

# The device gives up a session 5 s after the last heartbeat, which was at most 1 s before the kill.
BUSY_S = 4.0


def test_a_killed_server_is_followed_by_one_that_connects_at_once(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    server = bench.start_server(line.port)
    client = bench.connect(server)
    ids = [expect_event(client, Events.DeviceReadyEvent).session_id]
    client.write_watchable(SCRATCH[0], 99)

    for _ in range(3):
        for path in SCRATCH:  # requests are on their way when it dies
            client.watch(path)
        server.kill()
        killed_s = time.monotonic()
        assert expect_event(client, Events.DeviceGoneEvent).session_id == ids[-1]
        server = bench.start_server(line.port)
        client = bench.connect(server)
        ids.append(expect_event(client, Events.DeviceReadyEvent).session_id)
        ready_s = time.monotonic()
        sys.stdout.write(
            f"ready {ready_s - killed_s:.2f} s after the kill, "
            f"{ready_s - server.listening_s:.3f} s after the server was up\n"
        )
        # Where only starting Python takes as long, nothing can be said about the device.
        assert ready_s - killed_s < BUSY_S or server.listening_s - killed_s > BUSY_S / 2

    assert len(set(ids)) == len(ids)
    client.watch(SCRATCH[0]).wait_value(99, DEADLINE_S)


def test_a_stopped_server_says_goodbye_to_the_device(bench: Bench) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)
    client = bench.connect(server)
    session_a = expect_event(client, Events.DeviceReadyEvent).session_id

    assert server.stop() == 0

    assert expect_event(client, Events.DeviceGoneEvent).session_id == session_a
    expect_event(client, Events.DisconnectedEvent)
    client = bench.connect(bench.start_server(board.port))
    assert expect_event(client, Events.DeviceReadyEvent).session_id != session_a
