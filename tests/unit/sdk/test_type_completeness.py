"""Everything that users of the SDK see has a type that needs no guessing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
OPTIONS = ("--ignoreexternal", "--verifytypes", "scrutiny.sdk")


@pytest.mark.skipif(importlib.util.find_spec("pyright") is None, reason="pyright is not installed")
def test_all_types_of_the_public_interface_are_known(tmp_path: Path) -> None:
    report = verify_types(tmp_path)

    incomplete = {
        symbol["name"]: [diagnostic["message"] for diagnostic in symbol["diagnostics"]]
        for symbol in report["symbols"]
        if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]
    }
    assert incomplete == {}
    assert report["completenessScore"] == 1
    assert "scrutiny.sdk.client" in {module["name"] for module in report["modules"]}


def verify_types(folder: Path) -> dict[str, Any]:
    """Let pyright look at the package as users install it: it does not follow our links."""
    environment = folder / "environment"
    venv.create(environment, symlinks=os.name != "nt")
    names = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", vars=names))
    shutil.copytree(ROOT / "scrutiny", packages / "scrutiny")
    others = sysconfig.get_path("purelib")
    (packages / "others.pth").write_text(others, encoding="utf-8")
    programs = sysconfig.get_path("scripts", vars=names)

    result = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", *OPTIONS],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(result.stdout)["typeCompleteness"]
    return report
