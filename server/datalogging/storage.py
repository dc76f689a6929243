"""The stored acquisitions, reached from the loop without blocking it.

One thread does the work, in the order in which it was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from scrutiny.core.datalogging import Acquisition, AcquisitionSummary

from .database_name import DATABASE_NAME
from .errors import DatabaseUnusable, StorageError

if TYPE_CHECKING:  # a Python may lack SQLite, and the server goes without then
    from .database import AcquisitionDatabase
    from .keeper import DatabaseKeeper

logger = logging.getLogger(__name__)

LARGEST_DATABASE: Final = 8 << 30  # octets, unless the settings say otherwise

ResultT = TypeVar("ResultT")

_NONE: Final[Mapping[int, str]] = MappingProxyType({})


class AcquisitionStorage:
    """Stores, lists, reads, renames and deletes acquisitions.

    The methods are those of `AcquisitionDatabase`. Without a database, each raises
    :class:`DatabaseUnusable` with the reason, which the log tells once, and tries again next time.

    Cancelling is safe: what waits is dropped, what has begun comes to its end.

    Args:
        data_folder: of the server.
        largest_size: of the database, in octets; beyond, `why_full` tells so.
    """

    def __init__(self, data_folder: Path, largest_size: int = LARGEST_DATABASE) -> None:
        self._data_folder = data_folder
        self._largest_size = largest_size
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="acquisitions")
        self._keeper: DatabaseKeeper | None = None
        self._is_closed = False
        self._has_complained = False

    def begin(self) -> None:
        """Open the database now, in the thread, so that the log tells at once if it cannot be."""
        self._thread.submit(self._try_to_open)

    def why_full(self) -> str:
        """Return why nothing more is to be recorded; empty if there is room.

        What was recorded is stored nevertheless: nothing is lost that took time to get.
        """
        size = 0
        for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal"):
            with contextlib.suppress(OSError):
                size += (self._data_folder / name).stat().st_size
        if size < self._largest_size:
            return ""
        return (
            f"the stored recordings take {size >> 20} MiB, and this server keeps no more than "
            f"{self._largest_size >> 20} MiB; delete some with `scrutiny delete-datalog`, or set "
            "datalogging.max_database_mib"
        )

    async def add(self, acquisition: Acquisition) -> None:
        """Store an acquisition.

        Raises:
            AcquisitionRefused: it is too large, or an identifier is none.
            AcquisitionExists: there is one of that id.
            DatabaseUnusable: there is no room for it, or no database.
        """
        await self._do(lambda database: database.add(acquisition))

    async def add_made(self, make: Callable[[], Acquisition]) -> Acquisition:
        """Store what a function returns that is called in the thread; returns that as well.

        Raises:
            Exception: whatever ``make`` raises; otherwise as `add`.
        """

        def work() -> Acquisition:
            acquisition = make()
            self._run(lambda database: database.add(acquisition))
            return acquisition

        return await self._in_thread(work)

    async def summaries(
        self,
        *,
        firmware_id: str | None = None,
        before_s: float | None = None,
        count: int | None = None,
    ) -> list[AcquisitionSummary]:
        """List acquisitions, newest first; see `AcquisitionDatabase.summaries`."""
        return await self._do(
            lambda database: database.summaries(
                firmware_id=firmware_id, before_s=before_s, count=count
            )
        )

    async def summary(self, reference_id: str) -> AcquisitionSummary | None:
        """Return what a list tells about an acquisition; None if there is none of that id."""
        return await self._do(lambda database: database.summary(reference_id))

    async def read(self, reference_id: str) -> Acquisition:
        """Return an acquisition, with all samples.

        Raises:
            AcquisitionUnknown: there is none of that id.
            AcquisitionDamaged: it is not as it was stored.
        """
        return await self._do(lambda database: database.read(reference_id))

    async def rename(
        self, reference_id: str, name: str | None = None, axis_names: Mapping[int, str] = _NONE
    ) -> None:
        """Rename an acquisition, axes of it, or both; all of it or nothing.

        Raises:
            AcquisitionUnknown: there is none of that id.
            AxisUnknown: it has no such axis.
        """
        await self._do(lambda database: database.rename(reference_id, name, axis_names))

    async def delete(self, reference_id: str) -> None:
        """Delete an acquisition.

        Raises:
            AcquisitionUnknown: there is none of that id.
        """
        await self._do(lambda database: database.delete(reference_id))

    async def delete_all(self) -> int:
        """Delete all acquisitions; returns how many there were."""
        return await self._do(lambda database: database.delete_all())

    async def close(self) -> None:
        """Let what was asked for come to its end, and close the database."""
        if not self._is_closed:
            self._is_closed = True
            done = asyncio.wrap_future(self._thread.submit(self._close))
            self._thread.shutdown(wait=False)
            await done

    async def _do(self, operation: Callable[[AcquisitionDatabase], ResultT]) -> ResultT:
        return await self._in_thread(lambda: self._run(operation))

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        if self._is_closed:
            raise DatabaseUnusable("the server is stopping, and stores nothing any more")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _run(self, operation: Callable[[AcquisitionDatabase], ResultT]) -> ResultT:
        if self._keeper is None:
            self._keeper = self._make_keeper()
        return self._keeper.do(operation)

    def _try_to_open(self) -> None:
        try:
            self._run(lambda database: None)
        except StorageError:
            pass  # the log has told
        except Exception:
            logger.exception("the database of acquisitions cannot be opened")

    def _make_keeper(self) -> DatabaseKeeper:
        try:
            from .keeper import DatabaseKeeper  # brings SQLite along
        except ImportError as error:
            problem = f"this Python cannot store acquisitions ({error}); use one that has SQLite"
            if not self._has_complained:
                self._has_complained = True
                logger.warning("%s", problem)
            raise DatabaseUnusable(problem) from error
        return DatabaseKeeper(self._data_folder)

    def _close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
