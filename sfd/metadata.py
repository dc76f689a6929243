"""What a description says about its project and its making, for display only.

Source: firmware description, section 2.2.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from typing import Any, Final, cast

from scrutiny import __version__

_TEXTS: Final = ("project_name", "author", "version")
_TEXTS_OF_GENERATION: Final = ("python_version", "scrutiny_version", "system_type")


def read_metadata(document: object) -> dict[str, Any]:
    """Return what is known and has the right type; the rest counts as absent."""
    if not isinstance(document, dict):
        return {}
    source = cast("Mapping[str, object]", document)
    metadata: dict[str, Any] = _texts(source, _TEXTS)
    generation = source.get("generation_info")
    if isinstance(generation, dict):
        metadata["generation_info"] = _read_generation(cast("Mapping[str, object]", generation))
    return metadata


def make_metadata(
    project_name: str | None = None, author: str | None = None, version: str | None = None
) -> dict[str, Any]:
    """Return the metadata of a description that is made now, by this program.

    The environment variable SOURCE_DATE_EPOCH replaces the time: builds can be repeated exactly.
    """
    given = {"project_name": project_name, "author": author, "version": version}
    return {key: text for key, text in given.items() if text is not None} | {
        "generation_info": {
            "time": _now_s(),
            "python_version": platform.python_version(),
            "scrutiny_version": __version__,
            "system_type": platform.system(),
        }
    }


def _now_s() -> int:
    chosen = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(chosen) if chosen.isascii() and chosen.isdigit() else int(time.time())


def _read_generation(source: Mapping[str, object]) -> dict[str, Any]:
    generation: dict[str, Any] = _texts(source, _TEXTS_OF_GENERATION)
    seconds = source.get("time")
    if isinstance(seconds, int) and not isinstance(seconds, bool):
        generation["time"] = seconds
    return generation


def _texts(source: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: source[key] for key in keys if isinstance(source.get(key), str)}
