"""The JSON form of the symbol map, as the peer writes and reads it.

Source: firmware description, sections 2.3 to 2.9.
"""

from __future__ import annotations

from .variable_map_reading import read_variable_map
from .variable_map_writing import write_variable_map

__all__ = ["read_variable_map", "write_variable_map"]
