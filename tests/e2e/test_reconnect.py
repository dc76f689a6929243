"""A client outlasts its server: kills and restarts on the same port, with a real board behind."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners.buffered_reader_listener import BufferedReaderListener
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import ROOT, SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


class Desk:
    """A server that can be killed and started again where it was, and one client."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.board = bench.start_board()
        self.server = bench.start_server(self.board.port)
        self.client = bench.connect(self.server)
        self.client.wait_device_ready(DEADLINE_S)

    def kill_server(self) -> None:
        self.server.kill()
        expect_event(self.client, Events.DisconnectedEvent)

    def restart_server(self) -> ServerProcess:
        self.server = self.bench.start_server(self.board.port, tcp_port=self.server.tcp_port)
        return self.server


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def test_a_script_without_a_line_about_it_goes_on(bench: Bench) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)
    script = LoggedProcess(
        [sys.executable, str(ROOT / "examples" / "watch_on.py"), f"{server.tcp_port}", UPTIME],
        environment={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )
    try:
        wait_for_more_values(script)
        board.kill()
        wait_for_more(script, "DeviceGone")
        board = bench.start_board()
        wait_for_more_values(script)
        server.kill()
        wait_for_more(script, "ServerGone")
        bench.start_server(board.port, tcp_port=server.tcp_port)
        wait_for_more_values(script)
    finally:
        script.kill()


def wait_for_more_values(script: LoggedProcess) -> None:
    wait_for_more(script, r"\d$")


def wait_for_more(script: LoggedProcess, pattern: str) -> None:
    script.wait_for_line(pattern, skip=len(script.lines))


def test_the_same_handles_live_again_at_the_same_rates(desk: Desk) -> None:
    client = desk.client
    slow = client.watch(UPTIME, update_rate=5)
    handles = [slow, *client.watch_many(SCRATCH)]
    client.wait_new_value_for_all(DEADLINE_S)

    desk.kill_server()
    assert {handle.status for handle in handles} == {sdk.ValueStatus.ServerGone}
    assert client.try_get_existing_watch_handle(UPTIME) is slow
    with pytest.raises(sdk.exceptions.InvalidValueError, match="server is gone"):
        _ = slow.value
    desk.restart_server()

    slow.wait_bound(DEADLINE_S)
    client.wait_new_value_for_all(DEADLINE_S)
    assert {handle.status for handle in handles} == {sdk.ValueStatus.Valid}
    assert slow.requested_update_rate == 5
    assert client.watch(UPTIME) is slow
    handles[1].value = 41
    handles[1].wait_value(41, DEADLINE_S)


def test_events_are_those_of_a_new_connection(desk: Desk) -> None:
    desk.kill_server()
    desk.restart_server()

    expect_event(desk.client, Events.ConnectedEvent)
    expect_event(desk.client, Events.DeviceReadyEvent)


def test_a_write_without_a_server_fails_at_once_and_is_never_repeated(desk: Desk) -> None:
    """Defect avoided: elsewhere a write without connection waits, and may arrive later."""
    (scratch,) = desk.client.watch_many(SCRATCH[:1])
    scratch.value = 7
    desk.kill_server()

    with pytest.raises(sdk.exceptions.ConnectionError):
        scratch.value = 8
    with pytest.raises(sdk.exceptions.ConnectionError):
        desk.client.write_watchable(SCRATCH[0], 9)
    with pytest.raises(sdk.exceptions.ConnectionError):
        desk.client.read_once(SCRATCH[0])
    desk.restart_server()

    scratch.wait_bound(DEADLINE_S)
    assert desk.client.read_once(SCRATCH[0]) == 7


def test_a_device_can_be_waited_for_while_the_server_is_away(desk: Desk) -> None:
    desk.kill_server()
    outcome: list[str] = []

    def wait() -> None:
        desk.client.wait_device_ready(DEADLINE_S)
        outcome.append("ready")

    waiting = threading.Thread(target=wait)
    waiting.start()
    desk.restart_server()
    waiting.join(DEADLINE_S)

    assert outcome == ["ready"]


def test_a_listener_goes_on(desk: Desk) -> None:
    handle = desk.client.watch(UPTIME)
    listener = BufferedReaderListener(queue_max_size=0)
    desk.client.register_listener(listener)
    listener.subscribe(handle)
    with listener.start():
        handle.wait_update(DEADLINE_S)
        desk.kill_server()
        desk.restart_server()
        handle.wait_bound(DEADLINE_S)
        handle.wait_update(DEADLINE_S)
        seen: list[sdk.ValueStatus] = []
        while seen.count(sdk.ValueStatus.ServerGone) == 0 or seen[-1] is not sdk.ValueStatus.Valid:
            seen.append(listener.get_queue().get(timeout=DEADLINE_S).status)

    assert sdk.ValueStatus.Valid in seen


def test_what_is_disconnected_stays_so(desk: Desk) -> None:
    handle = desk.client.watch(UPTIME)
    desk.kill_server()

    desk.client.disconnect()

    assert "connection to the server ended" in handle.snapshot().failure_reason
    with pytest.raises(sdk.exceptions.NameNotFoundError):
        handle.unwatch()
    desk.restart_server()
    with desk.client.connect("127.0.0.1", desk.server.tcp_port):
        desk.client.wait_device_ready(DEADLINE_S)
        assert desk.client.watch(UPTIME) is not handle
    assert desk.client.server_state is sdk.ServerState.Disconnected


def test_who_wants_no_reconnection_gets_none(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)
    client = ScrutinyClient(enabled_events=Events.LISTEN_ALL)
    with client.connect("127.0.0.1", server.tcp_port, reconnect=False):
        client.wait_device_ready(DEADLINE_S)
        handle = client.watch(UPTIME)
        server.kill()
        expect_event(client, Events.DisconnectedEvent)

        with pytest.raises(sdk.exceptions.InvalidValueError, match=r"connection .* ended"):
            handle.wait_bound(DEADLINE_S)
        with pytest.raises(sdk.exceptions.ConnectionError):
            client.wait_device_ready(DEADLINE_S)


def test_what_is_unwatched_meanwhile_stays_so(desk: Desk) -> None:
    kept, left = desk.client.watch_many([UPTIME, SCRATCH[0]])
    desk.kill_server()

    left.unwatch()
    desk.restart_server()

    kept.wait_bound(DEADLINE_S)
    kept.wait_update(DEADLINE_S)
    assert left.status is sdk.ValueStatus.NotWatched
