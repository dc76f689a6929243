"""Where a capture goes: files of numbers, a picture, text for other programs."""

from __future__ import annotations

import csv
import importlib
import io
import json
import math
import os
import warnings
from pathlib import Path
from typing import Any, Final

from scrutiny.core.acquisition_csv import TextSink
from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.data_series import DataSeries
from scrutiny.sfd.atomic_files import replacing

from ..text_files import STANDARD_OUTPUT, write_text
from .errors import CaptureRefused

_DOTS_PER_INCH: Final = 110


def check_file(name: str) -> None:
    """Let the name of a file pass that can be written, before something is recorded for it.

    Raises:
        CaptureRefused: it cannot.
    """
    if name == STANDARD_OUTPUT:
        return
    path = Path(name)
    if path.is_dir():
        raise CaptureRefused(f"{name} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise CaptureRefused(f"{name} cannot be written: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CaptureRefused(f"{name} cannot be written: permission denied")


def check_pictures() -> None:
    """Return if pictures can be made.

    Raises:
        CaptureRefused: they cannot; the text says what to install.
    """
    try:
        importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise CaptureRefused(
            f"pictures need matplotlib ({error}): pip install 'scrutiny-bridge[analysis]'; a CSV "
            "file, and the plot in the terminal, do without"
        ) from None


def write_csv_file(acquisition: DataloggingAcquisition, target: str) -> None:
    """Write the samples as CSV, to a file or to standard output (``-``).

    Raises:
        OSError: the file cannot be written.
    """

    def write(stream: TextSink) -> None:
        acquisition.write_csv(csv.writer(stream, lineterminator="\r\n"))

    write_text(target, write)


def write_picture(acquisition: DataloggingAcquisition, target: str) -> None:
    """Write a picture as PNG.

    Raises:
        OSError: the file cannot be written.
    """
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font lacks are not worth a text
        figure = acquisition.plot()
        figure.savefig(picture, format="png", dpi=_DOTS_PER_INCH)  # pyright: ignore[reportUnknownMemberType]
    with replacing(Path(target)) as stream:
        stream.write(picture.getvalue())


def as_json(acquisition: DataloggingAcquisition) -> str:
    """Return all of it as one line of JSON; numbers that are not finite are text, as "nan"."""
    content = {
        "reference_id": acquisition.reference_id,
        "name": acquisition.name or "",
        "firmware_id": acquisition.firmware_id,
        "firmware_name": acquisition.firmware_name,
        "time": acquisition.acq_time.isoformat(),
        "trigger_index": acquisition.trigger_index,
        "x": _series(acquisition.xdata),
        "signals": [
            {"axis": entry.axis.name, **_series(entry.series)} for entry in acquisition.ydata
        ],
    }
    return json.dumps(content, allow_nan=False)


def _series(series: DataSeries) -> dict[str, Any]:
    watchable = series.logged_watchable
    return {
        "name": series.name,
        "path": None if watchable is None else watchable.path,
        "data": [sample if math.isfinite(sample) else f"{sample}" for sample in series.to_list()],
    }
