"""The rules that tag and package a firmware after linking, for make and for CMake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from scrutiny.core.firmware_id import PLACEHOLDER
from tests.support.example_board import ROOT, CannotBuild, build_board, description_of
from tests.support.missing_tools import cannot_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes programs for Linux")

MAIN: Final = """
#include <scrutiny/scrutiny.h>
int seen;
static int hidden_from_users;
int main(int argc, char **argv) {
    (void)argv;
    hidden_from_users = argc;
    return scrutiny_firmware_id[0] == 0 ? seen : hidden_from_users;
}
"""

CMAKE: Final = """
cmake_minimum_required(VERSION 3.16)
project(pump VERSION 3.1 LANGUAGES C)
add_subdirectory({firmware} scrutiny)
add_executable(pump_firmware main.c)
target_compile_options(pump_firmware PRIVATE -g -fno-pie)
target_link_libraries(pump_firmware PRIVATE scrutiny -no-pie)
include({firmware}/cmake/scrutiny.cmake)
scrutiny_postbuild(pump_firmware {options}
  SCRUTINY_CMD {python} -m scrutiny.cli.main
  METADATA_AUTHOR "Q. A."
  ALIAS_FILES aliases.json
  PATH_IGNORE_PATTERNS "*hidden*"
  WORK_FOLDER products
  SFD_OUTPUT description
  TAGGED_EXECUTABLE_OUTPUT tagged)
file(WRITE ${{CMAKE_BINARY_DIR}}/outputs.txt "${{description}}")
"""


def identifier_of(description: Path) -> bytes:
    with zipfile.ZipFile(description) as archive:
        return bytes.fromhex(archive.read("firmwareid").decode())


def check_tagged(program: Path, description: Path) -> None:
    content = program.read_bytes()
    assert identifier_of(description) in content
    assert PLACEHOLDER not in content
    assert os.access(program, os.X_OK)


def test_the_example_is_tagged_and_packaged_by_make(tmp_path: Path) -> None:
    try:
        program = build_board(tmp_path, described=True)
    except CannotBuild as reason:
        cannot_run(f"{reason}")

    check_tagged(program, description_of(program))
    with zipfile.ZipFile(description_of(program)) as archive:
        variables = json.loads(archive.read("varmap.json"))["variables"]
        aliases = json.loads(archive.read("alias.json"))
    assert "/global/motor_speed_rpm" in variables
    assert "/global/*statistics_focus/mean" in variables
    assert "/static/motor.c/integral_v" in variables
    assert aliases["/motor/drive [%]"]["target"] == "/global/motor_drive_permille"


@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "a copy"])
def test_cmake_function_tags_and_packages_a_target(tmp_path: Path, *, in_place: bool) -> None:
    if shutil.which("cmake") is None:
        cannot_run("cmake not found")
    options = "" if in_place else "TAGGED_EXECUTABLE_NAME pump.elf"
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "aliases.json").write_text('{"/pump/seen": {"target": "/global/seen"}}')
    (tmp_path / "CMakeLists.txt").write_text(
        CMAKE.format(firmware=ROOT / "firmware", python=sys.executable, options=options)
    )
    build = tmp_path / "build"

    for command in (
        ["cmake", "-S", str(tmp_path), "-B", str(build)],
        ["cmake", "--build", str(build)],
    ):
        result = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr

    description = Path((build / "outputs.txt").read_text())
    assert description == build / "products" / "pump_firmware.sfd"
    linked = build / "pump_firmware"
    check_tagged(linked if in_place else build / "products" / "pump.elf", description)
    assert (PLACEHOLDER in linked.read_bytes()) is not in_place
    with zipfile.ZipFile(description) as archive:
        metadata = json.loads(archive.read("metadata.json"))
        variables = json.loads(archive.read("varmap.json"))["variables"]
    assert metadata["project_name"] == "pump_firmware"
    assert (metadata["version"], metadata["author"]) == ("3.1", "Q. A.")
    assert "/global/seen" in variables
    assert not [path for path in variables if "hidden" in path]
