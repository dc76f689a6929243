"""A database as the stock server leaves it, made by hand."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

FIRMWARE_ID: Final = "00112233445566778899aabbccddeeff"
TIME_S: Final = 1772353800

# Names and types as the stock server 0.16.0 makes them; its database can be looked at with SQL.
SCHEMA: Final = """\
CREATE TABLE `acquisitions` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT,
    `reference_id` VARCHAR(32) UNIQUE NOT NULL,
    `name` VARCHAR(255) NULL DEFAULT NULL,
    `firmware_id` VARCHAR(32) NOT NULL,
    `firmware_name` VARCHAR(255) NULL,
    `timestamp` TIMESTAMP NOT NULL DEFAULT 'NOW()',
    `trigger_index` INTEGER NULL
);
CREATE TABLE `axis` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT,
    `acquisition_id` INTEGER NOT NULL,
    `axis_id` INTEGER NOT NULL,
    `is_xaxis` INTEGER NOT NULL,
    `name` VARCHAR(255)
);
CREATE TABLE `dataseries` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT,
    `name` VARCHAR(255),
    `logged_watchable` TEXT NULL,
    `logged_watchable_type` TEXT,
    `axis_id` INTEGER NULL,
    `position` INTEGER NOT NULL,
    `data` BLOB NOT NULL
);
CREATE INDEX `idx_axis_ref_axis_id` ON `axis` (`acquisition_id`, `axis_id`);
CREATE INDEX `idx_axis_acquisition_id` ON `axis` (`acquisition_id`);
CREATE INDEX `idx_dataseries_axis_id` ON `dataseries` (`axis_id`);
"""


def blob(values: Iterable[float]) -> bytes:
    """Return samples as the stock server stores them."""
    samples = list(values)
    return zlib.compress(struct.pack(f">{len(samples)}d", *samples))


class HandmadePeerDatabase:
    """Makes a database; each call is committed."""

    def __init__(self, file: Path, schema: str = SCHEMA) -> None:
        self.file = file
        self.connection = sqlite3.connect(file, isolation_level=None)
        self.connection.executescript(schema)

    def add(
        self,
        reference_id: str = "0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22",
        *,
        x: Sequence[float] = (0.0, 0.001),
        columns: Sequence[Sequence[float]] = ((1.25, 1.5), (2.0, 2.0)),
        **others: Any,
    ) -> int:
        """Add an acquisition with an axis per column; returns the number of its row."""
        row: dict[str, Any] = {
            "reference_id": reference_id,
            "name": "Startup",
            "firmware_id": FIRMWARE_ID,
            "firmware_name": "Pump controller V3.1",
            "timestamp": TIME_S,
            "trigger_index": 1,
            **others,
        }
        row_id = self.insert("acquisitions", row)
        axis = self.insert(
            "axis", {"acquisition_id": row_id, "axis_id": -1, "is_xaxis": 1, "name": "X-Axis"}
        )
        self.insert(
            "dataseries",
            {"name": "Time (ideal)", "axis_id": axis, "position": 0, "data": blob(x)},
        )
        for number, column in enumerate(columns):
            axis = self.insert(
                "axis",
                {
                    "acquisition_id": row_id,
                    "axis_id": number,
                    "is_xaxis": 0,
                    "name": f"axis {number}",
                },
            )
            self.insert(
                "dataseries",
                {
                    "name": f"y{number}",
                    "logged_watchable": f"/alias/y{number}",
                    "logged_watchable_type": "alias",
                    "axis_id": axis,
                    "position": number + 1,
                    "data": blob(column),
                },
            )
        return row_id

    def insert(self, table: str, row: dict[str, Any]) -> int:
        """Insert a row, and return its number."""
        marks = ", ".join("?" * len(row))
        cursor = self.connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def execute(self, statement: str, *values: Any) -> None:
        """Run any statement."""
        self.connection.execute(statement, values)

    def close(self) -> Path:
        """Close it, and return where it is."""
        self.connection.close()
        return self.file
