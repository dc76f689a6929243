"""A recording of the datalogger: series of samples over one X axis."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scrutiny.core import datalogging as core
from scrutiny.core.acquisition_csv import ENCODING, CsvWriter, write_csv, write_csv_text

from ._acquisition_html import acquisition_html
from ._arguments import check_int, check_str
from ._samples import INSTALL_HINT, from_numbers
from .data_series import AxisDefinition, DataSeries, DataSeriesWithAxis

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


class DataloggingAcquisition:
    """One recording.

    In a notebook it shows itself as a plot, if matplotlib is installed, else as a table.

    Attributes:
        reference_id: its name on the server, 32 hexadecimal digits.
        firmware_id: of the device it comes from, 32 hexadecimal digits.
        firmware_name: project and version, None if they were not known.
        name: given by a user; may be empty.
        acq_time: when it was complete; local time, without time zone, in microseconds.
        xdata: over which the series are drawn: an index, a time in seconds, or a signal.
        ydata: the series, each with its axis; all are as long as ``xdata``.
        trigger_index: of the sample at which the trigger fired; None if it is not known.

    Args:
        firmware_id: As above.
        reference_id: As above; None makes a new one.
        acq_time: As above; None is now.
        name: As above.
        firmware_name: As above.
    """

    def __init__(
        self,
        firmware_id: str,
        reference_id: str | None = None,
        acq_time: datetime | None = None,
        name: str | None = None,
        firmware_name: str | None = None,
    ) -> None:
        self.firmware_id: str = check_str("firmware_id", firmware_id)
        self.reference_id: str = self.make_unique_id() if reference_id is None else reference_id
        self.acq_time: datetime = datetime.now() if acq_time is None else acq_time
        self.name = name
        self.firmware_name = firmware_name
        self.xdata: DataSeries = DataSeries()
        self.ydata: list[DataSeriesWithAxis] = []
        self.trigger_index: int | None = None

    @classmethod
    def make_unique_id(cls) -> str:
        """Return a reference id that no other acquisition has."""
        return core.new_reference_id()

    # ----------------------------------------------------------------- content

    def get_data(self) -> list[DataSeriesWithAxis]:
        """Return :attr:`ydata`."""
        return self.ydata

    def get_unique_yaxis_list(self) -> list[AxisDefinition]:
        """Return the Y axes that have series, each once, by their ids."""
        return sorted({entry.axis for entry in self.ydata}, key=lambda axis: axis.axis_id)

    def find_axis_for_dataseries(self, ds: DataSeries) -> AxisDefinition:
        """Return the Y axis of one of the series.

        Raises:
            LookupError: it is none of the series of :attr:`ydata`.
        """
        for entry in self.ydata:
            if entry.series is ds:
                return entry.axis
        raise LookupError(f"{ds!r} is not in this acquisition")

    # ----------------------------------------------------------------- construction

    def set_xdata(self, xdata: DataSeries) -> None:
        """Replace what the series are drawn over."""
        if not isinstance(xdata, DataSeries):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"xdata is a DataSeries, not {xdata!r}")
        self.xdata = xdata

    def add_data(self, dataseries: DataSeries, axis: AxisDefinition) -> None:
        """Add a series, to be drawn on a Y axis."""
        if not isinstance(dataseries, DataSeries):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"dataseries is a DataSeries, not {dataseries!r}")
        if not isinstance(axis, AxisDefinition):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"axis is an AxisDefinition, not {axis!r}")
        self.ydata.append(DataSeriesWithAxis(dataseries, axis))

    def set_trigger_index(self, val: int | None) -> None:
        """Tell at which sample the trigger fired; None if it is not known."""
        self.trigger_index = None if val is None else check_int("trigger index", val, 0)

    # ----------------------------------------------------------------- files

    def to_csv(self, filename: str | os.PathLike[str]) -> None:
        """Write it to a file, as ``scrutiny export-datalog --csv`` does; an old one is replaced.

        Some lines tell what it is; after an empty one follow the names of the columns and one line
        per sample. ``Trigger`` is 0 before the trigger and 1 from it on.

        Raises:
            OSError: the file cannot be written.
            ValueError: a series is not as long as ``xdata``.
        """
        recording = self._recording()  # before the old file is gone
        with Path(filename).open("w", encoding=ENCODING, newline="") as file:
            write_csv_text(recording, file)

    def write_csv(self, csv_writer: CsvWriter) -> None:
        """Write the same rows to what ``csv.writer`` returned, in its dialect.

        Raises:
            ValueError: a series is not as long as ``xdata``.
        """
        write_csv(self._recording(), csv_writer)

    def _recording(self) -> core.Acquisition:
        """Return it as the value object that all components share; axes play no part in files."""
        self._check_lengths()
        return core.Acquisition(
            reference_id=self.reference_id,
            firmware_id=self.firmware_id,
            firmware_name=self.firmware_name,
            name=self.name or "",
            time_s=self.acq_time.timestamp(),
            trigger_index=self.trigger_index,
            axes=(core.Axis(0, ""),),
            x=core.Series(self.xdata.name, core.X_AXIS_ID, from_numbers(self.xdata.data)),
            series=tuple(
                core.Series(entry.series.name, 0, from_numbers(entry.series.data))
                for entry in self.ydata
            ),
        )

    # ----------------------------------------------------------------- analysis

    def to_dataframe(self) -> DataFrame:
        """Return a table for pandas.

        Returns:
            A row per sample; the index is the X axis, and named like it. A column per series, with
            its name; a name that is there already gets a number: ``speed``, ``speed (2)``. The
            types are those of the samples. ``attrs`` holds what else is known, as text and
            numbers: ``name``, ``reference_id``, ``firmware_id``, ``firmware_name``, ``acq_time``
            (ISO 8601), ``trigger_index``, and ``axes``, the name of the Y axis of each column.

        Raises:
            ImportError: pandas is not installed.
            ValueError: a series is not as long as ``xdata``.
        """
        try:
            from ._acquisition_frame import acquisition_frame
        except ImportError:
            raise ImportError(f"pandas is not installed: {INSTALL_HINT}") from None
        self._check_lengths()
        return acquisition_frame(self)

    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it with matplotlib: one diagram per Y axis, over a common X axis.

        A dashed line stands at the trigger.

        Args:
            figure: To draw into; with one of ``pyplot.figure()``, ``pyplot.show()`` opens a
                window. None makes one without ``pyplot``, for ``savefig()`` and notebooks.

        Returns:
            The figure.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: a series is not as long as ``xdata``.
        """
        try:
            from ._acquisition_plot import draw_acquisition
        except ImportError:
            raise ImportError(f"matplotlib is not installed: {INSTALL_HINT}") from None
        self._check_lengths()
        return draw_acquisition(self, figure)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        try:
            self._check_lengths()
            from ._acquisition_plot import picture_html
        except ValueError as error:
            return acquisition_html(self, f"No plot: {error}")
        except ImportError:
            return acquisition_html(self, f"For a plot: {INSTALL_HINT}")
        return picture_html(self)

    def _check_lengths(self) -> None:
        for entry in self.ydata:
            if len(entry.series) != len(self.xdata):
                raise ValueError(f"{entry.series!r} is not as long as {self.xdata!r}")

    def __repr__(self) -> str:
        return (
            f"<DataloggingAcquisition {self.name or self.reference_id!r}: "
            f"{len(self.ydata)} signals, {len(self.xdata)} samples>"
        )
