"""The device behind a line of limited speed and quality, by a clock that the test sets."""

from __future__ import annotations

from random import Random

from scrutiny.firmware_link.errors import FrameError
from scrutiny.firmware_link.frames import ResponseParser
from scrutiny.firmware_link.messages import BEFORE_PARAMS, Connect, Discover, GetProtocolVersion
from scrutiny.firmware_link.simulator import (
    Application,
    DeviceSettings,
    FaultKind,
    FaultModel,
    FaultSettings,
    LineFaults,
    ScriptedFault,
    SimulatedDevice,
    Simulation,
)
from scrutiny.firmware_link.simulator.simulation import MAX_OCTETS_UNDERWAY, TICK_NS

MS = 1_000_000
S = 1000 * MS

CONNECT = Connect().request(BEFORE_PARAMS).encode()
DISCOVER = Discover().request(BEFORE_PARAMS).encode()
VERSION = GetProtocolVersion().request(BEFORE_PARAMS).encode()
VERSION_ANSWER_SIZE = 11


def make_simulation(faults: FaultModel | None = None, baud: int = 0) -> Simulation:
    device = SimulatedDevice(DeviceSettings(first_session_id=7), Application())
    return Simulation(device, faults, baud)


def ask(simulation: Simulation, frame: bytes, now_ns: int) -> list[bytes]:
    simulation.receive(frame, now_ns)
    return simulation.run(now_ns)


def test_a_perfect_line_answers_at_once() -> None:
    simulation = make_simulation()

    assert len(ask(simulation, CONNECT, 0)) == 1
    assert len(ask(simulation, VERSION, 1)[0]) == VERSION_ANSWER_SIZE


def test_it_wakes_up_for_the_application() -> None:
    simulation = make_simulation()

    assert simulation.run(5) == []
    assert simulation.wake_ns == 5 + TICK_NS


def test_a_slow_line_takes_its_time_in_both_directions() -> None:
    simulation = make_simulation(baud=10_000)  # 1 ms per octet
    ask(simulation, CONNECT, 0)
    simulation.run(S)

    assert ask(simulation, VERSION, S) == []
    assert simulation.wake_ns == S + 8 * MS
    assert simulation.run(S + 8 * MS) == []
    answer_ns = S + (8 + VERSION_ANSWER_SIZE) * MS
    assert simulation.wake_ns == answer_ns
    assert simulation.run(answer_ns - 1) == []
    assert len(simulation.run(answer_ns)[0]) == VERSION_ANSWER_SIZE


def test_a_late_wake_up_does_not_change_what_the_device_sees() -> None:
    simulation = make_simulation(baud=10_000)
    simulation.receive(CONNECT, 0)
    simulation.receive(VERSION, 0)

    assert len(simulation.run(10 * S)) == 2


def test_delays_add_up_over_both_directions() -> None:
    line = LineFaults(delay_ns=10 * MS)
    simulation = make_simulation(FaultModel(FaultSettings(to_device=line, to_host=line)))

    assert ask(simulation, DISCOVER, 0) == []
    assert simulation.run(19 * MS) == []
    assert simulation.wake_ns == 20 * MS
    assert len(simulation.run(20 * MS)) == 1


def test_a_stall_loses_a_request_and_its_end_brings_the_device_back() -> None:
    faults = FaultModel()
    simulation = make_simulation(faults)
    ask(simulation, CONNECT, 0)

    faults.stall(S, 0)

    assert ask(simulation, VERSION, S - 1) == []
    assert len(ask(simulation, VERSION, S)) == 1


def test_a_reboot_restarts_the_device() -> None:
    faults = FaultModel()
    simulation = make_simulation(faults)
    ask(simulation, CONNECT, 0)

    faults.reboot()

    assert ask(simulation, VERSION, 1) == []
    assert simulation.device.boot_count == 1
    assert simulation.device.session_id is None
    assert len(ask(simulation, CONNECT, 2)) == 1


def test_a_scripted_fault_spoils_one_answer() -> None:
    faults = FaultModel()
    simulation = make_simulation(faults)
    ask(simulation, CONNECT, 0)
    faults.script(ScriptedFault(FaultKind.DROP, offset=5))

    assert len(ask(simulation, VERSION, 1)[0]) == VERSION_ANSWER_SIZE - 1
    assert len(ask(simulation, VERSION, 2)[0]) == VERSION_ANSWER_SIZE


def test_a_noisy_line_never_stops_the_device() -> None:
    line = LineFaults(drop=0.002, flip=0.002, duplicate=0.002)
    faults = FaultModel(FaultSettings(line, line, truncate=0.02, reboot=0.002, seed=3))
    simulation = make_simulation(faults)
    good = bad = 0

    for attempt in range(2000):
        for answer in ask(simulation, DISCOVER, attempt * 100 * MS):  # after a full silence
            try:
                good += len(ResponseParser().feed(answer))
            except FrameError:
                bad += 1

    assert good > 1000
    assert bad > 50
    assert simulation.device.boot_count == faults.counts.reboots > 0


def test_the_device_listens_again_after_noise_and_silence() -> None:
    random = Random(4)
    simulation = make_simulation()
    ask(simulation, CONNECT, 0)

    for now_ns in range(0, S, 8 * MS):
        ask(simulation, random.randbytes(random.randrange(1, 40)), now_ns)

    assert ask(simulation, VERSION, S + 60 * MS)[-1].startswith(b"\x81\x01\x00")


def test_a_slow_line_that_is_flooded_loses_octets() -> None:
    simulation = make_simulation(baud=300)
    for _ in range(10):
        simulation.receive(bytes(MAX_OCTETS_UNDERWAY // 2), 0)
    end_ns = MAX_OCTETS_UNDERWAY * 10 * S // 300

    simulation.run(end_ns)

    assert simulation.wake_ns == end_ns + TICK_NS
