"""Tests that are told by file and name, in tables of what they prove."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]


def exists(test: str) -> bool:
    """Tell whether there is a test; ``test`` is like ``unit/core/test_types.py::test_sizes``."""
    file, _, name = test.partition("::")
    return name in _tests_of(TESTS / file)


@cache
def _tests_of(file: Path) -> frozenset[str]:
    """Return the names of what pytest collects in a file, which has to exist."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return frozenset(name for name in names if name.startswith("test_"))
