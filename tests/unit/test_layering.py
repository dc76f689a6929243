"""Imports point downwards: a component uses only the components below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_USE: dict[str, set[str]] = {
    "core": set(),
    "api": {"core"},
    "firmware_link": {"core"},
    "sfd": {"core"},
    "sdk": {"core", "api"},
    "server": {"core", "api", "firmware_link", "sfd"},
    "cli": {"core", "api", "firmware_link", "sfd", "sdk", "server"},
}


def absolute_imports(component: str) -> Iterator[tuple[str, str]]:
    """Yield (where, dotted name) for each absolute import of a component."""
    for path in sorted((ROOT / component).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                yield from ((where, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                if node.module == "scrutiny":
                    yield from ((where, f"scrutiny.{alias.name}") for alias in node.names)
                else:
                    yield where, node.module


@pytest.mark.parametrize("component", sorted(MAY_USE))
def test_component_uses_only_what_is_below(component: str) -> None:
    wrong: list[str] = []
    for where, name in absolute_imports(component):
        first, *rest = name.split(".")
        if first in MAY_USE:
            wrong.append(f"{where}: {name} is spelt scrutiny.{name}, or relative inside {first}/")
        elif first == "scrutiny" and rest and rest[0] not in {*MAY_USE[component], "__version__"}:
            wrong.append(f"{where}: {component} may not use {name}")
    assert not wrong, "\n".join(wrong)


def test_the_table_knows_every_component() -> None:
    linked = {path.name for path in (ROOT / "scrutiny").iterdir() if path.is_symlink()}
    assert linked == set(MAY_USE)
