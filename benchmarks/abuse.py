"""What an honest client notices of attacks on the server, and what they cost its memory.

The honest client watches 100 variables at the full polling rate. Attacks come one after the other
from a process of their own with low priority, as from another machine. Linux only.

    python -m benchmarks.abuse
    python -m benchmarks.abuse --attack fragments
"""

from __future__ import annotations

import argparse
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measured import MeasuredBoard, MeasuredServer
from scrutiny.api.codec import encode
from scrutiny.api.messages import SubscribeWatchable
from scrutiny.server.api.tcp_framing import LARGEST_PAYLOAD
from scrutiny.sfd.store import DescriptionStore
from tests.support.certificates import make_certificates
from tests.support.example_board import build_board, description_of
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
from tests.support.slow_clients import HonestClient, paths_of_table

WATCHED: Final = 100
LARGEST_GAP_S: Final = 0.1
SETTLE_S: Final = 1.0
SAMPLE_S: Final = 0.05
MOST_FILES: Final = 1024  # of the server, as many systems have it
HUGE: Final = 100_000_000
BUFFER: Final = "/static/main.c/datalog_buffer/datalog_buffer"  # a million variables
LOADED_LINE: Final = r"description of firmware \w+ is loaded"
TCP_LINE: Final = r"listening on tcp://127\.0\.0\.1:(\d+)"
NICE: Final = 10


@dataclass(frozen=True)
class Target:
    """Where attackers find the server.

    Attributes:
        port: of the websocket.
        tcp_port: of clients of the original.
        tls: the websocket is encrypted.
        guesses: how many wrong tokens are tried.
    """

    port: int
    tcp_port: int
    tls: bool
    guesses: int


# --- The attacks; each returns what the attackers got --------------------------------------------


def nothing(target: Target) -> str:
    """Ten seconds of peace, for comparison."""
    del target
    time.sleep(10.0)
    return "-"


def connections_with_token(target: Target) -> str:
    """1,000 clients at once."""
    return at_once(target, 1000, None)


def connections_without_token(target: Target) -> str:
    """1,000 at once that do not know the token."""
    return at_once(target, 1000, "")


def at_once(target: Target, count: int, token: str | None) -> str:
    request = upgrade_request(target.port, token=token)
    intruders: list[Intruder] = []
    for _ in range(count):
        intruders.append(Intruder(target.port))
        intruders[-1].send(request)
    got = Counter(outcome_of_handshake(intruder) for intruder in intruders)
    for intruder in intruders:
        intruder.close()
    return told(got)


def outcome_of_handshake(intruder: Intruder) -> str:
    header = intruder.header()
    if " 101 " not in header:
        return header.splitlines()[0] if header else "cut off"
    if intruder.answers(1):
        return "served"
    return "turned away, they are too many"


def tcp_connections(target: Target) -> str:
    """1,000 at once at the port of the original."""
    intruders = [Intruder(target.tcp_port) for _ in range(1000)]
    served = 0
    for intruder in intruders:
        with suppress(OSError):
            served += bool(intruder.socket.recv(10))
    for intruder in intruders:
        intruder.close()
    return f"{served} served, {1000 - served} closed"


def slow_handshakes(target: Target) -> str:
    """300 that send their handshake octet by octet."""
    intruders = [Intruder(target.port) for _ in range(300)]
    request = upgrade_request(target.port)
    begin_s = time.monotonic()
    ends_s: list[float] = []
    for octet in request:
        left: list[Intruder] = []
        for intruder in intruders:
            if intruder.send(bytes((octet,))):
                left.append(intruder)
            else:
                ends_s.append(time.monotonic() - begin_s)
        intruders = left
        time.sleep(0.1)
        if not intruders:
            break
    return f"{len(ends_s)} closed within {max(ends_s, default=0):.1f} s, {len(intruders)} not"


def stalled_tls(target: Target) -> str:
    """1,500 connections that begin with TLS and say no more."""
    assert target.tls
    hello = b"\x16\x03\x01\x02\x00\x01"
    intruders: list[Intruder] = []
    failed = 0
    for _ in range(1500):
        try:
            intruders.append(Intruder(target.port))
        except OSError:
            failed += 1
            continue
        intruders[-1].send(hello)
    begin_s = time.monotonic()
    closed = sum(intruder.is_closed_by_server() for intruder in intruders)
    seconds = time.monotonic() - begin_s
    for intruder in intruders:
        intruder.close()
    return f"{closed} closed within {seconds:.1f} s, {failed} not connected"


def never_reading(target: Target) -> str:
    """20 clients that ask for much, all the time, and never read."""
    message = frame(b'{"cmd":"echo","reqid":1,"payload":"' + b"x" * 900_000 + b'"}')
    intruders = [connected(target) for _ in range(20)]
    for intruder in intruders:
        intruder.socket.settimeout(0.2)
        for _ in range(20):
            if not intruder.send(message):
                break
    time.sleep(3.0)
    for intruder in intruders:
        intruder.close()
    return "nothing more is read from them; closed after 30 s"


def one_frame(target: Target) -> str:
    """A message of 100 MB in one frame."""
    intruder = connected(target)
    intruder.send(frame_header(HUGE))
    sent = send_until_closed(intruder, (bytes(1 << 20) for _ in range(HUGE >> 20)))
    return f"{intruder.close_reason()}, after {sent / 1e6:.1f} MB"


def fragments(target: Target) -> str:
    """A message of 100 MB in fragments of 100 octets."""
    return in_fragments(target, 100)


def tiny_fragments(target: Target) -> str:
    """A message of a million fragments of one octet."""
    return in_fragments(target, 1)


def empty_fragments(target: Target) -> str:
    """A message of a million fragments of nothing."""
    return in_fragments(target, 0)


def in_fragments(target: Target, size: int) -> str:
    intruder = connected(target)
    intruder.send(frame(b"{", TEXT, is_last=False))
    block = frame(bytes(size), CONTINUATION, is_last=False) * 1000
    sent = send_until_closed(intruder, (block for _ in range(1000)))
    return f"{intruder.close_reason()}, after {sent / 1e6:.1f} MB"


def tiny_messages(target: Target) -> str:
    """50,000 empty messages of each of five clients, who read the answers."""
    block = frame(b"") * 50_000

    def flood(_: int) -> int:
        intruder = connected(target)
        with ThreadPoolExecutor(1) as sender:
            sender.submit(intruder.send, block)
            count = len(intruder.answers(50_001))
        intruder.close()
        return count

    with ThreadPoolExecutor(5) as pool:
        return f"{sum(pool.map(flood, range(5)))} answers"


def pings(target: Target) -> str:
    """A client that only pings, and reads no pong."""
    intruder = connected(target)
    block = frame(b"x" * 125, 9) * 1000
    intruder.socket.settimeout(2.0)
    sent = send_until_closed(intruder, (block for _ in range(1000)))
    intruder.close()
    return f"{sent / 1e6:.1f} MB of pings taken"


def large_datagrams(target: Target) -> str:
    """Datagrams of 100 MB at the port of the original: one, and one in zeros."""
    intruder = Intruder(target.tcp_port)
    intruder.send(b"<SCRUTINY size=%x flags=>" % HUGE)
    sent = send_until_closed(intruder, (bytes(1 << 20) for _ in range(HUGE >> 20)))
    intruder.send(datagram(b'{"cmd":"echo","reqid":7,"payload":"still here"}'))
    got = "still served" if b"<SCRUTINY" in intruder.socket.recv(1 << 16) else "closed"
    intruder.close()
    return f"{sent / 1e6:.0f} MB skipped, {got}"


def compressed_frames(target: Target) -> str:
    """Compressed messages, although the server has not agreed to any."""
    intruder = Intruder(target.port)
    header = intruder.upgrade("Sec-WebSocket-Extensions: permessage-deflate")
    agreed = "permessage-deflate" in header
    bomb = zlib.compress(bytes(HUGE), 9)[2:-4]
    intruder.send(frame(bomb, flags=0x40))
    return f"{'agreed to compression' if agreed else 'not agreed'}; {intruder.close_reason()}"


def compressed_datagrams(target: Target) -> str:
    """500 datagrams of 100 kB or less that become 100 MB each, at the port of the original."""
    bomb = zlib.compress(bytes(HUGE), 9)
    assert len(bomb) <= LARGEST_PAYLOAD
    octets = b"<SCRUTINY size=%x flags=c>" % len(bomb) + bomb
    small = datagram(bytes(2 << 20))
    intruder = Intruder(target.tcp_port)
    sent = send_until_closed(intruder, (octets + small * 10 for _ in range(100)))
    intruder.close()
    return f"{sent / 1e6:.0f} MB taken, each answered with an error"


def subscriptions(target: Target) -> str:
    """A million subscriptions of one client."""
    intruder = connected(target)
    got: Counter[str] = Counter()
    for number in range(250):
        first = number * 4000
        paths = [f"{BUFFER}[{index}]" for index in range(first, first + 4000)]
        reqid = number + 1
        intruder.send(frame(encode(SubscribeWatchable(reqid=reqid, watchables=paths, rate=0.1))))
        wanted = b'"reqid":%d' % reqid
        while answer := intruder.answers(1):
            if wanted in answer[0][:200] or wanted in answer[0][-50:]:
                got["taken" if b'"subscribed"' in answer[0] else answer[0].decode()[:200]] += 1
                break
        else:
            got[f"no answer: {intruder.close_reason()}"] += 1
            break
    intruder.close()
    return told(got)


def nesting(target: Target) -> str:
    """100 messages nested 100,000 levels deep."""
    intruder = connected(target)
    for _ in range(100):
        intruder.send(frame(b'{"cmd":' * 100_000))
    got = Counter(answer.decode()[:120] for answer in intruder.answers(100))
    intruder.close()
    return told(got)


def wrong_tokens(target: Target) -> str:
    """100,000 wrong tokens, unless told otherwise."""

    def guess(count: int) -> Counter[str]:
        got: Counter[str] = Counter()
        for number in range(count):
            intruder = Intruder(target.port)
            header = intruder.upgrade(token=f"{number:064x}")
            got[header.splitlines()[0] if header else "cut off"] += 1
            intruder.close()
        return got

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(guess, [target.guesses // 4] * 4))
    return told(sum(parts, Counter[str]()))


def connected(target: Target) -> Intruder:
    intruder = Intruder(target.port)
    assert " 101 " in intruder.upgrade()
    return intruder


def send_until_closed(intruder: Intruder, blocks: Iterable[bytes]) -> int:
    """Return how many octets the server has taken."""
    sent = 0
    for block in blocks:
        if not intruder.send(block):
            break
        sent += len(block)
    return sent


def told(got: Counter[str]) -> str:
    return "; ".join(f"{count} {what}" for what, count in got.most_common(4))


ATTACKS: Final[dict[str, Callable[[Target], str]]] = {
    "nothing": nothing,
    "connections": connections_with_token,
    "strangers": connections_without_token,
    "tcp connections": tcp_connections,
    "slow handshakes": slow_handshakes,
    "stalled tls": stalled_tls,
    "never reading": never_reading,
    "one frame": one_frame,
    "fragments": fragments,
    "tiny fragments": tiny_fragments,
    "empty fragments": empty_fragments,
    "tiny messages": tiny_messages,
    "pings": pings,
    "large datagrams": large_datagrams,
    "compressed frames": compressed_frames,
    "compressed datagrams": compressed_datagrams,
    "subscriptions": subscriptions,
    "nesting": nesting,
    "wrong tokens": wrong_tokens,
}


# --- The defence ---------------------------------------------------------------------------------


class Defence:
    """A board, its server, and an honest client."""

    def __init__(
        self, program: Path, folder: Path, stack: ExitStack, guesses: int, options: Iterable[str]
    ) -> None:
        folder.mkdir()
        DescriptionStore(folder / "data" / "server").install(description_of(program))
        board = MeasuredBoard(program, folder / "board")
        stack.callback(board.kill)
        link = f"serial:{board.port}?baudrate=115200"
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, limits[1]))
        try:
            self.server = MeasuredServer(folder, "--link", link, "--tcp-port", "0", *options)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        stack.callback(self.server.kill)
        tcp_port = int(self.server.wait_for_line(TCP_LINE)[0][1])
        self._target = Target(self.server.tcp_port, tcp_port, tls=bool(options), guesses=guesses)

    def watch(self, stack: ExitStack, tls: ssl.SSLContext | None) -> None:
        """Let the honest client watch."""
        self.honest = HonestClient(self.server.tcp_port, paths_of_table(WATCHED), tls)
        stack.callback(self.honest.close)

    def endure(self, name: str) -> bool:
        """Be attacked, print what happened, and return whether the honest client noticed little."""
        time.sleep(SETTLE_S)
        before = self.server.usage.resident_octets
        peak = before
        self.honest.begin()
        command = [sys.executable, "-m", "benchmarks.abuse", "--as-attacker", name]
        target = self._target
        numbers = (target.port, target.tcp_port, int(target.tls), target.guesses)
        command += [str(number) for number in numbers]
        begin_s = time.monotonic()
        attack = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while attack.poll() is None:
            peak = max(peak, self.server.usage.resident_octets)
            time.sleep(SAMPLE_S)
        seconds = time.monotonic() - begin_s
        time.sleep(SETTLE_S)
        gaps_s = self.honest.gaps_s
        after = self.server.usage.resident_octets
        assert attack.stdout is not None
        got = attack.stdout.read().strip() or f"failed with code {attack.returncode}"
        p99_ms, largest_ms = gaps_s[len(gaps_s) * 99 // 100] * 1e3, gaps_s[-1] * 1e3
        print(
            f"{name:20} {seconds:6.1f} s  {p99_ms:6.1f} {largest_ms:7.1f} ms  "
            f"{before / 1e6:5.1f} {peak / 1e6:6.1f} {after / 1e6:6.1f} MB  {got}",
            flush=True,
        )
        return gaps_s[-1] <= LARGEST_GAP_S and attack.returncode == 0


def main() -> int:
    """Print a table; the exit code is 1 if the honest client has noticed an attack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--attack", choices=ATTACKS, action="append", help="default: all")
    parser.add_argument("--guesses", type=int, default=100_000, help="wrong tokens tried")
    parser.add_argument("--as-attacker", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    if arguments.as_attacker:
        os.nice(NICE)
        name, port, tcp_port, tls, guesses = arguments.as_attacker
        print(ATTACKS[name](Target(int(port), int(tcp_port), tls == "1", int(guesses))))
        return 0
    names = arguments.attack or list(ATTACKS)
    is_well = True
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        program = build_board(folder / "build", described=True)
        print("attack               lasted    gap p99 largest     memory before, peak, after")
        for is_tls in (False, True):
            mine = [name for name in names if (name == "stalled tls") is is_tls]
            if not mine:
                continue
            with ExitStack() as stack:
                is_well &= endure_all(
                    mine, program, folder, stack, arguments.guesses, is_tls=is_tls
                )
    return 0 if is_well else 1


def endure_all(
    names: Iterable[str],
    program: Path,
    folder: Path,
    stack: ExitStack,
    guesses: int,
    *,
    is_tls: bool,
) -> bool:
    """Start all that is needed, and be attacked."""
    options: list[str] = []
    tls: ssl.SSLContext | None = None
    if is_tls:
        certificates = make_certificates(folder)
        options = ["--tls-certificate", str(certificates.certificate)]
        options += ["--tls-key", str(certificates.key)]
        tls = ssl.create_default_context(cafile=str(certificates.authority))
    defence = Defence(program, folder / ("tls" if is_tls else "plain"), stack, guesses, options)
    defence.server.wait_for_line(LOADED_LINE, DEADLINE_S)
    defence.watch(stack, tls)
    is_well = True
    for name in names:
        is_well &= defence.endure(name)
    for complaint in defence.server.complaints:
        print(complaint)
    return is_well


if __name__ == "__main__":
    sys.exit(main())
