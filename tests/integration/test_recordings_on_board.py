"""Recordings of the example firmware, from a client's command to the samples in its hands."""

from __future__ import annotations

import asyncio
import base64
import struct
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from scrutiny.firmware_link.simulator.faults import FaultSettings, LineFaults
from scrutiny.firmware_link.transports.settings import MemorySettings, SerialSettings
from scrutiny.server.access.settings import AccessSettings
from scrutiny.server.settings import DeviceSettings, ServerSettings
from scrutiny.sfd.store import DescriptionStore

from ..support.api_peer import Message, Peer, Server, running
from ..support.example_board import Board, description_of
from ..support.noisy_line import NoisyLine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

DEADLINE_S: Final = 60.0

UPTIME: Final = "/rpv/x1007"  # ms
TICKS: Final = "/rpv/x1010"  # iterations of the control loop
LEVEL: Final = "/rpv/x2000"  # uint32, ours to write
RATIO: Final = "/rpv/x201E"  # float32, ours to write

BUFFER_SIZE: Final = 4096
CONTROL, IDLE = 0, 1
CONTROL_PERIOD_S: Final = 1e-4

AT_ONCE: Final[Message] = {"condition": "true", "operands": []}


def watchable(path: str) -> Message:
    return {"type": "watchable", "value": path}


def literal(value: object) -> Message:
    return {"type": "literal", "value": value}


def wish(*paths: str, **changes: Any) -> Message:
    """Return the fields of a request that records the ticks, when the level becomes 1."""
    fields: Message = {
        "name": "test",
        "sampling_rate_id": CONTROL,
        "decimation": 1,
        "timeout": 0,
        "trigger_hold_time": 0,
        "probe_location": 0.5,
        "condition": "eq",
        "operands": [watchable(LEVEL), literal(1)],
        "yaxes": [{"id": 0, "name": "all"}],
        "signals": [{"path": path, "axis_id": 0, "name": path} for path in paths or (TICKS,)],
        "x_axis_type": "index",
        "x_axis_signal": None,
        "queue": True,
    }
    return fields | changes


class Acquisition:
    """What a client gets to see of one."""

    def __init__(self, content: Message) -> None:
        self.content = content
        self.trigger: int = content["trigger_index"]
        self.x: list[float] = content["xdata"]["data"]

    def __getitem__(self, path: str) -> list[Any]:
        (signal,) = [s for s in self.content["signals"] if s["name"] == path]
        data: list[Any] = signal["data"]
        return data


class Bench:
    """A board, a line to it, and a server that all of a test's clients use."""

    def __init__(self, program: Path, folder: Path, stack: AsyncExitStack) -> None:
        self._program = program
        self._folder = folder
        self._stack = stack
        self.board = self.start_board()
        self.line = stack.enter_context(NoisyLine(folder / "port", self.board.port))
        self.server: Server | None = None

    def start_board(self, *arguments: str) -> Board:
        arguments = arguments or ("--datalog-size", f"{BUFFER_SIZE}")
        board = Board(self._program, self._folder / "board", *arguments)
        self._stack.callback(board.kill)
        return board

    def replace_board(self, *arguments: str) -> None:
        """Use one that has just started."""
        self.board.kill()
        self.board = self.start_board(*arguments)
        self.line.connect_board(self.board.port)

    @property
    def settings(self) -> ServerSettings:
        """Of a server at this end of the line."""
        return ServerSettings(
            access=AccessSettings(memory_write=True),
            port=0,
            data_folder=self._folder / "data",
            cache_folder=self._folder / "cache",
            device=DeviceSettings(
                link=SerialSettings(str(self.line.port)), runtime_folder=self._folder
            ),
        )

    async def start_server(self) -> None:
        self.server = await self._stack.enter_async_context(running(self.settings))

    async def client(self) -> Peer:
        assert self.server is not None
        peer = await self._stack.enter_async_context(self.server.client())
        await peer.device_is_ready()
        return peer


Scenario = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def run(described_program: Path, tmp_path: Path) -> Callable[[Scenario], None]:
    """Run a test with a bench."""

    async def complete(scenario: Scenario) -> None:
        async with asyncio.timeout(DEADLINE_S), AsyncExitStack() as stack:
            bench = Bench(described_program, tmp_path, stack)
            await bench.start_server()
            await scenario(bench)

    return lambda scenario: asyncio.run(complete(scenario))


async def request(peer: Peer, *paths: str, **fields: Any) -> str:
    answer = await peer.ask("request_datalogging_acquisition", **wish(*paths, **fields))
    assert answer["cmd"] == "response_request_datalogging_acquisition", answer
    return str(answer["request_token"])


async def reach(peer: Peer, state: str) -> Message:
    """Wait until the datalogger is in a state, from now on."""
    status = await peer.status(lambda s: s["datalogging_status"]["datalogging_state"] == state)
    told: Message = status["datalogging_status"]
    return told


async def set_value(peer: Peer, path: str, value: float) -> None:
    answer = await peer.ask("write_single_watchable", server_path=path, value=value)
    assert answer["success"], answer


async def ended(peer: Peer, token: str) -> Message:
    return await peer.find(
        lambda m: (
            m["cmd"] == "inform_datalogging_acquisition_complete" and m["request_token"] == token
        )
    )


async def result(peer: Peer, token: str) -> Acquisition:
    """Wait for the end of a recording that succeeds, and fetch it."""
    end = await ended(peer, token)
    assert end["success"], end["detail_msg"]
    content = await peer.ask(
        "read_datalogging_acquisition_content", reference_id=end["reference_id"]
    )
    return Acquisition(content)


async def recorded(peer: Peer, *paths: str, **fields: Any) -> Acquisition:
    """Record when the level becomes 1, and return it."""
    await set_value(peer, LEVEL, 0)
    token = await request(peer, *paths, **fields)
    await reach(peer, "waiting_for_trigger")
    await iterations(peer, BUFFER_SIZE // 4 * fields.get("decimation", 1))  # the buffer is full
    await set_value(peer, LEVEL, 1)
    return await result(peer, token)


async def iterations(peer: Peer, count: int) -> None:
    """Let the control loop of the board run so often at least."""

    async def ticks() -> int:
        values = (await peer.ask("read_watchable", watchables=[TICKS]))["values"]
        return int(values[TICKS]["v"])

    enough = await ticks() + count
    while await ticks() < enough:
        pass


def assert_consecutive(samples: list[int], step: int = 1) -> None:
    assert samples == list(range(samples[0], samples[0] + step * len(samples), step))


# --------------------------------------------------------------------- what is recorded


def test_every_iteration_of_the_loop_is_recorded_over_every_x_axis(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        for x_axis in ("index", "ideal_time", "measured_time", "signal"):
            found = await recorded(
                peer,
                TICKS,
                LEVEL,
                x_axis_type=x_axis,
                x_axis_signal={"path": TICKS, "name": "ticks"},
            )
            ticks, levels = found[TICKS], found[LEVEL]
            assert_consecutive(ticks)
            assert len(ticks) == BUFFER_SIZE // (16 if x_axis == "measured_time" else 12)
            assert levels[found.trigger] == 1
            assert set(levels[: found.trigger]) == {0}
            assert abs(found.trigger - len(ticks) / 2) <= 2
            step = {"index": 1, "signal": 1}.get(x_axis, CONTROL_PERIOD_S)
            begin = ticks[0] if x_axis == "signal" else 0
            expected = [begin + step * i for i in range(len(ticks))]
            assert found.x == pytest.approx(expected, rel=1e-9)

    run(scenario)


def test_a_loop_of_variable_frequency_has_measured_times(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        found = await recorded(
            peer, UPTIME, sampling_rate_id=IDLE, x_axis_type="measured_time", probe_location=0
        )
        assert found.x[0] == 0
        assert found.x == sorted(found.x)
        assert found.x[-1] > 0
        uptimes = found[UPTIME]
        assert uptimes == sorted(uptimes)
        answer = await peer.ask(
            "request_datalogging_acquisition",
            **wish(sampling_rate_id=IDLE, x_axis_type="ideal_time"),
        )
        assert "no fixed frequency" in answer["msg"]

    run(scenario)


def test_decimation_probe_location_and_timeout(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        found = await recorded(peer, decimation=3, probe_location=0.25, x_axis_type="ideal_time")
        assert_consecutive(found[TICKS], 3)
        assert found.x[1] == pytest.approx(3 * CONTROL_PERIOD_S)
        assert abs(found.trigger - len(found.x) / 4) <= 2

        # 20 ms are 200 iterations; the buffer would hold 512.
        found = await recorded(peer, timeout=0.02, probe_location=0)
        assert_consecutive(found[TICKS])
        assert abs(len(found.x) - found.trigger - 200) <= 2

        found = await recorded(peer, UPTIME, probe_location=1)
        assert found.trigger >= len(found.x) - 2

    run(scenario)


def test_a_condition_has_to_hold(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        token = await request(peer, TICKS, LEVEL, trigger_hold_time=0.05, probe_location=0.9)
        await reach(peer, "waiting_for_trigger")
        await set_value(peer, LEVEL, 1)
        found = await result(peer, token)
        levels = found[LEVEL]
        assert levels[: found.trigger].count(1) >= min(499, found.trigger)

    run(scenario)


def test_every_condition_triggers(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        level, ratio = watchable(LEVEL), watchable(RATIO)
        cases: list[tuple[str, list[Message], float, float]] = [
            ("eq", [level, literal(7)], 0, 7),
            ("neq", [literal(5), level], 5, 6),
            ("lt", [level, literal(10)], 20, 9),
            ("let", [literal(10), level], 0, 10),
            ("gt", [ratio, literal(0.5)], 0, 0.75),
            ("get", [ratio, literal(-1.5)], -2, -1.5),
            ("cmt", [ratio, literal(2)], 0, 2.5),
            ("cmt", [ratio, literal(-2)], 0, -2.5),
            ("within", [ratio, literal(10), literal(0.25)], 0, 9.75),
            ("gt", [level, ratio], 0, 100),
        ]
        for condition, operands, before, after in cases:
            path = RATIO if ratio in operands and level not in operands else LEVEL
            await set_value(peer, RATIO, 50)
            await set_value(peer, path, before)
            token = await request(
                peer, path, condition=condition, operands=operands, probe_location=0.5
            )
            await reach(peer, "waiting_for_trigger")
            await iterations(peer, 10)  # that there is something before the trigger
            await set_value(peer, path, after)
            found = await result(peer, token)
            samples = found[path]
            assert samples[found.trigger] == after, (condition, operands)
            assert samples[found.trigger - 1] == before, (condition, operands)

    run(scenario)


def test_variables_bit_fields_aliases_and_what_is_behind_a_pointer(
    run: Callable[[Scenario], None], described_program: Path, tmp_path: Path
) -> None:
    DescriptionStore(tmp_path / "data").install(description_of(described_program))

    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        await peer.status(lambda s: s["loaded_sfd_firmware_id"] is not None)
        drive, percent = "/global/motor_drive_permille", "/motor/drive [%]"
        code = "/global/motor_flags/fault_code"
        mean = "/global/*statistics_focus/mean"
        paths = (
            "/global/motor_speed_rpm",
            drive,
            percent,
            "/global/motor_flags/enabled",
            "/global/motor_flags/direction",
            "/global/motor_energy_j",
            mean,
            TICKS,
        )
        await set_value(peer, "/rpv/x1008", 0)  # the motor is off
        await iterations(peer, 10)
        token = await request(
            peer,
            *paths,
            condition="get",
            operands=[watchable(percent), literal(5)],
        )
        await reach(peer, "waiting_for_trigger")
        await iterations(peer, 10)
        await set_value(peer, "/rpv/x1000", 1500)
        await set_value(peer, "/rpv/x1008", 1)
        found = await result(peer, token)

        assert_consecutive(found[TICKS])
        assert found[percent] == pytest.approx([sample * 0.1 for sample in found[drive]])
        assert found[drive][found.trigger] >= 50 > found[drive][found.trigger - 1]
        assert set(found["/global/motor_flags/enabled"]) <= {0, 1}
        assert set(found["/global/motor_flags/direction"]) <= {-1, 0, 1}
        assert all(0 < energy < 1e6 for energy in found["/global/motor_energy_j"])
        assert all(isinstance(sample, float) for sample in found[mean])
        kinds = {s["name"]: s["watchable"]["type"] for s in found.content["signals"]}
        assert (kinds[percent], kinds[drive], kinds[TICKS]) == ("alias", "var", "rpv")
        assert found.content["firmware_name"]

        token = await request(peer, code, condition="eq", operands=[watchable(code), literal(0)])
        assert set((await result(peer, token))[code]) == {0}
        await set_value(peer, "/global/statistics_focus", 0)
        answer = await peer.ask("request_datalogging_acquisition", **wish(mean))
        assert "pointer /global/statistics_focus is null" in answer["msg"]

    run(scenario)


def test_the_capabilities_are_those_of_the_board(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        info = (await peer.ask("get_device_info"))["device_info"]
        capabilities = info["datalogging_capabilities"]
        assert (capabilities["encoding"], capabilities["buffer_size"]) == ("raw", 4096)
        assert capabilities["sampling_rates"] == [
            {"identifier": 0, "name": "control", "type": "fixed_freq", "frequency": 10_000.0},
            {"identifier": 1, "name": "idle", "type": "variable_freq", "frequency": None},
        ]

        bench.replace_board("--datalog-size", "0")
        await peer.status(lambda s: s["device_status"] != "connected_ready")
        status = await peer.status(lambda s: s["device_status"] == "connected_ready")
        assert status["datalogging_status"]["datalogging_state"] == "unavailable"
        assert (
            "without datalogging"
            in (await peer.ask("request_datalogging_acquisition", **wish()))["msg"]
        )

    run(scenario)


# --------------------------------------------------------------------- clients


def test_two_clients_wait_for_each_other_and_see_the_same(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        alice, bob = await bench.client(), await bench.client()
        await set_value(alice, LEVEL, 0)
        first = await request(alice, requested_by="alice", queue=False)
        second = await request(bob, requested_by="bob", queue=False, **AT_ONCE)
        for peer in (alice, bob):
            await reach(peer, "waiting_for_trigger")
            listed = (await peer.ask("list_datalogging_requests"))["requests"]
            assert [r["request_token"] for r in listed] == [first, second]
            assert [r["owner"].split(" (")[0] for r in listed] == ["alice", "bob"]
            assert [r["is_mine"] for r in listed] == [peer is alice, peer is bob]
        for peer in (alice, bob):
            peer.events.clear()
        await set_value(bob, LEVEL, 1)
        assert_consecutive((await result(alice, first))[TICKS])
        assert_consecutive((await result(bob, second))[TICKS])
        for peer in (alice, bob):
            await reach(peer, "standby")
            states = [
                event["datalogging_status"]["datalogging_state"]
                for event in peer.events
                if event["cmd"] == "inform_server_status"
            ]
            order = [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]
            assert order.index("downloading") < order.index("waiting_for_trigger")

    run(scenario)


def test_all_clients_see_every_state_with_growing_ratios_on_a_slow_line(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        bench.replace_board("--datalog-size", "8192", "--baud", "115200")
        alice, bob = await bench.client(), await bench.client()
        await set_value(alice, LEVEL, 0)
        token = await request(alice, decimation=10, probe_location=0)  # 1 s, then 0.8 s to fetch
        for peer in (alice, bob):
            await reach(peer, "waiting_for_trigger")
            peer.events.clear()
        await set_value(alice, LEVEL, 1)
        await reach(bob, "acquiring")
        carol = await bench.client()
        status = await carol.ask("get_server_status")
        assert status["datalogging_status"]["datalogging_state"] == "acquiring"
        assert (await ended(alice, token))["success"]

        for peer in (alice, bob):
            await reach(peer, "standby")
            told = [
                event["datalogging_status"]
                for event in peer.events
                if event["cmd"] == "inform_server_status"
            ]
            states = [one["datalogging_state"] for one in told]
            assert states == sorted(states)  # acquiring, then downloading
            for state in ("acquiring", "downloading"):
                ratios = [o["completion_ratio"] for o in told if o["datalogging_state"] == state]
                known = [ratio for ratio in ratios if ratio is not None]
                assert len(known) >= 3
                assert known == sorted(set(known))

    run(scenario)


def test_what_is_cancelled_leaves_the_device_to_the_next(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        alice, bob = await bench.client(), await bench.client()
        await set_value(alice, LEVEL, 0)
        token = await request(alice)
        await reach(bob, "waiting_for_trigger")
        await bob.ask("cancel_datalogging_request", request_token=token)
        end = await ended(alice, token)
        assert not end["success"]
        assert "cancelled by 127.0.0.1" in end["detail_msg"]
        await reach(bob, "standby")
        assert_consecutive((await result(bob, await request(bob, **AT_ONCE)))[TICKS])

    run(scenario)


def test_a_client_that_leaves_gives_way_to_one_that_waits(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        alice, bob = await bench.client(), await bench.client()
        await set_value(alice, LEVEL, 0)
        await request(alice)
        await reach(bob, "waiting_for_trigger")
        await alice.connection.close()
        token = await request(bob, **AT_ONCE)
        assert_consecutive((await result(bob, token))[TICKS])

    run(scenario)


def test_what_a_client_asked_for_is_there_though_it_has_left(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        alice, bob = await bench.client(), await bench.client()
        await set_value(alice, LEVEL, 0)
        await request(alice, name="left alone")
        await reach(bob, "waiting_for_trigger")
        await alice.connection.close()
        await set_value(bob, LEVEL, 1)
        stored = await bob.event("inform_datalogging_list_changed")
        (listed,) = (
            await bob.ask("list_datalogging_acquisitions", reference_id=stored["reference_id"])
        )["acquisitions"]
        assert (listed["name"], listed["point_count"]) == ("left alone", 512)

    run(scenario)


# --------------------------------------------------------------------- the link


@asynccontextmanager
async def unplugged(bench: Bench, peer: Peer) -> AsyncGenerator[None]:
    bench.line.unplug()
    await peer.status(lambda s: s["device_status"] != "connected_ready")
    yield
    bench.line.plug()
    await peer.status(lambda s: s["device_status"] == "connected_ready")


def test_a_cable_that_is_pulled_while_it_waits_for_the_trigger(
    run: Callable[[Scenario], None],
) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        token = await request(peer)
        await reach(peer, "waiting_for_trigger")
        async with unplugged(bench, peer):
            await reach(peer, "unavailable")
            (waiting,) = (await peer.ask("list_datalogging_requests"))["requests"]
            assert waiting["state"] == "waiting_for_trigger"
        await reach(peer, "waiting_for_trigger")
        await set_value(peer, LEVEL, 1)
        assert_consecutive((await result(peer, token))[TICKS])

    run(scenario)


def test_a_cable_that_is_pulled_while_it_acquires(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        token = await request(peer, decimation=50, probe_location=0)  # 2.6 s
        await reach(peer, "waiting_for_trigger")
        await set_value(peer, LEVEL, 1)
        await reach(peer, "acquiring")
        async with unplugged(bench, peer):
            pass
        found = await result(peer, token)
        assert_consecutive(found[TICKS], 50)

    run(scenario)


def test_a_cable_that_is_pulled_during_the_download(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        bench.replace_board("--datalog-size", "65536", "--baud", "230400")  # 3 s to fetch
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        token = await request(peer)
        await reach(peer, "waiting_for_trigger")
        await set_value(peer, LEVEL, 1)
        told = await peer.status(
            lambda s: (
                (s["datalogging_status"]["completion_ratio"] or 0) > 0.2
                and s["datalogging_status"]["datalogging_state"] == "downloading"
            )
        )
        assert told["datalogging_status"]["completion_ratio"] < 1
        async with unplugged(bench, peer):
            pass
        assert (await ended(peer, token))["success"]
        octets = await downloaded(peer)
        count = len(octets) // 16
        ticks = struct.unpack(f"<{count}Q", octets[count * 8 :])
        assert_consecutive(list(ticks))
        assert count == 8192

    run(scenario)


async def downloaded(peer: Peer) -> bytes:
    """Return the samples of the newest acquisition."""
    (newest,) = (await peer.ask("list_datalogging_acquisitions", count=1))["acquisitions"]
    first = await peer.ask(
        "download_datalogging_acquisition",
        reference_id=newest["reference_id"],
        max_chunk_size=10_000,
    )
    octets = base64.b64decode(first["file_chunk"]["data"])
    while len(octets) < first["total_size"]:
        following = await peer.event("response_download_datalogging_acquisition")
        octets += base64.b64decode(following["file_chunk"]["data"])
    return octets


def test_a_board_that_has_restarted_fails_the_request(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        token = await request(peer)
        await reach(peer, "waiting_for_trigger")
        bench.replace_board()
        end = await ended(peer, token)
        assert not end["success"]
        assert "restarted" in end["detail_msg"]
        assert_consecutive((await result(peer, await request(peer, **AT_ONCE)))[TICKS])

    run(scenario)


def test_another_link_and_back(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        token = await request(peer)
        await reach(peer, "waiting_for_trigger")
        link = (await peer.ask("get_server_status"))["device_comm_link"]
        await peer.ask("set_link_config", link_type="none", link_config={})
        await reach(peer, "unavailable")
        await peer.ask(
            "set_link_config", link_type=link["link_type"], link_config=link["link_config"]
        )
        await reach(peer, "waiting_for_trigger")
        await set_value(peer, LEVEL, 1)
        assert_consecutive((await result(peer, token))[TICKS])

        token = await request(peer, **wish_at(2))
        await reach(peer, "waiting_for_trigger")
        answer = await peer.ask("set_link_config", link_type="udp", link_config={})
        assert answer["cmd"] == "error"  # a wrong link changes nothing
        await peer.ask("set_link_config", link_type="memory", link_config={})
        end = await ended(peer, token)
        assert end["detail_msg"] == "another firmware was connected"  # the simulated one
        await reach(peer, "standby")

    run(scenario)


def wish_at(level: int) -> Message:
    return {"condition": "eq", "operands": [watchable(LEVEL), literal(level)]}


def test_reads_go_on_while_an_acquisition_is_fetched(run: Callable[[Scenario], None]) -> None:
    async def scenario(bench: Bench) -> None:
        bench.replace_board("--datalog-size", "65536", "--baud", "460800")
        peer = await bench.client()
        answer = await peer.ask("subscribe_watchable", watchables=[UPTIME], update_rate=20)
        entry_id = answer["subscribed"][UPTIME]["id"]
        token = await request(peer, probe_location=0, **AT_ONCE)
        await reach(peer, "downloading")
        peer.events.clear()
        assert (await ended(peer, token))["success"]
        updates = [
            update
            for event in peer.events
            if event["cmd"] == "watchable_update"
            for update in event["updates"]
            if update["id"] == entry_id
        ]
        assert len(updates) > 10  # 1.5 s at 20 per second, on a machine that has other things to do

    run(scenario)


@pytest.mark.parametrize("rate", [1 / 20_000, 1 / 3000])
def test_noise_costs_time_but_never_a_sample(run: Callable[[Scenario], None], rate: float) -> None:
    async def scenario(bench: Bench) -> None:
        bench.replace_board("--datalog-size", "16384", "--tx-size", "128")
        peer = await bench.client()
        await set_value(peer, LEVEL, 0)
        noise = LineFaults(drop=rate, flip=rate, duplicate=rate)
        bench.line.set_faults(FaultSettings(to_device=noise, to_host=noise, seed=7))
        ends: list[Message] = []
        for _ in range(3):
            token = await request(peer, TICKS, probe_location=0, **AT_ONCE)
            ends.append(await ended(peer, token))
        bench.line.set_faults(None)

        assert bench.line.counts.faults > 5
        for end in ends:
            if not end["success"]:
                assert end["detail_msg"]
                continue
            content = await peer.ask(
                "read_datalogging_acquisition_content", reference_id=end["reference_id"]
            )
            assert_consecutive(Acquisition(content)[TICKS])
            assert len(Acquisition(content).x) == 16384 // 8
        assert any(end["success"] for end in ends)

    run(scenario)


# --------------------------------------------------------------------- the server


def test_what_is_stored_outlives_the_server_and_what_waits_does_not(
    described_program: Path, tmp_path: Path
) -> None:
    async def complete() -> None:
        async with asyncio.timeout(DEADLINE_S), AsyncExitStack() as stack:
            bench = Bench(described_program, tmp_path, stack)
            async with running(bench.settings) as bench.server, bench.server.client() as peer:
                await peer.device_is_ready()
                await set_value(peer, LEVEL, 0)
                await result(peer, await request(peer, name="kept", **AT_ONCE))
                await request(peer, name="lost")
                await reach(peer, "waiting_for_trigger")
            async with running(bench.settings) as bench.server, bench.server.client() as peer:
                await peer.device_is_ready()
                assert (await peer.ask("list_datalogging_requests"))["requests"] == []
                await reach(peer, "standby")
                await result(peer, await request(peer, name="after", **AT_ONCE))
                listed = (await peer.ask("list_datalogging_acquisitions", count=9))["acquisitions"]
                assert [one["name"] for one in listed] == ["after", "kept"]

    asyncio.run(complete())


def test_a_server_that_cannot_store_still_serves(tmp_path: Path) -> None:
    async def complete() -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        (folder / "acquisitions.sqlite3").mkdir()
        settings = ServerSettings(
            access=AccessSettings(memory_write=True),
            port=0,
            data_folder=folder,
            cache_folder=tmp_path / "cache",
            device=DeviceSettings(link=MemorySettings(), runtime_folder=tmp_path),
        )
        async with (
            asyncio.timeout(DEADLINE_S),
            running(settings) as server,
            server.client() as peer,
        ):
            await peer.device_is_ready()
            answer = await peer.ask("list_datalogging_acquisitions", count=1)
            assert answer["cmd"] == "error"
            token = await request(peer, UPTIME, **AT_ONCE)
            end = await ended(peer, token)
            assert "was recorded, but could not be stored" in end["detail_msg"]
            assert await peer.is_served()

    asyncio.run(complete())
