"""A store on disk, a real loader process, and a device that notes what it is told."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.server import symbols as symbols_module
from scrutiny.server.loading import LOADER, DescriptionLoader, LoadError, last_line_of
from scrutiny.server.store import Description
from scrutiny.server.symbols import NO_DEVICE, NOT_AUTOMATIC, UNTAGGED, Symbols
from scrutiny.sfd.store import DescriptionStore

from ...support.api_bench import PROFILE as PUMP
from ...support.small_package import car_map, large_map, write_package

DEADLINE_S: Final = 30

PROFILE: Final = replace(PUMP, display_name="Car")
ID: Final = PROFILE.firmware_id.hex()
OTHER_ID: Final = "ab" * 16

# Loaders that do what no description should bring about.
SLEEPING: Final = (sys.executable, "-c", "import time; time.sleep(600)")
CRASHING: Final = (sys.executable, "-c", "import os; os.abort()")
SILENT: Final = (sys.executable, "-c", "pass")
BABBLING: Final = (
    sys.executable,
    "-c",
    "import sys\nfor _ in range(3000): sys.stderr.write('x' * 1000)\nsys.exit(1)",
)


class NotingDevice:
    """Keeps what it was told, in order."""

    def __init__(self) -> None:
        self.on_ready: list[Callable[[DeviceProfile], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self.told: list[str] = []
        self.description: Description | None = None
        self._changed = asyncio.Event()

    def attach_description(self, description: Description, firmware_id: str) -> None:
        assert self.description is None
        self.description = description
        self._note(f"loaded {firmware_id}")

    def detach_description(self) -> None:
        self.description = None
        self._note("unloaded")

    def description_failed(self, reason: str) -> None:
        assert self.description is None
        self._note(reason)

    def become_ready(self, profile: DeviceProfile) -> None:
        for listener in self.on_ready:
            listener(profile)

    def disappear(self) -> None:
        self.description = None
        for listener in self.on_gone:
            listener()

    async def next(self) -> str:
        """Return the oldest thing that it was told."""
        while not self.told:
            self._changed.clear()
            await self._changed.wait()
        return self.told.pop(0)

    def _note(self, text: str) -> None:
        self.told.append(text)
        self._changed.set()


class Bench:
    """A device, the symbols, and a store."""

    def __init__(self, folder: Path) -> None:
        self.device = NotingDevice()
        self.store = DescriptionStore(folder / "data")
        self.loader = DescriptionLoader(folder / "cache")
        self.autoload = True
        self._symbols: Symbols | None = None

    @property
    def symbols(self) -> Symbols:
        if self._symbols is None:
            self._symbols = Symbols(
                asyncio.get_running_loop(),
                self.device,
                self.store,
                self.loader,
                autoload=self.autoload,
            )
        return self._symbols

    def install(self, firmware_id: str = ID, *arguments: Any) -> Path:
        return write_package(self.store.path_of(firmware_id), firmware_id, *arguments)

    def connect(self, profile: DeviceProfile = PROFILE) -> None:
        assert self.symbols
        self.device.become_ready(profile)


@asynccontextmanager
async def bench_in(folder: Path) -> AsyncGenerator[Bench]:
    bench = Bench(folder)
    yield bench
    await bench.symbols.close()


def run(test: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await test

    asyncio.run(limited())


def processes_below() -> list[str]:
    """Return the states of the children of this process."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    return [Path(f"/proc/{pid}/stat").read_text() for pid in children]


async def a_process_runs() -> None:
    while not processes_below():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


# ------------------------------------------------------------------ what is loaded when


def test_the_description_of_the_device_is_loaded(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()

            bench.connect()

            assert await bench.device.next() == f"loaded {ID}"
            loaded = bench.symbols.loaded
            assert loaded is not None
            assert bench.device.description is loaded.description
            assert loaded.description.find_variable("/global/car/gear") is not None
            assert loaded.file.size == bench.store.path_of(ID).stat().st_size

    run(test())


def test_a_device_that_comes_back_has_its_description_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.connect()
            await bench.device.next()
            bench.device.disappear()
            assert bench.symbols.loaded is None

            bench.connect()

            assert bench.device.told == [f"loaded {ID}"]

    run(test())


def test_a_missing_description_is_told_with_the_way_out_and_loaded_when_it_appears(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.connect()
            reason = await bench.device.next()
            assert ID in reason
            assert "install-sfd" in reason
            bench.symbols.check()
            bench.device.disappear()
            bench.connect()
            assert bench.device.told == [reason]
            bench.device.told.clear()
            assert caplog.text.count("install-sfd") == 1

            bench.install()

            assert await bench.device.next() == f"loaded {ID}"

    run(test())


def test_a_replaced_description_is_loaded_anew(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.connect()
            await bench.device.next()
            before = bench.symbols.loaded
            assert before is not None

            bench.install(ID, large_map(3))

            assert [await bench.device.next(), await bench.device.next()] == [
                "unloaded",
                f"loaded {ID}",
            ]
            after = bench.symbols.loaded
            assert after is not None
            assert after.description.variable_count == 3
            with pytest.raises(ValueError, match="closed"):
                before.description.variable_at(0)

    run(test())


def test_a_description_that_vanishes_is_unloaded(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.connect()
            await bench.device.next()

            bench.store.uninstall(ID)
            bench.symbols.check()

            assert bench.device.told[0] == "unloaded"
            assert "is installed" in bench.device.told[1]
            assert bench.symbols.loaded is None

    run(test())


def test_a_firmware_that_was_never_tagged_is_named_as_such(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install(PLACEHOLDER.hex())

            bench.connect(replace(PROFILE, firmware_id=PLACEHOLDER))

            assert bench.device.told == [UNTAGGED]

    run(test())


def test_a_description_for_other_bytes_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install(ID, car_map(char_bit=16))

            bench.connect()

            assert "bytes of 16 bits, the device has bytes of 8" in await bench.device.next()

    run(test())


def test_without_automatic_loading_only_the_command_loads(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.autoload = False
            bench.install()
            bench.connect()
            assert bench.device.told == [NOT_AUTOMATIC]

            await bench.symbols.load(ID)

            assert bench.device.told[1:] == [f"loaded {ID}"]

    run(test())


# ------------------------------------------------------------------ load by command


def test_the_description_of_another_firmware_is_loaded_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.install(OTHER_ID)
            bench.connect()
            await bench.device.next()
            assert "not the description of the firmware" not in caplog.text

            await bench.symbols.load(OTHER_ID)
            assert f"not the description of the firmware in the device, {ID}" in caplog.text

    run(test())


def test_a_load_by_command_lasts_until_the_device_is_gone(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.install(OTHER_ID, large_map(5))
            bench.connect()
            await bench.device.next()

            await bench.symbols.load(OTHER_ID)
            await bench.symbols.load(OTHER_ID)  # which is there already
            assert bench.device.told == ["unloaded", f"loaded {OTHER_ID}"]

            bench.device.told.clear()
            bench.device.disappear()
            bench.connect()
            assert await bench.device.next() == f"loaded {ID}"

    run(test())


def test_uninstalling_what_was_loaded_by_command_goes_back_to_the_own_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.install(OTHER_ID, large_map(5))
            bench.connect()
            await bench.device.next()
            await bench.symbols.load(OTHER_ID)
            bench.device.told.clear()

            bench.store.uninstall(OTHER_ID)
            bench.symbols.check()

            assert [await bench.device.next(), await bench.device.next()] == [
                "unloaded",
                f"loaded {ID}",
            ]

    run(test())


def test_a_load_that_cannot_be_done_leaves_what_is_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install()
            bench.install(OTHER_ID, "no map")
            with pytest.raises(LoadError, match=NO_DEVICE):
                await bench.symbols.load(ID)
            bench.connect()
            await bench.device.next()

            with pytest.raises(LoadError, match="is installed"):
                await bench.symbols.load("00" * 16)
            with pytest.raises(LoadError, match="cannot be loaded"):
                await bench.symbols.load(OTHER_ID)

            assert bench.device.told == []
            loaded = bench.symbols.loaded
            assert loaded is not None
            assert loaded.firmware_id == ID

    run(test())


def test_a_load_ends_with_the_device_or_with_another_load(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install(OTHER_ID)
            bench.install(ID)
            bench.connect()
            await bench.device.next()

            replaced = asyncio.create_task(bench.symbols.load(OTHER_ID))
            await asyncio.sleep(0)
            await bench.symbols.load(ID)
            with pytest.raises(LoadError, match="another description"):
                await replaced

            abandoned = asyncio.create_task(bench.symbols.load(OTHER_ID))
            await asyncio.sleep(0)
            bench.device.disappear()
            with pytest.raises(LoadError, match="device is gone"):
                await abandoned

    run(test())


# ------------------------------------------------------------------ what may go wrong

DAMAGED: Final[dict[str, tuple[Any, ...]]] = {
    "the map is no JSON": ("{",),
    "the map is a list": ("[]",),
    "the map lacks its types": ('{"endianness": "little", "variables": {}, "enums": {}}',),
    "the byte order is unknown": (car_map(endianness="middle"),),
    "bytes of 12 bits": (car_map(char_bit=12),),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_f2_a_damaged_description_is_told_once(
    tmp_path: Path, content: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install(ID, *content)

            bench.connect()

            assert f"description of firmware {ID} cannot be loaded" in await bench.device.next()
            bench.symbols.check()
            assert not processes_below()
            assert bench.device.told == []
            assert caplog.text.count("cannot be loaded") == 1

    run(test())


def test_f4_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            path = bench.install()
            path.write_bytes(path.read_bytes()[:200])

            bench.connect()

            assert "cannot be loaded" in await bench.device.next()

    run(test())


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/no/such/program",), "cannot be started"),
        (CRASHING, "was ended by force"),
        (SILENT, "without a result"),
        (BABBLING, "x" * 500),
        ((*SLEEPING, "0"), "more than 0.2 s"),
        ((sys.executable, "-c", "print('/no/such/file')"), "cannot be opened"),
        ((sys.executable, "-c", "import sys; sys.exit(5)"), "ended with code 5"),
    ],
    ids=["missing", "crashing", "silent", "babbling", "sleeping", "lying", "odd"],
)
def test_a_process_that_fails_is_told(
    tmp_path: Path, command: tuple[str, ...], reason: str
) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            limit_s = 0.2 if command[-1] == "0" else 20
            bench.loader = DescriptionLoader(tmp_path, command, limit_s)
            bench.install()

            bench.connect()

            told = await bench.device.next()
            assert reason in told
            assert len(told) < 1000
            assert not processes_below()

    run(test())


def test_a_load_is_dropped_when_the_device_goes(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.loader = DescriptionLoader(tmp_path, SLEEPING)
            bench.install()
            bench.connect()
            await a_process_runs()

            bench.device.disappear()
            await bench.symbols.close()

            assert bench.device.told == []
            assert not processes_below()

    run(test())


def test_the_loop_goes_on_while_a_large_description_is_loaded(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install(ID, large_map(50_000))
            longest_s, begin_s = 0.0, time.monotonic()
            before_s = begin_s
            bench.connect()

            while not bench.device.told:
                await asyncio.sleep(0)
                now_s = time.monotonic()
                longest_s, before_s = max(longest_s, now_s - before_s), now_s

            assert bench.device.told == [f"loaded {ID}"]
            assert longest_s < (before_s - begin_s) / 2  # benchmarks/description_load.py: how much

    run(test())


def test_a_file_replaced_while_it_is_loaded_is_loaded_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench_in(tmp_path) as bench:
            bench.install(ID, large_map(2))
            bench.connect()

            bench.install(ID, large_map(7))  # before the process has read it, or after

            assert await bench.device.next() == f"loaded {ID}"
            loaded = bench.symbols.loaded
            assert loaded is not None
            assert loaded.description.variable_count == 7
            assert bench.device.told == []

    run(test())


def test_the_loader_is_found_wherever_the_server_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    (tmp_path / "scrutiny").mkdir()
    package = write_package(tmp_path / "car.sfd", ID)
    monkeypatch.chdir(tmp_path)

    path = asyncio.run(DescriptionLoader(Path("cache")).prepare(Path(package.name)))

    assert path.parent == tmp_path / "cache"
    assert LOADER[1:] == ("-m", "scrutiny.sfd.loader")


def test_a_process_ends_with_whoever_waits_for_it() -> None:
    async def test() -> None:
        waiting = asyncio.create_task(last_line_of(SLEEPING, 600))
        await a_process_runs()

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert not processes_below()

    run(test())


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the store more often than once per second."""
    monkeypatch.setattr(symbols_module, "LOOKUP_INTERVAL_S", 0.05)
