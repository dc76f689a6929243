"""What needs POSIX is imported where there is POSIX only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = sorted(path.name for path in (ROOT / "scrutiny").iterdir() if path.is_symlink())
# Which others import when they are not on Windows.
POSIX_ONLY = {
    "scrutiny.firmware_link.simulator.pty_port",
    "scrutiny.firmware_link.transports.serial_posix",
}


def modules_in(folder: Path, package: str) -> list[str]:
    """Return the modules of a package, without those that are programs."""
    names: list[str] = []
    for path in sorted(folder.rglob("*.py")):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        if parts[-1] != "__main__":
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


def problems_on_windows(modules: list[str]) -> dict[str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.as_on_windows", *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert result.returncode == 0, result.stderr
    problems: dict[str, str] = json.loads(result.stdout)
    return problems


def test_components_are_imported_without_posix() -> None:
    modules = [
        name
        for component in COMPONENTS
        for name in modules_in(ROOT / component, f"scrutiny.{component}")
    ]

    problems = problems_on_windows(modules)

    assert set(problems) == POSIX_ONLY, problems
    assert len(modules) > 200  # that it has looked at all


def test_tests_are_collected_without_posix() -> None:
    modules = modules_in(ROOT / "tests", "tests")
    modules.remove("tests.support.as_on_windows")

    assert problems_on_windows(modules) == {}
