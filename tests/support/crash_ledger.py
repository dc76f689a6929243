"""What clients of a server know about acquisitions: told, answered, or asked for and in doubt."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from scrutiny.sdk.acquisition import DataloggingAcquisition

TICKS: Final = "ticks"
LEVEL: Final = "level"


@dataclass(frozen=True, slots=True)
class Capture:
    """A recording of the ticks and of a level.

    Attributes:
        key: what its name begins with, for ever; no other has it.
        decimation: iterations of the loop from one sample to the next.
        level: what the trigger waits for; None: for nothing.
    """

    key: str
    decimation: int
    level: int | None


@dataclass(slots=True)
class Entry:
    """An acquisition that is stored, or was.

    Attributes:
        capture: what was asked for; None as long as only the id is known.
        names: that it may have; more than one while a change is in doubt.
        may_be_gone: somebody has asked for it to be deleted.
        is_gone: somebody was told that it is.
        seen: trigger index, ticks and levels, as a client has read them.
    """

    capture: Capture | None = None
    names: list[str] = field(default_factory=list[str])
    may_be_gone: bool = False
    is_gone: bool = False
    seen: tuple[Any, ...] | None = None


class Ledger:
    """What all clients know together; their threads may use it at the same time.

    Attributes:
        entries: by reference id, all that clients were told of.
        pending: captures that were asked for, and have not ended, by key.
        under_way: what was asked of the server and is not answered, how often.
        answered: what was answered, how often.
        deleted_count: acquisitions that clients know to be deleted.
        problems: what is not as clients were told. None is good.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.pending: dict[str, Capture] = {}
        self.under_way: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.deleted_count = 0
        self.problems: list[str] = []
        self._captures: dict[str, Capture] = {}
        self._lock = threading.RLock()

    def complain(self, problem: str) -> None:
        """Note what must not happen."""
        with self._lock:
            self.problems.append(problem)

    # ------------------------------------------------------------------ what clients ask for

    @contextmanager
    def asking(self, what: str) -> Generator[None]:
        """Ask the server for something; that stays under way if there is no answer."""
        with self._lock:
            self.under_way[what] += 1
        yield
        with self._lock:
            self.under_way[what] -= 1
            self.answered[what] += 1

    @contextmanager
    def capturing(self, capture: Capture) -> Generator[None]:
        """Have something recorded; whether it is stored is in doubt until the end."""
        with self._lock:
            self._captures[capture.key] = self.pending[capture.key] = capture
        with self.asking("capture"):
            yield
        with self._lock:
            del self.pending[capture.key]

    @contextmanager
    def renaming(self, reference_id: str, suffix: str) -> Generator[str]:
        """Rename an acquisition to what is yielded; the name is in doubt until the end."""
        with self._lock:
            entry = self.entries[reference_id]
            name = f"{entry.names[-1].split(' ')[0]} {suffix}"
            entry.names.append(name)
        with self.asking("rename"):
            yield name
        with self._lock:
            entry.names = [name]

    @contextmanager
    def deleting(self, reference_id: str) -> Generator[None]:
        """Delete an acquisition; whether it is gone is in doubt until the end."""
        with self._lock:
            self.entries[reference_id].may_be_gone = True
        with self.asking("delete"):
            yield
        self.told_of_deletion(reference_id)

    def sure(self) -> list[str]:
        """Return the ids of what is there for sure, and known by name."""
        with self._lock:
            entries = self.entries.items()
            return [key for key, one in entries if one.capture and not one.may_be_gone]

    # ------------------------------------------------------------------ what clients are told

    def told_of(self, reference_id: str, name: str | None = None) -> None:
        """Note that an acquisition is stored, and its name if that was told."""
        with self._lock:
            entry = self.entries.setdefault(reference_id, Entry())
            if name is None:
                return
            if entry.capture is None:
                entry.capture = self._captures.get(name.split(" ")[0])
                entry.names = [name]
            if entry.capture is None or name not in entry.names:
                self.problems.append(f"{reference_id} is {name!r}, not one of {entry.names}")

    def told_of_end(self, reference_id: str, capture: Capture) -> None:
        """Note that what was asked for is stored; somebody may have renamed it already."""
        with self._lock:
            entry = self.entries.setdefault(reference_id, Entry())
            if entry.capture is None:
                entry.capture, entry.names = capture, [capture.key]

    def told_of_deletion(self, reference_id: str) -> None:
        """Note that an acquisition is not stored any more."""
        with self._lock:
            entry = self.entries.setdefault(reference_id, Entry())
            if not entry.is_gone:
                entry.may_be_gone = entry.is_gone = True
                self.deleted_count += 1

    def listed(self, names: Mapping[str, str], expected: Iterable[str]) -> None:
        """Note the names by id of all that is stored; what was expected has to be there."""
        for reference_id, name in names.items():
            self.told_of(reference_id, name)
        with self._lock:
            for reference_id in expected:
                if reference_id not in names:
                    self.problems.append(f"{reference_id} was announced, and is not listed")
            for reference_id in names:
                if self.entries[reference_id].is_gone:
                    self.problems.append(f"{reference_id} was deleted, and is listed")

    def was_read(self, reference_id: str, read: DataloggingAcquisition) -> None:
        """Note what a client has got: from then on it must not change."""
        series = {entry.series.name: entry.series.to_list() for entry in read.ydata}
        seen = (read.trigger_index, series[TICKS], series[LEVEL])
        with self._lock:
            entry = self.entries[reference_id]
            if entry.seen not in (None, seen):
                self.problems.append(f"{reference_id} is not what it was before")
            entry.seen = seen
