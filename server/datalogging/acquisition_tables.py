"""Statements on the tables of acquisitions, each to be run within a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from scrutiny.core.datalogging import X_AXIS_ID, Acquisition, AcquisitionSummary

from .sqlite_file import is_damage
from .stored_acquisition import (
    AXES_MAX,
    SERIES_MAX,
    AcquisitionRow,
    AxisRow,
    Damage,
    Rows,
    SeriesRow,
    from_rows,
)

_ACQUISITION: Final = ", ".join(AcquisitionRow._fields)
_AXIS: Final = ", ".join(AxisRow._fields)
_SERIES: Final = ", ".join(SeriesRow._fields)
# A damaged file may have values of other types than its columns.
_SUMMARY: Final = """\
    id, CAST(reference_id AS TEXT), CAST(firmware_id AS TEXT), CAST(firmware_name AS TEXT),
    CAST(coalesce(name, '') AS TEXT), CAST(coalesce(time_us, 0) AS INTEGER),
    CAST(coalesce(point_count, 0) AS INTEGER)"""

_INTEGERS: Final = range(-(1 << 63), 1 << 63)  # those that SQLite has


def row_id_of(connection: sqlite3.Connection, reference_id: str) -> int | None:
    """Return the number of an acquisition's row; None if there is none."""
    row = connection.execute(
        "SELECT id FROM acquisition WHERE reference_id = ?", (reference_id,)
    ).fetchone()
    return None if row is None else int(row[0])


def free_time_us(connection: sqlite3.Connection, time_us: int) -> int:
    """Return this time, or the next one that no acquisition has."""
    for (taken_us,) in connection.execute(
        "SELECT time_us FROM acquisition WHERE time_us >= ? ORDER BY time_us", (time_us,)
    ):
        if taken_us != time_us:
            break
        time_us += 1
    return time_us


def insert(connection: sqlite3.Connection, rows: Rows) -> None:
    """Store an acquisition; its reference id and its time have to be free."""
    row_id = connection.execute(
        f"INSERT INTO acquisition ({_ACQUISITION}) VALUES ({_marks(rows.acquisition)})",
        rows.acquisition,
    ).lastrowid
    for table, columns, parts in (("axis", _AXIS, rows.axes), ("series", _SERIES, rows.series)):
        for part in parts:
            connection.execute(
                f"INSERT INTO {table} (acquisition_id, {columns}) VALUES (?, {_marks(part)})",
                (row_id, *part),
            )


def read(
    connection: sqlite3.Connection, row_id: int, series_row_ids: Iterable[int] | None = None
) -> Acquisition:
    """Return the acquisition of a row.

    Args:
        connection: of the database.
        row_id: of the acquisition.
        series_row_ids: of its series, in their order, if the index is not to be relied on.

    Raises:
        Damage: it is not as it was stored.
    """
    try:
        row = connection.execute(
            f"SELECT {_ACQUISITION} FROM acquisition WHERE id = ?", (row_id,)
        ).fetchone()
        if row is None:
            raise Damage("its row is gone")
        axes = connection.execute(
            f"SELECT {_AXIS} FROM axis WHERE acquisition_id = ? ORDER BY position LIMIT ?",
            (row_id, AXES_MAX + 1),
        )
        series = _series_rows(connection, row_id, series_row_ids)
        return from_rows(AcquisitionRow._make(row), map(AxisRow._make, axes), series)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        raise Damage(f"{error}") from error


def summaries(
    connection: sqlite3.Connection, conditions: Mapping[str, str | int], count: int
) -> list[AcquisitionSummary]:
    """List acquisitions that meet all conditions, newest first.

    Args:
        connection: of the database.
        conditions: values by SQL conditions that compare with them, as ``time_us < ?``.
        count: at most so many.
    """
    rows = connection.execute(
        f"SELECT {_SUMMARY} FROM acquisition WHERE {' AND '.join(conditions) or 'TRUE'} "
        "ORDER BY time_us DESC LIMIT ?",
        (*conditions.values(), count),
    ).fetchall()
    return [
        AcquisitionSummary(
            reference_id=reference_id,
            firmware_id=firmware_id,
            firmware_name=firmware_name,
            name=name,
            time_s=time_us / 1e6,
            point_count=point_count,
            signals=_signals(connection, row_id),
        )
        for row_id, reference_id, firmware_id, firmware_name, name, time_us, point_count in rows
    ]


def rename_axis(connection: sqlite3.Connection, row_id: int, axis_id: int, name: str) -> bool:
    """Give an axis another name; False if there is no such axis."""
    if axis_id not in _INTEGERS:
        return False
    if axis_id == X_AXIS_ID:
        statement = "UPDATE series SET name = ? WHERE acquisition_id = ? AND position = 0"
        return connection.execute(statement, (name, row_id)).rowcount == 1
    statement = "UPDATE axis SET name = ? WHERE acquisition_id = ? AND axis_id = ?"
    return connection.execute(statement, (name, row_id, axis_id)).rowcount == 1


def _series_rows(
    connection: sqlite3.Connection, row_id: int, series_row_ids: Iterable[int] | None
) -> Iterator[SeriesRow]:
    """Return series one by one, because they may be much larger than they claim to be."""
    if series_row_ids is None:
        rows = connection.execute(
            f"SELECT {_SERIES} FROM series WHERE acquisition_id = ? ORDER BY position LIMIT ?",
            (row_id, SERIES_MAX + 1),
        )
        yield from map(SeriesRow._make, rows)
        return
    for series_row_id in series_row_ids:
        yield SeriesRow._make(
            connection.execute(
                f"SELECT {_SERIES} FROM series WHERE id = ?", (series_row_id,)
            ).fetchone()
        )


def _signals(connection: sqlite3.Connection, row_id: int) -> tuple[str, ...]:
    names = connection.execute(
        "SELECT CAST(coalesce(name, '') AS TEXT) FROM series "
        "WHERE acquisition_id = ? AND position > 0 ORDER BY position LIMIT ?",
        (row_id, SERIES_MAX),
    )
    return tuple(name for (name,) in names)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
