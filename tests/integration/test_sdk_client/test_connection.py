"""Connecting, and all the ways in which a connection ends."""

from __future__ import annotations

import gc
import socket
import sys
import threading
import weakref
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.api.codec import encode
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.sdk import _wire
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import SOON_S, FakeServer, in_thread, status, welcome

Events = ScrutinyClient.Events


def test_connect_returns_the_client_and_with_disconnects(server: FakeServer) -> None:
    client = ScrutinyClient()

    with client.connect(server.host, server.port) as connected:
        assert connected is client
        assert connected.server_state is sdk.ServerState.Connected
        assert (client.hostname, client.port) == (server.host, server.port)
        assert client.get_latest_server_status().device_session_id == "session-1"

    assert client.server_state is sdk.ServerState.Disconnected
    assert (client.hostname, client.port) == (None, None)
    with pytest.raises(sdk.exceptions.ConnectionError, match="this client disconnected"):
        client.get_latest_server_status()


def test_connect_works_again_after_disconnect(server: FakeServer) -> None:
    client = ScrutinyClient()

    for _ in range(3):
        client.connect(server.host, server.port)  # also ends the connection before
        assert client.watch("/var/speed").status is sdk.ValueStatus.NeverSet

    client.disconnect()
    client.disconnect()


def test_threads_that_connect_one_client_take_turns(server: FakeServer) -> None:
    client = ScrutinyClient(timeout=SOON_S)

    def connect_often() -> None:
        for _ in range(5):
            client.connect(server.host, server.port)

    for attempts in [in_thread(connect_often) for _ in range(4)]:
        attempts.result(4 * SOON_S)

    assert client.server_state is sdk.ServerState.Connected
    client.disconnect()


def test_who_disconnects_while_another_thread_connects_stays_so(server: FakeServer) -> None:
    server.welcome = None
    client = ScrutinyClient(timeout=SOON_S)
    connecting = in_thread(lambda: client.connect(server.host, server.port))
    server.expect(api.GetServerStatus)
    leaving = in_thread(client.disconnect)
    server.send(welcome())
    connecting.result(SOON_S)
    leaving.result(SOON_S)

    with pytest.raises(sdk.exceptions.ConnectionError):
        client.wait_device_ready(SOON_S)


def test_close_socket_lets_the_next_thread_connect(server: FakeServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = ScrutinyClient(timeout=SOON_S)
        hanging = in_thread(lambda: client.connect("127.0.0.1", listener.getsockname()[1]))
        connection = listener.accept()[0]
        with connection:
            connection.recv(4096)  # the attempt waits for the answer to this
            waiting = in_thread(lambda: client.connect(server.host, server.port))

            client.close_socket()

            with pytest.raises(sdk.exceptions.ConnectionError, match="close_socket"):
                hanging.result(SOON_S)
        waiting.result(SOON_S)
        client.disconnect()


@pytest.mark.parametrize("host", ["no..host", "x" * 64 + ".org", "a\udc80"])
def test_what_is_no_host_name_is_a_connection_error(host: str) -> None:
    with pytest.raises(sdk.exceptions.ConnectionError, match="it is no host name"):
        ScrutinyClient().connect(host, 8765)


def test_an_empty_host_is_refused_before_anything_changes(
    server: FakeServer, client: ScrutinyClient
) -> None:
    with pytest.raises(ValueError, match="hostname is empty"):
        client.connect("", server.port)

    assert client.server_state is sdk.ServerState.Connected


def test_a_callback_that_exits_is_cut_off(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[dict[str, Any]] = []

    def leave(client: ScrutinyClient, message: dict[str, Any]) -> None:
        calls.append(message)
        sys.exit("enough")

    client = ScrutinyClient(rx_message_callbacks=[leave])
    with client.connect(server.host, server.port):
        client.wait_process(SOON_S)

    assert len(calls) == 1
    assert "it is not called again" in caplog.text


def test_connect_over_ipv6() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with FakeServer(listener) as server, ScrutinyClient().connect("::1", server.port) as client:
        assert client.server_state is sdk.ServerState.Connected


def test_without_a_server_connect_says_how_to_start_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(sdk.exceptions.ConnectionError, match="scrutiny server"):
        ScrutinyClient().connect("127.0.0.1", port)


@pytest.mark.parametrize("banner", [b"<SCRUTINY size=2 flags=>{}", b"HTTP/1.1 404 Not\r\n\r\n"])
def test_another_program_on_the_port_is_not_taken_for_a_server(banner: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection = listener.accept()[0]
            with connection:
                connection.recv(4096)
                connection.sendall(banner)

        answered = in_thread(answer)
        with pytest.raises(sdk.exceptions.ConnectionError, match="another program"):
            ScrutinyClient().connect("127.0.0.1", listener.getsockname()[1])
        answered.result(SOON_S)


def test_a_server_that_says_nothing_is_a_time_out() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(sdk.exceptions.ConnectionError, match="no answer in time"),
    ):
        ScrutinyClient(timeout=0.05).connect("127.0.0.1", listener.getsockname()[1])


def test_no_welcome_is_a_time_out_and_leaves_the_client_disconnected(server: FakeServer) -> None:
    server.welcome = None
    client = ScrutinyClient(timeout=0.5)

    with pytest.raises(sdk.exceptions.TimeoutException, match="no welcome"):
        client.connect(server.host, server.port)

    assert client.server_state is sdk.ServerState.Disconnected


def test_no_status_is_a_time_out_for_those_who_wait_for_it(server: FakeServer) -> None:
    server.answers[api.GetServerStatus] = lambda c: []
    client = ScrutinyClient(timeout=0.5)

    with pytest.raises(sdk.exceptions.TimeoutException, match="no status"):
        client.connect(server.host, server.port)

    client = ScrutinyClient().connect(server.host, server.port, wait_status=False)
    with client, pytest.raises(sdk.exceptions.InvalidValueError):
        client.get_latest_server_status()


def test_close_socket_ends_a_connect_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = ScrutinyClient(timeout=SOON_S)
        attempt = in_thread(lambda: client.connect("127.0.0.1", listener.getsockname()[1]))
        connection = listener.accept()[0]
        with connection:
            connection.recv(4096)  # the attempt waits for the answer to this

            client.close_socket()

            with pytest.raises(sdk.exceptions.ConnectionError, match="close_socket"):
                attempt.result(SOON_S)


def test_a_killed_server_ends_everything_in_order(
    server: FakeServer, client: ScrutinyClient
) -> None:
    client.listen_events(Events.LISTEN_ALL & ~Events.LISTEN_STATUS_UPDATE_CHANGED)
    handle = client.watch("/var/speed")
    server.answers[api.GetWatchableCount] = lambda c: []
    request = in_thread(client.get_watchable_count)
    server.expect(api.GetWatchableCount)

    server.die()

    with pytest.raises(sdk.exceptions.ConnectionError, match="lost before get_watchable_count"):
        request.result(SOON_S)
    assert handle.status is sdk.ValueStatus.ServerGone
    assert [client.read_event(SOON_S) for _ in range(3)] == [
        Events.DeviceGoneEvent("session-1"),
        Events.SFDUnLoadedEvent("firmware-1"),
        Events.DisconnectedEvent(server.host, server.port),
    ]


def test_the_reason_of_the_server_to_hang_up_is_told(
    server: FakeServer, client: ScrutinyClient
) -> None:
    client.connect(server.host, server.port, reconnect=False)  # else it may be back already
    client.listen_events(Events.LISTEN_DISCONNECTED)
    assert server.current is not None

    server.current.close(1013, "this client is too slow")

    assert isinstance(client.read_event(SOON_S), Events.DisconnectedEvent)
    with pytest.raises(sdk.exceptions.ConnectionError, match="this client is too slow"):
        client.watch("/var/speed")


def test_a_server_that_reads_nothing_any_more_is_given_up(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire, "IO_TIMEOUT_S", 0.2)
    resume = threading.Event()

    def hang(command: api.GetWatchableList) -> list[api.ServerMessage]:
        resume.wait(SOON_S)
        return []

    server.answers[api.GetWatchableList] = hang
    client = ScrutinyClient(enabled_events=Events.LISTEN_DISCONNECTED)
    client.connect(server.host, server.port)

    def send_much() -> None:
        while True:  # until all buffers on the way are full
            client.download_watchable_list(name_patterns=["x" * 700_000])

    with pytest.raises(sdk.exceptions.ConnectionError):
        send_much()
    resume.set()

    assert isinstance(client.read_event(SOON_S), Events.DisconnectedEvent)


def test_pings_are_answered_and_fragments_joined(
    server: FakeServer, client: ScrutinyClient
) -> None:
    assert server.current is not None

    assert server.current.ping().wait(SOON_S)
    text = encode(status("session-2")).decode()
    client.listen_events(Events.LISTEN_DEVICE_READY)
    server.current.send([text[:10], text[10:20], text[20:]])

    assert client.read_event(SOON_S) == Events.DeviceReadyEvent("session-2")


def test_a_message_may_be_larger_than_a_server_takes(
    server: FakeServer, client: ScrutinyClient
) -> None:
    payload = "x" * (2 * MAX_MESSAGE_SIZE)
    server.answers[api.Echo] = lambda c: [api.EchoReply(payload=payload)]

    client.wait_process(SOON_S)


def test_what_is_no_message_is_ignored(server: FakeServer, client: ScrutinyClient) -> None:
    assert server.current is not None

    for text in ("", "{", "[]", '{"cmd": "inform_of_the_future"}', '{"cmd": "watchable_update"}'):
        server.current.send(text)

    client.wait_process(SOON_S)


def test_a_client_that_nobody_uses_disconnects(server: FakeServer) -> None:
    client = ScrutinyClient(rx_message_callbacks=[lambda client, message: None])
    client.connect(server.host, server.port).watch("/var/speed")
    gone = weakref.ref(client)

    del client
    gc.collect()

    assert gone() is None
    assert server.ended.get(timeout=SOON_S)


def test_own_status_request_returns_its_own_answer(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.status = status("session-2")

    info = client.request_server_status_update(wait=True)

    assert info is not None
    assert info.device_session_id == "session-2"
    assert info == client.get_latest_server_status()


def test_waiting_for_a_status_ends_with_the_next_one(
    server: FakeServer, client: ScrutinyClient
) -> None:
    with pytest.raises(sdk.exceptions.TimeoutException):
        client.wait_server_status_update(timeout=0.01)

    waiting = in_thread(lambda: client.wait_server_status_update(timeout=SOON_S))
    while not waiting.done():  # whether the thread waits yet cannot be seen: ask until it ends
        client.request_server_status_update(wait=True, timeout=SOON_S)
    waiting.result(0)


def test_wait_device_ready(server: FakeServer) -> None:
    server.status = status()
    server.status.device_comm_link.failure_reason = "/dev/ttyX is not there"
    with ScrutinyClient().connect(server.host, server.port) as client:
        with pytest.raises(sdk.exceptions.TimeoutException, match="/dev/ttyX is not there"):
            client.wait_device_ready(timeout=0.01)

        waiting = in_thread(lambda: client.wait_device_ready(timeout=SOON_S))
        server.send(status("session-1"))
        waiting.result(SOON_S)
        client.wait_device_ready(timeout=0)


def test_a_new_link_makes_the_status_before_it_forgotten(
    server: FakeServer, client: ScrutinyClient
) -> None:
    def set_link(command: api.SetLinkConfig) -> list[api.ServerMessage]:
        server.status = status()  # the session before has ended, and no broadcast has told it
        return [api.SetLinkConfigReply()]

    server.answers[api.SetLinkConfig] = set_link

    client.configure_device_link(sdk.DeviceLinkType.UDP, sdk.UDPLinkConfig("1.2.3.4", 5))

    assert server.expect(api.SetLinkConfig).link_config == {"host": "1.2.3.4", "port": 5}
    with pytest.raises(sdk.exceptions.TimeoutException):
        client.wait_device_ready(timeout=0)
