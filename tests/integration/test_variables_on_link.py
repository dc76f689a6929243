"""The device driver with a description: variables, aliases and pointers over a link in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from scrutiny.api.messages import ValueUpdate, WatchableUpdate
from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import Alias, BitField, Variable
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.simulator import (
    Application,
    MemorySegment,
    SimulatedDevice,
    Simulation,
    SimulatorEndpoint,
)
from scrutiny.firmware_link.simulator import DeviceSettings as SimulatorSettings
from scrutiny.firmware_link.transports import (
    MemorySettings,
    NoLink,
    register_endpoint,
    unregister_endpoint,
)
from scrutiny.server.broadcast import ValueFeed
from scrutiny.server.clock import ServerClock
from scrutiny.server.device import DeviceDriver
from scrutiny.server.device_status import DeviceState, DeviceStatus
from scrutiny.server.entries import Entry
from scrutiny.server.outcome import Outcome
from scrutiny.server.read_plan import ReadPlan
from scrutiny.server.settings import DeviceSettings
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions
from scrutiny.server.write_fitting import fit_to_entry

NAME = "with variables"
DEADLINE_S = 10.0
RAM = 0x2000_0000
FIRMWARE_ID = "00112233445566778899aabbccddeeff"

POINTER = Variable("/car/wheel", DataType.PTR32, "little", RAM + 0x10)


class CarDescription:
    """A few variables, the table /table[0] to /table[3], and aliases."""

    variable_count = 4
    factory_count = 1
    alias_count = 2

    def __init__(self, variables: Iterable[Variable] = ()) -> None:
        variables = [
            *variables,
            Variable("/car/speed", DataType.SINT16, "little", RAM),
            Variable("/car/gear", DataType.SINT8, "little", RAM + 2, BitField(2, 3)),
            POINTER,
            Variable("/car/*wheel/rpm", DataType.FLOAT32, "little", 8, pointer=POINTER),
            *(Variable(f"/table[{i}]", DataType.UINT8, "little", RAM + 32 + i) for i in range(4)),
        ]
        aliases = [
            Alias("/alias/speed", "/car/speed", "var", gain=0.1),
            Alias("/alias/element", "/table[2]", "var"),
        ]
        self._variables = {variable.path: variable for variable in variables}
        self._aliases = {alias.path: alias for alias in aliases}

    def find_variable(self, path: str) -> Variable | None:
        return self._variables.get(path)

    def find_alias(self, path: str) -> Alias | None:
        return self._aliases.get(path)


class Bench:
    """A driver, its device, and one client.

    Attributes:
        updates: what the client was told.
        statuses: what was announced.
    """

    def __init__(self, driver: DeviceDriver, store: ValueStore, device: SimulatedDevice) -> None:
        self.driver = driver
        self.store = store
        self.device = device
        self.updates: list[ValueUpdate] = []
        self.statuses: list[DeviceStatus] = []
        self.subscriptions = Subscriptions()
        self.feed = ValueFeed(asyncio.get_running_loop(), self._take, lambda: 0, ServerClock())
        driver.on_status_changed = lambda: self.statuses.append(driver.status)

    def _take(self, message: WatchableUpdate) -> None:
        self.updates += message.updates

    def entry(self, path: str) -> Entry:
        entry = self.store.find(path)
        assert entry is not None
        return entry

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)

    async def value_of(self, path: str, expected: object) -> Entry:
        entry = self.entry(path)
        await self.until(lambda: entry.value == expected)
        return entry

    async def write(self, path: str, value: float) -> Outcome:
        entry = self.entry(path)
        outcomes: list[Outcome] = []
        self.driver.write_value(entry, fit_to_entry(entry, value), outcomes.append)
        await self.until(lambda: outcomes)
        return outcomes[0]

    async def read(self, *paths: str) -> dict[str, str]:
        ended: list[dict[Entry, str]] = []
        self.driver.read_values([self.entry(path) for path in paths], ended.append)
        await self.until(lambda: ended)
        return {entry.path: reason for entry, reason in ended[0].items()}


@pytest.fixture
def endpoint() -> Iterator[SimulatorEndpoint]:
    device = SimulatedDevice(SimulatorSettings(rpvs=()), Application(), time.monotonic_ns())
    endpoint = SimulatorEndpoint(Simulation(device))
    register_endpoint(NAME, lambda: endpoint)
    yield endpoint
    unregister_endpoint(NAME)


@asynccontextmanager
async def ready_bench(endpoint: SimulatorEndpoint, folder: Path) -> AsyncGenerator[Bench, None]:
    """Run a driver, and attach the description as soon as its device is ready."""
    settings = DeviceSettings(link=MemorySettings(NAME), runtime_folder=folder)
    store, subscriptions = ValueStore(), Subscriptions()
    driver = DeviceDriver(asyncio.get_running_loop(), settings, store, subscriptions)
    bench = Bench(driver, store, endpoint.simulation.device)
    bench.subscriptions = subscriptions

    def attach(profile: DeviceProfile) -> None:
        assert driver.status.state is DeviceState.READY
        driver.attach_description(CarDescription(), FIRMWARE_ID)

    driver.on_ready.append(attach)
    running = asyncio.create_task(driver.run())
    try:
        await bench.until(lambda: driver.loaded_firmware_id is not None)
        yield bench
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_variables_and_aliases_are_watched_and_written(
    endpoint: SimulatorEndpoint, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            bench.device.memory.write(RAM, b"\x9c\xff\x10")
            for path in ("/car/speed", "/car/gear", "/alias/speed"):
                bench.subscriptions.watch(bench.feed, bench.entry(path), None)
            speed = await bench.value_of("/car/speed", -100)
            await bench.value_of("/car/gear", -4)
            alias = await bench.value_of("/alias/speed", -10.0)
            assert speed.octets == alias.octets == b"\x9c\xff"

            assert (await bench.write("/alias/speed", 0.3)).success
            assert (speed.value, bench.device.memory.read(RAM, 2)) == (3, b"\x03\x00")
            assert (await bench.write("/car/gear", 3)).success
            assert bench.device.memory.read(RAM + 2, 1) == b"\x0c"
            await bench.until(
                lambda: any(u.id == alias.id and u.v == 3 * 0.1 for u in bench.updates)
            )

    asyncio.run(scenario())


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("char_bit", [8, 16])
def test_targets_of_both_byte_orders_and_char_sizes(
    tmp_path: Path, order: ByteOrder, char_bit: int
) -> None:
    octets_per_byte = char_bit // 8
    pointer = Variable("/p", DataType.PTR32, order, RAM)
    variables = [
        pointer,
        Variable("/*p/x", DataType.SINT32, order, 2, pointer=pointer),
        Variable("/*p/field", DataType.UINT16, order, 6, BitField(3, 5), pointer=pointer),
    ]
    settings = SimulatorSettings(
        rpvs=(),
        byte_order=order,
        char_bit=char_bit,
        segments=(MemorySegment(RAM * octets_per_byte, 0x100),),
        readonly_regions=(),
        forbidden_regions=(),
    )
    device = SimulatedDevice(settings, Application(), time.monotonic_ns())
    endpoint = SimulatorEndpoint(Simulation(device))
    register_endpoint(NAME, lambda: endpoint)

    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            bench.driver.attach_description(CarDescription(variables), FIRMWARE_ID)
            for path in ("/*p/x", "/*p/field"):
                bench.subscriptions.watch(bench.feed, bench.entry(path), None)
            assert (await bench.write("/p", RAM + 0x10)).success
            assert (await bench.write("/*p/x", -5)).success
            assert (await bench.write("/*p/field", 21)).success
            begin = (RAM + 0x12) * octets_per_byte
            assert device.memory.read(begin, 4) == (-5).to_bytes(4, order, signed=True)
            device.memory.write(begin, (-6).to_bytes(4, order, signed=True))
            await bench.value_of("/*p/x", -6)
            await bench.value_of("/*p/field", 21)

    try:
        asyncio.run(scenario())
    finally:
        unregister_endpoint(NAME)


def test_a_pointer_is_followed(endpoint: SimulatorEndpoint, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            entry = bench.entry("/car/*wheel/rpm")
            bench.subscriptions.watch(bench.feed, entry, None)
            await bench.until(lambda: entry.reason == "nullptr")
            await asyncio.sleep(0.05)
            told = [(update.v, update.r) for update in bench.updates]
            assert told == [(None, "nullptr")]
            assert (await bench.write("/car/*wheel/rpm", 1)).reason.startswith("nullptr")

            assert (await bench.write("/car/wheel", RAM + 0x100)).success
            await bench.value_of("/car/*wheel/rpm", 0.0)
            assert (await bench.write("/car/*wheel/rpm", 2.5)).success
            assert bench.device.memory.read(RAM + 0x108, 4) == b"\x00\x00\x20\x40"

    asyncio.run(scenario())


def test_octets_are_written_in_their_turn(endpoint: SimulatorEndpoint, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            outcomes: list[Outcome] = []
            pointer, rpm = bench.entry("/car/wheel"), bench.entry("/car/*wheel/rpm")

            bench.driver.write_value(pointer, RAM + 0x100, outcomes.append)
            bench.driver.write_octets(rpm, b"\0\0\x20\x40", outcomes.append)
            bench.driver.write_value(pointer, 0, outcomes.append)
            await bench.until(lambda: len(outcomes) == 3)

            assert [outcome.success for outcome in outcomes] == [True] * 3
            assert bench.device.memory.read(RAM + 0x108, 4) == b"\0\0\x20\x40"

            bench.driver.detach_description()
            bench.driver.write_octets(rpm, bytes(4), outcomes.append)
            assert "unloaded" in outcomes[-1].reason

    asyncio.run(scenario())


def test_f5_an_alias_to_an_array_element_is_watched_again(
    endpoint: SimulatorEndpoint, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            for value in (1, 2, 3):
                bench.device.memory.write(RAM + 34, bytes((value,)))
                entry = bench.entry("/alias/element")
                bench.subscriptions.watch(bench.feed, entry, None)
                await bench.value_of("/alias/element", value)
                bench.subscriptions.unwatch(bench.feed, entry)
                await asyncio.sleep(0.005)

            assert bench.driver.status.state is DeviceState.READY

    asyncio.run(scenario())


def test_values_are_read_on_demand(endpoint: SimulatorEndpoint, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            bench.device.memory.write(RAM, b"\x05\x00")

            failures = await bench.read("/car/speed", "/table[1]", "/car/*wheel/rpm")

            assert failures == {"/car/*wheel/rpm": "nullptr"}
            assert bench.entry("/car/speed").value == 5
            assert bench.updates == []

    asyncio.run(scenario())


def test_status_tells_about_the_description(endpoint: SimulatorEndpoint, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            assert bench.statuses[-1].loaded_firmware_id == FIRMWARE_ID
            entry = bench.entry("/car/speed")
            bench.subscriptions.watch(bench.feed, entry, None)
            await bench.until(lambda: bench.updates)

            bench.driver.detach_description()
            assert bench.statuses[-1].loaded_firmware_id is None
            assert not bench.subscriptions.watched
            count, announced = len(bench.updates), len(bench.statuses)
            bench.driver.detach_description()
            await asyncio.sleep(0.05)
            assert len(bench.updates) == count  # not even of the answer that was under way
            assert len(bench.statuses) == announced
            outcomes: list[Outcome] = []
            bench.driver.write_value(entry, 1, outcomes.append)
            assert not outcomes[0].success
            assert "unloaded" in outcomes[0].reason

            bench.driver.description_failed("the file is damaged")
            assert bench.statuses[-1].description_failure == "the file is damaged"
            bench.driver.attach_description(CarDescription(), FIRMWARE_ID)
            assert bench.statuses[-1].description_failure == ""
            assert bench.entry("/car/speed").id != entry.id

    asyncio.run(scenario())


def test_the_end_of_the_device_is_told_after_its_status(
    endpoint: SimulatorEndpoint, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            seen: list[tuple[DeviceState, str | None]] = []
            last = bench.statuses
            bench.driver.on_gone.append(
                lambda: seen.append((last[-1].state, last[-1].loaded_firmware_id))
            )
            entry = bench.entry("/car/speed")
            bench.subscriptions.watch(bench.feed, entry, None)

            bench.driver.configure_link(NoLink())

            assert seen == [(DeviceState.DISCONNECTED, None)]
            assert bench.store.find("/car/speed") is None
            bench.driver.attach_description(CarDescription(), FIRMWARE_ID)
            assert bench.driver.loaded_firmware_id is None  # it came too late
            failures: list[dict[Entry, str]] = []
            bench.driver.read_values([entry], failures.append)
            assert failures == [{entry: "no device is connected"}]

    asyncio.run(scenario())


MANY = 1500


def many_variables() -> list[Variable]:
    return [Variable(f"/many/v{i}", DataType.UINT8, "little", RAM + i % 64) for i in range(MANY)]


def test_a_large_plan_is_made_in_slices_and_comes_into_force_though_it_is_changed_all_the_time(
    endpoint: SimulatorEndpoint, tmp_path: Path, plans: list[ReadPlan]
) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            bench.driver.attach_description(CarDescription(many_variables()), FIRMWARE_ID)
            bench.device.memory.write(RAM, b"\x01" * 64)
            entries = [bench.entry(f"/many/v{i}") for i in range(MANY)]
            plans.clear()
            for entry in entries[1:]:
                bench.subscriptions.watch(bench.feed, entry, None)
            turns = 0
            while not plans:
                await asyncio.sleep(0)
                turns += 1
                bench.subscriptions.watch(bench.feed, entries[0], turns)

            await bench.until(lambda: all(entry.value == 1 for entry in entries))

            assert turns > 3  # 1,500 values take some slices
            assert len(plans) >= 2  # with what has changed while the first one was made

    asyncio.run(scenario())


def test_who_watches_one_after_the_other_does_not_cost_a_plan_each(
    endpoint: SimulatorEndpoint, tmp_path: Path, plans: list[ReadPlan]
) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            bench.driver.attach_description(CarDescription(many_variables()), FIRMWARE_ID)
            entries = [bench.entry(f"/many/v{i}") for i in range(400)]
            plans.clear()

            for entry in entries:
                bench.subscriptions.watch(bench.feed, entry, 10)
                await asyncio.sleep(0)

            assert len(plans) < len(entries) / 4

    asyncio.run(scenario())


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[ReadPlan]:
    """The plans that have come into force."""
    noted: list[ReadPlan] = []
    begin = ReadPlan.begin

    def noting(plan: ReadPlan, before: ReadPlan | None, now_ns: int) -> None:
        noted.append(plan)
        begin(plan, before, now_ns)

    monkeypatch.setattr(ReadPlan, "begin", noting)
    return noted


@pytest.mark.parametrize("event", ["device", "description"])
def test_a_plan_that_is_made_when_everything_goes_is_forgotten(
    endpoint: SimulatorEndpoint, tmp_path: Path, plans: list[ReadPlan], event: str
) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            bench.driver.attach_description(CarDescription(many_variables()), FIRMWARE_ID)
            plans.clear()
            entries = [bench.entry(f"/many/v{i}") for i in range(MANY)]
            for entry in entries:
                bench.subscriptions.watch(bench.feed, entry, None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not plans

            if event == "device":
                bench.driver.configure_link(NoLink())
            else:
                bench.driver.detach_description()
            await asyncio.sleep(0.1)

            assert len(plans) == (0 if event == "device" else 1)
            assert all(entry.value is None for entry in entries)

    asyncio.run(scenario())


def test_the_driver_knows_where_variables_are(endpoint: SimulatorEndpoint, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ready_bench(endpoint, tmp_path) as bench:
            rpm, speed = (bench.entry(p).source for p in ("/car/*wheel/rpm", "/car/speed"))
            assert isinstance(rpm, Variable)
            assert isinstance(speed, Variable)
            assert bench.driver.address_of(speed) == RAM
            assert bench.driver.address_of(rpm) is None
            bench.device.memory.write(RAM + 0x10, (RAM + 0x80).to_bytes(4, "little"))

            await bench.read(POINTER.path)
            assert bench.driver.address_of(rpm) == RAM + 0x88

            bench.device.memory.write(RAM + 0x10, (RAM + 0x40).to_bytes(4, "little"))
            bench.subscriptions.watch(bench.feed, bench.entry("/car/*wheel/rpm"), None)
            await bench.until(lambda: bench.driver.address_of(rpm) == RAM + 0x48)

            bench.device.memory.write(RAM + 0x10, bytes(4))
            await bench.until(lambda: bench.driver.address_of(rpm) is None)

    asyncio.run(scenario())
