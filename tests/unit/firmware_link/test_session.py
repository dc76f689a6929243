"""The way to a session, against the simulated device; no I/O, time is a number."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.firmware_link.codes import FeatureBits, LoopType, ResponseCode
from scrutiny.firmware_link.errors import DeviceRefused, LinkError, NoAnswer
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import (
    DeviceParams,
    LoopDefinition,
    PublishedValueDefinition,
    SpecialRegion,
)
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.session import (
    Apply,
    Ask,
    IncompatibleDevice,
    Session,
    SessionState,
    Wait,
)
from scrutiny.firmware_link.simulator import Application, DeviceSettings, SimulatedDevice
from scrutiny.firmware_link.simulator.settings import AddressRange
from scrutiny.firmware_link.transactions import transaction_of

MS = 1_000_000


class Conversation:
    """Runs a conversation with a device and notes what was said."""

    def __init__(self, device: SimulatedDevice, **settings: Any) -> None:
        self.now_ns = 0
        self.device = device
        self.session = Session(lambda: self.now_ns, **settings)
        self.asked: list[str] = []
        self.waited_ns = 0
        self.problems: set[str] = set()
        self.replace_params: dict[str, Any] = {}  # what the device announces instead
        self.swap_regions = False
        self.params_known_after = 0
        self.lose: set[int] = set()  # requests, by number, whose answer gets lost
        self.lose_request: set[int] = set()
        self.answer_time_ns = MS

    def establish(self, max_steps: int = 200) -> DeviceProfile:
        conversation = self.session.establish()
        step = next(conversation)
        for _ in range(max_steps):
            try:
                step = self._next(conversation, step)
            except StopIteration as stop:
                profile: DeviceProfile = stop.value
                return profile
        raise AssertionError(f"no session after {max_steps} steps: {self.session.problem}")

    def _next(self, conversation: Any, step: Ask | Wait | Apply) -> Any:
        self.problems.add(self.session.problem)
        match step:
            case Wait(delay_ns):
                self.now_ns += delay_ns
                self.waited_ns += delay_ns
                self.device.tick(self.now_ns)
                return conversation.send(None)
            case Apply():
                self.params_known_after = len(self.asked)
                return conversation.send(None)
            case Ask():
                answer = self._answer(step)
                if isinstance(answer, LinkError):
                    return conversation.throw(answer)
                return conversation.send(answer)

    def _answer(self, ask: Ask) -> Any:
        fmt = self.session.address_format
        transaction = transaction_of(ask.message, fmt, ask.retries)
        self.asked.append(type(ask.message).__name__)
        self.now_ns += self.answer_time_ns
        number = len(self.asked) - 1
        if number not in self.lose_request:
            self.device.receive(transaction.frame, self.now_ns)
        octets = self.device.take_output()
        if not octets or number in self.lose:
            return NoAnswer("lost")
        response = Response.decode(octets)
        if response.code != ResponseCode.OK:
            return DeviceRefused(
                ResponseCode(response.code), response.command, response.subfunction
            )
        assert transaction.is_answered_by(response)
        answer = ask.message.parse_answer(response.payload, fmt)
        if isinstance(answer, DeviceParams):
            return replace(answer, **self.replace_params)
        if isinstance(answer, SpecialRegion) and self.swap_regions:
            return replace(answer, start=answer.end, end=answer.start)
        return answer


RPVS = tuple(PublishedValueDefinition(0x1000 + i, DataType.UINT16) for i in range(50))


def make_device(**settings: Any) -> SimulatedDevice:
    chosen: dict[str, Any] = {
        "display_name": "Pump",
        "max_tx_payload": 64,
        "rpvs": RPVS,
        "loops": (LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 1000, "10 kHz"),),
        "forbidden_regions": (AddressRange(0x100, 0x1FF),),
        "readonly_regions": (AddressRange(0x300, 0x3FF),),
    }
    chosen.update(settings)
    values: dict[int, Value] = {rpv.id: 0 for rpv in chosen["rpvs"]}
    return SimulatedDevice(DeviceSettings(**chosen), Application(values))


def test_the_handshake_asks_in_the_order_of_the_reference_server() -> None:
    talk = Conversation(make_device())

    talk.establish()

    assert talk.asked[:8] == [
        "Discover",
        "Connect",
        "Heartbeat",
        "GetProtocolVersion",
        "GetParams",
        "GetSupportedFeatures",
        "GetSpecialRegionCount",
        "GetSpecialRegion",
    ]
    assert talk.asked[-4:] == ["GetRpvDefinitions", "GetLoopCount", "GetLoopDefinition", "GetSetup"]
    assert talk.params_known_after == talk.asked.index("GetParams") + 1


def test_the_profile_holds_what_the_device_told() -> None:
    talk = Conversation(make_device(first_session_id=0x1234))

    profile = talk.establish()

    assert profile.display_name == "Pump"
    assert profile.session_id == 0x1234
    assert profile.max_tx_payload == 64
    assert [tuple(region) for region in profile.forbidden_regions] == [(0x100, 0x1FF)]
    assert [tuple(region) for region in profile.readonly_regions] == [(0x300, 0x3FF)]
    assert profile.rpvs == RPVS
    assert [loop.name for loop in profile.loops] == ["10 kHz"]
    assert profile.features & FeatureBits.MEMORY_WRITE
    assert talk.session.state is SessionState.READY


def test_definitions_are_asked_for_in_pieces_that_fit_the_device() -> None:
    talk = Conversation(make_device(max_tx_payload=64))

    talk.establish()

    assert talk.asked.count("GetRpvDefinitions") == 3  # 21 definitions of 3 octets in 64


def test_a_device_without_anything_special_is_ready_too() -> None:
    device = make_device(rpvs=(), loops=(), forbidden_regions=(), readonly_regions=())

    profile = Conversation(device).establish()

    assert (profile.rpvs, profile.loops, profile.forbidden_regions) == ((), (), ())


def test_an_own_session_that_is_still_open_is_closed_first() -> None:
    device = make_device(first_session_id=7)
    Conversation(device).establish()
    talk = Conversation(device, stale_session_id=7)

    profile = talk.establish()

    assert profile.session_id == 8
    assert talk.asked[:4] == ["Discover", "Connect", "Disconnect", "Connect"]
    assert talk.waited_ns == 0


def test_the_session_of_somebody_else_is_waited_for_and_named() -> None:
    device = make_device(first_session_id=7, heartbeat_timeout_us=5_000_000)
    Conversation(device).establish()
    talk = Conversation(device, stale_session_id=99)

    profile = talk.establish()

    assert profile.session_id == 8
    assert talk.waited_ns >= 4_000 * MS
    assert any("in use by another session" in problem for problem in talk.problems)


def test_a_lost_answer_to_connect_does_not_cost_the_time_out_of_the_device() -> None:
    device = make_device(first_session_id=7)
    talk = Conversation(device)
    talk.establish()
    talk.session.lost()
    start = len(talk.asked)
    # Discover, Connect (busy), Disconnect, Connect: the answer to the last is lost
    talk.lose = {start + 3}

    profile = talk.establish()

    assert profile.session_id == 9
    assert talk.waited_ns == 0


@pytest.mark.parametrize("lost", ["lose", "lose_request"])
def test_a_lost_goodbye_does_not_cost_the_time_out_of_the_device(lost: str) -> None:
    device = make_device(first_session_id=7)
    Conversation(device).establish()
    talk = Conversation(device, stale_session_id=7)
    setattr(talk, lost, {2})  # of Discover, Connect (busy), Disconnect

    profile = talk.establish()

    assert profile.session_id == 8
    assert talk.waited_ns == 0


@pytest.mark.parametrize(
    "lost",
    [{3, 6}, {2, 3}],
    ids=["Connect, and Connect after the repair", "Disconnect and Connect"],
)
def test_two_lost_answers_do_not_cost_the_time_out_of_the_device(lost: set[int]) -> None:
    device = make_device(first_session_id=7)
    Conversation(device).establish()
    talk = Conversation(device, stale_session_id=7)
    talk.lose = lost  # of Discover, Connect (busy), Disconnect, Connect, ...

    profile = talk.establish()

    assert profile.session_id > 8
    assert talk.waited_ns == 0


def test_a_device_that_never_answers_connect_is_looked_for_anew() -> None:
    device = make_device(first_session_id=7)
    talk = Conversation(device, stale_session_id=6)
    talk.lose_request = set(range(1, 100))

    for _ in range(5):
        with pytest.raises(NoAnswer):
            talk.establish()
        talk.lose_request = set(range(len(talk.asked) + 1, len(talk.asked) + 100))
    talk.lose_request = set()

    assert talk.establish().session_id == 7


def test_a_silent_link_is_asked_again_and_again() -> None:
    talk = Conversation(make_device())
    talk.lose = set(range(5))

    talk.establish()

    assert talk.asked[:6] == ["Discover"] * 6


def test_a_device_of_another_protocol_is_named() -> None:
    talk = Conversation(make_device(protocol_version=(2, 0)))

    with pytest.raises(IncompatibleDevice, match=r"protocol 2\.0"):
        talk.establish()


def test_slow_handshakes_keep_the_session_alive() -> None:
    talk = Conversation(make_device(heartbeat_timeout_us=2_000_000))
    talk.answer_time_ns = 300 * MS

    talk.establish()

    assert talk.asked.count("Heartbeat") >= 3


def test_a_lost_heartbeat_in_the_handshake_is_repeated_with_a_new_challenge() -> None:
    talk = Conversation(make_device())
    talk.lose = {2}

    talk.establish()

    assert talk.asked[2:4] == ["Heartbeat", "Heartbeat"]


def test_no_challenge_is_used_twice() -> None:
    talk = Conversation(make_device())
    talk.establish()

    challenges = [talk.session.next_heartbeat().challenge for _ in range(1000)]

    assert len(set(challenges)) == 1000


def test_heartbeats_are_due_before_the_device_gives_up() -> None:
    talk = Conversation(make_device(heartbeat_timeout_us=400_000))
    talk.establish()

    talk.session.heartbeat_answered()

    assert talk.session.heartbeat_due_ns - talk.now_ns == 300 * MS


@pytest.mark.parametrize("field", ["max_rx_payload", "max_tx_payload"])
def test_buffers_below_what_the_protocol_needs_are_named(field: str) -> None:
    talk = Conversation(make_device())
    talk.replace_params = {field: 6}

    with pytest.raises(IncompatibleDevice, match="buffer of 6 octets"):
        talk.establish()


def test_a_slow_device_gets_the_time_it_may_take() -> None:
    session = Session(lambda: 0, response_timeout_ns=3_000 * MS)
    conversation = session.establish()
    patience: list[int] = []

    step = next(conversation)
    while len(patience) < 6:
        if isinstance(step, Ask):
            patience.append(step.patience_ns)
            step = conversation.throw(NoAnswer("silence"))
        else:
            step = conversation.send(None)

    assert patience == [0, 0, 3_000 * MS, 0, 0, 3_000 * MS]


@pytest.mark.parametrize("timeout_us", [0, 1, 1000])
def test_heartbeats_do_not_fill_the_line_whatever_the_device_announces(timeout_us: int) -> None:
    talk = Conversation(make_device())
    talk.replace_params = {"heartbeat_timeout_us": timeout_us}
    talk.establish()

    talk.session.heartbeat_answered()

    assert talk.session.heartbeat_due_ns - talk.now_ns >= 20 * MS


def test_a_region_that_ends_before_it_begins_is_left_out() -> None:
    talk = Conversation(make_device())
    talk.swap_regions = True

    assert talk.establish().forbidden_regions == ()
