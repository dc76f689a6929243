"""Whether what a killed server has left is what its clients were told."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from scrutiny.core.datalogging import Acquisition
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.opening import database_in

from .crash_ledger import LEVEL, TICKS, Entry, Ledger


class Autopsy:
    """Compares the database with the ledger after each kill.

    Attributes:
        look_count: databases that were looked at.
        good_count: those that SQLite finds in order.
        checked_count: acquisitions that were looked at sample by sample.
        in_doubt: what was under way, and whether it turned out to be done, how often.
    """

    def __init__(self, ledger: Ledger, point_count: int) -> None:
        """Prepare; each acquisition has so many samples."""
        self.look_count = 0
        self.good_count = 0
        self.checked_count = 0
        self.in_doubt: Counter[tuple[str, bool]] = Counter()
        self._ledger = ledger
        self._point_count = point_count

    def perform(self, data_folder: Path) -> None:
        """Look at a database that nobody has open, and settle in the ledger what was in doubt."""
        file = database_in(data_folder)
        names: dict[str, str] = {}
        if file.exists():
            self._check_integrity(file)
            database = AcquisitionDatabase.open(file)
            try:
                names = {one.reference_id: one.name for one in database.summaries()}
                self._settle(names)
                for summary in database.summaries():
                    acquisition = database.read(summary.reference_id)
                    self._check(acquisition, summary.point_count)
            finally:
                database.close()
        elif self._ledger.entries:
            self._ledger.complain("the database is gone")
        self._ledger.pending.clear()
        self._ledger.under_way.clear()

    def _check_integrity(self, file: Path) -> None:
        self.look_count += 1
        connection = sqlite3.connect(file)
        try:
            found = connection.execute("PRAGMA integrity_check").fetchall()
            found += connection.execute("PRAGMA foreign_key_check").fetchall()
        finally:
            connection.close()
        if found == [("ok",)]:
            self.good_count += 1
        else:
            self._ledger.complain(f"SQLite finds {found[:3]}")

    def _settle(self, names: dict[str, str]) -> None:
        ledger = self._ledger
        stored = {name.split(" ")[0] for name in names.values()}
        self.in_doubt.update(("capture", key in stored) for key in ledger.pending)
        for reference_id, entry in ledger.entries.items():
            is_there = reference_id in names
            if is_there and entry.is_gone:
                ledger.complain(f"{reference_id} was deleted, and is there")
            elif not is_there and not entry.may_be_gone:
                ledger.complain(f"{reference_id} was announced, and is not there")
            elif entry.may_be_gone and not entry.is_gone:
                self.in_doubt["delete", not is_there] += 1
                entry.may_be_gone = entry.is_gone = not is_there
            if is_there and len(entry.names) > 1:
                self.in_doubt["rename", names[reference_id] == entry.names[-1]] += 1
        for reference_id, name in names.items():
            ledger.told_of(reference_id, name)  # also what was stored, and nobody was told any more
            ledger.entries[reference_id].names = [name]

    def _check(self, acquisition: Acquisition, point_count: int) -> None:
        self.checked_count += 1
        entry = self._ledger.entries[acquisition.reference_id]
        for fault in self._faults(entry, acquisition, point_count):
            self._ledger.complain(f"{acquisition.reference_id} ({acquisition.name}): {fault}")

    def _faults(self, entry: Entry, acquisition: Acquisition, point_count: int) -> list[str]:
        """Return what is wrong with an acquisition, of which so many points are announced."""
        columns = {series.name: list(series.samples) for series in acquisition.series}
        ticks, levels, trigger = columns[TICKS], columns[LEVEL], acquisition.trigger_index
        faults: list[str] = []
        sizes = (point_count, len(acquisition.x.samples), len(ticks), len(levels))
        if set(sizes) != {self._point_count}:
            faults.append(f"it has {sizes} points instead of {self._point_count}")
        if entry.seen not in (None, (trigger, ticks, levels)):
            faults.append("it is not what a client has read")
        if entry.capture is None:
            return faults  # nobody has asked for it, which is known already
        step = entry.capture.decimation
        if ticks != [ticks[0] + step * index for index in range(len(ticks))]:
            faults.append(f"its ticks are not each {step} after the one before")
        if trigger is None or not 0 <= trigger < len(ticks):
            faults.append(f"its trigger index is {trigger}")
        elif (level := entry.capture.level) is not None and (
            # Between two samples the trigger stands at the first of them.
            level in levels[:trigger] or set(levels[trigger + 1 :]) - {level}
        ):
            faults.append(f"its trigger index, {trigger}, is not where the level became {level}")
        return faults
