"""One suite for all transports: a real line, and a device in a thread that echoes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import socket
import sys
import threading
from abc import ABC, abstractmethod
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
import pytest
import serial
from msgspec.structs import replace
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from scrutiny.firmware_link.codes import (
    DISCOVER_MAGIC,
    RESPONSE_BIT,
    Command,
    CommControlFunction,
)
from scrutiny.firmware_link.errors import LinkClosed, LinkOpenError
from scrutiny.firmware_link.frames import Request
from scrutiny.firmware_link.transports import (
    CanSettings,
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    Transport,
    UdpSettings,
    drop_links,
    open_transport,
    register_endpoint,
    tcp,
    unregister_endpoint,
)
from scrutiny.firmware_link.transports.base import MAX_UNSENT_OCTETS
from scrutiny.firmware_link.transports.udp import UdpTransport
from scrutiny.firmware_link.transports.worker import open_in_worker
from tests.support.can_nodes import frames_to_host, new_link, open_node
from tests.support.jlink_library import TARGET, jlink_with
from tests.support.rtt_servers import JLINK_GREETING
from tests.support.ser2net import Ser2net, ser2net
from tests.support.serial_server import SerialServer

if sys.platform != "win32":
    import termios

    SPEEDS = {termios.B57600: 57600, termios.B115200: 115200}

DEADLINE_S = 10.0
POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="ptys exist on POSIX only")


class Device(ABC):
    """Echoes in a thread, until it is told to vanish."""

    def __init__(self, piece_size: int) -> None:
        self._piece_size = piece_size
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def vanish(self) -> None:
        if self._thread.is_alive():
            self._stop.send(b"x")
            self._thread.join()
        self._stop.close()
        self._stopped.close()
        self.release()

    @abstractmethod
    def serve(self) -> None: ...

    @abstractmethod
    def release(self) -> None: ...

    def is_readable(self, source: int | socket.socket) -> bool:
        """Wait until there is input, or the device has to vanish."""
        readable, _, _ = select.select([source, self._stopped], [], [])
        return self._stopped not in readable

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self._piece_size):
            yield data[start : start + self._piece_size]

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # the host has closed the line
            self.serve()


class PtyDevice(Device):
    def __init__(self, piece_size: int) -> None:
        super().__init__(piece_size)
        self._master, self._slave = os.openpty()
        self.node = os.ttyname(self._slave)

    def serve(self) -> None:
        while self.is_readable(self._master):
            for piece in self.pieces(os.read(self._master, 4096)):
                assert os.write(self._master, piece) == len(piece)

    @property
    def baudrate(self) -> int:
        return SPEEDS[termios.tcgetattr(self._master)[4]]

    @property
    def stopbits(self) -> int:
        return 2 if termios.tcgetattr(self._master)[2] & termios.CSTOPB else 1

    def release(self) -> None:
        os.close(self._slave)
        os.close(self._master)


class UdpDevice(Device):
    def __init__(self, piece_size: int) -> None:
        super().__init__(piece_size)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def serve(self) -> None:
        while self.is_readable(self._socket):
            data, self.host_address = self._socket.recvfrom(65536)
            for piece in self.pieces(data):
                self._socket.sendto(piece, self.host_address)

    def release(self) -> None:
        self._socket.close()


class TcpDevice(Device):
    def __init__(self, piece_size: int) -> None:
        super().__init__(piece_size)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def serve(self) -> None:
        if not self.is_readable(self._listener):
            return
        with self._listener.accept()[0] as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.echo(connection)

    def echo(self, connection: socket.socket) -> None:
        while self.is_readable(connection) and (data := connection.recv(4096)):
            for piece in self.pieces(data):
                connection.sendall(piece)

    def release(self) -> None:
        self._listener.close()


class GreetingDevice(TcpDevice):
    """An RTT server of Segger; the device behind it echoes."""

    def echo(self, connection: socket.socket) -> None:
        for line in JLINK_GREETING:
            connection.sendall(line)
        super().echo(connection)


class EchoEndpoint:
    def __init__(self, piece_size: int) -> None:
        self._piece_size = piece_size
        self.is_attached = False

    def attach(self, send: Callable[[bytes], None], loop: AbstractEventLoop) -> None:
        self._send = send
        self.is_attached = True

    def receive(self, data: bytes) -> None:
        for start in range(0, len(data), self._piece_size):
            self._send(data[start : start + self._piece_size])

    def detach(self) -> None:
        self.is_attached = False


class Link(msgspec.Struct, frozen=True):
    """A way to an echoing device."""

    settings: LinkSettings
    vanish: Callable[[], None]
    force_thread: bool = False
    notices_loss: bool = True
    write_size: int = 65536  # what fits one write, and one answer

    async def open(self) -> Transport:
        return await open_transport(self.settings, force_thread=self.force_thread)


LinkFactory = Callable[[int], AbstractContextManager[Link]]


@contextmanager
def running(device: Device) -> Generator[Callable[[], None]]:
    """Run a device; yield what makes it vanish, once."""
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(device.vanish)
        device.start()
        yield cleanup.close


@contextmanager
def pty_link(piece_size: int) -> Generator[Link]:
    device = PtyDevice(piece_size)
    with running(device) as vanish:
        yield Link(SerialSettings(device.node), vanish)


@contextmanager
def udp_link(piece_size: int) -> Generator[Link]:
    device = UdpDevice(piece_size)
    with running(device) as vanish:
        yield Link(
            UdpSettings("127.0.0.1", device.port), vanish, notices_loss=False, write_size=1024
        )


@contextmanager
def tcp_link(piece_size: int) -> Generator[Link]:
    device = TcpDevice(piece_size)
    with running(device) as vanish:
        yield Link(TcpSettings("localhost", device.port), vanish)


@contextmanager
def socket_url_link(piece_size: int) -> Generator[Link]:
    device = TcpDevice(piece_size)
    with running(device) as vanish:
        yield Link(SerialSettings(f"socket://127.0.0.1:{device.port}"), vanish)


@contextmanager
def serving(device: PtyDevice) -> Generator[SerialServer]:
    """Reach a device over the network, as at another machine."""
    with SerialServer(device.node) as server:
        yield server
    for thread in threading.enumerate():
        if thread.name == "serial reader":
            thread.join(DEADLINE_S)  # it closes the port: nothing can interrupt its read


@contextmanager
def rfc2217_link(piece_size: int) -> Generator[Link]:
    device = PtyDevice(piece_size)
    with running(device) as vanish, serving(device) as server:
        yield Link(SerialSettings(server.url), vanish)


@contextmanager
def rtt_link(piece_size: int) -> Generator[Link]:
    device = GreetingDevice(piece_size)
    with running(device) as vanish:
        yield Link(RttServerSettings("127.0.0.1", device.port), vanish)


class CanDevice(Device):
    """A node that sends back what it hears."""

    def __init__(self, settings: CanSettings, piece_size: int) -> None:
        super().__init__(piece_size)
        self._settings = settings
        self._bus = open_node(settings)

    def serve(self) -> None:
        while not select.select([self._stopped], [], [], 0)[0]:
            frame = self._bus.recv(0.02)
            if frame is not None and frame.arbitration_id == self._settings.txid:
                for piece in self.pieces(bytes(frame.data)):
                    for answer in frames_to_host(self._settings, piece):
                        self._bus.send(answer)

    def release(self) -> None:
        self._bus.shutdown()


@contextmanager
def jlink_link(piece_size: int) -> Generator[Link]:
    def echo(channel: int, octets: bytes) -> None:
        for start in range(0, len(octets), piece_size):
            probe.say(channel, octets[start : start + piece_size])

    with jlink_with(echo) as probe:
        probe.down_room = 1024

        def vanish() -> None:
            probe.is_there = False

        yield Link(RttSettings(TARGET, "swd", 1), vanish)
        assert probe.was_closed.wait(DEADLINE_S)


def can_link(interface: str, *, is_fd: bool = False) -> LinkFactory:
    @contextmanager
    def link(piece_size: int) -> Generator[Link]:
        settings = new_link(interface, fd=is_fd)
        device = CanDevice(settings, piece_size)
        with running(device) as vanish:
            # A datagram for each frame, to all, the sender too: few fit the buffer of a socket.
            size = 256 if interface == "udp_multicast" else 2048
            yield Link(settings, vanish, notices_loss=False, write_size=size)

    return link


@contextmanager
def memory_link(piece_size: int) -> Generator[Link]:
    register_endpoint("echo", lambda: EchoEndpoint(piece_size))

    def vanish() -> None:
        drop_links("echo", "unplugged")

    try:
        yield Link(MemorySettings("echo"), vanish)
    finally:
        unregister_endpoint("echo")


def portable(factory: LinkFactory) -> LinkFactory:
    """Reach the same device as on platforms whose loop cannot watch a descriptor."""

    @contextmanager
    def link(piece_size: int) -> Generator[Link]:
        with factory(piece_size) as original:
            yield replace(original, force_thread=True)

    return link


# pyserial names its thread the old way, and does not close a socket that the other end closed.
TOLERATING_RFC2217 = pytest.mark.filterwarnings(
    "ignore:set(Daemon|Name):DeprecationWarning", "ignore:unclosed <socket:ResourceWarning"
)
LINKS_WITH_A_CONNECTION = [
    pytest.param(pty_link, id="pty", marks=POSIX_ONLY),
    pytest.param(portable(pty_link), id="pty-thread", marks=POSIX_ONLY),
    pytest.param(tcp_link, id="tcp"),
    pytest.param(portable(tcp_link), id="tcp-endpoint"),
    pytest.param(socket_url_link, id="socket-url"),
    pytest.param(rfc2217_link, id="rfc2217", marks=[POSIX_ONLY, TOLERATING_RFC2217]),
    pytest.param(rtt_link, id="rtt-server"),
    pytest.param(portable(rtt_link), id="rtt-server-endpoint"),
    pytest.param(jlink_link, id="rtt-jlink"),
    pytest.param(memory_link, id="memory"),
]
every_link_with_a_connection = pytest.mark.parametrize("factory", LINKS_WITH_A_CONNECTION)
every_link = pytest.mark.parametrize(
    "factory",
    [
        *LINKS_WITH_A_CONNECTION,
        pytest.param(can_link("virtual"), id="can-virtual"),
        pytest.param(can_link("virtual", is_fd=True), id="can-fd-virtual"),
        pytest.param(can_link("udp_multicast"), id="can-multicast", marks=POSIX_ONLY),
        pytest.param(
            portable(can_link("udp_multicast")), id="can-multicast-thread", marks=POSIX_ONLY
        ),
        pytest.param(udp_link, id="udp"),
        pytest.param(portable(udp_link), id="udp-endpoint"),
    ],
)
every_serial_shell = pytest.mark.parametrize(
    "factory",
    [
        pytest.param(pty_link, id="fd", marks=POSIX_ONLY),
        pytest.param(portable(pty_link), id="thread", marks=POSIX_ONLY),
    ],
)


class Host:
    """Starts a transport and keeps what it reports."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.data = bytearray()
        self.losses: list[LinkClosed] = []
        self._changed = asyncio.Event()
        self._is_calling = True
        transport.start(asyncio.get_running_loop(), self._on_bytes, self._on_lost)
        self._is_calling = False

    def write(self, data: bytes) -> None:
        self._is_calling = True
        self.transport.write(data)
        self._is_calling = False

    async def received(self, size: int) -> bytes:
        await self._until(lambda: len(self.data) >= size)
        return bytes(self.data)

    async def loss(self) -> LinkClosed:
        await self._until(lambda: bool(self.losses))
        return self.losses[0]

    async def _until(self, is_reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not is_reached():
                self._changed.clear()
                await self._changed.wait()

    def _on_bytes(self, data: bytes) -> None:
        assert not self._is_calling, "called from inside a method of the transport"
        assert data
        self.data += data
        self._changed.set()

    def _on_lost(self, reason: LinkClosed) -> None:
        assert not self._is_calling, "called from inside a method of the transport"
        self.losses.append(reason)
        self._changed.set()


@asynccontextmanager
async def connected(link: Link) -> AsyncGenerator[Host]:
    transport = await link.open()
    try:
        yield Host(transport)
    finally:
        transport.close()


async def turns_of_the_loop() -> None:
    """Let everything run that is ready: what was not to happen would have."""
    for _ in range(5):
        await asyncio.sleep(0)


@every_link
def test_what_is_written_comes_back(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            host.write(b"hello")

            assert await host.received(5) == b"hello"

    with factory(65536) as link:
        asyncio.run(scenario(link))


@every_link
def test_single_octets_keep_their_order(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        octets = bytes(range(100))
        async with connected(link) as host:
            for octet in octets:
                host.write(bytes([octet]))

            assert await host.received(len(octets)) == octets

    with factory(1) as link:
        asyncio.run(scenario(link))


@every_link
def test_64_kib_at_once_go_both_ways_without_loss(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        octets = bytes(i * 7 % 251 for i in range(link.write_size))
        async with connected(link) as host:
            host.write(octets)

            assert await host.received(len(octets)) == octets
            assert host.losses == []

    with factory(512) as link:
        asyncio.run(scenario(link))


@every_link
def test_all_octet_values_pass(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        octets = bytes(range(256))
        async with connected(link) as host:
            host.write(octets)

            assert await host.received(len(octets)) == octets

    with factory(65536) as link:
        asyncio.run(scenario(link))


@every_link
def test_writes_behind_a_large_one_keep_their_place(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        parts = [bytes([part]) * (link.write_size // 8) for part in range(8)]
        async with connected(link) as host:
            for part in parts:
                host.write(part)

            assert await host.received(link.write_size) == b"".join(parts)

    with factory(65536) as link:
        asyncio.run(scenario(link))


@POSIX_ONLY
@TOLERATING_RFC2217
def test_a_serial_server_is_told_the_settings() -> None:
    async def scenario(device: PtyDevice, settings: SerialSettings) -> None:
        async with connected(Link(settings, lambda: None)) as host:
            host.write(b"x")
            await host.received(1)

            assert (device.baudrate, device.stopbits) == (57600, 2)
            assert host.transport.bits_per_second == round(57600 * 10 / 11)

    device = PtyDevice(1)
    with running(device), serving(device) as server:
        asyncio.run(scenario(device, SerialSettings(server.url, 57600, stopbits=2)))


@POSIX_ONLY
@TOLERATING_RFC2217
def test_ser2net_serves_a_port_and_tells_if_control_lines_are_in_the_way(tmp_path: Path) -> None:
    device = PtyDevice(65536)

    async def scenario(server: Ser2net) -> None:
        # A pty has no such lines; ser2net then does not answer.
        url = f"rfc2217://{server.address}?timeout=0.3"
        while "refused" in (text := await failure_of(SerialSettings(url))):
            """It does not tell when it has started."""
        assert f"If the board needs none of them, write {url}&ign_set_control" in text

        link = Link(SerialSettings(f"{url}&ign_set_control", 57600, stopbits=2), lambda: None)
        async with connected(link) as host:
            host.write(bytes(range(256)))
            assert await host.received(256) == bytes(range(256))
            assert (device.baudrate, device.stopbits) == (57600, 2)
            server.stop()
            assert "went away" in (await host.loss()).reason

    with running(device), ser2net(device.node, tmp_path) as server:
        asyncio.run(scenario(server))


def test_udp_datagrams_that_wait_arrive_in_one_go() -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            for octet in range(40):
                host.write(bytes([octet]))

            assert await host.received(40) == bytes(range(40))

    with udp_link(1) as link:
        asyncio.run(scenario(link))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a datagram socket that fills up")
def test_udp_datagrams_follow_when_the_socket_was_full() -> None:
    async def scenario() -> None:
        # A local datagram socket takes some ten datagrams; one of UDP is hard to fill.
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        far.setblocking(False)
        loop = asyncio.get_running_loop()
        with far:
            host = Host(UdpTransport("device", near))
            for octet in range(40):
                host.write(bytes([octet]))

            async with asyncio.timeout(DEADLINE_S):
                arrived = [await loop.sock_recv(far, 10) for _ in range(40)]
            host.transport.close()

        assert b"".join(arrived) == bytes(range(40))

    asyncio.run(scenario())


@pytest.mark.parametrize("force_thread", [False, True], ids=["udp", "udp-endpoint"])
def test_a_datagram_that_cannot_be_sent_at_all_gives_the_link_up(force_thread: bool) -> None:
    async def scenario(link: Link) -> None:
        async with connected(replace(link, force_thread=force_thread)) as host:
            host.write(bytes(70000))

            assert "too long" in (await host.loss()).reason.lower()

    with udp_link(65536) as link:
        asyncio.run(scenario(link))


def test_udp_ignores_that_nobody_listens_yet() -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            host.write(b"a")
            assert await host.received(1) == b"a"
            link.vanish()

            for _ in range(10):
                host.write(b"b")
                await turns_of_the_loop()

            assert host.losses == []

    with udp_link(1) as link:
        asyncio.run(scenario(link))


def test_udp_hears_the_configured_address_only() -> None:
    device = UdpDevice(piece_size=65536)

    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            host.write(b"first")
            await host.received(5)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(b"intruder", device.host_address)
            host.write(b"second")

            assert await host.received(11) == b"firstsecond"

    with running(device) as vanish:
        asyncio.run(scenario(Link(UdpSettings("127.0.0.1", device.port), vanish)))


@every_link_with_a_connection
def test_a_vanished_device_is_reported_once_even_while_idle(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            host.write(b"x")
            await host.received(1)

            link.vanish()

            assert (await host.loss()).reason
            await turns_of_the_loop()
            assert len(host.losses) == 1

    with factory(65536) as link:
        asyncio.run(scenario(link))


@every_link
def test_writing_to_a_vanished_device_is_harmless(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            host.write(b"x")
            await host.received(1)

            link.vanish()
            host.write(b"y" * 1000)
            host.write(b"z" * 1000)

            if link.notices_loss:
                await host.loss()
            host.write(b"late")
            await turns_of_the_loop()
            assert len(host.losses) == int(link.notices_loss)

    with factory(65536) as link:
        asyncio.run(scenario(link))


@POSIX_ONLY
@TOLERATING_RFC2217
def test_a_serial_server_that_hangs_up_is_noticed_and_can_be_called_again() -> None:
    async def scenario(link: Link, server: SerialServer) -> None:
        for _ in range(2):
            async with connected(link) as host:
                host.write(b"x")
                await host.received(1)

                server.hang_up()

                assert "went away" in (await host.loss()).reason

    device = PtyDevice(1)
    with running(device), serving(device) as server:
        asyncio.run(scenario(Link(SerialSettings(server.url), server.hang_up), server))


@POSIX_ONLY
@TOLERATING_RFC2217
def test_a_serial_server_that_is_off_is_an_open_error() -> None:
    device = PtyDevice(1)
    with running(device):
        with serving(device) as server:
            url = server.url
        text = asyncio.run(failure_of(SerialSettings(url)))

    assert f"cannot open {url}" in text
    assert "Check the address, and that the server runs" in text


@every_serial_shell
def test_the_loss_of_a_serial_port_names_it(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            link.vanish()

            loss = await host.loss()

            assert isinstance(link.settings, SerialSettings)
            assert f"the serial port {link.settings.port} went away" in loss.reason

    with factory(1) as link:
        asyncio.run(scenario(link))


@every_serial_shell
def test_a_device_that_vanished_before_the_start_is_reported(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        transport = await link.open()
        link.vanish()
        host = Host(transport)

        await host.loss()

        transport.close()

    with factory(1) as link:
        asyncio.run(scenario(link))


def test_the_reason_of_a_dropped_memory_link_is_passed_on() -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            assert drop_links("echo", "the cat did it") == 1

            assert (await host.loss()).reason == "the cat did it"
            assert drop_links("echo") == 0

    with memory_link(1) as link:
        asyncio.run(scenario(link))


@POSIX_ONLY
@pytest.mark.parametrize("force_thread", [False, True], ids=["fd", "thread"])
def test_a_port_that_takes_nothing_is_given_up(force_thread: bool) -> None:
    async def scenario(node: str) -> None:
        link = Link(SerialSettings(node), lambda: None, force_thread)
        async with connected(link) as host:
            for _ in range(MAX_UNSENT_OCTETS // 65536 + 2):
                host.write(bytes(65536))

            assert "takes no data" in (await host.loss()).reason

    with quiet_pty() as node:
        asyncio.run(scenario(node))


@every_link
def test_closing_is_idempotent_and_silent(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        host = Host(await link.open())
        host.write(b"x")
        await host.received(1)
        host.write(b"never seen")

        host.transport.close()
        host.transport.close()
        link.vanish()
        host.write(b"late")

        await turns_of_the_loop()
        assert host.data == b"x"
        assert host.losses == []

    with factory(65536) as link:
        asyncio.run(scenario(link))


@every_link
def test_a_transport_that_was_never_started_can_be_closed(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        transport = await link.open()
        transport.close()
        transport.close()
        await turns_of_the_loop()

    with factory(1) as link:
        asyncio.run(scenario(link))


@every_link
def test_closing_from_a_callback_ends_the_callbacks(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        transport = await link.open()
        chunks: list[bytes] = []
        arrived = asyncio.Event()

        def on_bytes(data: bytes) -> None:
            chunks.append(data)
            transport.close()
            arrived.set()

        transport.start(asyncio.get_running_loop(), on_bytes, lambda loss: pytest.fail(str(loss)))
        for octet in b"many":
            transport.write(bytes([octet]))
        async with asyncio.timeout(DEADLINE_S):
            await arrived.wait()
        await turns_of_the_loop()

        assert len(chunks) == 1

    with factory(1) as link:
        asyncio.run(scenario(link))


@every_link
def test_a_loss_that_is_on_its_way_is_not_reported_after_close(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            host.write(b"x")
            await host.received(1)
            link.vanish()
            host.write(b"fails")

            host.transport.close()

            await turns_of_the_loop()
            assert host.losses == []

    with factory(1) as link:
        asyncio.run(scenario(link))


@every_link
def test_a_transport_is_started_once(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            with pytest.raises(RuntimeError, match="open a new one"):
                Host(host.transport)

    with factory(1) as link:
        asyncio.run(scenario(link))


@every_serial_shell
def test_a_closed_serial_port_can_be_opened_at_once(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        for _ in range(3):
            async with connected(link) as host:
                host.write(b"again")
                await host.received(5)

    with factory(65536) as link:
        asyncio.run(scenario(link))


@pytest.mark.parametrize("force_thread", [False, True], ids=["tcp", "tcp-endpoint"])
def test_a_connection_that_takes_nothing_is_given_up(force_thread: bool) -> None:
    async def scenario(port: int) -> None:
        link = Link(TcpSettings("127.0.0.1", port), lambda: None, force_thread)
        async with connected(link) as host:
            for _ in range(1024):  # the system takes some MiB before the transport keeps any
                host.write(bytes(65536))

            assert "takes no data" in (await host.loss()).reason

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(scenario(int(listener.getsockname()[1])))


async def failure_of(settings: LinkSettings, *, force_thread: bool = False) -> str:
    with pytest.raises(LinkOpenError) as caught:
        await open_transport(settings, force_thread=force_thread)
    return str(caught.value)


@contextmanager
def quiet_pty() -> Generator[str]:
    """Yield the node of a device that neither reads nor writes."""
    master, slave = os.openpty()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("force_thread", [False, True], ids=["default", "thread"])
def test_a_missing_port_is_answered_with_those_that_exist(
    force_thread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = ListPortInfo("/dev/ttyACM7")
    board.description = "STM32 STLink"
    monkeypatch.setattr(list_ports, "comports", lambda: [board])

    text = asyncio.run(failure_of(SerialSettings("/dev/ttyNone0"), force_thread=force_thread))

    assert "there is no serial port /dev/ttyNone0" in text
    assert "Found: /dev/ttyACM7 (STM32 STLink). Check the cable" in text


def test_a_missing_port_without_any_other_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_ports, "comports", list[ListPortInfo])

    text = asyncio.run(failure_of(SerialSettings("/dev/ttyNone0")))

    assert "No serial port was found. Check the cable" in text


def test_a_long_list_of_ports_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [ListPortInfo(f"/dev/ttyX{number}") for number in range(10, 22)]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)

    text = asyncio.run(failure_of(SerialSettings("/dev/ttyNone0")))

    assert "/dev/ttyX17 and 4 more" in text


@POSIX_ONLY
def test_missing_permission_names_the_group_to_join(monkeypatch: pytest.MonkeyPatch) -> None:
    import grp

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise serial.SerialException(errno.EACCES, "Permission denied")

    def group(gid: int) -> grp.struct_group:
        return grp.struct_group(("dialout", "x", gid, []))

    monkeypatch.setattr(serial, "serial_for_url", refuse)  # root is never refused
    monkeypatch.setattr(grp, "getgrgid", group)
    with quiet_pty() as node:
        Path(node).chmod(0o660)
        with_group = asyncio.run(failure_of(SerialSettings(node)))
        Path(node).chmod(0o600)
        without_group = asyncio.run(failure_of(SerialSettings(node)))

    assert "sudo usermod -aG dialout $USER" in with_group
    assert "udev rule" in without_group


@every_serial_shell
def test_a_port_in_use_is_refused(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            text = await failure_of(link.settings, force_thread=link.force_thread)

            assert "another program holds the serial port" in text
            host.write(b"still works")
            await host.received(11)

    with factory(65536) as link:
        asyncio.run(scenario(link))


@POSIX_ONLY
def test_a_file_is_not_a_serial_port(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    assert "is not a serial port" in asyncio.run(failure_of(SerialSettings(str(file))))


@pytest.mark.parametrize("url", ["socket://host", "socket://:1", "socket://host:x"])
def test_a_socket_url_without_address_says_what_to_write(url: str) -> None:
    assert "write socket://host:port" in asyncio.run(failure_of(SerialSettings(url)))


def test_a_pyserial_loop_url_echoes() -> None:
    async def scenario() -> None:
        link = Link(SerialSettings("loop://"), lambda: None)
        async with connected(link) as host:
            host.write(b"round trip")

            assert await host.received(10) == b"round trip"

    asyncio.run(scenario())


@pytest.mark.parametrize("force_thread", [False, True], ids=["default", "endpoint"])
def test_a_tcp_port_without_listener_is_refused(force_thread: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])

    text = asyncio.run(failure_of(TcpSettings("127.0.0.1", port), force_thread=force_thread))

    assert f"nothing listens at 127.0.0.1:{port}" in text


@pytest.mark.skipif(sys.platform != "linux", reason="a full backlog is silent on Linux only")
def test_a_silent_tcp_host_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "CONNECT_TIMEOUT_S", 0.05)
    with contextlib.ExitStack() as cleanup:
        listener = cleanup.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # the queue takes one
            client = cleanup.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())

        text = asyncio.run(failure_of(TcpSettings("127.0.0.1", listener.getsockname()[1])))

    assert "no answer from 127.0.0.1" in text


@pytest.mark.parametrize("settings", [TcpSettings("a..b", 1), UdpSettings("a..b", 1)])
def test_an_unknown_host_is_an_open_error(settings: LinkSettings) -> None:
    assert "cannot find the host 'a..b'" in asyncio.run(failure_of(settings))


def test_an_unknown_memory_link_lists_the_known_ones() -> None:
    with memory_link(1):
        text = asyncio.run(failure_of(MemorySettings("else")))

    assert "there is no memory:else" in text
    assert "memory:echo" in text


def test_the_nameless_memory_link_is_the_built_in_simulator() -> None:
    async def scenario() -> None:
        discover = Request(Command.COMM_CONTROL, CommControlFunction.DISCOVER, DISCOVER_MAGIC)
        async with connected(Link(MemorySettings(), lambda: None)) as host:
            host.write(discover.encode())

            assert (await host.received(1))[0] == Command.COMM_CONTROL | RESPONSE_BIT

    asyncio.run(scenario())


def test_no_link_cannot_be_opened() -> None:
    assert "no link is configured" in asyncio.run(failure_of(NoLink()))


@pytest.mark.parametrize("is_running", [True, False], ids=["while opening", "when just open"])
def test_what_is_opened_after_a_cancel_is_closed(is_running: bool) -> None:
    opening, finish, closed = threading.Event(), threading.Event(), threading.Event()

    def open_it() -> str:
        opening.set()
        finish.wait(DEADLINE_S)
        return "port"

    def discard(port: str) -> None:
        assert port == "port"
        closed.set()

    async def scenario() -> None:
        task = asyncio.create_task(open_in_worker(open_it, discard))
        await asyncio.to_thread(opening.wait, DEADLINE_S)
        if not is_running:
            finish.set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        finish.set()
        assert await asyncio.to_thread(closed.wait, DEADLINE_S)

    asyncio.run(scenario())


@POSIX_ONLY
@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        (SerialSettings("unset", 57600), 57600),
        (SerialSettings("unset", 9600, parity="even"), 8727),
    ],
)
def test_the_rate_of_a_serial_line_counts_ten_bits_per_octet(
    settings: SerialSettings, rate: int
) -> None:
    async def scenario(node: str) -> None:
        transport = await open_transport(replace(settings, port=node))
        assert transport.bits_per_second == rate
        transport.close()

    with quiet_pty() as node:
        asyncio.run(scenario(node))


@pytest.mark.parametrize("factory", [udp_link, tcp_link, memory_link, socket_url_link, rtt_link])
def test_other_lines_have_no_rate(factory: LinkFactory) -> None:
    async def scenario(link: Link) -> None:
        async with connected(link) as host:
            assert host.transport.bits_per_second is None

    with factory(1) as link:
        asyncio.run(scenario(link))
