"""The database of the stock server, from which acquisitions are taken over.

Whatever is in it has to make sense: it may be damaged, or made by hand. Source: firmware
description, section 7.1.
"""

from __future__ import annotations

import math
import sqlite3
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from scrutiny.core.datalogging import (
    SAMPLE_SIZE,
    UNNAMED,
    X_AXIS_ID,
    Acquisition,
    Axis,
    LoggedKind,
    Series,
)
from scrutiny.core.firmware_id import parse_firmware_id

from .errors import ImportFailed
from .sqlite_file import SAMPLES_MAX
from .stored_acquisition import AXES_MAX, SERIES_MAX, Damage, check_size, decompress

# Columns by table. Those with a value are missing in some versions, which then have that value.
_COLUMNS: Final[Mapping[str, Mapping[str, str | None]]] = {
    "acquisitions": {
        "id": None,
        "reference_id": None,
        "firmware_id": None,
        "firmware_name": "NULL",
        "name": "NULL",
        "timestamp": None,
        "trigger_index": "NULL",
    },
    "axis": {"id": None, "acquisition_id": None, "axis_id": None, "is_xaxis": None, "name": "NULL"},
    "dataseries": {
        "id": None,
        "axis_id": None,
        "position": "id",
        "name": "NULL",
        "logged_watchable": "NULL",
        "logged_watchable_type": "NULL",
        "data": None,
    },
}
TABLES: Final = frozenset(_COLUMNS)

_KINDS: Final[Mapping[object, LoggedKind]] = {"var": "var", "alias": "alias", "rpv": "rpv"}


class PeerDatabase:
    """Reads acquisitions of the stock server; everything is called within a transaction.

    Args:
        connection: of a copy.

    Raises:
        ImportFailed: it has not the tables of one.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns = {table: _columns(connection, table) for table in _COLUMNS}

    def read(self, row_id: int) -> Acquisition:
        """Return the acquisition of a row.

        Raises:
            Damage: it makes no sense.
        """
        row = self._connection.execute(
            f"SELECT {self._columns['acquisitions']} FROM acquisitions WHERE id = ?", (row_id,)
        ).fetchone()
        if row is None:
            raise Damage("its row is gone")
        _, reference_id, firmware_id, firmware_name, name, time_s, trigger_index = row
        axes = self._axes(row_id)
        try:
            x, series = self._all_series(row_id, axes)
            return Acquisition(
                reference_id=_identifier(reference_id),
                firmware_id=_identifier(firmware_id),
                firmware_name=_text(firmware_name) or None,
                name=_text(name),
                time_s=_time_s(time_s),
                trigger_index=_trigger_index(trigger_index, len(x.samples)),
                axes=tuple(axis for axis in axes.values() if axis.axis_id != X_AXIS_ID),
                x=x,
                series=series,
            )
        except (ValueError, TypeError, LookupError) as error:
            raise Damage(f"{error}") from error

    def _axes(self, row_id: int) -> dict[int, Axis]:
        """Return the axes by the numbers of their rows, the x axis as `X_AXIS_ID`."""
        rows = self._connection.execute(
            f"SELECT {self._columns['axis']} FROM axis "
            "WHERE acquisition_id = ? ORDER BY id LIMIT ?",
            (row_id, AXES_MAX + 1),
        )
        axes: dict[int, Axis] = {}
        for axis_row_id, _, axis_id, is_x, name in rows:
            if not isinstance(axis_id, int):
                raise Damage(f"an axis has the number {axis_id!r:.60}")
            axes[axis_row_id] = Axis(X_AXIS_ID if is_x else axis_id, _text(name))
        return axes

    def _all_series(
        self, row_id: int, axes: Mapping[int, Axis]
    ) -> tuple[Series, tuple[Series, ...]]:
        """Return the x axis and what is drawn over it, in the order of positions."""
        rows = self._connection.execute(
            f"SELECT {self._columns['dataseries'].partition(', data')[0]} FROM dataseries "
            "WHERE axis_id IN (SELECT id FROM axis WHERE acquisition_id = ?) "
            "ORDER BY 3, 1 LIMIT ?",
            (row_id, SERIES_MAX + 1),
        ).fetchall()
        check_size(len(rows), 0, len(axes))
        xs = [row for row in rows if axes[row[1]].axis_id == X_AXIS_ID]
        if len(xs) != 1:
            raise Damage(f"it has {len(xs)} series for the x axis")
        x = self._series(xs[0], axes, SAMPLES_MAX // len(rows))
        others = (row for row in rows if row != xs[0])
        return x, tuple(self._series(row, axes, len(x.samples)) for row in others)

    def _series(self, row: Sequence[Any], axes: Mapping[int, Axis], count_max: int) -> Series:
        row_id, axis_row_id, _, name, path, kind = row
        axis = axes[axis_row_id]
        otherwise = axis.name if axis.axis_id == X_AXIS_ID else ""
        is_known = isinstance(path, str) and kind in _KINDS
        (blob,) = self._connection.execute(
            "SELECT data FROM dataseries WHERE id = ?", (row_id,)
        ).fetchone()
        return Series(
            name=_text(name) or otherwise or UNNAMED,
            axis_id=axis.axis_id,
            samples=_samples(blob, count_max),
            path=path if is_known else None,
            kind=_KINDS[kind] if is_known else None,
        )


def _columns(connection: sqlite3.Connection, table: str) -> str:
    """Return what to select from a table.

    Raises:
        ImportFailed: it is not there, no plain table, or lacks a column.
    """
    is_plain = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? AND rootpage > 0", (table,)
    ).fetchone()
    if not is_plain:
        raise ImportFailed(f"it has no table {table}")
    # Columns that are computed, which may take any amount of work, are not in this list.
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    selected: list[str] = []
    for column, otherwise in _COLUMNS[table].items():
        if column in present:
            selected.append(column)
        elif otherwise is not None:
            selected.append(otherwise)
        else:
            raise ImportFailed(f"its table {table} has no column {column}")
    return ", ".join(selected)


def _samples(blob: object, count_max: int) -> array[float]:
    if not isinstance(blob, bytes):
        raise Damage("samples are missing")
    octets = decompress(blob, count_max * SAMPLE_SIZE)
    samples = array("d")
    samples.frombytes(octets)  # raises ValueError, if the last one is not whole
    if sys.byteorder == "little":
        samples.byteswap()
    return samples


def _identifier(value: object) -> str:
    identifier = parse_firmware_id(value) if isinstance(value, str) else None
    if identifier is None:
        raise Damage(f"an identifier has 32 hexadecimal digits, not {value!r:.60}")
    return identifier


def _text(value: object) -> str:
    return "" if value is None else f"{value}"


def _time_s(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise Damage(f"its time is {value!r:.60}")
    return float(value)


def _trigger_index(value: object, point_count: int) -> int | None:
    """Return the index if it is one; acquisitions without are as good as others."""
    return value if isinstance(value, int) and 0 <= value < point_count else None
