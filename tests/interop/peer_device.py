"""The emulated device of the peer, reached over UDP: ``peer_device.py DESCRIPTION BUFFER_SIZE``.

It writes the description of the device to a file, and one line to standard output that says where
the device can be reached. Then it takes commands and answers them, as `peer_client` does.

The device is that of the demo mode, with a loop of fixed frequency, and with variables and
published values that are ours: one of each counts the iterations of the loop.

This file is run in the environment of the peer, where `scrutiny` is the peer.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import queue
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

FIXED_LOOP_HZ = 1000.0  # as announced; it really runs as fast as it is woken
WAKE_PERIOD_S = 0.001

COUNT_ADDRESS = 0x1100
RPVS = {
    0x3000: "uint32",  # counts the iterations
    0x3001: "uint64",  # likewise
    0x3002: "sint16",
    0x3003: "float64",
    0x3004: "bool8",
    **dict.fromkeys(range(0x3100, 0x3120), "uint32"),
}
COUNTERS = (0x3000, 0x3001)

READ_ACQUISITION = bytes((0x85, 7))  # the first octets of an answer


class Link(Protocol):
    """The link without hardware, whose other end a device has."""

    def initialize(self) -> None: ...
    def write(self, data: bytes) -> None: ...
    def read(self, timeout: float | None = None) -> bytes | None: ...


class Device(Protocol):
    """The device at that other end, which runs in a thread of its own."""

    rpvs: dict[int, Any]
    loops: list[Any]

    def configure_rpvs(self, rpvs: dict[int, Any]) -> None: ...
    def configure_loops(self, loops: list[Any]) -> None: ...
    def configure_datalogger(self, buffer_size: int) -> None: ...
    def add_additional_task(self, task: Callable[[], None]) -> None: ...
    def write_memory(self, address: int, data: bytes) -> None: ...
    def write_rpv(self, rpv_id: int, value: float) -> None: ...
    def force_disconnect(self) -> None: ...
    def wake_if_sleep(self) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def make_device(link: Link, buffer_size: int) -> Device:
    """Make the device of the demo, with what it needs to be checked sample by sample."""
    info = importlib.import_module("scrutiny.server.device.device_info")
    types = importlib.import_module("scrutiny.core.basic_types")
    demo = importlib.import_module("scrutiny.server.device.demo_device")
    device: Device = demo.DemoDevice(link)
    device.configure_loops([info.FixedFreqLoop(FIXED_LOOP_HZ, "fixed"), *device.loops])
    device.configure_datalogger(buffer_size)
    ours = {
        rpv_id: {
            "definition": types.RuntimePublishedValue(rpv_id, types.EmbeddedDataType[name]),
            "value": 0,
        }
        for rpv_id, name in RPVS.items()
    }
    device.configure_rpvs({**device.rpvs, **ours})
    count = 0

    def end_iteration() -> None:
        nonlocal count
        count += 1
        device.write_memory(COUNT_ADDRESS, struct.pack("<I", count))
        for rpv_id in COUNTERS:
            device.write_rpv(rpv_id, count)

    device.add_additional_task(end_iteration)
    return device


class Bridge:
    """Carries octets between the link and a socket, and remembers them.

    The device takes two requests that lie there for one, and ends at that: it gets one at a time.

    Attributes:
        exchanged: frames since they were last asked for: direction, and octets in hexadecimal.
        to_be_lost: how many of the next answers with samples shall not arrive.
    """

    def __init__(self, link: Link, device: Device) -> None:
        self.exchanged: list[tuple[str, str]] = []
        self.to_be_lost = 0
        self._link = link
        self._device = device
        self._peer: Any = None
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Carry from now on, and keep the loop of the device going."""
        self._device.add_additional_task(self._hand_over)
        for job in (self._requests, self._answers, self._wake):
            threading.Thread(target=job, daemon=True).start()

    def _requests(self) -> None:
        while True:
            data, self._peer = self._socket.recvfrom(0x1_0000)
            self._waiting.put(data)
            self._device.wake_if_sleep()

    def _hand_over(self) -> None:
        """Hand a request over, in the thread of the device, which looks for one in between."""
        with contextlib.suppress(queue.Empty):
            data = self._waiting.get_nowait()
            self.exchanged.append((">", data.hex()))
            self._link.write(data)

    def _answers(self) -> None:
        while True:
            data = self._link.read(timeout=1)
            if not data:
                continue
            if self.to_be_lost > 0 and data.startswith(READ_ACQUISITION):
                self.to_be_lost -= 1
                self.exchanged.append(("lost", data.hex()))
                continue
            self.exchanged.append(("<", data.hex()))
            self._socket.sendto(data, self._peer)

    def _wake(self) -> None:
        while True:
            time.sleep(WAKE_PERIOD_S)
            self._device.wake_if_sleep()


def main() -> None:
    description, buffer_size = sys.argv[1], int(sys.argv[2])
    importlib.import_module("scrutiny.core.demo_device_sfd").DemoDeviceSFD().write(description)
    link: Link = importlib.import_module("scrutiny.server.device.links.dummy_link").DummyLink()
    link.initialize()
    device = make_device(link, buffer_size)
    bridge = Bridge(link, device)

    def exchanges() -> list[tuple[str, str]]:
        """Return what went over the link since the last call."""
        taken, bridge.exchanged = bridge.exchanged, []
        return taken

    def lose(count: int) -> None:
        """Let so many of the next answers with samples get lost."""
        bridge.to_be_lost = count

    def end_session() -> None:
        """Forget the server."""
        device.force_disconnect()

    commands: dict[str, Callable[..., Any]] = {
        command.__name__: command for command in (exchanges, lose, end_session)
    }
    device.start()
    bridge.start()
    _say(f"udp 127.0.0.1:{bridge.port}")
    for line in sys.stdin:
        command = json.loads(line)
        _say(json.dumps({"result": commands[command["name"]](**command["arguments"])}))
    device.stop()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
