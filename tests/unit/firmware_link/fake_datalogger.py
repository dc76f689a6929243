"""Dataloggers without an engine, and a lossy way to them: what the recorder has to cope with.

Reading follows the device protocol, section 11.8, to the letter. The data are there from the start.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from msgspec.structs import replace

from scrutiny.core.types import DataType
from scrutiny.firmware_link.acquisition_transfer import AcquisitionTransfer
from scrutiny.firmware_link.codes import (
    Command,
    DatalogControlFunction,
    DatalogEncoding,
    DatalogState,
    FeatureBits,
    LoopType,
    ResponseCode,
    TriggerCondition,
)
from scrutiny.firmware_link.datalog import Download, Recording, Steps, Talk
from scrutiny.firmware_link.errors import DeviceRefused, LinkError, NoAnswer
from scrutiny.firmware_link.frames import Request, Response, crc32
from scrutiny.firmware_link.messages import (
    AcquisitionChunk,
    AcquisitionMetadata,
    AddressFormat,
    Configure,
    DatalogSetup,
    DatalogStatus,
    LoopDefinition,
    MemorySignal,
    PublishedValueDefinition,
)
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Ask, Wait
from scrutiny.firmware_link.transactions import transaction_of

FMT = AddressFormat(4)
CONFIG_ID = 0x0102
POLL_NS = 50_000_000


def configuration(signal_size: int = 4, **changes: Any) -> Configure:
    chosen: dict[str, Any] = {
        "loop_id": 0,
        "config_id": CONFIG_ID,
        "decimation": 1,
        "probe_location": 128,
        "timeout_100ns": 0,
        "condition": TriggerCondition.ALWAYS_TRUE,
        "hold_time_100ns": 0,
        "operands": (),
        "signals": (MemorySignal(0x1000, signal_size),),
    }
    return Configure(**chosen | changes)


def profile(**changes: Any) -> DeviceProfile:
    chosen: dict[str, Any] = {
        "protocol": (1, 0),
        "firmware_id": bytes(range(16)),
        "display_name": "Pump",
        "session_id": 7,
        "max_rx_payload": 128,
        "max_tx_payload": 32,
        "max_bitrate_bps": 0,
        "heartbeat_timeout_us": 5_000_000,
        "rx_timeout_us": 50_000,
        "address_size": 4,
        "char_bit": 8,
        "features": FeatureBits.DATALOGGING,
        "rpvs": (PublishedValueDefinition(0x1000, DataType.UINT16),),
        "loops": (LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 1000, "10 kHz"),),
        "datalog_setup": DatalogSetup(1 << 20, DatalogEncoding.RAW, 16),
    }
    return DeviceProfile(**chosen | changes)


class FakeDatalogger:
    """The device's side of DataLogControl; a test says which states the status goes through.

    Attributes:
        data: what it has recorded.
        transmit_size: of its payload buffer.
        final_from: a chunk is the last if it has so many octets or less; the firmware of the peer's
            emulated device wants one less than the reference firmware.
        states: what the status tells, one after the other; the last one stays.
        refuse: how often a request is refused, by its function, and with which code.
        log: the functions that were called.
    """

    def __init__(
        self,
        data: bytes,
        *,
        transmit_size: int = 32,
        entry_size: int = 4,
        states: Iterable[DatalogState] = (DatalogState.ACQUISITION_COMPLETED,),
        final_from: int | None = None,
    ) -> None:
        self.data = data
        self.transmit_size = transmit_size
        self.final_from = transmit_size - 8 if final_from is None else final_from
        self.metadata = AcquisitionMetadata(
            5, CONFIG_ID, len(data) // entry_size, len(data), len(data) // entry_size // 2
        )
        self.statuses = deque(DatalogStatus(state, 0, 0) for state in states)
        self.refuse: dict[DatalogControlFunction, deque[ResponseCode]] = {}
        self.log: list[DatalogControlFunction] = []
        self.offset = 0
        self.counter = 0

    @property
    def state(self) -> DatalogState:
        return self.statuses[0].state

    def answer(self, request: Request) -> Response:
        assert request.command == Command.DATALOG_CONTROL
        function = DatalogControlFunction(request.subfunction)
        self.log.append(function)
        refusals = self.refuse.get(function)
        if refusals:
            return self._response(function, code=refusals.popleft())
        match function:
            case DatalogControlFunction.GET_STATUS:
                status = self.statuses[0]
                if len(self.statuses) > 1:
                    self.statuses.popleft()
                return self._response(function, status.payload(FMT))
            case DatalogControlFunction.GET_METADATA:
                if self.state is not DatalogState.ACQUISITION_COMPLETED:
                    return self._response(function, code=ResponseCode.FAILURE_TO_PROCEED)
                return self._response(function, self.metadata.payload(FMT))
            case DatalogControlFunction.READ_ACQUISITION:
                if self.state is not DatalogState.ACQUISITION_COMPLETED:
                    self.begin_pass()
                    return self._response(function, code=ResponseCode.FAILURE_TO_PROCEED)
                return self._response(function, self.next_chunk().payload(FMT))
            case _:
                return self._response(function)

    def next_chunk(self) -> AcquisitionChunk:
        rest = self.data[self.offset :]
        data = rest[: self.transmit_size - 4]
        is_last = len(data) == len(rest) and len(data) <= self.final_from
        crc = crc32(self.data) if is_last else None
        chunk = AcquisitionChunk(self.counter & 0xFF, self.metadata.acquisition_id, data, crc)
        if is_last:
            self.begin_pass()
        else:
            self.offset += len(data)
            self.counter += 1
        return chunk

    def tick(self) -> None:
        """Let time pass."""

    def begin_pass(self) -> None:
        self.offset = self.counter = 0

    def half_read(self, chunks: int) -> None:
        """Let somebody have read so many chunks before."""
        for _ in range(chunks):
            self.next_chunk()

    def _response(
        self,
        function: DatalogControlFunction,
        payload: bytes = b"",
        code: ResponseCode = ResponseCode.OK,
    ) -> Response:
        return Response(Command.DATALOG_CONTROL, function, code, payload)


class BehavingDatalogger(FakeDatalogger):
    """One whose state follows from what it is asked to do, and from time.

    Attributes:
        pick_up: ticks until the loop notices a configuration; Arm is refused before.
        ticks_armed, ticks_triggered: how long these states last.
    """

    def __init__(
        self, data: bytes, *, pick_up: int = 0, ticks_armed: int = 2, ticks_triggered: int = 2
    ) -> None:
        super().__init__(data, states=[DatalogState.IDLE])
        self.pick_up = pick_up
        self.ticks_armed = ticks_armed
        self.ticks_triggered = ticks_triggered
        self._ticks = 0

    def answer(self, request: Request) -> Response:
        function = DatalogControlFunction(request.subfunction)
        match function:
            case DatalogControlFunction.CONFIGURE:
                config_id = Configure.parse(request.payload, FMT).config_id
                self.metadata = replace(self.metadata, config_id=config_id)
                self.become(DatalogState.CONFIGURED)
            case DatalogControlFunction.RESET:
                self.become(DatalogState.IDLE)
            case DatalogControlFunction.ARM:
                if self.state is DatalogState.IDLE or not self._is_owned:
                    self.log.append(function)
                    return self._response(function, code=ResponseCode.FAILURE_TO_PROCEED)
                if self.state is not DatalogState.ARMED:
                    self.become(DatalogState.ARMED)
            case _:
                pass
        return super().answer(request)

    def tick(self) -> None:
        self._ticks += 1
        if self.state is DatalogState.ARMED and self._ticks >= self.ticks_armed:
            self.become(DatalogState.TRIGGERED)
        elif self.state is DatalogState.TRIGGERED and self._ticks >= self.ticks_triggered:
            new_id = (self.metadata.acquisition_id + 1) & 0xFFFF
            self.metadata = replace(self.metadata, acquisition_id=new_id)
            self.become(DatalogState.ACQUISITION_COMPLETED)

    def become(self, state: DatalogState) -> None:
        """Change to another state."""
        self._ticks = 0
        to_acquire, since_trigger = (100, 50) if state is DatalogState.TRIGGERED else (0, 0)
        self.statuses = deque([DatalogStatus(state, to_acquire, since_trigger)])
        self.begin_pass()

    @property
    def _is_owned(self) -> bool:
        return self.state is not DatalogState.CONFIGURED or self._ticks >= self.pick_up


class Fault(Enum):
    """What the way to the device does to one request or its answer."""

    NONE = auto()
    REQUEST_LOST = auto()
    ANSWER_LOST = auto()
    LATE = auto()  # the answer comes while the next request of the same kind waits
    DOUBLED = auto()  # the answer comes once more then


@dataclass
class Line:
    """The way to a datalogger, which does to each request what the faults say, in their order."""

    device: FakeDatalogger
    faults: Iterable[Fault] = ()
    underway: dict[int, deque[Response]] = field(default_factory=dict[int, deque[Response]])

    def __post_init__(self) -> None:
        self._faults = iter(self.faults)

    def exchange(self, request: Request) -> Response | None:
        """Send a request; None if no answer comes in time."""
        fault = next(self._faults, Fault.NONE)
        underway = self.underway.setdefault(request.subfunction, deque())
        answer = None
        if fault is not Fault.REQUEST_LOST:
            answer = self.device.answer(request)
        if underway:
            # What was late comes now, and the answer that belongs here is the late one.
            if answer is not None and fault is not Fault.ANSWER_LOST:
                underway.append(answer)
            return underway.popleft()
        match fault:
            case Fault.LATE:
                assert answer is not None
                underway.append(answer)
                return None
            case Fault.DOUBLED:
                assert answer is not None
                underway.append(answer)
                return answer
            case Fault.ANSWER_LOST:
                return None
            case _:
                return answer


def run_transfer(
    transfer: AcquisitionTransfer,
    line: Line,
    max_requests: int,
    meddle: Callable[[], None] = lambda: None,
) -> None:
    """Send the request of a transfer until it is done, one ahead where it allows that."""
    request = Request.decode(transfer.transaction.frame)
    is_ahead = False
    answer: Response | None = None
    for _ in range(max_requests + 1):
        if transfer.is_done and not is_ahead:
            return
        if not is_ahead:
            answer = line.exchange(request)
        is_ahead = False
        following = None
        is_answer = answer is not None and answer.code == ResponseCode.OK
        if is_answer and transfer.are_certain(2):
            following, is_ahead = line.exchange(request), True
        meddle()
        if answer is None:
            transfer.lost()
        elif answer.code == ResponseCode.OK:
            transfer.received(answer.payload)
        else:
            transfer.refused(ResponseCode(answer.code))
        answer = following
    raise AssertionError(f"the transfer is not done after {max_requests} requests")


Step = Ask | Wait | Download


class Shell:
    """Runs a conversation of the recorder over a line, and notes how long it has waited."""

    def __init__(self, line: Line, max_steps: int = 1000, max_requests: int = 100_000) -> None:
        self.line = line
        self.max_steps = max_steps
        self.max_requests = max_requests
        self.waited_ns = 0
        self.asks: list[Ask] = []
        self.downloads: list[AcquisitionTransfer] = []

    def run(self, steps: Steps, step: Step | None = None) -> Recording:
        """Let a recording go on until it ends, from this step on if it has begun."""
        recording = self._run(steps, next(steps) if step is None else step)
        assert isinstance(recording, Recording)
        return recording

    def run_to_end(self, talk: Talk[None]) -> None:
        """Let a conversation go on until it ends."""
        self._run(talk, next(talk))

    def step(self, steps: Any, step: Step) -> Step:
        """Do one step and return the next."""
        following: Step
        match step:
            case Wait(delay_ns):
                self.waited_ns += delay_ns
                self.line.device.tick()
                following = steps.send(None)
            case Download(transfer):
                self.downloads.append(transfer)
                run_transfer(transfer, self.line, self.max_requests)
                following = steps.send(None)
            case Ask():
                self.asks.append(step)
                result = self._ask(step)
                is_error = isinstance(result, LinkError)
                following = steps.throw(result) if is_error else steps.send(result)
        return following

    def _run(self, steps: Any, step: Step) -> Any:
        try:
            for _ in range(self.max_steps):
                step = self.step(steps, step)
        except StopIteration as stop:
            return stop.value
        raise AssertionError(f"no end after {self.max_steps} steps")

    def _ask(self, ask: Ask) -> Any:
        transaction = transaction_of(ask.message, FMT, ask.retries)
        answer = self.line.exchange(Request.decode(transaction.frame))
        if answer is None:
            return NoAnswer("silence")
        if answer.code != ResponseCode.OK:
            return DeviceRefused(ResponseCode(answer.code), answer.command, answer.subfunction)
        try:
            return ask.message.parse_answer(answer.payload, FMT)
        except LinkError as error:
            return error
