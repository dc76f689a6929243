"""Clients against a running server with a simulated device, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from scrutiny.firmware_link.transports.settings import NoLink
from scrutiny.server import app
from scrutiny.server.access.settings import AccessSettings
from scrutiny.server.api import backlog, backlog_guard, listener
from scrutiny.server.api.errors import ListenError
from scrutiny.server.api.session import ClientSession
from scrutiny.server.daemon import Daemon
from scrutiny.server.device import DeviceDriver
from scrutiny.server.settings import DeviceSettings, ServerSettings

from ..support.api_peer import DEADLINE_S, Server, run, running, token_headers

FLOAT32_RPV: Final = "/rpv/x2020"  # plain memory of the simulated application
FLOAT32_MAX: Final = 3.4028234663852886e38


@pytest.fixture
def without_device(tmp_path: Path) -> ServerSettings:
    return ServerSettings(
        access=AccessSettings(memory_write=True),
        port=0,
        data_folder=tmp_path / "data",
        cache_folder=tmp_path / "cache",
        device=DeviceSettings(link=NoLink(), runtime_folder=tmp_path),
    )


# ------------------------------------------------------------------ from end to end


def test_a_value_is_watched_and_written(settings: ServerSettings) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer, server.client() as other:
            await peer.device_is_ready()
            path = {"watchables": [FLOAT32_RPV]}
            subscribed = (await peer.ask("subscribe_watchable", **path))["subscribed"]
            await other.ask("subscribe_watchable", **path)
            entry_id = subscribed[FLOAT32_RPV]["id"]
            item = {"batch_index": 0, "watchable": entry_id, "value": "2.5"}

            answer = await peer.ask("write_watchable", updates=[item])

            for watcher in (peer, other):
                watcher.events.clear()
                completion = await watcher.event("inform_write_completion")
                assert completion["success"]
                assert completion["request_token"] == answer["request_token"]
                values = [u["v"] for e in watcher.events for u in e.get("updates", [])]
                assert values[-1] == 2.5  # told before the completion

    run(test())


def test_memory_and_user_commands_reach_the_device(settings: ServerSettings) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await peer.device_is_ready()

            await peer.ask("write_memory", address=0x20000000, data="AQIDBA==")
            assert (await peer.event("inform_memory_write_complete"))["success"]
            await peer.ask("read_memory", address=0x20000000, size=4)
            assert (await peer.event("inform_memory_read_complete"))["data"] == "AQIDBA=="
            assert "does not fit" in (await peer.ask("user_command", subfunction=250))["msg"]

    run(test())


def test_a_new_link_is_told_to_everybody(settings: ServerSettings) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer, server.client() as other:
            await peer.device_is_ready()

            await peer.ask("set_link_config", link_type="none", link_config={})

            await other.find(
                lambda m: (
                    m["cmd"] == "inform_server_status"
                    and m["device_comm_link"]["link_type"] == "none"
                    and m["device_status"] == "disconnected"
                )
            )
            unknown = await peer.ask("get_watchable_info", watchables=[FLOAT32_RPV])
            assert "no device is connected" in unknown["msg"]

    run(test())


# ------------------------------------------------------------------ what must do no harm

BAD_MESSAGES: Final[dict[str, bytes]] = {
    "empty": b"",
    "no JSON": b"hello",
    "truncated": b'{"cmd":"echo","payload":"x',
    "not UTF-8": b'{"cmd":"echo","payload":"\xff\xfe"}',
    "UTF-16": '{"cmd":"echo","payload":""}'.encode("utf-16"),
    "lone surrogate": b'{"cmd":"echo","payload":"\\ud800"}',
    "lone surrogate in cmd": b'{"cmd":"\\ud800","reqid":1}',
    "a number": b"42",
    "null": b"null",
    "true": b"true",
    "false": b"false",
    "a string": b'"echo"',
    "an array": b'[{"cmd":"echo","payload":""}]',
    "NaN": b"NaN",
    "deep arrays": b"[" * 500_000,
    "deep objects": b'{"a":' * 150_000,
    "deep in an ignored field": b'{"cmd":"echo","payload":"","x":' + b"[" * 500_000,
    "deep in a link": b'{"cmd":"set_link_config","link_type":"udp","link_config":{"a":'
    + b"[" * 500_000,
    "1 MiB and more": b'{"cmd":"echo","payload":"' + b"x" * (1 << 20) + b'"}',
    "nearly 2 MiB": b" " * ((2 << 20) - 1),
    "no cmd": b'{"reqid":1}',
    "cmd no string": b'{"cmd":7}',
    "unknown cmd": b'{"cmd":"debug"}',
    "reqid text": b'{"cmd":"echo","reqid":"1","payload":""}',
    "reqid float": b'{"cmd":"echo","reqid":1.5,"payload":""}',
    "reqid NaN": b'{"cmd":"echo","reqid":NaN,"payload":""}',
    "reqid list": b'{"cmd":"echo","reqid":[1],"payload":""}',
    "missing field": b'{"cmd":"echo"}',
    "wrong type": b'{"cmd":"read_memory","address":"0","size":1}',
    "boolean for integer": b'{"cmd":"read_memory","address":0,"size":true}',
    "negative address": b'{"cmd":"read_memory","address":-1,"size":1}',
    "address beyond any": b'{"cmd":"read_memory","address":36893488147419103232,"size":1}',
    "size 0": b'{"cmd":"read_memory","address":0,"size":0}',
    "bad base64": b'{"cmd":"write_memory","address":0,"data":"*"}',
    "no data": b'{"cmd":"write_memory","address":0,"data":""}',
    "subfunction 256": b'{"cmd":"user_command","subfunction":256}',
    "max_per_response 0": b'{"cmd":"get_watchable_list","max_per_response":0}',
    "max_per_response -1": b'{"cmd":"get_watchable_list","max_per_response":-1}',
    "unknown type": b'{"cmd":"get_watchable_list","filter":{"type":["x"]}}',
    "rate 0": b'{"cmd":"subscribe_watchable","watchables":["/rpv/x2020"],"rate":0}',
    "rate -1": b'{"cmd":"subscribe_watchable","watchables":["/rpv/x2020"],"rate":-1}',
    "rate infinite": b'{"cmd":"subscribe_watchable","watchables":["/rpv/x2020"],"rate":1e999}',
    "unknown path": b'{"cmd":"subscribe_watchable","watchables":["/rpv/x2020","/no"]}',
    "unknown id": b'{"cmd":"change_subscription_update_rate","changes":[{"id":"no","rate":1}]}',
    "throttling -1": b'{"cmd":"set_throttling","update_rate":-1}',
    "value null": b'{"cmd":"write_single_watchable","server_path":"/rpv/x2020","value":null}',
    "value NaN": b'{"cmd":"write_single_watchable","server_path":"/rpv/x2020","value":NaN}',
    "value infinite": b'{"cmd":"write_single_watchable","server_path":"/rpv/x2020","value":1e999}',
    "value text": b'{"cmd":"write_single_watchable","server_path":"/rpv/x2020","value":"inf"}',
    "unknown link": b'{"cmd":"set_link_config","link_type":"usb","link_config":{}}',
    "incomplete link": b'{"cmd":"set_link_config","link_type":"udp","link_config":{}}',
    "port 0": b'{"cmd":"set_link_config","link_type":"udp","link_config":{"host":"h","port":0}}',
}


@pytest.mark.parametrize("data", BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_a_bad_message_is_answered_and_nobody_else_notices(
    settings: ServerSettings, data: bytes
) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as bad, server.client() as other:
            await bad.device_is_ready()
            await other.device_is_ready()
            other.events.clear()

            await bad.connection.send(data, text=True)

            assert (await bad.event("error"))["msg"]
            assert await bad.is_served()
            assert await other.is_served()
            assert other.events == []

    run(test())


@pytest.mark.parametrize(
    ("value", "stored"), [(1e39, FLOAT32_MAX), (-1e300, -FLOAT32_MAX), (10**200, FLOAT32_MAX)]
)
def test_values_beyond_float32_are_saturated(
    settings: ServerSettings, value: float, stored: float
) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await peer.device_is_ready()
            await peer.ask("subscribe_watchable", watchables=[FLOAT32_RPV])

            answer = await peer.ask("write_single_watchable", server_path=FLOAT32_RPV, value=value)

            assert answer["success"]
            assert peer.events[-1]["updates"][0]["v"] == stored
            assert await peer.is_served()

    run(test())


def test_json_in_a_binary_frame_is_accepted(without_device: ServerSettings) -> None:
    async def test() -> None:
        async with running(without_device) as server, server.client() as peer:
            await peer.connection.send(b'{"cmd":"echo","payload":"\xc3\xa9"}')

            answer = await peer.connection.recv()

            assert isinstance(answer, str)
            assert json.loads(answer)["payload"] == "\u00e9"

    run(test())


def test_others_are_answered_while_a_large_command_is_carried_out(
    without_device: ServerSettings,
) -> None:
    async def test() -> None:
        async with (
            running(without_device) as server,
            server.client() as first,
            server.client() as other,
        ):
            paths = [f"/nothing[{i}]" + "/x[1]" * 40 for i in range(3900)]
            large = asyncio.create_task(
                first.ask("subscribe_watchable", watchables=paths, partial=True)
            )
            echoes = 0
            while not large.done():
                assert await other.is_served()
                echoes += 1

            assert (await large)["cmd"] == "error"  # its answer would be too large
            assert echoes > 3
            assert await first.is_served()

    run(test())


def test_a_message_in_fragments_is_one_message(without_device: ServerSettings) -> None:
    async def test() -> None:
        async with running(without_device) as server, server.client() as peer:
            await peer.connection.send(['{"cmd":"ec', 'ho","pay', 'load":"x"}'])

            assert (await peer.receive())["payload"] == "x"

    run(test())


def test_a_message_beyond_reason_closes_its_sender_only(without_device: ServerSettings) -> None:
    async def test() -> None:
        async with running(without_device) as server, server.client() as other:
            async with server.client() as bad:
                frame_of_3_mib = b"\x81\xff" + (3 << 20).to_bytes(8, "big") + bytes(4)
                bad.connection.transport.write(frame_of_3_mib)
                with pytest.raises(ConnectionClosed):
                    await bad.receive()
                assert bad.connection.close_code == 1009
            assert await other.is_served()

    run(test())


@pytest.mark.parametrize("message", ["{}", ["{", "}"]], ids=["whole", "in fragments"])
def test_a_failure_of_the_server_is_logged(
    message: str | list[str],
    without_device: ServerSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(session: ClientSession, data: bytes) -> None:
        raise ZeroDivisionError

    async def test() -> None:
        monkeypatch.setattr(ClientSession, "begin", fail)
        async with running(without_device) as server, server.client() as peer:
            await peer.connection.send(message)
            with pytest.raises(ConnectionClosed):
                await peer.receive()

            assert peer.connection.close_code == 1011
            assert "ZeroDivisionError" in caplog.text

    run(test())


def test_messages_that_come_together_are_taken_in_their_order(
    without_device: ServerSettings,
) -> None:
    async def test() -> None:
        async with running(without_device) as server, server.client() as peer:
            sent: list[str] = []
            for number in range(40):
                payload = str(number) * (1 if number % 3 else 3000)
                sent.append(payload)
                echo = json.dumps({"cmd": "echo", "reqid": number, "payload": payload})
                whole = number % 4
                await peer.connection.send(echo if whole else [echo[:9], echo[9:]])

            received = [(await peer.receive())["payload"] for _ in sent]

            assert received == sent

    run(test())


def test_a_client_too_many_is_turned_away(
    without_device: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_CLIENTS", 2)

    async def test() -> None:
        async with running(without_device) as server, server.client() as first:
            async with server.client():
                async with connect(
                    f"ws://127.0.0.1:{server.port}",
                    additional_headers=token_headers(server.port),
                ) as late:
                    with pytest.raises(ConnectionClosed):
                        await late.recv()
                assert late.close_code == 1013
                assert "2 clients" in (late.close_reason or "")
                assert await first.is_served()

            while (await first.ask("get_server_stats"))["client_count"] != 1:
                pass  # each question is a turn of the server's loop
            async with server.client() as next_one:
                assert await next_one.is_served()

    run(test())


def test_a_client_that_vanishes_leaves_nothing_behind(settings: ServerSettings) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as other:
            await other.device_is_ready()
            async with server.client() as vanishing:
                await vanishing.ask("subscribe_watchable", watchables=[FLOAT32_RPV])
                vanishing.connection.transport.abort()
                await vanishing.connection.wait_closed()

            while (await other.ask("get_server_stats"))["client_count"] != 1:
                pass  # each question is a turn of the server's loop
            assert await other.is_served()

    run(test())


def test_what_is_no_websocket_is_turned_away(without_device: ServerSettings) -> None:
    async def test() -> None:
        async with running(without_device) as server, server.client() as other:
            for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" * 50, b""):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(request)
                writer.write_eof()
                await reader.read()
                writer.close()
                await writer.wait_closed()

            assert await other.is_served()
            assert (await other.ask("get_server_stats"))["client_count"] == 1

    run(test())


async def open_deaf_client(port: int) -> socket.socket:
    """Connect a client that reads nothing after the welcome."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await loop.sock_connect(sock, ("127.0.0.1", port))
    await loop.sock_sendall(
        sock,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + b"".join(f"{k}: {v}\r\n".encode() for k, v in token_headers(port).items())
        + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    received = b""
    while b"welcome" not in received:
        received += await loop.sock_recv(sock, 4096)
    return sock


async def open_stalled_client(port: int) -> socket.socket:
    """Connect a client that asks for much and never reads; return when the server has stalled."""
    loop = asyncio.get_running_loop()
    sock = await open_deaf_client(port)
    payload = b'{"cmd":"echo","payload":"' + b"x" * 1_000_000 + b'"}'
    frame = b"\x81\xff" + len(payload).to_bytes(8, "big") + bytes(4) + payload
    # The server takes no more commands once its answers are not read.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            while True:
                await loop.sock_sendall(sock, frame)
    return sock


def test_a_client_that_does_not_read_is_cut_off(
    without_device: ServerSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(backlog_guard, "CHECK_INTERVAL_S", 0.2)
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(backlog, "STUCK_FOR_S", 0.8)

    async def test() -> None:
        async with running(without_device) as server, server.client() as other:
            deaf = await open_stalled_client(server.port)
            assert await other.is_served()

            while (await other.ask("get_server_stats"))["client_count"] != 1:
                pass  # each question is a turn of the server's loop

            assert "read nothing for 0.8 s; read, or unsubscribe" in caplog.text
            assert await other.is_served()
            deaf.close()

    run(test())


def test_a_client_that_only_pings_and_does_not_read_is_cut_off(
    without_device: ServerSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(backlog_guard, "CHECK_INTERVAL_S", 0.2)
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(backlog, "STUCK_FOR_S", 0.8)

    async def test() -> None:
        async with running(without_device) as server, server.client() as other:
            deaf = await open_deaf_client(server.port)
            pings = (b"\x89\xfd" + bytes(4) + b"x" * 125) * 1000
            with contextlib.suppress(OSError):
                while (await other.ask("get_server_stats"))["client_count"] != 1:
                    await asyncio.get_running_loop().sock_sendall(deaf, pings)

            assert "too slow" in caplog.text
            assert await other.is_served()
            deaf.close()

    run(test())


def test_a_client_that_does_not_read_does_not_delay_the_end(
    without_device: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT_S", 0.1)

    async def test() -> None:
        async with running(without_device) as server:
            deaf = await open_stalled_client(server.port)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 5
        deaf.close()

    run(test())


# ------------------------------------------------------------------ start and end


def test_clients_are_told_that_the_server_stops(settings: ServerSettings) -> None:
    async def test() -> None:
        async with running(settings) as server:
            connection = await connect(
                f"ws://127.0.0.1:{server.port}",
                max_queue=None,
                additional_headers=token_headers(server.port),
            )
        await connection.wait_closed()
        assert (connection.close_code, connection.close_reason) == (1001, "the server stops")

    run(test())


def test_cancelling_the_daemon_is_a_clean_end(settings: ServerSettings) -> None:
    async def test() -> None:
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(Daemon(settings).run(ready.set_result))
        async with Server(await ready).client() as peer:
            await peer.device_is_ready()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        async with running(settings) as server, server.client() as peer:
            await peer.device_is_ready()  # the device was released

    run(test())


def test_a_failure_of_the_link_task_ends_the_daemon(without_device: ServerSettings) -> None:
    class Broken(DeviceDriver):
        async def run(self) -> None:
            raise ZeroDivisionError

    async def test() -> None:
        with pytest.raises(ZeroDivisionError):
            await Daemon(without_device, Broken).run()

    run(test())


def test_localhost_is_both_loopback_addresses(without_device: ServerSettings) -> None:
    async def test() -> None:
        async with running(replace(without_device, host="localhost")) as server:
            async with server.client("127.0.0.1") as peer:
                assert await peer.is_served()
            async with server.client("[::1]") as peer:
                assert await peer.is_served()

    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    run(test())


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "is no address of this machine; choose one with --host"),
        ("no.such.host.invalid", "is no address of this machine .* --host"),
        ("x" * 300, "is no address of this machine .* --host"),
    ],
)
def test_an_address_that_cannot_be_opened_is_explained(
    without_device: ServerSettings, host: str, reason: str
) -> None:
    async def test() -> None:
        settings = replace(without_device, host=host)
        with pytest.raises(ListenError, match=reason):
            await Daemon(settings).run()

    run(test())


def test_a_port_that_is_in_use_ends_the_program_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert app.main(["--port", str(port), "--loglevel", "critical"]) == 1

    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in errors
    assert "--port" in errors


def test_bad_settings_end_the_program_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--options", "device.link_typ=udp"]) == 1

    assert "did you mean device.link_type?" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scrutiny.server", "--port", "0", "--link", "memory:"]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any(re.search(r"listening on ws://127\.0\.0\.1:\d+", line) for line in lines)
        assert any("is ready" in line for line in lines)

        process.send_signal(number)

        _, rest = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert "device is gone" in rest
    assert "Traceback" not in rest


def test_web_pages_cannot_connect(without_device: ServerSettings) -> None:
    """A page that is open on the same machine must not reach the device."""

    async def test() -> None:
        async with running(without_device) as server, server.client() as peer:
            page = Origin("http://example.org")
            with pytest.raises(InvalidStatus):
                await connect(
                    f"ws://127.0.0.1:{server.port}",
                    origin=page,
                    additional_headers=token_headers(server.port),
                )
            assert await peer.is_served()

    run(test())
