"""Recordings on a simulated device whose loop runs when the test says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import (
    Command,
    DatalogControlFunction,
    DatalogEncoding,
    FeatureBits,
    LoopType,
    ResponseCode,
    TriggerCondition,
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
from scrutiny.server.datalogging.logger_status import LoggerStatus
from scrutiny.server.datalogging.queue import RecordingRequest, RequestEnd, Requester
from scrutiny.server.datalogging.recordings import Recordings
from scrutiny.server.datalogging.storage import AcquisitionStorage
from scrutiny.server.datalogging.wanted import WantedRecording
from scrutiny.server.jobs import Job
from scrutiny.server.outcome import Outcome, OutcomeCallback

from .naive_datalogger import BASE, variable, wanted

DEADLINE_S: Final = 20.0
FIRMWARE: Final = bytes(range(16))
BUFFER_SIZE: Final = 64  # octets: 16 samples of 4
LOOP: Final = 0

TICK = variable("/tick", DataType.UINT32, BASE)  # counts the iterations of the loop
LEVEL = variable("/level", DataType.UINT8, BASE + 16)  # what tests trigger on

SETTINGS = DeviceSettings(
    firmware_id=FIRMWARE,
    max_tx_payload=32,
    segments=(MemorySegment(BASE, 0x100),),
    readonly_regions=(),
    forbidden_regions=(),
    rpvs=(PublishedValueDefinition(0x1000, DataType.UINT16),),
    loops=(LoopDefinition(LOOP, LoopType.FIXED_FREQUENCY, True, 10_000, "control"),),
    datalog_buffer_size=BUFFER_SIZE,
)


def profile_of(settings: DeviceSettings) -> DeviceProfile:
    """Return what a server would have learnt about the device."""
    features = FeatureBits(0xF0) if settings.offers_datalogging else FeatureBits(0xB0)
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
        features=features,
        rpvs=settings.rpvs,
        loops=settings.loops,
        datalog_setup=setup if settings.offers_datalogging else None,
    )


class BenchDevice:
    """The device as recordings see it: answers what is asked in the next turn of the loop.

    Attributes:
        asked: functions of the datalogger, in the order they were asked for.
        answers: replaces what the device says to a function.
        held: a function that is not answered before `release`.
        unreadable: why memory cannot be read, unless empty.
    """

    def __init__(self, settings: DeviceSettings = SETTINGS) -> None:
        self.on_ready: list[Callable[[DeviceProfile], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self.datalog = DatalogLane()
        self.datalog.on_job = self._serve
        self.profile: DeviceProfile | None = None
        self.application = Application({0x1000: 0})
        self.simulated = SimulatedDevice(settings, self.application)
        self.asked: list[DatalogControlFunction] = []
        self.answers: dict[DatalogControlFunction, Response] = {}
        self.held: DatalogControlFunction | None = None
        self.unreadable = ""
        self.tick = 0
        self._settings = settings
        self._in_flight: Job | None = None
        self._connect()

    # ----------------------------------------------------------------- what a test does

    def appear(self, **changes: Any) -> None:
        """Be ready; other settings make it another device to look at."""
        settings = DeviceSettings(**(_fields(self._settings) | changes))
        self.profile = profile_of(settings)
        for listener in self.on_ready:
            listener(self.profile)

    def vanish(self) -> None:
        """Be gone, as the driver tells it: what waits fails first."""
        job, self._in_flight = self._in_flight, None
        if job is not None:
            job.failed("the cable is out", 0)
        self.datalog.fail_all("the cable is out", 0)
        self.profile = None
        for listener in self.on_gone:
            listener()

    def restart(self) -> None:
        """Lose everything, as after a power failure."""
        self.simulated.reboot(time.monotonic_ns())
        self._connect()

    def iterate(self, count: int = 1) -> None:
        """Let the loop run so often."""
        for _ in range(count):
            self.tick += 1
            self.simulated.memory.write(BASE, self.tick.to_bytes(4, "little"))
            self.application.run_loop(LOOP, self.tick * 1_000_000)

    def release(self) -> None:
        """Answer what was held."""
        self.held = None
        if self._in_flight is not None:
            asyncio.get_running_loop().call_soon(self._answer, self._in_flight)

    def set_level(self, level: int) -> None:
        """Change what tests trigger on."""
        self.simulated.memory.write(BASE + 16, bytes((level,)))

    # ----------------------------------------------------------------- what the server does

    def line_ns(self, octets: int) -> int:
        return 0

    def read_memory(self, address: int, size: int, done: OutcomeCallback) -> None:
        if self.unreadable:
            done(Outcome(False, self.unreadable, b"", 0))
            return
        octets = self.simulated.memory.read(address, size)
        asyncio.get_running_loop().call_soon(done, Outcome(True, "", octets, 0))

    def _serve(self) -> None:
        if self._in_flight is None and self.datalog:
            job = self._in_flight = self.datalog.next_job()
            asyncio.get_running_loop().call_soon(self._answer, job)

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
        self.simulated.receive(request.encode(), self.tick)
        return Response.decode(self.simulated.take_output())

    def _connect(self) -> None:
        self.simulated.receive(Connect().request(AddressFormat(4)).encode(), self.tick)
        assert self.simulated.take_output()


def refused(function: DatalogControlFunction, code: ResponseCode) -> Response:
    return Response(Command.DATALOG_CONTROL, function, code, b"")


class Bench:
    """Recordings with a device, a database and some clients.

    Attributes:
        told: each status that was told and differs from the one before.
        events: what happened besides, in its order.
    """

    def __init__(self, folder: Path, device: BenchDevice) -> None:
        self.device = device
        self.storage = AcquisitionStorage(folder)
        self.told: list[LoggerStatus] = []
        self.events: list[str] = []
        self.stored: list[str] = []
        self.recordings = Recordings(
            asyncio.get_running_loop(), device, self.storage, self._name_of
        )
        self.recordings.on_status = self._note_status
        self.recordings.on_stored = self._note_stored
        self.alice, self.bob = Requester("1.1.1.1:1"), Requester("2.2.2.2:2", "bob")
        self._count = 0

    @property
    def states(self) -> list[str]:
        """States that were told, without repetitions."""
        states = [status.state.value for status in self.told]
        return [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]

    def ask(
        self, wish: WantedRecording, whose: Requester | None = None, *, queue: bool = True
    ) -> RecordingRequest:
        """Ask for a recording; the token is a letter, and so are the events of its end."""
        token = chr(ord("A") + self._count)
        self._count += 1

        def ended(end: RequestEnd) -> None:
            self.events.append(f"{token} {'stored' if end.reference_id else end.reason}")

        whose = whose or self.alice
        request = RecordingRequest(token, wish, FIRMWARE, whose, whose.name, 1.0, ended)
        self.recordings.add(request, replaces=not queue)
        return request

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop run until something is so."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():  # noqa: ASYNC110 - anything may bring it about
                await asyncio.sleep(0.0005)

    async def after_questions(self, count: int) -> None:
        """Wait until the device was asked so often."""
        enough = len(self.device.asked) + count
        await self.until(lambda: len(self.device.asked) >= enough)

    async def until_state(self, request: RecordingRequest, state: str) -> None:
        await self.until(lambda: request.state.value == state)

    async def ended(self, request: RecordingRequest) -> RequestEnd:
        await self.until(lambda: request.end is not None)
        assert request.end is not None
        return request.end

    async def samples(self, request: RecordingRequest) -> list[float]:
        """Return the samples of the first signal of a recording that has succeeded."""
        end = await self.ended(request)
        assert end.reference_id is not None, end.reason
        acquisition = await self.storage.read(end.reference_id)
        return list(acquisition.series[0].samples)

    async def standby(self) -> None:
        """Wait until the device has been let go."""
        await self.until(lambda: self.recordings.status.state.value == "standby")
        await self.until(lambda: not self.recordings.requests)

    def _note_status(self) -> None:
        status = self.recordings.status
        if not self.told or self.told[-1] != status:
            self.told.append(status)
            self.events.append(status.state.value)

    def _note_stored(self, reference_id: str) -> None:
        self.stored.append(reference_id)
        self.events.append("new")

    async def _name_of(self, firmware_id: str) -> str | None:
        return f"firmware {firmware_id[:4]}"


@asynccontextmanager
async def running(folder: Path, device: BenchDevice | None = None) -> AsyncGenerator[Bench]:
    """Run recordings with a device that is ready, and has been reset."""
    device = device or BenchDevice()
    bench = Bench(folder, device)
    run = asyncio.get_running_loop().create_task(bench.recordings.run())
    try:
        device.appear()
        await bench.until(lambda: device.asked)
        device.asked.clear()
        bench.events.clear()
        yield bench
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await bench.storage.close()


def at_level(level: int, *, probe_location: int = 128, **fields: Any) -> WantedRecording:
    """Return a wish to record the tick, triggered by the level."""
    return wanted(
        TICK,
        condition=TriggerCondition.GREATER_OR_EQUAL_THAN,
        operands=[LEVEL, level],
        probe_location=probe_location,
        **fields,
    )


def at_once() -> WantedRecording:
    """Return a wish to record the tick without waiting for anything."""
    return wanted(TICK, probe_location=0)


def _fields(settings: DeviceSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
