"""The TCP port for clients of the original, with a real server process and plain sockets."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.server.api.tcp_framing import DatagramDecoder, to_datagram
from tests.support.server_process import ServerProcess

TIMEOUT_S = 20.0


class TcpClient:
    """Speaks the framing over a socket."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._decoder = DatagramDecoder(1 << 24)
        self._messages: list[dict[str, Any]] = []

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._socket.sendall(octets)

    def receive(self) -> dict[str, Any]:
        """Return the next message."""
        while not self._messages:
            data = self._socket.recv(1 << 16)
            assert data, "the server has closed the connection"
            self._messages += map(json.loads, self._decoder.feed(data, 0.0))
        return self._messages.pop(0)

    def answer(self, reqid: int) -> dict[str, Any]:
        """Return the next message with this id, whatever comes before."""
        while (message := self.receive()).get("reqid") != reqid or message["cmd"] == "welcome":
            pass
        return message

    def error(self) -> str:
        """Return the text of the next error."""
        while (message := self.receive())["cmd"] != "error":
            pass
        return str(message["msg"])

    def echo(self, reqid: int) -> None:
        """See that it is served."""
        self.send(datagram({"cmd": "echo", "reqid": reqid, "payload": "ping"}))
        assert self.answer(reqid)["payload"] == "ping"

    def is_closed(self) -> bool:
        """Read to the end, if there is one."""
        try:
            while self._socket.recv(1 << 16):
                pass
        except ConnectionError:
            return True
        return True

    def close(self) -> None:
        """Leave."""
        self._socket.close()


def datagram(message: object) -> bytes:
    """Return a message as a datagram."""
    octets = to_datagram(json.dumps(message).encode())
    assert octets is not None
    return octets


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with the port."""
    server = ServerProcess(tmp_path, "--link", "memory:", "--tcp-port", "0")
    yield server
    server.stop()
    assert server.complaints == []


@pytest.fixture
def port(server: ServerProcess) -> int:
    """Return the port, which is open on the loopback address only."""
    match, _ = server.wait_for_line(r"listening on tcp://127\.0\.0\.1:(\d+)")
    return int(match[1])


def test_clients_are_welcomed_and_answered(port: int) -> None:
    client = TcpClient(port)

    assert client.receive()["cmd"] == "welcome"
    client.echo(1)
    client.close()


def test_errors_are_answered_and_garbage_is_skipped(port: int) -> None:
    client = TcpClient(port)

    client.send(b"garbage <SCRUTINY size=3 flags=>{no")
    assert "JSON" in client.error()
    client.send(b"<SCRUTINY size=0 flags=>")
    assert "JSON" in client.error()
    client.send(datagram({"cmd": "unheard", "reqid": 5}))
    assert "unknown command" in client.error()
    client.echo(6)
    client.close()


def test_a_message_that_is_huge_when_decompressed_is_refused(port: int) -> None:
    client = TcpClient(port)

    client.send(datagram(" " * 100_000_000))
    assert "at most 1048576 are taken" in client.error()
    client.echo(2)
    client.close()


def test_large_answers_keep_their_place(port: int) -> None:
    client = TcpClient(port)
    for reqid, size in enumerate((300_000, 1, 300_000, 1), start=1):
        client.send(datagram({"cmd": "echo", "reqid": reqid, "payload": "x" * size}))

    order: list[int] = []
    while len(order) < 4:
        message = client.receive()
        if message["cmd"] == "response_echo":
            order.append(message["reqid"])
    assert order == [1, 2, 3, 4]
    client.close()


def test_clients_of_both_kinds_and_one_that_leaves_do_not_notice_each_other(port: int) -> None:
    leaving, staying = TcpClient(port), TcpClient(port)

    leaving.send(b"<SCRUTINY size=400 flags=ch>half")
    leaving.close()

    staying.echo(1)
    staying.close()


def test_a_stopping_server_closes_its_connections(server: ServerProcess, port: int) -> None:
    client = TcpClient(port)
    client.echo(1)

    assert server.stop() == 0
    assert client.is_closed()
    client.close()


def test_port_is_off_unless_asked_for(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, "--link", "memory:")
    try:
        assert not any("tcp://" in line for line in server.lines)
    finally:
        server.stop()


def test_port_in_use_is_told_with_the_option(port: int) -> None:
    command = [sys.executable, "-m", "scrutiny.server", "--port", "0", "--tcp-port", f"{port}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in result.stderr
    assert "--tcp-port" in result.stderr
