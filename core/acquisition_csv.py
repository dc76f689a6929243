"""Acquisitions as comma-separated text, which spreadsheets and scripts read.

    Acquisition Name,Startup
    Acquisition ID,0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22
    Acquisition time,2026-03-01 08:30:00
    Firmware ID,00112233445566778899aabbccddeeff
    Firmware Name,Pump controller V3.1

    Time (ideal),pressure,setpoint,Trigger
    0.0,1.25,2,0
    0.001,1.5,2,1

Numbers can be read back exactly: floats have as many digits as they need, integers all of theirs.

Source: firmware description, section 7.3.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, repeat
from typing import Any, Final, Protocol

from .datalogging import Acquisition

TRIGGER_COLUMN: Final = "Trigger"  # 0 before the trigger, 1 from it on
NOT_KNOWN: Final = "N/A"
ENCODING: Final = "utf-8"


class CsvWriter(Protocol):
    """Takes rows one by one, as what `csv.writer` returns."""

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Write a row."""
        ...


class TextSink(Protocol):
    """Takes text piece by piece, as a file does."""

    def write(self, text: str, /) -> object:
        """Take the next piece."""
        ...


def write_csv(acquisition: Acquisition, writer: CsvWriter) -> None:
    """Write an acquisition to a writer of the caller's, in the caller's dialect."""
    for row in csv_rows(acquisition):
        writer.writerow(row)


def write_csv_text(acquisition: Acquisition, stream: TextSink) -> None:
    """Write an acquisition with commas, minimal quotes, and CR LF after each row.

    Args:
        acquisition: what to write.
        stream: a file opened with ``newline=""``, or line ends would be translated once more.
    """
    write_csv(acquisition, csv.writer(stream, lineterminator="\r\n"))


def csv_rows(acquisition: Acquisition) -> Iterator[tuple[str | int | float, ...]]:
    """Return the rows: what is known, an empty one, names of the columns, one row per sample."""
    yield "Acquisition Name", acquisition.name
    yield "Acquisition ID", acquisition.reference_id
    yield "Acquisition time", local_time_text(acquisition.time_s)
    yield "Firmware ID", acquisition.firmware_id
    yield "Firmware Name", acquisition.firmware_name or NOT_KNOWN
    yield ()
    names = [acquisition.x.name, *(series.name for series in acquisition.series)]
    columns: list[Iterable[int | float]] = [acquisition.x.samples]
    columns += (series.samples for series in acquisition.series)
    if acquisition.trigger_index is not None:
        names.append(TRIGGER_COLUMN)
        columns.append(chain(repeat(0, acquisition.trigger_index), repeat(1)))
    yield tuple(names)
    yield from zip(*columns, strict=False)  # the trigger column has no end


def local_time_text(time_s: float) -> str:
    """Return a Unix time as ``YYYY-MM-DD hh:mm:ss`` of the user's clock.

    What no calendar has, as it may come from a foreign file, is :data:`NOT_KNOWN`.
    """
    try:
        return f"{datetime.fromtimestamp(time_s):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return NOT_KNOWN
