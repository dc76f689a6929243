"""The library builds without a warning as C99 and C++17, with each feature on and off."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
ONE_FILE = FIRMWARE / "scrutiny_all.c"
TEMPLATE = FIRMWARE / "port/template/scrutiny_board.c"
SOURCES = [*sorted((FIRMWARE / "src").glob("*.c")), TEMPLATE]

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
INCLUDES = [f"-I{FIRMWARE / 'include'}", f"-I{FIRMWARE / 'src'}", f"-I{FIRMWARE / 'port/template'}"]

FEATURES = (
    "MEMORY_WRITE",
    "SPECIAL_REGIONS",
    "PUBLISHED_VALUES",
    "USER_COMMAND",
    "LOOPS",
    "DATALOGGING",
    "64BIT",
    "COUNTERS",
)
VARIANTS: dict[str, list[str]] = {
    "defaults": [],
    **{f"without {name}": [f"-DSCRUTINY_ENABLE_{name}=0"] for name in FEATURES},
    "without any feature": [f"-DSCRUTINY_ENABLE_{name}=0" for name in FEATURES],
    "small CRC table": ["-DSCRUTINY_CRC_TABLE_SIZE=16"],
    "no CRC table": ["-DSCRUTINY_CRC_TABLE_SIZE=0"],
    "short addresses": ["-DSCRUTINY_ADDRESS_SIZE=2"],
    "ring index of one octet": ["-DSCRUTINY_RING_INDEX_TYPE=uint8_t"],
    "fence by a call": ["-DSCRUTINY_FENCE()=scrutiny_fence()"],
}
LANGUAGES = {"C99": ["-std=c99"], "C++17": ["-x", "c++", "-std=c++17"]}
COMPILERS = {
    ("gcc", "C99"): "gcc",
    ("gcc", "C++17"): "g++",
    ("clang", "C99"): "clang",
    ("clang", "C++17"): "clang++",
}
MAIN = """
#include "scrutiny_board.h"
int main(void) { scrutiny_board_init(); scrutiny_board_poll(); return 0; }
"""


BEFORE_EXAMPLE = """
#include <scrutiny/scrutiny.h>
static scrutiny_t scrutiny;
static void control(void) { }
"""


def tool(name: str, *, required: bool) -> str:
    found = shutil.which(name)
    if found is None:
        assert not (required and os.environ.get("CI")), f"{name} is needed"
        pytest.skip(f"needs {name}")
    return found


def run(command: list[str], folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_gcc_has_no_warning(tmp_path: Path, language: str, variant: str) -> None:
    compiler = tool(COMPILERS["gcc", language], required=True)
    flags = ["-fsyntax-only", *LANGUAGES[language], *WARNINGS, *INCLUDES, *VARIANTS[variant]]
    run([compiler, *flags, *map(str, SOURCES)], tmp_path)


@pytest.mark.parametrize("variant", ["defaults", "without any feature"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_gcc_builds_and_links(tmp_path: Path, language: str, variant: str) -> None:
    compiler = tool(COMPILERS["gcc", language], required=True)
    main = tmp_path / "main.c"
    main.write_text(MAIN)
    flags = [*LANGUAGES[language], *WARNINGS, *INCLUDES, *VARIANTS[variant]]
    run([compiler, *flags, *map(str, SOURCES), str(main), "-o", "program"], tmp_path)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_gcc_builds_it_as_one_file(tmp_path: Path, language: str, variant: str) -> None:
    compiler = tool(COMPILERS["gcc", language], required=True)
    main = tmp_path / "main.c"
    main.write_text(MAIN)
    flags = [*LANGUAGES[language], *WARNINGS, *INCLUDES, *VARIANTS[variant]]
    files = [ONE_FILE, FIRMWARE / "src" / "fence.c", TEMPLATE, main]
    run([compiler, *flags, *map(str, files), "-o", "program"], tmp_path)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_clang_has_no_warning(tmp_path: Path, language: str, variant: str) -> None:
    compiler = tool(COMPILERS["clang", language], required=False)
    flags = ["-fsyntax-only", *LANGUAGES[language], *WARNINGS, *INCLUDES, *VARIANTS[variant]]
    run([compiler, *flags, *map(str, SOURCES)], tmp_path)


@pytest.mark.parametrize("variant", ["defaults", "without 64BIT", "without any feature"])
@pytest.mark.parametrize(
    "compiler",
    ["avr-gcc -mmcu=atmega2560", "arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb"],
    ids=["AVR", "Cortex-M0"],
)
def test_builds_for_small_targets(tmp_path: Path, compiler: str, variant: str) -> None:
    name, *target = compiler.split()
    flags = ["-std=c99", "-Os", "-c", *target, *WARNINGS, *INCLUDES, *VARIANTS[variant]]
    run([tool(name, required=False), *flags, *map(str, SOURCES)], tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_example_of_the_readme_compiles(tmp_path: Path, language: str) -> None:
    blocks = re.findall(r"```c\n(.*?)```", (FIRMWARE / "README.md").read_text(), re.DOTALL)
    main = tmp_path / "main.c"
    main.write_text("\n".join([BEFORE_EXAMPLE, *blocks]))
    flags = [*LANGUAGES[language], *WARNINGS, *INCLUDES, "-c", str(main), "-o", "main.o"]
    assert len(blocks) == 1
    run([tool(COMPILERS["gcc", language], required=True), *flags], tmp_path)


def symbols(folder: Path, source: str, variant: str) -> str:
    compiler = tool("gcc", required=True)
    path = str(FIRMWARE / "src" / source)
    run([compiler, "-std=c99", "-c", *INCLUDES, *VARIANTS[variant], path, "-o", "a.o"], folder)
    command = [tool("nm", required=True), "a.o"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "source",
    [
        "datalogger.c",
        "datalog_setup.c",
        "encoder.c",
        "numbers.c",
        "operands.c",
        "trigger.c",
    ],
)
def test_code_of_a_disabled_feature_is_gone(tmp_path: Path, source: str) -> None:
    assert symbols(tmp_path, source, "defaults") != ""
    assert symbols(tmp_path, source, "without DATALOGGING") == ""


def test_firmware_id_placeholder_occurs_once_in_a_program(tmp_path: Path) -> None:
    compiler = tool("gcc", required=True)
    main = tmp_path / "main.c"
    main.write_text(MAIN)
    flags = ["-std=c99", "-O2", "-flto", "-ffunction-sections", "-Wl,--gc-sections", *INCLUDES]
    run([compiler, *flags, *map(str, SOURCES), str(main), "-o", "program"], tmp_path)
    placeholder = bytes.fromhex("a9dcc06528fd41fa7ce863d6aa94a708")
    assert (tmp_path / "program").read_bytes().count(placeholder) == 1


def test_fence_of_c11_is_used_where_there_are_no_gnu_extensions(tmp_path: Path) -> None:
    compiler = tool("gcc", required=True)
    flags = ["-std=c11", "-U__GNUC__", "-O2", "-c", *WARNINGS, *INCLUDES]
    run([compiler, *flags, str(FIRMWARE / "src" / "datalogger.c"), "-o", "a.o"], tmp_path)
    command = [tool("nm", required=True), "a.o"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "scrutiny_datalogger_run" in found
    assert "scrutiny_fence" not in found


def test_cmake_compiles_every_file() -> None:
    listed = re.findall(r"src/\w+\.c", (FIRMWARE / "CMakeLists.txt").read_text())
    assert listed == [f"src/{path.name}" for path in sorted((FIRMWARE / "src").glob("*.c"))]


def test_one_file_includes_every_file() -> None:
    included = re.findall(r"src/(\w+)\.c\"", ONE_FILE.read_text())
    assert included == [
        path.stem for path in SOURCES if path.parent.name == "src" and path.stem != "fence"
    ]


@pytest.mark.parametrize("one_file", ["ON", "OFF"])
def test_cmake_target(tmp_path: Path, one_file: str) -> None:
    cmake = tool("cmake", required=True)
    options = [
        "-DSCRUTINY_WARNINGS_AS_ERRORS=ON",
        "-DSCRUTINY_ENABLE_DATALOGGING=OFF",
        f"-DSCRUTINY_ONE_FILE={one_file}",
    ]
    run([cmake, "-S", str(FIRMWARE), "-B", str(tmp_path), *options], tmp_path)
    run([cmake, "--build", str(tmp_path)], tmp_path)
