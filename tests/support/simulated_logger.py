"""The datalogger of a simulated device, asked by a server without a link between them.

Its loop runs when the test says so. Memory holds a tick, which counts the iterations of that loop,
and a level to trigger on.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Final

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import (
    Command,
    DatalogControlFunction,
    DatalogEncoding,
    FeatureBits,
    LoopType,
)
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Connect,
    DatalogSetup,
    LoopDefinition,
    PublishedValueDefinition,
)
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.simulator import (
    Application,
    DeviceSettings,
    MemorySegment,
    SimulatedDevice,
)
from scrutiny.server.datalog_lane import DatalogLane
from scrutiny.server.jobs import Job

LOOP: Final = 0
MEMORY: Final = 0x2000_0000
TICK_ADDRESS: Final = MEMORY  # uint32
LEVEL_ADDRESS: Final = MEMORY + 16  # uint8

SETTINGS: Final = DeviceSettings(
    firmware_id=bytes(range(16)),
    max_tx_payload=32,
    segments=(MemorySegment(MEMORY, 0x1000),),
    readonly_regions=(),
    forbidden_regions=(),
    rpvs=(PublishedValueDefinition(0x1000, DataType.UINT16),),
    loops=(LoopDefinition(LOOP, LoopType.FIXED_FREQUENCY, True, 10_000, "control"),),
    datalog_buffer_size=64,
)


def profile_of(settings: DeviceSettings) -> DeviceProfile:
    """Return what a server would have learnt about the device."""
    setup = DatalogSetup(
        settings.datalog_buffer_size, DatalogEncoding.RAW, settings.datalog_max_signals
    )
    return DeviceProfile(
        protocol=(1, 0),
        firmware_id=settings.firmware_id,
        display_name="bench",
        session_id=1,
        max_rx_payload=settings.max_rx_payload,
        max_tx_payload=settings.max_tx_payload,
        max_bitrate_bps=0,
        heartbeat_timeout_us=settings.heartbeat_timeout_us,
        rx_timeout_us=settings.rx_timeout_us,
        address_size=settings.address_size,
        char_bit=settings.char_bit,
        features=FeatureBits(0xF0 if settings.offers_datalogging else 0xB0),
        rpvs=settings.rpvs,
        loops=settings.loops,
        datalog_setup=setup if settings.offers_datalogging else None,
    )


class SimulatedLogger:
    """Answers what waits in the datalogger's lane, in the next turn of the loop.

    Attributes:
        lane: where a server puts what it asks.
        settings: of the device.
        asked: functions of the datalogger, in the order they were asked for.
        answers: replaces what the device says to a function.
        held: a function that is not answered before `release`.
        tick: iterations of the loop so far.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lane: DatalogLane | None = None,
        settings: DeviceSettings = SETTINGS,
    ) -> None:
        self.lane = DatalogLane() if lane is None else lane  # an empty one is false
        self.lane.on_job = self._serve
        self.settings = settings
        self.asked: list[DatalogControlFunction] = []
        self.answers: dict[DatalogControlFunction, Response] = {}
        self.held: DatalogControlFunction | None = None
        self.tick = 0
        self._loop = loop
        self._application = Application({0x1000: 0})
        self._device = SimulatedDevice(settings, self._application)
        self._in_flight: Job | None = None
        self._connect()

    def described(self, **changes: object) -> DeviceProfile:
        """Return what a server would have learnt, of this device or of a slightly other one."""
        return profile_of(replace(self.settings, **changes))  # type: ignore[arg-type]

    def iterate(self, count: int = 1) -> None:
        """Let the loop run so often."""
        for _ in range(count):
            self.tick += 1
            self.write(TICK_ADDRESS, self.tick.to_bytes(4, "little"))
            self._application.run_loop(LOOP, self.tick * 1_000_000)

    def set_level(self, level: int) -> None:
        """Change what tests trigger on."""
        self.write(LEVEL_ADDRESS, bytes((level,)))

    def read(self, address: int, size: int) -> bytes:
        """Return octets of the device's memory."""
        return self._device.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        """Change the device's memory."""
        self._device.memory.write(address, data)

    def release(self) -> None:
        """Answer what was held."""
        self.held = None
        if self._in_flight is not None:
            self._loop.call_soon(self._answer, self._in_flight)

    def break_off(self) -> None:
        """Fail what is under way and what waits, as the driver does when the device is gone."""
        job, self._in_flight = self._in_flight, None
        if job is not None:
            job.failed("the cable is out", 0)
        self.lane.fail_all("the cable is out", 0)

    def restart(self) -> None:
        """Lose everything, as after a power failure."""
        self._device.reboot(time.monotonic_ns())
        self._connect()

    def _serve(self) -> None:
        if self._in_flight is None and self.lane:
            job = self._in_flight = self.lane.next_job()
            self._loop.call_soon(self._answer, job)

    def _answer(self, job: Job) -> None:
        request = Request.decode(job.frame)
        if self._in_flight is not job or request.subfunction == self.held:
            return
        response = self._exchange(request)
        assert job.is_answered_by(response)
        self._in_flight = None
        if not job.decides_next(response):
            self._serve()
        job.answered(response, time.monotonic_ns())
        self._serve()

    def _exchange(self, request: Request) -> Response:
        assert request.command == Command.DATALOG_CONTROL
        function = DatalogControlFunction(request.subfunction)
        self.asked.append(function)
        if function in self.answers:
            return self.answers[function]
        self._device.receive(request.encode(), self.tick)
        return Response.decode(self._device.take_output())

    def _connect(self) -> None:
        self._device.receive(Connect().request(AddressFormat(4)).encode(), self.tick)
        assert self._device.take_output()
