"""Small firmware descriptions, written by hand: the worked example and variations of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Final

# As the simulated motor reports itself.
ENDIANNESS: Final = "little"

ARRAY: Final = {"/global/car/wheels/wheels": {"dims": [4], "byte_size": 12}}
TEMPERATURES: Final = {
    **ARRAY,
    "/global/car/wheels/wheels/temp/temp": {"dims": [2, 3], "byte_size": 1},
}


def car_map(base: int = 0x20000100, **extra: Any) -> dict[str, Any]:
    """Return a symbol map: scalar, enum, bit fields, arrays, a pointer and what it points to.

    Args:
        base: address of the car; the pointer is 256 behind it.
        extra: top-level keys to replace.
    """
    return {
        "endianness": ENDIANNESS,
        "char_bit": 8,
        "type_map": {
            "0": {"name": "unsigned char", "type": "uint8"},
            "1": {"name": "float", "type": "float32"},
            "2": {"name": "short unsigned int", "type": "uint16"},
            "3": {"name": "signed char", "type": "sint8"},
            "4": {"name": "ptr32", "type": "ptr32"},
        },
        "enums": {"0": {"name": "Gear", "values": {"Park": 0, "Drive": 7}}},
        "variables": {
            "/global/car/gear": {"type_id": "0", "addr": base, "enum": 0},
            "/global/car/speed": {"type_id": "1", "addr": base + 64},
            "/global/car/brake": {"type_id": "2", "addr": base + 8, "bitoffset": 0, "bitsize": 10},
            "/global/car/wheels/wheels/rpm": {
                "type_id": "1",
                "addr": base + 4,
                "array_segments": ARRAY,
            },
            "/global/car/wheels/wheels/temp/temp": {
                "type_id": "3",
                "addr": base + 10,
                "array_segments": TEMPERATURES,
            },
            "/static/garage.cpp/current": {"type_id": "4", "addr": base + 256},
            "/static/garage.cpp/*current/gear": {
                "type_id": "0",
                "enum": 0,
                "pointer": {"path": "/static/garage.cpp/current", "offset": 0},
            },
        },
        **extra,
    }


CAR_ALIASES: Final[dict[str, Any]] = {
    "/Vehicle/Speed": {"target": "/global/car/speed", "gain": 0.5, "offset": 2, "max": 250},
    "/Vehicle/Front": {"target": "/global/car/wheels/wheels[0]/rpm"},
    "/Vehicle/Gear": {"target": "/global/car/gear", "enum": {"name": "G", "values": {"D": 7}}},
}


def large_map(leaf_count: int) -> dict[str, Any]:
    """Return a symbol map with so many variables."""
    return car_map(
        variables={
            f"/global/unit{i // 100}/value{i}": {"type_id": "1", "addr": 0x20000000 + 4 * i}
            for i in range(leaf_count)
        }
    )


def write_package(
    target: Path,
    firmware_id: str,
    variable_map: dict[str, Any] | str | None = None,
    aliases: dict[str, Any] | str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write a description file; a map or aliases in text form are written as they are."""
    target.parent.mkdir(parents=True, exist_ok=True)
    variable_map = car_map() if variable_map is None else variable_map
    members = {
        "firmwareid": firmware_id,
        "metadata.json": json.dumps({"project_name": "Car"} if metadata is None else metadata),
        "varmap.json": variable_map if isinstance(variable_map, str) else json.dumps(variable_map),
        "alias.json": aliases if isinstance(aliases, str) else json.dumps(aliases or {}),
    }
    draft = target.with_name(f".{target.name}.draft")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return draft.replace(target)
