"""The packaging tables, the links and the folders say the same thing."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS: dict[str, str] = {k: v for k, v in SETUPTOOLS["package-dir"].items() if k != "scrutiny"}


def test_every_package_on_disk_is_listed() -> None:
    found = {"scrutiny"}
    for package, folder in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            below = init.parent.relative_to(ROOT / folder).parts
            found.add(".".join((package, *below)))
    assert sorted(SETUPTOOLS["packages"]) == sorted(found)


def test_every_mapped_folder_has_a_link() -> None:
    for package, folder in FOLDERS.items():
        link = ROOT / "scrutiny" / package.removeprefix("scrutiny.")
        assert link.resolve() == ROOT / folder


def test_every_component_is_mapped() -> None:
    linked = {path.name for path in (ROOT / "scrutiny").iterdir() if path.is_symlink()}
    assert linked == set(FOLDERS.values())
