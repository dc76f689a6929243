"""Programs that offer RTT as TCP ports, as OpenOCD, pyOCD and Segger's servers do it.

Each connects its clients to simulated devices, one behind each pair of RTT buffers.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from asyncio import AbstractEventLoop, StreamReader, StreamWriter
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Final

from scrutiny.firmware_link.transports import Endpoint

JLINK_GREETING: Final = (
    b"SEGGER J-Link V7.96a - Real time terminal output\r\n",
    b"SEGGER J-Link EDU Mini V1.0, SN=801012345\r\n",
    b"Process: JLinkGDBServerCLExe\r\n",
)
_CONFIGURATION: Final = b"$$SEGGER_TELNET_ConfigStr=RTTCh;"
_CONFIGURATION_S: Final = 0.1  # for so long a J-Link takes one

Handler = Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]]


class Terminal:
    """A pair of buffers into which the firmware prints, whatever it is told."""

    def attach(self, send: Callable[[bytes], None], loop: AbstractEventLoop) -> None:
        self._send = send

    def receive(self, data: bytes) -> None:
        self._send(b"unknown command\r\n")

    def detach(self) -> None:
        """Nobody reads."""


@contextmanager
def jlink_server(channels: Sequence[Endpoint]) -> Generator[int]:
    """Run what greets, and connects to channel 0 unless it is told another one; yield its port."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        for line in JLINK_GREETING:
            writer.write(line)
            await writer.drain()
        first, channel = b"", 0
        with contextlib.suppress(TimeoutError):  # what comes meanwhile waits
            async with asyncio.timeout(_CONFIGURATION_S):
                while data := await reader.read(4096):
                    first += data
        if first.startswith(_CONFIGURATION):
            number, _, first = first.removeprefix(_CONFIGURATION).partition(b"$$")
            channel = int(number)
        await _connect(channels[channel], first, reader, writer)

    with _listening(serve) as port:
        yield port


@contextmanager
def openocd_server(
    channel: Endpoint, *, message: bytes = b"", polling_s: float = 0.0
) -> Generator[int]:
    """Run what has a port for one channel; yield the port.

    Args:
        channel: what is behind it.
        message: said to each client, if the user of OpenOCD has told it to.
        polling_s: how often it looks for octets of the device; 0: always.
    """

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(message)
        await _connect(channel, b"", reader, writer, polling_s)

    with _listening(serve) as port:
        yield port


async def _connect(
    channel: Endpoint,
    first: bytes,
    reader: StreamReader,
    writer: StreamWriter,
    polling_s: float = 0.0,
) -> None:
    loop = asyncio.get_running_loop()
    waiting = bytearray()

    def send(data: bytes) -> None:
        if polling_s:
            waiting.extend(data)
        else:
            writer.write(data)

    def look() -> None:
        if not writer.is_closing():
            writer.write(bytes(waiting))
            waiting.clear()
            loop.call_later(polling_s, look)

    if polling_s:
        look()
    channel.attach(send, loop)
    try:
        data = first or await reader.read(4096)
        while data:
            channel.receive(data)
            data = await reader.read(4096)
    finally:
        channel.detach()


@contextmanager
def _listening(serve: Handler) -> Generator[int]:
    """Serve clients in a thread of its own."""
    opened: SimpleQueue[tuple[int, AbstractEventLoop, asyncio.Event]] = SimpleQueue()

    async def run() -> None:
        stop = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: StreamReader, writer: StreamWriter) -> None:
            task = asyncio.create_task(_served(serve, reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        opened.put((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        await stop.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="RTT server", daemon=True)
    thread.start()
    port, loop, stop = opened.get(timeout=10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _served(serve: Handler, reader: StreamReader, writer: StreamWriter) -> None:
    try:
        await serve(reader, writer)
    except ConnectionError:
        pass  # the client is gone
    finally:
        writer.close()
