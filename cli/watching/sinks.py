"""Files that updates go to, as rows or as objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TextIO

from scrutiny.core.errors import ScrutinyError
from scrutiny.sdk.listeners.csv_logger import CSVLogger
from scrutiny.sdk.listeners.value_update import ValueUpdate

from ..server_connection import Definitions
from ..update_text import update_json


class LogRefused(ScrutinyError):
    """There can be no such file; the text says why."""


class Sink(Protocol):
    """An open file. All methods raise OSError if it cannot be written."""

    path: Path

    def write(self, updates: Sequence[ValueUpdate]) -> None:
        """Write updates that came together."""
        ...

    def flush(self) -> None:
        """Let others see what was written."""
        ...

    def close(self) -> None:
        """End the file."""
        ...


class CsvSink:
    """A row for each read of the device, with the last known value of every column."""

    def __init__(self, path: Path, definitions: Definitions) -> None:
        """Make the file.

        Raises:
            LogRefused: there is one already, or no such folder.
            OSError: it cannot be written.
        """
        _check(path)
        if path.suffix.lower() != CSVLogger.EXTENSION:
            raise LogRefused(f"{path} does not end with {CSVLogger.EXTENSION}; name it so")
        self.path = path
        self._logger = CSVLogger(path.parent, path.name)
        self._logger.define_columns(
            CSVLogger.ColumnDescriptor(name, name.rpartition("/")[2], name) for name in definitions
        )
        self._logger.start()

    def write(self, updates: Sequence[ValueUpdate]) -> None:
        self._logger.write(updates)

    def flush(self) -> None:
        self._logger.flush()

    def close(self) -> None:
        self._logger.stop()


class JsonLinesSink:
    """An object for each update, in a line."""

    def __init__(self, path: Path, definitions: Definitions) -> None:
        """Make the file; raises as that of CsvSink."""
        _check(path)
        self.path = path
        self._definitions = definitions
        self._file: TextIO = path.open("x", encoding="utf-8", newline="\n")

    def write(self, updates: Sequence[ValueUpdate]) -> None:
        self._file.writelines(f"{update_json(each, self._definitions)}\n" for each in updates)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _check(path: Path) -> None:
    if path.exists():
        raise LogRefused(f"{path} is there already; name another file, or remove it")
    if not path.parent.is_dir():
        raise LogRefused(f"{path} cannot be written: there is no folder {path.parent}")
