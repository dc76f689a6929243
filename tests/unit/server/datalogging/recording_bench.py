"""Recordings on a simulated device whose loop runs when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import (
    Command,
    DatalogControlFunction,
    ResponseCode,
    TriggerCondition,
)
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.server.datalogging.logger_status import LoggerStatus
from scrutiny.server.datalogging.queue import RecordingRequest, RequestEnd, Requester
from scrutiny.server.datalogging.recordings import Recordings
from scrutiny.server.datalogging.storage import AcquisitionStorage
from scrutiny.server.datalogging.wanted import WantedRecording
from scrutiny.server.outcome import Outcome, OutcomeCallback

from ....support.simulated_logger import (
    LEVEL_ADDRESS,
    SETTINGS,
    TICK_ADDRESS,
    SimulatedLogger,
)
from .naive_datalogger import variable, wanted

DEADLINE_S: Final = 20.0

TICK = variable("/tick", DataType.UINT32, TICK_ADDRESS)
LEVEL = variable("/level", DataType.UINT8, LEVEL_ADDRESS)


class BenchDevice(SimulatedLogger):
    """The device as recordings see it.

    Attributes:
        profile: of the device; None while it is gone.
        unreadable: why memory cannot be read, unless empty.
    """

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.on_ready: list[Callable[[DeviceProfile], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self.datalog = self.lane
        self.profile: DeviceProfile | None = None
        self.unreadable = ""

    def appear(self, **changes: object) -> None:
        """Be ready; other settings make it another device to look at."""
        profile = self.profile = self.described(**changes)
        for listener in self.on_ready:
            listener(profile)

    def vanish(self) -> None:
        """Be gone, as the driver tells it: what waits fails first."""
        self.break_off()
        self.profile = None
        for listener in self.on_gone:
            listener()

    def line_ns(self, octets: int) -> int:
        return 0

    def read_memory(self, address: int, size: int, done: OutcomeCallback) -> None:
        if self.unreadable:
            done(Outcome(False, self.unreadable, b"", 0))
            return
        outcome = Outcome(True, "", self.read(address, size), 0)
        asyncio.get_running_loop().call_soon(done, outcome)


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
        request = RecordingRequest(token, wish, SETTINGS.firmware_id, whose, whose.name, 1.0, ended)
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
async def running(folder: Path) -> AsyncGenerator[Bench]:
    """Run recordings with a device that is ready, and has been reset."""
    device = BenchDevice()
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
