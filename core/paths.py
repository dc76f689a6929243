"""Paths of watchables: segments separated by ``/``.

Source: client API, section 5.1.
"""

from __future__ import annotations


def normalize_path(path: str) -> str:
    """Return the canonical form: one leading slash, no trailing slash, no empty segment."""
    return "/" + "/".join(segment for segment in path.split("/") if segment)
