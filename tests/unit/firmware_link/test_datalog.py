"""Recording an acquisition with dataloggers that are told, and with ones that behave."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import DatalogControlFunction as Function
from scrutiny.firmware_link.codes import (
    DatalogEncoding,
    DatalogState,
    LoopType,
    ResponseCode,
    TriggerCondition,
)
from scrutiny.firmware_link.datalog import (
    MAX_UNANSWERED,
    MAX_UNANSWERED_IF_LARGE,
    Download,
    Phase,
    Progress,
    Recorder,
    reset,
)
from scrutiny.firmware_link.errors import (
    LinkClosed,
    LinkError,
    MessageError,
    NoAnswer,
    RecordingFailed,
)
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import (
    AcquisitionMetadata,
    BitFieldOperand,
    DatalogSetup,
    DatalogStatus,
    GetStatus,
    LiteralOperand,
    LoopDefinition,
    MemorySignal,
    RpvSignal,
    TimeSignal,
)
from scrutiny.firmware_link.session import Ask, Wait

from .fake_datalogger import (
    CONFIG_ID,
    FMT,
    POLL_NS,
    BehavingDatalogger,
    FakeDatalogger,
    Fault,
    Line,
    Shell,
    configuration,
    profile,
)

IDLE = DatalogState.IDLE
CONFIGURED = DatalogState.CONFIGURED
ARMED = DatalogState.ARMED
TRIGGERED = DatalogState.TRIGGERED
COMPLETED = DatalogState.ACQUISITION_COMPLETED
ERROR = DatalogState.ERROR

DATA = Random(1).randbytes(400)
SECOND_NS = 1_000_000_000


class Trial:
    """A recorder, a device and the line between them."""

    def __init__(
        self,
        device: FakeDatalogger,
        faults: Iterable[Fault] = (),
        changes: dict[str, Any] | None = None,
        **of_profile: Any,
    ) -> None:
        self.device = device
        self.told: list[Progress] = []
        self.recorder = Recorder(
            configuration(**changes or {}),
            profile(**of_profile),
            poll_ns=POLL_NS,
            on_progress=self.told.append,
        )
        self.shell = Shell(Line(device, faults))

    def record(self) -> bytes:
        return self.shell.run(self.recorder.record()).octets

    def resume(self, **of_profile: Any) -> bytes:
        return self.shell.run(self.recorder.resume(profile(**of_profile))).octets

    def fails(self) -> str:
        """Return why the recording fails."""
        with pytest.raises(RecordingFailed) as caught:
            self.record()
        return str(caught.value)

    @property
    def phases(self) -> list[Phase]:
        """What was told, without repetitions."""
        phases = [progress.phase for progress in self.told]
        return [p for i, p in enumerate(phases) if i == 0 or phases[i - 1] is not p]


def scripted(*states: DatalogState, data: bytes = DATA, **settings: Any) -> FakeDatalogger:
    return FakeDatalogger(data, states=states, **settings)


def refusing(function: Function, *codes: ResponseCode) -> FakeDatalogger:
    device = scripted(COMPLETED)
    device.refuse[function] = deque(codes)
    return device


# ------------------------------------------------------------------ what goes well


def test_an_acquisition_is_configured_armed_watched_and_fetched() -> None:
    trial = Trial(scripted(ARMED, TRIGGERED, COMPLETED))

    recording = trial.shell.run(trial.recorder.record())

    assert recording.octets == DATA
    assert recording.metadata == trial.device.metadata
    assert trial.device.log[:2] == [Function.CONFIGURE, Function.ARM]
    assert trial.device.log[2:5] == [Function.GET_STATUS] * 3
    assert trial.device.log[5] == Function.GET_METADATA
    assert set(trial.device.log[6:]) == {Function.READ_ACQUISITION}


def test_the_status_is_asked_for_at_the_pace_of_the_poll() -> None:
    trial = Trial(scripted(*[ARMED] * 10, COMPLETED))

    trial.record()

    assert trial.shell.waited_ns == 10 * POLL_NS


def test_a_device_that_behaves_gives_what_it_has() -> None:
    trial = Trial(BehavingDatalogger(DATA))

    assert trial.record() == DATA
    assert trial.phases == [Phase.WAITING, Phase.ACQUIRING, Phase.DOWNLOADING]


def test_waiting_is_told_as_soon_as_arm_is_acknowledged() -> None:
    trial = Trial(scripted(COMPLETED))
    steps = trial.recorder.record()
    next(steps)
    assert trial.told == []

    steps.send(object())  # Configure is acknowledged
    assert trial.told == []
    steps.send(object())

    assert trial.told == [Progress(Phase.WAITING)]


def test_downloading_is_told_even_of_an_acquisition_that_is_complete_at_once() -> None:
    trial = Trial(scripted(COMPLETED))

    trial.record()

    assert trial.told == [Progress(Phase.WAITING), Progress(Phase.DOWNLOADING, 0.0)]


def test_the_ratio_is_told_and_never_shrinks() -> None:
    device = scripted(COMPLETED)
    counters = [(0, 0), (100, 0), (100, 10), (100, 30), (100, 20), (0, 0), (100, 130)]
    device.statuses.extendleft(DatalogStatus(TRIGGERED, *pair) for pair in reversed(counters))
    trial = Trial(device)

    trial.record()

    told = [p.completion for p in trial.told if p.phase is Phase.ACQUIRING]
    assert told == [None, 0.1, 0.3, 1.0]


def test_a_datalogger_that_is_armed_again_waits_again() -> None:
    device = scripted(COMPLETED)
    states = [(TRIGGERED, 100, 80), (ARMED, 0, 0), (ARMED, 0, 0), (TRIGGERED, 100, 10)]
    device.statuses.extendleft(DatalogStatus(*status) for status in reversed(states))
    trial = Trial(device)

    trial.record()

    assert trial.told[1:-1] == [
        Progress(Phase.ACQUIRING, 0.8),
        Progress(Phase.WAITING),
        Progress(Phase.ACQUIRING, 0.1),
    ]


def test_requests_that_a_loop_has_to_agree_to_are_waited_for() -> None:
    """A request that is repeated while the device is busy with it costs the answer."""
    trial = Trial(scripted(COMPLETED))

    trial.record()
    trial.shell.run_to_end(reset(profile()))

    patience = {type(ask.message).__name__: ask.patience_ns for ask in trial.shell.asks}
    assert patience["Configure"] >= 100_000_000
    assert patience["Reset"] >= 100_000_000
    assert patience["GetStatus"] == 0


def test_arm_is_never_repeated_by_the_exchange() -> None:
    trial = Trial(scripted(COMPLETED))

    trial.record()

    (arm,) = [ask for ask in trial.shell.asks if type(ask.message).__name__ == "Arm"]
    assert arm.retries == 0


# ------------------------------------------------------------------ arming


def test_arm_is_repeated_until_the_loop_has_noticed_the_configuration() -> None:
    trial = Trial(BehavingDatalogger(DATA, pick_up=40))

    assert trial.record() == DATA
    assert trial.device.log.count(Function.ARM) == 41


def test_a_loop_that_never_runs_is_named() -> None:
    trial = Trial(BehavingDatalogger(DATA, pick_up=1 << 30))

    assert "its loop does not run" in trial.fails()
    assert SECOND_NS <= trial.shell.waited_ns < 1.1 * SECOND_NS


def test_a_slow_loop_gets_the_time_that_it_needs() -> None:
    slow = LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 10_000_000, "1 Hz")
    trial = Trial(BehavingDatalogger(DATA, pick_up=140), loops=(slow,))

    assert trial.record() == DATA


def test_a_loop_of_minutes_is_not_waited_for_that_long() -> None:
    slow = LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 0xFFFF_FFFF, "never")
    trial = Trial(BehavingDatalogger(DATA, pick_up=1 << 30), loops=(slow,))

    assert "its loop does not run" in trial.fails()
    assert trial.shell.waited_ns < 6 * SECOND_NS


@pytest.mark.parametrize("state", [ARMED, TRIGGERED, COMPLETED])
def test_arm_whose_answer_got_lost_is_not_sent_again(state: DatalogState) -> None:
    trial = Trial(scripted(state, COMPLETED), [Fault.NONE, Fault.ANSWER_LOST])

    assert trial.record() == DATA
    assert trial.device.log.count(Function.ARM) == 1


def test_arm_that_did_not_arrive_is_sent_again() -> None:
    trial = Trial(BehavingDatalogger(DATA), [Fault.NONE, Fault.REQUEST_LOST])

    assert trial.record() == DATA
    assert trial.device.log[:3] == [Function.CONFIGURE, Function.GET_STATUS, Function.ARM]


def test_the_loop_gets_time_to_notice_before_arm_is_sent_again() -> None:
    trial = Trial(scripted(COMPLETED), [Fault.NONE, Fault.ANSWER_LOST])
    steps = trial.recorder.record()
    step = trial.shell.step(steps, next(steps))

    assert trial.shell.step(steps, step) == Wait(POLL_NS)


def test_a_device_that_never_answers_arm_is_given_up() -> None:
    device = scripted(CONFIGURED)
    trial = Trial(device, [Fault.NONE] + [Fault.REQUEST_LOST, Fault.NONE] * 100)

    assert "no usable answers" in trial.fails()


def test_the_state_may_lag_behind_arm() -> None:
    assert Trial(scripted(*[CONFIGURED] * 10, ARMED, COMPLETED)).record() == DATA


def test_a_datalogger_that_never_gets_armed_is_given_up() -> None:
    assert "its loop does not run" in Trial(scripted(CONFIGURED)).fails()


# ------------------------------------------------------------------ what the device refuses


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (ResponseCode.INVALID_REQUEST, "does not take this trigger"),
        (ResponseCode.UNSUPPORTED_FEATURE, "has no datalogger"),
        (ResponseCode.OVERFLOW, "too many signals, or too wide ones, for the buffer"),
        (ResponseCode.BUSY, "BUSY"),
        (ResponseCode.FORBIDDEN, "loop does not allow recording, or .* memory that the firmware"),
        (ResponseCode.FAILURE_TO_PROCEED, "loop or a published value is unknown"),
    ],
)
def test_why_a_configuration_is_refused_is_told(code: ResponseCode, reason: str) -> None:
    trial = Trial(refusing(Function.CONFIGURE, *[code] * 100))

    with pytest.raises(RecordingFailed, match=reason):
        trial.record()
    assert Function.ARM not in trial.device.log


def test_the_bit_field_that_stock_firmware_does_not_take_is_named() -> None:
    operand = BitFieldOperand(DataType.UINT32, 0x1000, 7, 2)
    device = refusing(Function.CONFIGURE, ResponseCode.INVALID_REQUEST)
    trial = Trial(
        device,
        changes={
            "condition": TriggerCondition.EQUAL,
            "operands": (operand, LiteralOperand(1.0)),
        },
    )

    assert "bit fields beyond bit 7" in trial.fails()


def test_how_many_signals_the_firmware_takes_is_told() -> None:
    device = refusing(Function.CONFIGURE, ResponseCode.OVERFLOW)
    changes = {"signals": (TimeSignal(),) * 3}
    setup = DatalogSetup(4096, DatalogEncoding.RAW, 2)
    trial = Trial(device, changes=changes, datalog_setup=setup)

    assert "records 2 signals at most, these are 3" in trial.fails()


def test_a_loop_that_the_device_has_not_told_of_is_named() -> None:
    device = refusing(Function.CONFIGURE, *[ResponseCode.FAILURE_TO_PROCEED] * 100)
    trial = Trial(device, changes={"loop_id": 3})

    assert "not told of a loop 3" in trial.fails()


def test_a_loop_that_releases_the_datalogger_late_is_waited_for() -> None:
    trial = Trial(refusing(Function.CONFIGURE, *[ResponseCode.FAILURE_TO_PROCEED] * 3))

    assert trial.record() == DATA


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"max_rx_payload": 22}, "takes 23 octets, the firmware receives 22"),
        ({"datalog_setup": None}, "has no datalogger"),
        (
            {"datalog_setup": DatalogSetup(3, DatalogEncoding.RAW, 16)},
            "takes 4 bytes, the buffer of the datalogger has 3",
        ),
    ],
)
def test_what_cannot_work_is_not_sent(changes: dict[str, Any], reason: str) -> None:
    trial = Trial(scripted(COMPLETED), **changes)

    assert reason in trial.fails()
    assert trial.device.log == []


def test_a_number_that_does_not_fit_is_the_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="does not fit a float32"):
        Trial(scripted(COMPLETED), changes={"operands": (LiteralOperand(1e39),)})


def test_the_time_takes_two_bytes_of_16_bits() -> None:
    setup = DatalogSetup(2, DatalogEncoding.RAW, 16)
    device = scripted(COMPLETED)
    device.metadata = replace(device.metadata, point_count=1, data_size=2)
    device.data = DATA[:4]
    trial = Trial(device, changes={"signals": (TimeSignal(),)}, char_bit=16, datalog_setup=setup)

    assert trial.record() == DATA[:4]


@pytest.mark.parametrize("function", [Function.ARM, Function.GET_STATUS])
def test_other_refusals_are_told_as_they_are(function: Function) -> None:
    trial = Trial(refusing(function, *[ResponseCode.UNSUPPORTED_FEATURE] * 100))

    assert "built without this feature" in trial.fails()


# ------------------------------------------------------------------ states that end it


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ((ARMED, ERROR), "reports an error"),
        ((ERROR,), "reports an error"),
        ((ARMED, IDLE), "lost its configuration"),
        ((IDLE,), "lost its configuration"),
        ((TRIGGERED, IDLE), "lost its configuration"),
        ((ARMED, CONFIGURED), "disarmed by another tool"),
        ((TRIGGERED, CONFIGURED), "disarmed by another tool"),
    ],
)
def test_a_state_that_ends_the_recording_is_explained(
    states: tuple[DatalogState, ...], reason: str
) -> None:
    assert reason in Trial(scripted(*states)).fails()


@pytest.mark.parametrize("state", [IDLE, CONFIGURED, ERROR])
def test_a_state_that_would_end_the_recording_has_to_be_told_twice(state: DatalogState) -> None:
    """It may be a late answer to an earlier question."""
    assert Trial(scripted(ARMED, state, ARMED, COMPLETED)).record() == DATA


def test_a_late_answer_that_claims_completion_does_no_harm() -> None:
    device = scripted(COMPLETED, ARMED, ARMED, ARMED, TRIGGERED, COMPLETED)
    trial = Trial(device)

    assert trial.record() == DATA
    assert trial.device.log.count(Function.GET_METADATA) == 2


def test_a_late_answer_does_not_end_a_download() -> None:
    device = scripted(ARMED, COMPLETED, COMPLETED, ARMED, COMPLETED)
    device.refuse[Function.READ_ACQUISITION] = deque([ResponseCode.FAILURE_TO_PROCEED])

    assert Trial(device).record() == DATA


def test_metadata_that_are_refused_for_good_end_the_recording() -> None:
    trial = Trial(refusing(Function.GET_METADATA, *[ResponseCode.FAILURE_TO_PROCEED] * 100))

    assert "does not have the acquisition any more" in trial.fails()
    assert trial.device.log.count(Function.GET_METADATA) == 5


def test_the_acquisition_of_another_configuration_is_not_taken() -> None:
    device = scripted(COMPLETED)
    device.metadata = replace(device.metadata, config_id=9)

    assert f"configuration 9, not {CONFIG_ID}" in Trial(device).fails()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"point_count": 0, "data_size": 0}, "nothing was recorded"),
        ({"point_count": 0}, "nothing was recorded"),
        ({"data_size": 0}, "nothing was recorded"),
        ({"data_size": 401}, "100 samples of 4 in 401 bytes"),
        ({"point_count": 50}, "50 samples of 4 in 400 bytes"),
        ({"data_size": 4_000_000, "point_count": 1_000_000}, "buffer has 1048576"),
        ({"data_size": 0xFFFF_FFFF, "point_count": 0xFFFF_FFFF}, "cannot be"),
    ],
)
def test_metadata_that_cannot_be_are_named(changes: dict[str, int], reason: str) -> None:
    device = scripted(COMPLETED)
    device.metadata = replace(device.metadata, **changes)

    assert reason in Trial(device).fails()


@pytest.mark.parametrize(
    "signals",
    [(RpvSignal(0x1000), MemorySignal(0x10, 2)), (RpvSignal(0x7777),)],
    ids=["known size", "size that only the device knows"],
)
def test_published_values_are_part_of_an_entry(signals: tuple[Any, ...]) -> None:
    assert Trial(scripted(COMPLETED), changes={"signals": signals}).record() == DATA


# ------------------------------------------------------------------ the data


def test_data_that_are_refused_are_asked_for_again_while_they_are_there() -> None:
    trial = Trial(refusing(Function.READ_ACQUISITION, *[ResponseCode.FAILURE_TO_PROCEED] * 4))

    assert trial.record() == DATA
    assert len(set(map(id, trial.shell.downloads))) == 1


def test_data_that_are_refused_for_good_end_the_recording() -> None:
    trial = Trial(refusing(Function.READ_ACQUISITION, *[ResponseCode.FAILURE_TO_PROCEED] * 100))

    assert "any more (it answers FAILURE_TO_PROCEED instead)" in trial.fails()
    assert trial.device.log.count(Function.READ_ACQUISITION) == 5


@pytest.mark.parametrize("state", [IDLE, CONFIGURED, ARMED, TRIGGERED, ERROR])
def test_data_that_have_gone_meanwhile_end_the_recording(state: DatalogState) -> None:
    device = scripted(COMPLETED, COMPLETED, state)
    device.refuse[Function.READ_ACQUISITION] = deque([ResponseCode.FAILURE_TO_PROCEED])

    assert f"its datalogger is {state.name.lower()} now" in Trial(device).fails()


def test_another_acquisition_under_the_same_configuration_is_not_taken_for_the_first() -> None:
    device = refusing(Function.READ_ACQUISITION, ResponseCode.FAILURE_TO_PROCEED)
    trial = Trial(device)
    steps = trial.recorder.record()
    step = next(steps)
    while not isinstance(step, Download):
        step = trial.shell.step(steps, step)
    device.metadata = replace(device.metadata, acquisition_id=6)

    with pytest.raises(RecordingFailed, match="it holds another one now"):
        trial.shell.run(steps, step)


def test_a_download_that_was_not_finished_is_a_failure() -> None:
    trial = Trial(scripted(COMPLETED))
    steps = trial.recorder.record()
    step = next(steps)
    while not isinstance(step, Download):
        step = trial.shell.step(steps, step)

    with pytest.raises(RecordingFailed, match="0 of 400 octets have come"):
        steps.send(None)


# ------------------------------------------------------------------ lost answers


def test_every_question_is_repeated_if_the_answer_gets_lost() -> None:
    faults = [Fault.ANSWER_LOST, Fault.NONE] * 4
    trial = Trial(scripted(COMPLETED), faults)

    assert trial.record() == DATA


def test_a_device_that_answers_nothing_about_the_datalogger_is_given_up() -> None:
    trial = Trial(scripted(COMPLETED), [Fault.REQUEST_LOST] * 1000)

    assert "no usable answers" in trial.fails()
    assert len(trial.shell.asks) < 50


@pytest.mark.parametrize(
    ("max_rx_payload", "reason"), [(30, "frame has 31 octets"), (31, "no usable answers")]
)
def test_a_device_may_count_the_whole_frame_of_a_configuration(
    max_rx_payload: int, reason: str
) -> None:
    faults = [Fault.REQUEST_LOST] * 1000
    trial = Trial(scripted(COMPLETED), faults, max_rx_payload=max_rx_payload)

    assert reason in trial.fails()
    max_unanswered = MAX_UNANSWERED_IF_LARGE if max_rx_payload == 30 else MAX_UNANSWERED
    assert len(trial.shell.asks) == max_unanswered + 1
    trial = Trial(scripted(COMPLETED), faults[:max_unanswered], max_rx_payload=max_rx_payload)
    assert trial.record() == DATA


def test_an_answer_that_makes_no_sense_is_like_a_lost_one() -> None:
    trial = Trial(scripted(COMPLETED))
    steps = trial.recorder.record()
    step = next(steps)
    for _ in range(2):
        step = trial.shell.step(steps, step)
    assert isinstance(step, Ask)
    assert step.message == GetStatus()

    step = steps.throw(MessageError("DatalogState 17 is unknown"))

    assert step == Wait(POLL_NS)
    assert trial.shell.run(steps, step).octets == DATA


def test_other_errors_go_through() -> None:
    steps = Trial(scripted(COMPLETED)).recorder.record()
    next(steps)

    with pytest.raises(LinkClosed):
        steps.throw(LinkClosed("unplugged"))


# ------------------------------------------------------------------ the next session


def interrupted_at(trial: Trial, what: str, times: int = 1) -> None:
    """Record up to the request of this name, and lose the session then."""
    steps = trial.recorder.record()
    step: Any = next(steps)
    while True:
        name = type(step.message if isinstance(step, Ask) else step).__name__
        times -= name == what
        if not times:
            break
        step = trial.shell.step(steps, step)
    steps.close()


@pytest.mark.parametrize("what", ["Configure", "Arm"])
def test_a_recording_that_was_not_armed_yet_begins_anew(what: str) -> None:
    trial = Trial(BehavingDatalogger(DATA))
    interrupted_at(trial, what)

    assert trial.resume() == DATA
    assert trial.phases == [Phase.WAITING, Phase.ACQUIRING, Phase.DOWNLOADING]


@pytest.mark.parametrize("what", ["GetStatus", "GetMetadata", "Download"])
def test_a_recording_that_was_armed_goes_on_without_arming_again(what: str) -> None:
    trial = Trial(BehavingDatalogger(DATA))
    interrupted_at(trial, what)
    trial.told.clear()

    assert trial.resume() == DATA
    assert trial.device.log.count(Function.CONFIGURE) == 1
    assert trial.device.log.count(Function.ARM) == 1
    assert trial.told[-1].phase is Phase.DOWNLOADING


def test_progress_is_told_again_in_the_new_session() -> None:
    trial = Trial(BehavingDatalogger(DATA, ticks_armed=10))
    interrupted_at(trial, "GetStatus", times=3)
    trial.told.clear()

    trial.resume()

    assert trial.told[0] == Progress(Phase.WAITING)


def test_chunks_that_have_come_are_not_fetched_again_in_the_new_session() -> None:
    data = Random(2).randbytes(20_000)
    device = scripted(COMPLETED, data=data)
    trial = Trial(device)
    interrupted_at(trial, "Download")
    transfer = trial.recorder.transfer
    assert transfer is not None
    for _ in range(500):
        transfer.received(device.answer(Request(5, 7, b"")).payload)
    device.answer(Request(5, 7, b""))  # and this one is lost with the session

    assert trial.resume() == data
    assert trial.told[-1].completion == 500 * 28 / 20_000
    assert transfer.request_count < 500 + 716 + 2  # one lost chunk, so one more pass up to it


def test_data_that_were_complete_are_not_asked_for_in_the_new_session() -> None:
    trial = Trial(scripted(COMPLETED))
    interrupted_at(trial, "Download")
    transfer = trial.recorder.transfer
    assert transfer is not None
    while not transfer.is_done:
        transfer.received(trial.device.answer(Request(5, 7, b"")).payload)

    assert trial.resume() == DATA
    assert trial.shell.downloads == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (IDLE, "the device has restarted"),
        (ERROR, "reports an error"),
        (CONFIGURED, "disarmed"),
    ],
)
def test_a_device_that_has_let_go_meanwhile_is_named(state: DatalogState, reason: str) -> None:
    trial = Trial(BehavingDatalogger(DATA, ticks_armed=10))
    interrupted_at(trial, "GetStatus", times=3)
    assert isinstance(trial.device, BehavingDatalogger)
    trial.device.become(state)

    with pytest.raises(RecordingFailed, match=reason):
        trial.resume()


def test_a_device_with_the_recording_of_somebody_else_is_named() -> None:
    trial = Trial(BehavingDatalogger(DATA))
    interrupted_at(trial, "GetMetadata")
    trial.device.metadata = replace(trial.device.metadata, config_id=3)

    with pytest.raises(RecordingFailed, match="configuration 3, not"):
        trial.resume()


def test_another_firmware_is_not_asked() -> None:
    trial = Trial(BehavingDatalogger(DATA))
    interrupted_at(trial, "GetStatus")
    log = list(trial.device.log)

    with pytest.raises(RecordingFailed, match="another firmware"):
        trial.resume(firmware_id=bytes(16))
    assert trial.device.log == log


def test_a_session_may_be_lost_any_number_of_times() -> None:
    trial = Trial(BehavingDatalogger(DATA))
    interrupted_at(trial, "GetStatus")
    for _ in range(20):
        steps = trial.recorder.resume(profile())
        trial.shell.step(steps, next(steps))
        steps.close()

    assert trial.resume() == DATA


# ------------------------------------------------------------------ reset


def test_reset_is_repeated_until_the_loop_lets_go() -> None:
    device = refusing(Function.RESET, *[ResponseCode.FAILURE_TO_PROCEED] * 3)

    Shell(Line(device, [Fault.REQUEST_LOST])).run_to_end(reset(profile()))

    assert device.log == [Function.RESET] * 4


def test_a_loop_that_never_lets_go_is_named() -> None:
    device = refusing(Function.RESET, *[ResponseCode.FAILURE_TO_PROCEED] * 100)

    with pytest.raises(RecordingFailed, match="loop stands still"):
        Shell(Line(device)).run_to_end(reset(profile()))
    assert len(device.log) < 20


def test_a_device_without_datalogger_cannot_be_reset() -> None:
    device = refusing(Function.RESET, ResponseCode.UNSUPPORTED_FEATURE)

    with pytest.raises(RecordingFailed, match="built without this feature"):
        Shell(Line(device)).run_to_end(reset(profile()))


# ------------------------------------------------------------------ anything

FAULTS = st.lists(st.sampled_from(Fault), max_size=MAX_UNANSWERED)


@settings(max_examples=300)
@given(
    size=st.integers(1, 100).map(lambda points: 4 * points),
    faults=FAULTS,
    pick_up=st.integers(0, 5),
    ticks=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_faults_of_the_line_that_end_never_cost_the_recording(
    size: int, faults: list[Fault], pick_up: int, ticks: tuple[int, int]
) -> None:
    device = BehavingDatalogger(
        DATA[:size], pick_up=pick_up, ticks_armed=ticks[0], ticks_triggered=ticks[1]
    )
    trial = Trial(device, faults)

    assert trial.record() == DATA[:size]
    ratios = [p.completion or 0.0 for p in trial.told if p.phase is Phase.ACQUIRING]
    assert ratios == sorted(ratios)


MEDDLING = st.dictionaries(
    st.integers(0, 40), st.sampled_from([*DatalogState, Function.ARM, Function.RESET]), max_size=4
)


@settings(max_examples=300)
@given(
    faults=FAULTS,
    meddling=MEDDLING,
    refusals=st.dictionaries(
        st.sampled_from(Function), st.lists(st.sampled_from(list(ResponseCode)[1:]), max_size=8)
    ),
)
def test_whatever_happens_the_data_are_right_or_the_recording_fails(
    faults: list[Fault],
    meddling: dict[int, DatalogState | Function],
    refusals: dict[Function, list[ResponseCode]],
) -> None:
    device = MeddledWith(DATA, meddling)
    device.refuse = {function: deque(codes) for function, codes in refusals.items()}
    trial = Trial(device, faults)

    try:
        assert trial.record() == DATA
    except RecordingFailed:
        assert meddling or refusals


class MeddledWith(BehavingDatalogger):
    """One that somebody else uses, too."""

    def __init__(self, data: bytes, meddling: dict[int, DatalogState | Function]) -> None:
        super().__init__(data)
        self._meddling = meddling
        self._asked = 0

    def answer(self, request: Request) -> Response:
        meddling = self._meddling.get(self._asked)
        self._asked += 1
        if isinstance(meddling, DatalogState):
            self.become(meddling)
        elif meddling is not None:
            super().answer(Request(5, meddling, b""))
        return super().answer(request)


ANSWERS = st.one_of(
    st.builds(DatalogStatus, st.sampled_from(DatalogState), *[st.integers(0, 0xFFFF_FFFF)] * 2),
    st.builds(
        AcquisitionMetadata,
        st.integers(0, 0xFFFF),
        st.sampled_from([CONFIG_ID, 1]),
        *[st.integers(0, 0xFFFF_FFFF)] * 3,
    ),
    st.sampled_from(ResponseCode),
    st.just(NoAnswer("silence")),
)


@settings(max_examples=300)
@given(answers=st.lists(st.binary(max_size=60) | ANSWERS, max_size=60), is_resumed=st.booleans())
def test_nonsense_ends_with_an_error_of_the_link(answers: list[Any], is_resumed: bool) -> None:
    trial = Trial(BehavingDatalogger(DATA))
    if is_resumed:
        interrupted_at(trial, "GetStatus")
    trial.shell = Shell(Nonsense(answers))

    try:
        octets = trial.resume() if is_resumed else trial.record()
    except LinkError:
        return
    assert len(octets) % 4 == 0


class Nonsense(Line):
    """Anything instead of answers, then those of a device that has restarted."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__(FakeDatalogger(DATA, states=[IDLE]))
        self._answers = iter(answers)

    def exchange(self, request: Request) -> Response | None:
        answer = next(self._answers, self)
        match answer:
            case bytes():
                return Response(5, request.subfunction, 0, answer)
            case ResponseCode():
                return Response(5, request.subfunction, answer, b"")
            case DatalogStatus() | AcquisitionMetadata():
                return Response(5, request.subfunction, 0, answer.payload(FMT))
            case LinkError():
                return None
            case _:
                return super().exchange(request)
