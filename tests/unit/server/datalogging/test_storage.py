"""The loop asks, a thread does it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scrutiny.core.datalogging import X_AXIS_ID, Acquisition
from scrutiny.server.datalogging.errors import (
    AcquisitionExists,
    AcquisitionUnknown,
    DatabaseUnusable,
)
from scrutiny.server.datalogging.opening import database_in
from scrutiny.server.datalogging.storage import AcquisitionStorage
from tests.support.acquisitions import FIRMWARE_ID, acquisition, content


def run(folder: Path, test: Callable[[AcquisitionStorage], Awaitable[None]]) -> None:
    """Run a test with a storage, and close it."""

    async def main() -> None:
        storage = AcquisitionStorage(folder)
        try:
            await test(storage)
        finally:
            await storage.close()

    asyncio.run(main())


def test_what_is_asked_for_is_done(tmp_path: Path) -> None:
    async def test(storage: AcquisitionStorage) -> None:
        stored, other = acquisition(), acquisition(time_s=5.0)
        await storage.add(stored)
        await storage.add(other)

        first, second = await storage.summaries()
        assert [first] == await storage.summaries(count=1, firmware_id=FIRMWARE_ID)
        assert [second] == await storage.summaries(before_s=first.time_s)
        assert await storage.summary(stored.reference_id) == first
        assert content(await storage.read(stored.reference_id)) == content(stored)
        await storage.rename(stored.reference_id, "new", {X_AXIS_ID: "Time"})
        assert (await storage.read(stored.reference_id)).x.name == "Time"
        await storage.delete(stored.reference_id)
        with pytest.raises(AcquisitionUnknown):
            await storage.read(stored.reference_id)
        assert await storage.delete_all() == 1

    run(tmp_path, test)


def test_an_acquisition_is_made_in_the_thread_and_stored(tmp_path: Path) -> None:
    async def test(storage: AcquisitionStorage) -> None:
        threads: list[str] = []

        def make() -> Acquisition:
            threads.append(threading.current_thread().name)
            return acquisition()

        made = await storage.add_made(make)

        assert content(await storage.read(made.reference_id)) == content(made)
        assert threads == ["acquisitions_0"]
        with pytest.raises(AcquisitionExists):
            await storage.add_made(lambda: made)

    run(tmp_path, test)


def test_what_cannot_be_made_is_not_stored(tmp_path: Path) -> None:
    async def test(storage: AcquisitionStorage) -> None:
        def fail() -> Acquisition:
            raise ValueError("octets are missing")

        with pytest.raises(ValueError, match="octets are missing"):
            await storage.add_made(fail)
        assert await storage.summaries() == []

    run(tmp_path, test)


def test_what_waits_can_be_cancelled_and_what_has_begun_is_brought_to_its_end(
    tmp_path: Path,
) -> None:
    async def test(storage: AcquisitionStorage) -> None:
        stored, dropped, last = acquisition(), acquisition(), acquisition()
        has_begun, may_end = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def make() -> Acquisition:
            loop.call_soon_threadsafe(has_begun.set)
            may_end.wait()
            return stored

        begun = asyncio.create_task(storage.add_made(make))
        await has_begun.wait()
        waiting = asyncio.create_task(storage.add(dropped))
        others = asyncio.create_task(storage.add(last))
        await asyncio.sleep(0)
        begun.cancel()
        waiting.cancel()
        await asyncio.wait((begun, waiting))
        may_end.set()
        await others

        listed = {one.reference_id for one in await storage.summaries()}
        assert listed == {stored.reference_id, last.reference_id}
        assert begun.cancelled()
        assert waiting.cancelled()

    run(tmp_path, test)


def test_closing_brings_to_its_end_what_was_asked_for(tmp_path: Path) -> None:
    async def main() -> None:
        storage = AcquisitionStorage(tmp_path)
        adding = [asyncio.create_task(storage.add(acquisition())) for _ in range(10)]
        await asyncio.sleep(0)

        await storage.close()

        await asyncio.gather(*adding)
        with pytest.raises(DatabaseUnusable, match="server is stopping"):
            await storage.summaries()
        await storage.close()

    asyncio.run(main())

    async def test(storage: AcquisitionStorage) -> None:
        assert len(await storage.summaries()) == 10

    run(tmp_path, test)
    assert list(tmp_path.iterdir()) == [database_in(tmp_path)]


def test_the_log_tells_at_the_beginning_that_nothing_can_be_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").touch()

    async def test(storage: AcquisitionStorage) -> None:
        storage.begin()
        with pytest.raises(DatabaseUnusable, match="cannot make"):
            await storage.summaries()

    run(tmp_path / "data", test)

    (text,) = [record.getMessage() for record in caplog.records]
    assert text.startswith("acquisitions cannot be stored: cannot make")


def test_a_python_without_sqlite_serves_everything_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scrutiny.server.datalogging.keeper", None)

    async def test(storage: AcquisitionStorage) -> None:
        storage.begin()
        for _ in range(2):
            with pytest.raises(DatabaseUnusable, match="use one that has SQLite"):
                await storage.summaries()

    run(tmp_path, test)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
