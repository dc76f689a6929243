"""The module for Zephyr and the task for FreeRTOS: they compile, and what they name is there.

Their kernels are not: tests/firmware/stubs has the declarations that are used, and
tests/firmware/kernels a few lines that do what they declare.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.frames import ResponseParser
from scrutiny.firmware_link.messages import AddressFormat, Connect, Discover
from tests.support.example_board import ROOT
from tests.support.missing_tools import cannot_run

FIRMWARE: Final = ROOT / "firmware"
ZEPHYR: Final = FIRMWARE / "zephyr"
SAMPLE: Final = ZEPHYR / "samples" / "look_inside"
KERNELS: Final = ROOT / "tests" / "firmware" / "kernels"
FORMAT: Final = AddressFormat(4)
STUBS: Final = ROOT / "tests" / "firmware" / "stubs"
WARNINGS: Final = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
SOURCES: Final = {
    "zephyr": SAMPLE / "src" / "main.c",
    "freertos": FIRMWARE / "examples" / "freertos" / "scrutiny_task.c",
}
COMPILERS: Final = (
    "gcc",
    "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb",
    "riscv64-unknown-elf-gcc -ffreestanding",  # Debian's has no C library
)

# What Zephyr's build does with the functions that the module calls, as far as that matters here.
BUILD_LIKE_ZEPHYR: Final = """
cmake_minimum_required(VERSION 3.16)
project(like_zephyr LANGUAGES C)
set(includes)
set(definitions)
macro(zephyr_include_directories)
    list(APPEND includes ${ARGN})
endmacro()
macro(zephyr_compile_definitions)
    list(APPEND definitions ${ARGN})
endmacro()
macro(zephyr_library_named name)
    set(library ${name})
    add_library(${name} STATIC)
endmacro()
macro(zephyr_library_sources)
    target_sources(${library} PRIVATE ${ARGN})
endmacro()
include(MODULE)
if(TARGET scrutiny)
    target_include_directories(scrutiny PUBLIC ${includes})
    target_compile_definitions(scrutiny PUBLIC ${definitions})
    add_executable(application main.c)
    target_link_libraries(application scrutiny)
endif()
"""
APPLICATION: Final = """
#include <scrutiny/scrutiny.h>
#if SCRUTINY_ENABLE_USER_COMMAND || SCRUTINY_DATALOG_MAX_SIGNALS != 3
#error "not as configured"
#endif
int main(void) { return scrutiny_init(NULL, NULL, NULL) == SCRUTINY_OK; }
"""


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def run(command: list[str], folder: Path) -> str:
    if shutil.which(command[0]) is None:
        cannot_run(f"{command[0]} not found")
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("kernel", SOURCES)
def test_it_compiles(kernel: str, compiler: str, tmp_path: Path) -> None:
    paths = [f"-I{FIRMWARE / 'include'}", f"-isystem{STUBS / kernel}"]
    flags = ["-std=c99", "-Os", *WARNINGS, *paths, "-c", str(SOURCES[kernel]), "-o", "a.o"]
    run([*compiler.split(), *flags], tmp_path)


@pytest.mark.parametrize(
    ("kernel", "name"), [("zephyr", "look_inside"), ("freertos", "FreeRTOS application")]
)
def test_it_answers_what_comes_in_interrupts(kernel: str, name: str, tmp_path: Path) -> None:
    """On as much of a kernel as it needs, which takes and gives a few octets at a time."""
    sanitizers = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    paths = [f"-I{path}" for path in (FIRMWARE / "include", SOURCES[kernel].parent, STUBS / kernel)]
    sources = [*sorted((FIRMWARE / "src").glob("*.c")), KERNELS / f"{kernel}.c"]
    flags = ["gcc", "-std=c99", *WARNINGS, *sanitizers, *paths]
    run([*flags, "-Dmain=sample_main", "-c", str(SOURCES[kernel]), "-o", "example.o"], tmp_path)
    run([*flags, *map(str, sources), "example.o", "-o", "program"], tmp_path)
    requests = [message.request(FORMAT).encode() for message in (Discover(), Connect())]

    result = subprocess.run(
        [tmp_path / "program"], input=b"".join(requests), capture_output=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, b"")
    discovered, connected = ResponseParser().feed(result.stdout)
    assert Discover().parse_answer(discovered.payload, FORMAT).display_name == name
    assert connected.code == ResponseCode.OK


# --------------------------------------------------------------------- the module for Zephyr


def test_the_module_names_what_is_there() -> None:
    module = read_yaml(ZEPHYR / "module.yml")

    assert (FIRMWARE / module["build"]["cmake"] / "CMakeLists.txt").exists()
    assert (FIRMWARE / module["build"]["kconfig"]).exists()
    assert [folder for folder in module["samples"] if not (FIRMWARE / folder).is_dir()] == []


def configured(folder: Path, *options: str) -> str:
    """Configure as Zephyr would with these options, and build; return what was said."""
    text = BUILD_LIKE_ZEPHYR.replace("MODULE", (ZEPHYR / "CMakeLists.txt").as_posix())
    (folder / "CMakeLists.txt").write_text(text)
    (folder / "main.c").write_text(APPLICATION)
    (folder / "options.h").write_text("#define SCRUTINY_DATALOG_MAX_SIGNALS 3\n")
    said = run(["cmake", "-S", ".", "-B", "build", *options], folder)
    return said + run(["cmake", "--build", "build", "--parallel", "2"], folder)


def test_the_library_is_built_as_it_is_configured(tmp_path: Path) -> None:
    on = [f"-DCONFIG_{name}=y" for name in options_of_kconfig() if not name.endswith("_CONFIG")]
    on.remove("-DCONFIG_SCRUTINY_USER_COMMAND=y")

    configured(tmp_path, *on, f"-DCONFIG_SCRUTINY_USER_CONFIG={tmp_path / 'options.h'}")

    assert (tmp_path / "build" / "application").exists()


def test_nothing_is_built_that_is_not_asked_for(tmp_path: Path) -> None:
    configured(tmp_path)

    assert not (tmp_path / "build" / "application").exists()


def options_of_kconfig() -> list[str]:
    text = (ZEPHYR / "Kconfig").read_text(encoding="utf-8")
    return re.findall(r"^(?:menu)?config (\w+)$", text, re.MULTILINE)


def test_options_are_those_of_the_library() -> None:
    header = (FIRMWARE / "include/scrutiny/scrutiny_config.h").read_text(encoding="utf-8")
    features = set(re.findall(r"^#ifndef SCRUTINY_ENABLE_(\w+)$", header, re.MULTILINE))
    (listed,) = re.findall(r"foreach\(feature (.*)\)", (ZEPHYR / "CMakeLists.txt").read_text())

    assert set(listed.split()) == features
    assert set(options_of_kconfig()) == {
        *("SCRUTINY", "SCRUTINY_USER_CONFIG"),
        *(f"SCRUTINY_{feature}" for feature in features),
    }


def test_the_sample_is_complete() -> None:
    settings = (SAMPLE / "prj.conf").read_text(encoding="utf-8")
    assert re.search(r"^CONFIG_SCRUTINY=y$", settings, re.MULTILINE)
    assert "src/main.c" in (SAMPLE / "CMakeLists.txt").read_text(encoding="utf-8")
    assert "scrutiny,uart" in (SAMPLE / "app.overlay").read_text(encoding="utf-8")
    (test,) = read_yaml(SAMPLE / "sample.yaml")["tests"].values()
    assert test["build_only"] is True
