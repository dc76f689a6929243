"""An acquisition as a table for pandas. Import it where it is used: pandas may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from .acquisition import DataloggingAcquisition


def acquisition_frame(acquisition: DataloggingAcquisition) -> pd.DataFrame:
    """Return a row per sample and a column per series; all are as long as the X axis."""
    names = _unique_names([entry.series.name for entry in acquisition.ydata])
    columns: dict[str, np.ndarray[Any, Any]] = {
        name: entry.series.to_numpy() for name, entry in zip(names, acquisition.ydata, strict=True)
    }
    index = pd.Index(acquisition.xdata.to_numpy(), name=acquisition.xdata.name)
    frame = pd.DataFrame(columns, index=index)
    # Nothing but what JSON can hold: some file formats of pandas keep it as such.
    frame.attrs.update(
        name=acquisition.name or "",
        reference_id=acquisition.reference_id,
        firmware_id=acquisition.firmware_id,
        firmware_name=acquisition.firmware_name,
        acq_time=acquisition.acq_time.isoformat(),
        trigger_index=acquisition.trigger_index,
        axes={n: entry.axis.name for n, entry in zip(names, acquisition.ydata, strict=True)},
    )
    return frame


def _unique_names(names: list[str]) -> list[str]:
    """Number the names that are there already, and keep clear of those that look numbered."""
    taken: set[str] = set()
    unique: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken or (number > 1 and candidate in names):
            number += 1
            candidate = f"{name} ({number})"
        taken.add(candidate)
        unique.append(candidate)
    return unique
