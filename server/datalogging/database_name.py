"""Where the acquisitions of a data folder are; a module without SQLite, which a Python may lack."""

from __future__ import annotations

from typing import Final

DATABASE_NAME: Final = "acquisitions.sqlite3"
