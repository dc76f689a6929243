"""A simulated device whose loops run when a test says so, and what it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.firmware_link.codes import DatalogState, LoopType, ResponseCode, TriggerCondition
from scrutiny.firmware_link.frames import Request, Response, ResponseParser
from scrutiny.firmware_link.messages import (
    AcquisitionChunk,
    Arm,
    Configure,
    Connect,
    GetStatus,
    LoopDefinition,
    MemorySignal,
    PublishedValueDefinition,
    ReadAcquisition,
    RequestMessage,
    VariableOperand,
)
from scrutiny.firmware_link.simulator import (
    AddressRange,
    Application,
    DeviceSettings,
    MemorySegment,
    SimulatedDevice,
)

MS = 1_000_000
BASE = 0x1000
FORBIDDEN = BASE + 0x80
COUNTER = BASE
FLAG = BASE + 8
VALUE_ID, REFUSED_ID = 7, 8
FIXED, VARIABLE, CLOSED = 0, 1, 2
PERIOD_100NS = 10_000

SETTINGS = DeviceSettings(
    segments=(MemorySegment(BASE, 0x100), MemorySegment(2 * BASE, 0x200)),
    forbidden_regions=(AddressRange(FORBIDDEN, FORBIDDEN + 0xF),),
    readonly_regions=(),
    rpvs=(
        PublishedValueDefinition(VALUE_ID, DataType.UINT16),
        PublishedValueDefinition(REFUSED_ID, DataType.FLOAT32),
    ),
    loops=(
        LoopDefinition(FIXED, LoopType.FIXED_FREQUENCY, True, PERIOD_100NS, "fixed"),
        LoopDefinition(VARIABLE, LoopType.VARIABLE_FREQUENCY, True, None, "variable"),
        LoopDefinition(CLOSED, LoopType.FIXED_FREQUENCY, False, 1, "closed"),
    ),
    datalog_buffer_size=64,
)

COUNTER_SIGNAL = MemorySignal(COUNTER, 1)
FLAG_IS_SET = (VariableOperand(DataType.UINT8, FLAG), VariableOperand(DataType.UINT8, FLAG + 1))

ALWAYS = Configure(FIXED, 0x4321, 1, 128, 0, TriggerCondition.ALWAYS_TRUE, 0, (), (COUNTER_SIGNAL,))
ON_FLAG = msgspec.structs.replace(
    ALWAYS, condition=TriggerCondition.GREATER_THAN, operands=FLAG_IS_SET
)

AnswerT = TypeVar("AnswerT")


class RecordingRig:
    """In a session; the counter in memory counts the iterations of all loops."""

    def __init__(self, settings: DeviceSettings = SETTINGS, **changes: Any) -> None:
        settings = replace(settings, **changes)
        values: dict[int, Value] = {VALUE_ID: 0x1234}
        self.application = Application(values)
        self.device = SimulatedDevice(settings, self.application)
        self.fmt = settings.address_format
        self.now_ns = 0
        self._address = COUNTER * settings.char_bit // 8
        self.connect()

    def connect(self) -> None:
        self.send(Connect().request(self.fmt))

    def send(self, request: Request) -> Response | None:
        """Return the answer; None for silence."""
        self.device.receive(request.encode(), self.now_ns)
        responses = ResponseParser().feed(self.device.take_output())
        return responses[0] if responses else None

    def code(self, request: RequestMessage[Any] | Request) -> ResponseCode:
        frame = request if isinstance(request, Request) else request.request(self.fmt)
        response = self.send(frame)
        assert response is not None
        return ResponseCode(response.code)

    def ask(self, message: RequestMessage[AnswerT]) -> AnswerT:
        response = self.send(message.request(self.fmt))
        assert response is not None
        assert response.code == ResponseCode.OK
        return message.parse_answer(response.payload, self.fmt)

    @property
    def state(self) -> DatalogState:
        return self.ask(GetStatus()).state

    def run(self, count: int = 1, loop_id: int = FIXED) -> None:
        for _ in range(count):
            counter = self.device.memory.read(self._address, 1)[0]
            self.device.memory.write(self._address, bytes(((counter + 1) & 0xFF,)))
            self.application.run_loop(loop_id, self.now_ns)

    def set_flag(self, value: int = 1) -> None:
        self.device.memory.write(FLAG, bytes((value,)))

    def record(self, configuration: Configure = ALWAYS, count: int = 200) -> None:
        """Record from the beginning to the end."""
        self.ask(configuration)
        self.ask(Arm())
        self.run(count, configuration.loop_id)
        assert self.state is DatalogState.ACQUISITION_COMPLETED

    def read_chunks(self) -> list[AcquisitionChunk]:
        chunks = [self.ask(ReadAcquisition())]
        while not chunks[-1].is_last:
            chunks.append(self.ask(ReadAcquisition()))
        return chunks

    def read(self) -> bytes:
        return b"".join(chunk.data for chunk in self.read_chunks())
