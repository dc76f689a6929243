"""A listener that writes CSV files."""

from __future__ import annotations

from pathlib import Path

from .base_listener import BaseListener
from .csv_logger import CSVConfig, CSVLogger
from .value_update import ValueUpdate

__all__ = ["CSVConfig", "CSVFileListener"]


class CSVFileListener(BaseListener):
    """Writes a row for each read of the device: local time, seconds since the first row, values.

    The columns are in the order of the paths. The last column tells which values are new. It may
    be started again: then it goes on in the same file, or with the next part.

    Args:
        folder: Where the files are; it has to exist.
        filename: Name of the file, without folders; ``.csv`` may be left out.
        lines_per_file: Begin another file, ``<filename>_<n>.csv``, after so many rows, at least
            100; None for one file.
        datetime_format: Of the column ``Datetime``, as of ``strftime``.
        convert_bool_to_int: Write 1 and 0 instead of True and False.
        file_part_0pad: How many digits ``n`` has at least, 0 to 20.
        csv_config: How it is written.
        name: For the log.
        queue_max_size: As of ``BaseListener``.

    Raises:
        ValueError: the file name is empty, or names a folder; a number is out of range.
        FileNotFoundError: there is no such folder.
        FileExistsError: there are parts of this name. A single file that exists lets
            :meth:`start` fail.
    """

    def __init__(
        self,
        folder: str | Path,
        filename: str,
        lines_per_file: int | None = None,
        datetime_format: str = "%Y-%m-%d %H:%M:%S.%f",
        convert_bool_to_int: bool = True,
        file_part_0pad: int = 4,
        csv_config: CSVConfig | None = None,
        name: str | None = None,
        queue_max_size: int = 1000,
    ) -> None:
        super().__init__(name, queue_max_size)
        self._csv = CSVLogger(
            folder,
            filename,
            lines_per_file=lines_per_file,
            datetime_format=datetime_format,
            convert_bool_to_int=convert_bool_to_int,
            file_part_0pad=file_part_0pad,
            csv_config=csv_config,
            logger=self._logger,
        )

    def setup(self) -> None:
        """Open the file."""
        self._csv.define_columns_from_handles(self.get_subscriptions())
        self._csv.start()

    def receive(self, updates: list[ValueUpdate]) -> None:
        """Write rows."""
        self._csv.write(updates)

    def process(self) -> None:
        """Let others see what was written."""
        self._csv.flush()

    def teardown(self) -> None:
        """Close the file."""
        self._csv.stop()
