"""Every construct, with every compiler: what the compiler put somewhere is found there."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import Final

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import bit_shift
from scrutiny.core.watchables import BitField
from scrutiny.sfd.extraction import ExtractionOptions, extract
from scrutiny.sfd.variable_map import Leaf, VariableMap
from tests.support.corpus_program import CorpusImage, ExpectedLeaf, Toolchain, build
from tests.support.missing_tools import cannot_run

CPP: Final = "-std=gnu++17"
GCC: Final = Toolchain("gcc", ("gcc",), ("g++", CPP), ("-m64",))
GCC_32: Final = Toolchain("gcc32", ("gcc",), ("g++", CPP), ("-m32",))
CLANG: Final = Toolchain("clang", ("clang",), ("clang++", CPP), ("-m64",))
CLANG_32: Final = Toolchain("clang32", ("clang",), ("clang++", CPP), ("-m32",))
ARM: Final = Toolchain(
    "arm", ("arm-none-eabi-gcc",), ("arm-none-eabi-g++", CPP), ("-mcpu=cortex-m4", "-mthumb")
)
ARM_BIG_ENDIAN: Final = Toolchain(
    "armeb", ("arm-none-eabi-gcc",), ("arm-none-eabi-g++", CPP), ("-mcpu=cortex-a7", "-mbig-endian")
)
AVR: Final = Toolchain(
    "avr",
    ("avr-gcc",),
    ("avr-g++", "-std=gnu++14"),
    ("-mmcu=atmega2560",),
    ("-nostartfiles",),
    leaves_out=("utf8.c",),  # this compiler, GCC 5, takes no such names
)
RISCV: Final = Toolchain(
    "riscv",
    ("riscv64-unknown-elf-gcc",),
    ("riscv64-unknown-elf-g++", CPP),
    ("-march=rv32imac", "-mabi=ilp32"),
    ("-static", "-nostdlib", "-Wl,-e,main"),
)

OPTIONS: Final = ExtractionOptions(
    dereference_pointers=True,
    # What the corpus itself needs.
    path_patterns_ignored=("*/corpus_leaf_*", "*/corpus_image_*"),
)

EVERY_VERSION: Final = [f"-gdwarf-{version}" for version in (2, 3, 4, 5)]
BUILDS: Final = [
    *((chain, level, dwarf) for chain in (GCC, CLANG) for level in ("-O0", "-O2")
      for dwarf in EVERY_VERSION),
    *((chain, level, dwarf) for chain in (GCC_32, CLANG_32) for level in ("-O0", "-O2")
      for dwarf in ("-gdwarf-2", "-gdwarf-5")),
    *((ARM, level, dwarf) for level in ("-O0", "-O2") for dwarf in EVERY_VERSION),
    *((ARM_BIG_ENDIAN, "-O0", dwarf) for dwarf in EVERY_VERSION),
    *((AVR, level, dwarf) for level in ("-O0", "-Os") for dwarf in EVERY_VERSION[:3]),
    *((RISCV, level, dwarf) for level in ("-O0", "-Os") for dwarf in ("-gdwarf-4", "-gdwarf-5")),
    *((GCC, "-O0", flags) for flags in ("-gdwarf-4 -fdebug-types-section",
      "-gdwarf-5 -fdebug-types-section", "-gdwarf-5 -gz")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("toolchain", "level", "dwarf"),
    BUILDS,
    ids=[f"{chain.name}{level}{dwarf.replace(' ', '')}" for chain, level, dwarf in BUILDS],
)
def test_what_is_found_is_what_the_compiler_put_there(
    toolchain: Toolchain, level: str, dwarf: str, tmp_path: Path
) -> None:
    if missing := toolchain.missing():
        cannot_run(f"{' and '.join(missing)} not found")
    program = build(toolchain, [level, *dwarf.split()], tmp_path)
    image = CorpusImage(program)
    expected = image.expected()

    variables = extract(program, OPTIONS).variables

    found = {_comparable(leaf.path): leaf for leaf in variables.leaves}
    assert sorted(expected.keys() - found.keys()) == [], "missing"
    assert sorted(found.keys() - expected.keys()) == [], "superfluous"
    wrong = {
        path: difference
        for path, leaf in expected.items()
        if (difference := _difference(leaf, found[path], variables, image))
    }
    assert wrong == {}


def _comparable(path: str) -> str:
    """Return a path without what differs from compiler to compiler.

    Optimisation changes how many blocks there are. Table pointers have other names, and before
    DWARF 5 the arguments of templates are spelt out.
    """
    path = path.replace("_vptr$", "_vptr.").replace("<short int,", "<short,")
    return re.sub(r"/block[0-9]+/", "/block?/", path)


def _difference(
    expected: ExpectedLeaf, found: Leaf, variables: VariableMap, image: CorpusImage
) -> str:
    type_name = found.type.data_type.api_name
    pattern = "ptr*" if expected.type == "ptr" else expected.type
    if not fnmatch.fnmatchcase(type_name, pattern):
        return f"type {type_name}, not {expected.type}"
    if expected.type == "ptr" and found.type.data_type.size != image.pointer_size:
        return f"{type_name} on a machine with pointers of {image.pointer_size} octets"
    arrays = tuple(array.dimensions for array in found.arrays)
    if arrays != expected.arrays:
        return f"arrays {arrays}, not {expected.arrays}"
    enum = None if found.enum is None else found.enum.name
    if enum != expected.enum:
        return f"enumeration {enum}, not {expected.enum}"
    pointer = None
    if found.pointer is not None:
        sizes = "".join(f"[{n}]" for array in found.pointer.arrays for n in array.dimensions)
        pointer = found.pointer.path + sizes
    if pointer != expected.pointer:
        return f"behind {pointer}, not {expected.pointer}"
    if expected.bits is not None:
        bits = _bits(image.distance(found.address, expected.address), found, variables)
        return "" if bits == expected.bits else f"bits {sorted(bits)}, not {sorted(expected.bits)}"
    if found.bit_field is not None:
        return "a bit field"
    is_there = found.address == expected.address or (
        pointer is None and image.distance(found.address, expected.address) == 0
    )
    return "" if is_there else f"address {found.address:#x}, not {expected.address:#x}"


def _bits(start: int, leaf: Leaf, variables: VariableMap) -> frozenset[tuple[int, int]]:
    """Return octet and bit, from the start of the object on, of each bit of a leaf."""
    data_type: DataType = leaf.type.data_type
    field = leaf.bit_field or BitField(0, 8 * data_type.size)
    shift = bit_shift(field.offset, field.size, data_type, variables.byte_order)
    is_little = variables.byte_order == "little"
    return frozenset(
        (start + (at // 8 if is_little else data_type.size - 1 - at // 8), at % 8)
        for at in range(shift, shift + field.size)
    )
