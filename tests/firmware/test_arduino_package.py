"""The package for Arduino and PlatformIO: what its builders find in it, and a sketch that runs."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import pytest

import scrutiny
from scrutiny.cli.main import main
from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.frames import Response, ResponseParser
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Connect,
    Discover,
    MemoryBlock,
    ReadMemory,
    RequestMessage,
    RpvValue,
    WriteRpvs,
)
from scrutiny.sfd.extraction import extract
from scrutiny.sfd.package import Package, read_package
from tests.support.avr_board import AvrBoard, connect
from tests.support.example_board import ROOT
from tests.support.missing_tools import cannot_run
from tools.package_arduino import write_package

CORE: Final = ROOT / "tests" / "firmware" / "arduino_core"
MCU: Final = "atmega328p"
FLASH: Final = 32 * 1024 - 512  # the boot loader has the rest
RAM: Final = 2048
STACK: Final = 512  # at least
# As Arduino's builder for AVR and for Arm calls the compilers, with all warnings.
COMMON: Final = ("-Os", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror")
AVR: Final = (f"-mmcu={MCU}", "-DF_CPU=16000000L", "-flto", "-gdwarf-4")
ARM: Final = ("-mcpu=cortex-m0plus", "-mthumb", "-g")
CATEGORIES: Final = {
    *("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control"),
    *("Timing", "Data Storage", "Data Processing", "Other"),
}
FORMAT: Final = AddressFormat(2)
BLINK_PERIOD: Final = 1  # as the sketch numbers it
MOST_RECEIVED: Final = 63  # octets that Serial keeps on an AVR


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an IDE makes of the package."""
    folder = tmp_path_factory.mktemp("libraries")
    write_package(folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as package:
        package.extractall(folder)
    return folder / "ScrutinyBridge"


def compiled(library: Path, folder: Path, compiler: str, flags: Sequence[str]) -> list[Path]:
    """Compile the sketch and all that lies in `src`, as the builder finds them."""
    for tool in (f"{compiler}gcc", f"{compiler}g++"):
        if shutil.which(tool) is None:
            cannot_run(f"{tool} not found")
    (sketch,) = (library / "examples").glob("*/*.ino")
    program = folder / f"{sketch.name}.cpp"
    program.write_text(f'#include <Arduino.h>\n#line 1 "{sketch}"\n{sketch.read_text()}')
    objects: list[Path] = []
    for source in (program, *sorted((library / "src").rglob("*.c"))):
        languages = {
            ".c": (f"{compiler}gcc", "-std=gnu11"),
            ".cpp": (f"{compiler}g++", "-std=gnu++11", "-fno-exceptions", "-fno-rtti"),
        }
        objects.append(folder / f"{source.name}.o")
        paths = (f"-I{CORE}", f"-I{library / 'src'}")
        run([*languages[source.suffix], *COMMON, *flags, *paths, "-c", str(source)], objects[-1])
    return objects


def run(command: Sequence[str], output: Path) -> None:
    result = subprocess.run(
        [*command, "-o", str(output)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def avr_program(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("avr")
    objects = compiled(library, folder, "avr-", AVR)
    program = folder / "LookInside.elf"
    command = ["avr-g++", "-std=gnu++11", *COMMON, *AVR, "-Wl,--gc-sections", f"-I{CORE}"]
    run([*command, *map(str, objects), str(CORE / "core.cpp")], program)
    return program


def addresses(program: Path) -> dict[str, int]:
    """Return where the variables are that the debug information names, by the end of their paths.

    Optimisation over all files makes variables static that only one part of the program uses.
    """
    leaves = extract(program).variables.leaves
    return {leaf.path.rpartition("/")[2]: leaf.address for leaf in leaves}


@pytest.fixture(scope="module")
def description(avr_program: Path) -> Package:
    """What `scrutiny sfd build` makes of the sketch, which is tagged then."""
    file = avr_program.with_suffix(".sfd")
    assert main(["sfd", "build", str(avr_program), "--tag-inplace", "-o", str(file)]) == 0
    return read_package(file)


# --------------------------------------------------------------------- what is in it


def test_the_properties_are_those_that_arduino_wants(library: Path) -> None:
    lines = (library / "library.properties").read_text(encoding="utf-8").splitlines()
    properties = dict(line.split("=", 1) for line in lines)

    assert set(properties) >= {"name", "version", "author", "maintainer", "sentence", "paragraph"}
    assert set(properties) >= {"category", "url", "architectures"}
    assert re.fullmatch(r"[A-Za-z0-9][\w. -]{0,62}", properties["name"])
    assert properties["name"] == library.name
    assert properties["category"] in CATEGORIES
    assert properties["version"] == scrutiny.__version__
    assert (library / "src" / properties["includes"]).exists()


@pytest.mark.parametrize("place", ["in the package", "in the repository"])
def test_the_manifest_is_one_of_platformio(place: str, library: Path) -> None:
    folder = library if place == "in the package" else ROOT / "firmware"
    manifest = json.loads((folder / "library.json").read_text(encoding="utf-8"))
    build = manifest.get("build", {"includeDir": "src", "srcDir": "src"})

    assert manifest["name"] == library.name
    assert manifest["version"] == scrutiny.__version__
    assert manifest["license"] == "MIT"
    assert (folder / build["includeDir"] / manifest["headers"]).exists()
    assert list((folder / build["srcDir"]).rglob("*.c"))
    assert set(manifest) <= {
        *("name", "version", "description", "keywords", "license", "frameworks", "platforms"),
        *("headers", "build"),
    }


def test_arduino_finds_the_library_by_a_header_at_its_top(library: Path) -> None:
    """Headers in folders below are found only once the library is: Arduino CLI looks no deeper."""
    (sketch,) = (library / "examples").glob("*/*.ino")
    assert sketch.stem == sketch.parent.name
    (included,) = re.findall(r"#include <(.+)>", sketch.read_text(encoding="utf-8"))
    assert [path.name for path in (library / "src").glob("*.h")] == [included]


def test_headers_of_the_library_hide_no_others(library: Path) -> None:
    found = {path.relative_to(library / "src").as_posix() for path in library.rglob("*.h")}
    public = {name for name in found if "/internal/" not in name}
    assert public == {
        path.relative_to(ROOT / "firmware/include").as_posix()
        for path in (ROOT / "firmware/include").rglob("*.h")
    }
    assert not any(path.name == "memory.h" for path in (library / "src").glob("*"))


def test_nothing_is_left_out(library: Path) -> None:
    packaged = {path.name for path in (library / "src/scrutiny/internal").iterdir()}
    assert packaged == {path.name for path in (ROOT / "firmware/src").iterdir()}
    assert (library / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_same_files_give_the_same_package(tmp_path: Path) -> None:
    write_package(tmp_path / "a.zip")
    write_package(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


# --------------------------------------------------------------------- the sketch


def test_the_sketch_compiles_for_arm(library: Path, tmp_path: Path) -> None:
    compiled(library, tmp_path, "arm-none-eabi-", ARM)


def test_the_sketch_fits_an_atmega328p(avr_program: Path) -> None:
    command = ["avr-size", "-A", str(avr_program)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    sections = {
        words[0]: int(words[1])
        for line in result.stdout.splitlines()
        if len(words := line.split()) == 3 and words[1].isdigit()
    }
    assert sections[".text"] + sections[".data"] <= FLASH
    assert sections[".data"] + sections[".bss"] <= RAM - STACK


def test_variables_have_names_after_optimisation_over_all_files(
    avr_program: Path,
) -> None:
    assert {"blink_period_ms", "blink_count", "triangle"} <= set(addresses(avr_program))


@pytest.fixture
def line(avr_program: Path, description: Package, emulator: Path) -> Iterator[socket.socket]:
    """The UART of an emulated ATmega328P on which the sketch runs."""
    with (
        tempfile.TemporaryDirectory(prefix="avr-") as folder,  # its socket needs a short name
        AvrBoard(emulator, avr_program, Path(folder), MCU) as board,
        connect(board.port) as line,
    ):
        yield line


AnswerT = TypeVar("AnswerT")


def respond(line: socket.socket, message: RequestMessage[AnswerT]) -> Response:
    frame = message.request(FORMAT).encode()
    assert len(frame) <= MOST_RECEIVED
    line.sendall(frame)
    parser = ResponseParser()
    while (response := parser.feed_one(line.recv(256))) is None:
        pass
    return response


def ask(line: socket.socket, message: RequestMessage[AnswerT]) -> AnswerT:
    response = respond(line, message)
    assert response.code == ResponseCode.OK
    return message.parse_answer(response.payload, FORMAT)


@pytest.mark.skipif(sys.platform == "win32", reason="sockets with a file name")
def test_the_sketch_is_looked_into_and_changed(
    line: socket.socket, avr_program: Path, description: Package
) -> None:
    device = ask(line, Discover())
    assert device.display_name == "LookInside"
    assert device.firmware_id.hex() == description.firmware_id
    ask(line, Connect())

    ask(line, WriteRpvs((RpvValue(BLINK_PERIOD, (100).to_bytes(2, "big")),)))
    period = MemoryBlock(addresses(avr_program)["blink_period_ms"], 2)
    (memory,) = ask(line, ReadMemory((period,))).blocks

    assert memory.data == (100).to_bytes(2, "little")


@pytest.mark.skipif(sys.platform == "win32", reason="sockets with a file name")
def test_a_value_that_makes_no_sense_is_refused(line: socket.socket) -> None:
    ask(line, Connect())
    refused = respond(line, WriteRpvs((RpvValue(BLINK_PERIOD, bytes(2)),)))
    assert refused.code == ResponseCode.FAILURE_TO_PROCEED
