"""Recording from the simulated device, octet by octet over a line with faults; time is a number."""

from __future__ import annotations

from struct import Struct
from typing import Any

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder
from scrutiny.firmware_link.codes import LoopType, ResponseCode, TriggerCondition
from scrutiny.firmware_link.datalog import Phase, Progress, Recorder, reset
from scrutiny.firmware_link.errors import DeviceRefused, LinkError, NoAnswer, RecordingFailed
from scrutiny.firmware_link.exchange import Exchange, ExchangeSettings, Failure, Transaction
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import (
    Configure,
    LiteralOperand,
    LoopDefinition,
    MemorySignal,
    TimeSignal,
    VariableOperand,
)
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import Apply, Ask, Session, Wait
from scrutiny.firmware_link.simulator import Application, DeviceSettings, SimulatedDevice
from scrutiny.firmware_link.simulator.faults import FaultModel, FaultSettings, LineFaults
from scrutiny.firmware_link.simulator.memory import SparseMemory
from scrutiny.firmware_link.simulator.settings import RAM_START
from scrutiny.firmware_link.simulator.simulation import Simulation
from scrutiny.firmware_link.transactions import transaction_of

MS = 1_000_000
PERIOD_NS = MS
ENTRY = Struct("<I")


class Counting(Application):
    """Counts in its memory the iterations of its loop, which runs every millisecond."""

    def start(self, memory: SparseMemory, byte_order: ByteOrder, now_ns: int) -> None:
        super().start(memory, byte_order, now_ns)
        self._memory = memory
        self._count = 0
        self._ran_ns = now_ns

    def advance(self, now_ns: int) -> None:
        while self._ran_ns + PERIOD_NS <= now_ns:
            self._ran_ns += PERIOD_NS
            self._count += 1
            self._memory.write(RAM_START, ENTRY.pack(self._count))
            self.run_loop(0, self._ran_ns)


class Bench:
    """A device, a line, and what asks over it."""

    def __init__(self, *, flip: float = 0.0, baud: int = 0, seed: int = 1, **settings: Any) -> None:
        chosen: dict[str, Any] = {
            "display_name": "Pump",
            "max_tx_payload": 128,
            "loops": (LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 10_000, "1 kHz"),),
            "rpvs": (),
            "datalog_buffer_size": 4096,
            "heartbeat_timeout_us": 4_000_000_000,  # nobody sends heartbeats here
        }
        self.device = SimulatedDevice(DeviceSettings(**chosen | settings), Counting())
        self.line = Simulation(self.device, None, baud)
        self.now_ns = 0
        self._baud = baud
        self.profile = self._establish()
        noise = LineFaults(flip=flip)
        self.line.faults = FaultModel(FaultSettings(noise, noise, seed=seed))
        self.told: list[Progress] = []

    def recorder(self, **changes: Any) -> Recorder:
        chosen: dict[str, Any] = {
            "loop_id": 0,
            "config_id": 1,
            "decimation": 1,
            "probe_location": 128,
            "timeout_100ns": 0,
            "condition": TriggerCondition.ALWAYS_TRUE,
            "hold_time_100ns": 0,
            "operands": (),
            "signals": (MemorySignal(RAM_START, 4),),
        }
        configuration = Configure(**chosen | changes)
        return Recorder(configuration, self.profile, poll_ns=50 * MS, on_progress=self.told.append)

    def run(self, steps: Any, max_steps: int = 10_000) -> Any:
        """Let a conversation go on until it ends."""
        step = next(steps)
        for _ in range(max_steps):
            try:
                step = self.step(steps, step)
            except StopIteration as stop:
                return stop.value
        raise AssertionError(f"no end after {max_steps} steps")

    def reconnect(self) -> None:
        """Lose the session, and open another one over a line that is quiet meanwhile."""
        faults, self.line.faults = self.line.faults, None
        stale_id = self.device.session_id
        self.profile = self._establish(stale_id)
        self.line.faults = faults

    def _establish(self, stale_id: int | None = None) -> DeviceProfile:
        self._exchange = Exchange(
            ExchangeSettings(bits_per_second=self._baud or None),
            self.device.settings.max_tx_payload,
        )
        self._session = Session(lambda: self.now_ns, stale_session_id=stale_id)
        profile: DeviceProfile = self.run(self._session.establish())
        return profile

    def step(self, steps: Any, step: Any) -> Any:
        match step:
            case Ask():
                result = self._ask(step)
                return steps.throw(result) if isinstance(result, LinkError) else steps.send(result)
            case Wait(delay_ns):
                self._pass_time(delay_ns)
                return steps.send(None)
            case Apply():
                return steps.send(None)
            case _:
                self._download(step.transfer)
                return steps.send(None)

    def _ask(self, ask: Ask) -> Any:
        fmt = self._session.address_format
        made = transaction_of(ask.message, fmt, ask.retries)
        made.patience_ns = ask.patience_ns
        response = self.exchange(made)
        if response is None:
            return NoAnswer("silence")
        if response.code != ResponseCode.OK:
            return DeviceRefused(
                ResponseCode(response.code), response.command, response.subfunction
            )
        try:
            return ask.message.parse_answer(response.payload, fmt)
        except LinkError as error:
            return error

    def _download(self, transfer: Any) -> None:
        while not transfer.is_done:
            response = self.exchange(transfer.transaction)
            if response is None:
                transfer.lost()
            elif response.code == ResponseCode.OK:
                transfer.received(response.payload)
            else:
                transfer.refused(ResponseCode(response.code))

    def exchange(self, transaction: Transaction) -> Response | None:
        self.line.receive(self._exchange.start(transaction, self.now_ns), self.now_ns)
        result: Response | None = None
        while not self._exchange.is_idle:
            assert self._exchange.wake_ns is not None
            self.now_ns = min(self._exchange.wake_ns, self.line.wake_ns)
            for octets in self.line.run(self.now_ns):
                result = self._exchange.feed(octets, self.now_ns) or result
            due = self._exchange.tick(self.now_ns)
            if isinstance(due, bytes):
                self.line.receive(due, self.now_ns)
            elif isinstance(due, Failure):
                return None
        return result

    def _pass_time(self, delay_ns: int) -> None:
        end_ns = self.now_ns + delay_ns
        while self.now_ns < end_ns:
            self.now_ns = min(end_ns, self.line.wake_ns)
            for octets in self.line.run(self.now_ns):
                self._exchange.feed(octets, self.now_ns)


def counts_of(octets: bytes) -> list[int]:
    return [count for (count,) in ENTRY.iter_unpack(octets)]


def assert_consecutive(octets: bytes) -> None:
    counts = counts_of(octets)
    assert counts == list(range(counts[0], counts[0] + len(counts)))


def test_an_acquisition_of_the_simulated_device_is_recorded() -> None:
    bench = Bench()

    recording = bench.run(bench.recorder().record())

    assert len(recording.octets) == 4096
    assert_consecutive(recording.octets)
    assert recording.metadata.config_id == 1
    assert [p.phase for p in bench.told][-1] is Phase.DOWNLOADING
    ratios = [p.completion for p in bench.told if p.phase is Phase.ACQUIRING]
    assert len(ratios) > 5
    assert ratios == sorted(ratios, key=lambda ratio: ratio or 0.0)


def test_the_trigger_is_where_the_metadata_say() -> None:
    bench = Bench()
    threshold = 3000
    recorder = bench.recorder(
        condition=TriggerCondition.EQUAL,
        operands=(VariableOperand(DataType.UINT32, RAM_START), LiteralOperand(threshold)),
    )

    recording = bench.run(recorder.record())

    assert counts_of(recording.octets)[recording.metadata.trigger_index] == threshold


def test_several_recordings_follow_each_other() -> None:
    bench = Bench()
    for config_id in range(1, 4):
        bench.run(reset(bench.profile))

        recording = bench.run(bench.recorder(config_id=config_id).record())

        assert recording.metadata.acquisition_id == config_id
        assert_consecutive(recording.octets)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("flip", "transmit_size"), [(1e-4, 1024), (1e-3, 128), (3e-3, 32)])
def test_noise_costs_time_and_no_data(flip: float, transmit_size: int, seed: int) -> None:
    bench = Bench(flip=flip, seed=seed, max_tx_payload=transmit_size, datalog_buffer_size=0x4000)

    recording = bench.run(bench.recorder().record())

    assert len(recording.octets) == 0x4000
    assert_consecutive(recording.octets)


@pytest.mark.parametrize("seed", range(3))
def test_noise_that_is_too_strong_is_a_clear_failure(seed: int) -> None:
    bench = Bench(flip=0.02, seed=seed, max_tx_payload=1024)

    with pytest.raises(RecordingFailed, match="damages long frames"):
        bench.run(bench.recorder().record())


def test_slow_lines_are_waited_for() -> None:
    bench = Bench(baud=9600, max_tx_payload=1024)
    recorder = bench.recorder()

    recording = bench.run(recorder.record())

    assert_consecutive(recording.octets)
    assert recorder.transfer is not None
    assert recorder.transfer.request_count == 5


def lose_session_in_download(bench: Bench, recorder: Recorder, chunks: int) -> None:
    steps: Any = recorder.record()
    step: Any = next(steps)
    while recorder.transfer is None:
        step = bench.step(steps, step)
    for _ in range(chunks):
        response = bench.exchange(step.transfer.transaction)
        assert response is not None
        step.transfer.received(response.payload)
    steps.close()


def test_a_new_session_goes_on_where_the_old_one_was_lost() -> None:
    bench = Bench(max_tx_payload=32, datalog_buffer_size=0x8000)
    recorder = bench.recorder()
    lose_session_in_download(bench, recorder, 700)
    bench.reconnect()

    recording = bench.run(recorder.resume(bench.profile))

    assert_consecutive(recording.octets)
    assert recorder.transfer is not None
    assert recorder.transfer.request_count <= 0x8000 // 28 + 2


def test_a_device_that_restarts_in_between_has_lost_the_acquisition() -> None:
    bench = Bench(max_tx_payload=32)
    recorder = bench.recorder()
    lose_session_in_download(bench, recorder, 7)
    bench.device.reboot(bench.now_ns)
    bench.reconnect()

    with pytest.raises(RecordingFailed, match="does not have the acquisition any more"):
        bench.run(recorder.resume(bench.profile))


def test_a_device_that_restarts_while_it_waits_has_lost_its_configuration() -> None:
    bench = Bench()
    never = (VariableOperand(DataType.UINT32, RAM_START), LiteralOperand(-1.0))
    recorder = bench.recorder(condition=TriggerCondition.EQUAL, operands=never)
    steps: Any = recorder.record()
    step: Any = next(steps)
    for _ in range(10):
        step = bench.step(steps, step)
    steps.close()
    bench.device.reboot(bench.now_ns)
    bench.reconnect()

    with pytest.raises(RecordingFailed, match="restarted"):
        bench.run(recorder.resume(bench.profile))


def test_what_the_device_refuses_is_explained() -> None:
    bench = Bench()
    recorder = bench.recorder(signals=(TimeSignal(),) * 17)

    with pytest.raises(RecordingFailed, match="records 16 signals at most, these are 17"):
        bench.run(recorder.record())
