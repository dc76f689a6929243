"""Acquisitions from another database: of the stock server, or one of ours that was moved aside.

What is there already is left alone, so that an import can be repeated; what is damaged is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .database import AcquisitionDatabase
from .errors import AcquisitionExists, AcquisitionRefused
from .import_source import ImportSource
from .private_copy import private_copy
from .stored_acquisition import Damage

Progress = Callable[[int, int], None]

_REASONS_MAX: Final = 10


@dataclass(slots=True)
class ImportReport:
    """What came of an import.

    Attributes:
        added: how many acquisitions are new.
        present: how many were there already.
        skipped: how many are damaged.
        reasons: why, for the first of those.
        is_complete: False if the file is damaged where it tells what is in it: there may be more.
    """

    added: int = 0
    present: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list[str])
    is_complete: bool = True

    def __str__(self) -> str:
        """Return the numbers, on one line."""
        parts = [f"{self.added} taken over"]
        if self.present:
            parts.append(f"{self.present} already there")
        if self.skipped:
            parts.append(f"{self.skipped} damaged")
        if not self.is_complete:
            parts.append("others may have been where the file is damaged")
        return ", ".join(parts)


def import_acquisitions(
    file: Path,
    database: AcquisitionDatabase,
    progress: Progress = lambda done, total: None,
) -> ImportReport:
    """Add what a file holds to a database; the file stays as it is, octet for octet.

    Args:
        file: of the stock server, or of ours.
        database: to add to.
        progress: called with how many acquisitions have been looked at, and how many there are.

    Raises:
        ImportFailed: the file cannot be read, or holds no acquisitions at all.
        DatabaseUnusable: the database cannot be written; what was added before stays.
    """
    with private_copy(file) as copy, closing(ImportSource(file, copy)) as source:
        report = ImportReport(is_complete=source.is_complete)
        total = len(source.reference_ids)
        for done, (row_id, reference_id) in enumerate(source.reference_ids.items()):
            progress(done, total)
            if database.summary(f"{reference_id}") is not None:
                report.present += 1
                continue
            try:
                database.add(source.read(row_id))
            except AcquisitionExists:
                report.present += 1
            except (Damage, AcquisitionRefused) as reason:
                report.skipped += 1
                if len(report.reasons) < _REASONS_MAX:
                    report.reasons.append(f"{reference_id!s:.60}: {reason}")
            else:
                report.added += 1
        progress(total, total)
    return report
