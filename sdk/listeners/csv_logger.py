"""Updates as rows of CSV files, without a thread of its own."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PureWindowsPath
from typing import Final, Literal, TextIO

from .._arguments import check_int, check_str
from ..watchable_handle import WatchableHandle
from .value_update import ValueUpdate

_Cell = str | int | float | None
_Quoting = Literal[0, 1, 2, 3]

# Values that differ less in time belong to one read of the device, unless one comes twice.
_ROW_SPAN_S: Final = 0.001
_FEWEST_LINES: Final = 100
_LONGEST_PADDING: Final = 20


@dataclass(frozen=True)
class CSVConfig:
    """How the files are written; the fields are those of ``open`` and ``csv.writer``."""

    encoding: str = "utf8"
    newline: str = "\n"
    delimiter: str = ","
    quotechar: str = '"'
    quoting: _Quoting = csv.QUOTE_NONNUMERIC


class CSVLogger:
    """Writes a row for each read of the device, with the last known value of every column.

    A cell is empty before the first value, and after the value was lost. It may be started again
    after a stop: then it goes on in the same file, or with the next part.

    Args:
        folder: Where the files are; it has to exist.
        filename: Name of the file, without folders; ``.csv`` may be left out.
        datetime_zero_sec: When the column ``Time [s]`` is 0; None for the first row.
        lines_per_file: Begin another file, ``<filename>_<n>.csv``, after so many rows, at least
            100; None for one file.
        datetime_format: Of the column ``Datetime``, as of ``strftime``.
        convert_bool_to_int: Write 1 and 0 instead of True and False.
        file_part_0pad: How many digits ``n`` has at least, 0 to 20.
        csv_config: How it is written.
        logger: Where it logs.
        file_headers: Rows above the names of the columns.

    Raises:
        ValueError: the file name is empty, or names a folder; a number is out of range.
        FileNotFoundError: there is no such folder.
        FileExistsError: there are parts of this name; with one file, :meth:`start` says so.
    """

    EXTENSION: Final = ".csv"
    DATETIME_HEADER: Final = "Datetime"
    RELTIME_HEADER: Final = "Time [s]"
    UPDATE_FLAG_HEADER: Final = "update flags"
    WATCHABLE_FIRST_COL: Final = 2

    @dataclass(frozen=True)
    class ColumnDescriptor:
        """One column.

        Attributes:
            full_name: for the first row.
            name: for the second row.
            signal_id: tells which updates belong to it; the path, for those of handles.
        """

        full_name: str
        name: str
        signal_id: str

    def __init__(
        self,
        folder: str | Path,
        filename: str,
        datetime_zero_sec: datetime | None = None,
        lines_per_file: int | None = None,
        datetime_format: str = "%Y-%m-%d %H:%M:%S.%f",
        convert_bool_to_int: bool = True,
        file_part_0pad: int = 4,
        csv_config: CSVConfig | None = None,
        logger: logging.Logger | None = None,
        file_headers: Iterable[Iterable[str]] | None = None,
    ) -> None:
        self._folder = _checked_folder(folder)
        self._stem = _checked_stem(filename)
        self._zero_s = None if datetime_zero_sec is None else datetime_zero_sec.timestamp()
        if lines_per_file is not None:
            check_int("lines_per_file", lines_per_file, _FEWEST_LINES)
        self._lines_per_file = lines_per_file
        self._datetime_format = check_str("datetime_format", datetime_format)
        self._converts_bool = convert_bool_to_int
        self._padding = check_int("file_part_0pad", file_part_0pad, 0, _LONGEST_PADDING)
        self._config = csv_config or CSVConfig()
        self._logger = logger or logging.getLogger(__name__)
        self._file_headers = [list(row) for row in file_headers or ()]
        self._columns: list[CSVLogger.ColumnDescriptor] = []
        self._index: dict[str, int] = {}
        self._file: TextIO | None = None
        self._path: Path | None = None
        self._written_columns: list[CSVLogger.ColumnDescriptor] | None = None
        self._part = 0
        self._line_count = 0
        self._values: list[_Cell] = []
        if lines_per_file is not None and (parts := self._existing_parts()):
            raise FileExistsError(f"there is {parts[0]} already; choose another name or folder")

    # ----------------------------------------------------------------- what is written

    def define_columns_from_handles(self, watchable_handles: Iterable[WatchableHandle]) -> None:
        """Make a column per handle, in the order of their paths."""
        ordered = sorted(watchable_handles, key=lambda handle: handle.server_path)
        self.define_columns(
            self.ColumnDescriptor(handle.server_path, handle.name, handle.server_path)
            for handle in ordered
        )

    def define_columns(self, columns: Iterable[ColumnDescriptor]) -> None:
        """Set the columns; before :meth:`start`.

        Raises:
            ValueError: it is started, or two columns are for the same signal.
        """
        if self.started():
            raise ValueError("columns are defined before the start")
        new = list(columns)
        index = {column.signal_id: number for number, column in enumerate(new)}
        if len(index) != len(new):
            raise ValueError("two columns have the same signal_id")
        self._columns, self._index = new, index

    def set_file_headers(self, file_headers: Iterable[Iterable[str]]) -> None:
        """Set the rows above the names of the columns, for files that are begun from now on."""
        self._file_headers = [list(row) for row in file_headers]

    # ----------------------------------------------------------------- life

    def start(self) -> None:
        """Open a file and write the header, or go on where it was stopped.

        Raises:
            FileExistsError: there is such a file; or the columns are others than before.
            ValueError: it is started, or no column is defined.
        """
        if self.started():
            raise ValueError("the CSV file is open already")
        if not self._columns:
            raise ValueError("there are no columns: subscribe to handles first")
        self._values = [None] * len(self._columns)
        if self._lines_per_file is not None:
            self._open_new(self._part_path())
        elif self._written_columns is None:
            self._open_new(self._folder / f"{self._stem}{self.EXTENSION}")
        elif self._written_columns != self._columns:
            raise FileExistsError(f"{self._path} has other columns; choose another name")
        else:
            assert self._path is not None
            self._file = self._path.open("a", encoding=self._config.encoding, newline="")

    def stop(self) -> None:
        """Close the file; harmless if there is none."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def started(self) -> bool:
        """Tell whether a file is open."""
        return self._file is not None

    def flush(self) -> None:
        """Let others see what was written."""
        if self._file is not None:
            self._file.flush()

    def write(
        self, updates: Sequence[ValueUpdate], signal_id_list: Sequence[str] | None = None
    ) -> None:
        """Write the rows that these updates make; a row ends with them.

        Args:
            updates: In any order; those that have no column are left out.
            signal_id_list: To which column each belongs, by ``signal_id``; None for their paths.

        Raises:
            ValueError: it is not started, or the lists differ in length.
            OSError: the file cannot be written.
        """
        if self._file is None:
            raise ValueError("the CSV file is not open: start() is due")
        if signal_id_list is None:
            signal_id_list = [update.watchable.server_path for update in updates]
        timed = [
            (update.update_timestamp.timestamp(), self._index[signal_id], update)
            for update, signal_id in zip(updates, signal_id_list, strict=True)
            if signal_id in self._index
        ]
        timed.sort(key=lambda item: item[0])
        for row in _rows(timed):
            self._write_row(row)

    def _write_row(self, row: Sequence[tuple[float, int, ValueUpdate]]) -> None:
        time_s, _, first = row[0]
        if self._zero_s is None:
            self._zero_s = time_s
        flags = ["0"] * len(self._columns)
        for _, column, update in row:
            self._values[column] = self._cell(update.value)
            flags[column] = "1"
        if self._lines_per_file is not None and self._line_count >= self._lines_per_file:
            self.stop()
            self._open_new(self._part_path())
        local = first.update_timestamp.strftime(self._datetime_format)
        relative_s = round(time_s - self._zero_s, 6)
        self._write_cells([local, relative_s, *self._values, ",".join(flags)])
        self._line_count += 1

    def _cell(self, value: int | float | bool | None) -> _Cell:
        return int(value) if isinstance(value, bool) and self._converts_bool else value

    # ----------------------------------------------------------------- files

    def get_folder(self) -> Path:
        """Return where the files are."""
        return self._folder

    def get_actual_filename(self) -> Path | None:
        """Return the file that was opened last, None before the first."""
        return self._path

    @classmethod
    def get_conflicting_files(cls, folder: str | Path, filename: str) -> list[Path]:
        """Return the files that are in the way of this name, in parts or not."""
        path, stem = _checked_folder(folder), _checked_stem(filename)
        pattern = re.compile(re.escape(stem) + r"(_\d+)?" + re.escape(cls.EXTENSION))
        return sorted(entry for entry in path.iterdir() if pattern.fullmatch(entry.name))

    def _existing_parts(self) -> list[Path]:
        single = f"{self._stem}{self.EXTENSION}"
        found = self.get_conflicting_files(self._folder, self._stem)
        return [path for path in found if path.name != single]

    def _part_path(self) -> Path:
        number = str(self._part).zfill(self._padding)
        self._part += 1
        return self._folder / f"{self._stem}_{number}{self.EXTENSION}"

    def _open_new(self, path: Path) -> None:
        # newline: the csv module writes it; else Windows would add to it.
        self._file = path.open("x", encoding=self._config.encoding, newline="")
        self._path, self._line_count = path, 0
        self._written_columns = list(self._columns)
        self._logger.debug("Writing %s", path)
        for row in self._file_headers:
            self._write_cells(row)
        self._write_cells(["", "", *(column.full_name for column in self._columns)])
        names = [column.name for column in self._columns]
        self._write_cells(
            [self.DATETIME_HEADER, self.RELTIME_HEADER, *names, self.UPDATE_FLAG_HEADER]
        )

    def _write_cells(self, cells: Sequence[_Cell]) -> None:
        config = self._config
        assert self._file is not None
        csv.writer(
            self._file,
            delimiter=config.delimiter,
            quotechar=config.quotechar,
            quoting=config.quoting,
            lineterminator=config.newline,
        ).writerow(["" if cell is None else cell for cell in cells])


def _rows(
    timed: Iterable[tuple[float, int, ValueUpdate]],
) -> Iterator[list[tuple[float, int, ValueUpdate]]]:
    """Group updates, in the order of their time, into what was read at once."""
    row: list[tuple[float, int, ValueUpdate]] = []
    columns: set[int] = set()
    for item in timed:
        time_s, column, _ = item
        if row and (column in columns or time_s - row[0][0] > _ROW_SPAN_S):
            yield row
            row, columns = [], set()
        row.append(item)
        columns.add(column)
    if row:
        yield row


def _checked_folder(folder: str | Path) -> Path:
    if not isinstance(folder, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"folder is a str or a Path, not {folder!r}")
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"there is no folder {path}")
    return path


def _checked_stem(filename: str) -> str:
    check_str("filename", filename)
    stem = filename[: -len(".csv")] if filename.lower().endswith(".csv") else filename
    windows_path = PureWindowsPath(stem)  # which knows the separators of all systems
    if stem in ("", "..") or windows_path.name != stem:
        raise ValueError(f"{filename!r} is no name of a file without folders")
    return stem
