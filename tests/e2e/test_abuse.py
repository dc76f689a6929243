"""Clients that mean no good, beside one that watches: a real board and the server process."""

from __future__ import annotations

import ssl
import sys
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from scrutiny.server.api.limits import MOST_CLIENTS
from scrutiny.server.api.strangers import MOST_STRANGERS
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench
from tests.support.certificates import make_certificates
from tests.support.example_board import description_of
from tests.support.intruders import (
    CONTINUATION,
    TEXT,
    Intruder,
    datagram,
    frame,
    frame_header,
    upgrade_request,
)
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess
from tests.support.slow_clients import HonestClient, paths_of_table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

HUGE: Final = 100_000_000


class Besieged:
    """A server with a board, and an honest client that watches its values.

    Attributes:
        port: of the websocket.
        tcp_port: of clients of the original.
        server: itself.
        stack: what is entered there is closed in the end.
    """

    def __init__(self, bench: Bench, stack: ExitStack) -> None:
        self.stack = stack
        server = bench.start_server(bench.start_board().port, 115_200, "--tcp-port", "0")
        self.port = server.tcp_port
        self.tcp_port = int(server.wait_for_line(r"listening on tcp://127\.0\.0\.1:(\d+)")[0][1])
        client = bench.connect(server)
        client.wait_device_ready(DEADLINE_S)
        client.wait_sfd_loaded(DEADLINE_S)
        self.server = server
        self._honest = stack.enter_context(closing(HonestClient(self.port, paths_of_table(100))))

    def intruder(self) -> Intruder:
        """Return somebody who knows the token, and has asked for a websocket."""
        intruder = self.stranger()
        intruder.send(upgrade_request(self.port))
        return intruder

    def connected(self) -> Intruder:
        """Return somebody who knows the token, and is connected."""
        intruder = self.stranger()
        assert " 101 " in intruder.upgrade()
        return intruder

    def stranger(self) -> Intruder:
        """Return somebody who is connected and has said nothing."""
        return self.stack.enter_context(closing(Intruder(self.port)))

    def at_tcp_port(self) -> Intruder:
        """Return a client of the original."""
        return self.stack.enter_context(closing(Intruder(self.tcp_port)))

    @contextmanager
    def few_descriptors(self, more: int) -> Generator[None]:
        """Let the server open so many files more, for a while."""
        import resource  # Windows has none

        pid = self.server.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        few = len(list(Path(f"/proc/{pid}/fd").iterdir())) + more
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, limits[1]))
        yield
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)

    def is_unimpressed(self) -> None:
        """See that the honest client gets values, has never been without, and nothing failed."""
        self.is_served()
        assert self.server.complaints == []

    def is_served(self) -> None:
        """See that the honest client gets values, and has never been without."""
        wanted = self._honest.updates + 3
        deadline_s = time.monotonic() + DEADLINE_S
        while self._honest.updates < wanted:
            assert time.monotonic() < deadline_s, "no more updates"
            time.sleep(0.01)
        assert self._honest.without_value == 0


@pytest.fixture
def besieged(described_program: Path, tmp_path: Path) -> Iterator[Besieged]:
    DescriptionStore(tmp_path / "data" / "server").install(description_of(described_program))
    with Bench(described_program, tmp_path) as bench, ExitStack() as stack:
        yield Besieged(bench, stack)


def test_clients_too_many_are_turned_away_with_a_reason(besieged: Besieged) -> None:
    connected = 2  # the honest one, and that of the bench
    intruders = [besieged.intruder() for _ in range(MOST_CLIENTS - connected + 5)]
    headers = [intruder.header() for intruder in intruders]

    assert all(" 101 " in header for header in headers)
    turned_away = [intruder for intruder in intruders if not intruder.answers(1)]
    assert len(turned_away) == 5
    besieged.is_unimpressed()


def test_who_says_nothing_does_not_keep_others_out(besieged: Besieged) -> None:
    silent = [besieged.stranger() for _ in range(MOST_STRANGERS + 5)]

    assert " 101 " in besieged.intruder().header()
    assert all(stranger.is_closed_by_server() for stranger in silent[:5])
    besieged.is_unimpressed()


def test_stalled_handshakes_of_tls_do_not_keep_others_out(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    options = ["--tls-certificate", str(certificates.certificate)]
    options += ["--tls-key", str(certificates.key)]
    server = ServerProcess(tmp_path, "--link", "none", *options)
    with ExitStack() as stack:
        stack.callback(server.kill)
        stalled: list[Intruder] = []
        for _ in range(MOST_STRANGERS + 5):
            stalled.append(stack.enter_context(closing(Intruder(server.tcp_port))))
            stalled[-1].send(b"\x16\x03\x01\x02\x00\x01")
        tls = ssl.create_default_context(cafile=str(certificates.authority))
        other = stack.enter_context(closing(Intruder(server.tcp_port, tls)))

        assert " 101 " in other.upgrade()
        assert all(intruder.is_closed_by_server() for intruder in stalled[:5])
        assert server.complaints == []


def test_a_server_without_free_descriptors_serves_on_and_recovers(besieged: Besieged) -> None:
    with besieged.few_descriptors(10):
        for _ in range(20):
            besieged.stranger()
        besieged.server.wait_for_line("out of system resource")
        besieged.is_served()

    assert " 101 " in besieged.intruder().header()
    besieged.is_served()


def one_frame(intruder: Intruder) -> None:
    """Begin a message of 100 MB."""
    intruder.send(frame_header(HUGE))


def large_fragments(intruder: Intruder) -> None:
    """Send a message of 100 MB in fragments, as far as it is taken."""
    intruder.send(frame(b"{", TEXT, is_last=False))
    fragment = frame(bytes(1 << 20), CONTINUATION, is_last=False)
    for _ in range(HUGE >> 20):
        if not intruder.send(fragment):
            return


def many_fragments(intruder: Intruder) -> None:
    """Send a message of a million empty fragments, as far as they are taken."""
    intruder.send(frame(b"{", TEXT, is_last=False))
    block = frame(b"", CONTINUATION, is_last=False) * 10_000
    for _ in range(100):
        if not intruder.send(block):
            return


def compressed(intruder: Intruder) -> None:
    """Send a compressed message without having agreed on it."""
    intruder.send(frame(zlib.compress(bytes(HUGE), 9)[2:-4], flags=0x40))


@pytest.mark.parametrize(
    ("attack", "code"),
    [(one_frame, 1009), (large_fragments, 1009), (many_fragments, 1009), (compressed, 1002)],
)
def test_messages_that_only_take_memory_end_the_connection_with_a_reason(
    besieged: Besieged, attack: Callable[[Intruder], None], code: int
) -> None:
    intruder = besieged.connected()

    attack(intruder)

    reason = intruder.close_reason()
    assert reason.startswith(f"{code} ")
    assert len(reason) > len(f"{code} ")
    besieged.is_unimpressed()


def test_compression_is_not_agreed_on(besieged: Besieged) -> None:
    header = besieged.stranger().upgrade("Sec-WebSocket-Extensions: permessage-deflate")

    assert " 101 " in header
    assert "deflate" not in header


def test_large_datagrams_are_skipped_and_bombs_refused(besieged: Besieged) -> None:
    intruder = besieged.at_tcp_port()
    bomb = zlib.compress(bytes(HUGE), 9)

    intruder.send(b"<SCRUTINY size=%x flags=>" % HUGE + bytes(1 << 20))
    intruder.send((b"<SCRUTINY size=%x flags=c>" % len(bomb) + bomb) * 5)
    intruder.send(datagram(b'{"cmd":"echo","reqid":7,"payload":"x"}'))

    commands = [message["cmd"] for message in intruder.datagrams(7)]
    assert commands == ["welcome", *["error"] * 5, "response_echo"]
    besieged.is_unimpressed()


def test_empty_messages_wait_for_their_turn(besieged: Besieged) -> None:
    count = 5000
    intruder = besieged.connected()
    intruder.send(frame(b"") * count)

    assert len(intruder.answers(1 + count)) == 1 + count
    besieged.is_unimpressed()
