#!/usr/bin/env python3
r"""Generate a large synthetic C++ firmware for symbol-extraction benchmarks.

The program writes a tree of C++ sources whose global and static data mimic a
real firmware: scalars, multi-dimensional arrays, nested structures, arrays of
structures, unions, bitfields, enumerations, class hierarchies, class-level
statics, function-local statics and plain pointers.  Every compile unit holds
exactly the requested number of *leaves*, so extraction results can be checked
as well as timed.

A *leaf* is one readable storage pattern: a scalar, an enumeration, a bitfield,
a pointer, or a whole array of those.  An array counts once whatever its
dimensions are, because symbol tables describe it once.

Output, below ``--out``::

    include/common_types.hpp   types shared by every unit
    src/.../*.cpp              the compile units
    src/main.cpp               entry point, touches every unit
    src/firmware_id.cpp        16 placeholder bytes, so that the ELF can be tagged
    Makefile                   `make -j` builds firmware.elf
    manifest.json              expected leaf count, and (unless --counts-only)
                               the expected path, type and array shape of each leaf

The same arguments always produce the same bytes.  Only the Python standard
library is used.

Examples::

    gen_big_firmware.py --out build/fw                         # 200 units, 50,000 leaves
    gen_big_firmware.py --out build/fw --build --jobs 4        # and compile it
    gen_big_firmware.py --out build/fw --units 20 --vars-per-unit 100 --seed 7
    gen_big_firmware.py --out build/fw --build --cxx arm-none-eabi-g++ \\
        --cxxflags "-mcpu=cortex-m4 -mthumb" \\
        --ldflags "--specs=nosys.specs -nostartfiles -Wl,-emain"
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

FORMAT_VERSION = 1
PLACEHOLDER = bytes.fromhex("a9dcc06528fd41fa7ce863d6aa94a708")

#: C++ spelling -> canonical type name used in the manifest.
SCALARS: dict[str, str] = {
    "uint8_t": "uint8",
    "int8_t": "sint8",
    "uint16_t": "uint16",
    "int16_t": "sint16",
    "uint32_t": "uint32",
    "int32_t": "sint32",
    "uint64_t": "uint64",
    "int64_t": "sint64",
    "float": "float32",
    "double": "float64",
    "bool": "bool8",
}

#: Enumerations of the shared header: C++ spelling -> canonical underlying type.
ENUMS: dict[str, str] = {
    "shared::Mode": "uint8",
    "shared::Fault": "sint16",
    "shared::Phase": "uint32",
}

#: Types that may carry a bitfield: spelling -> (canonical name, storage width).
BITFIELD_TYPES: dict[str, tuple[str, int]] = {
    "uint8_t": ("uint8", 8),
    "uint16_t": ("uint16", 16),
    "uint32_t": ("uint32", 32),
}

COMMON_HEADER = """\
#pragma once
#include <stdint.h>

namespace shared
{
enum class Mode : uint8_t { Off = 0, Standby = 1, Run = 2, Service = 200 };
enum class Fault : int16_t { None = 0, UnderVoltage = -1, OverVoltage = -2, Sensor = 300 };
enum class Phase : uint32_t { A = 1, B = 2, C = 4, All = 7 };

struct Vec3
{
    float x;
    float y;
    float z;
};

struct Sample
{
    uint32_t tick;
    Vec3 accel;
    int16_t raw[3];
    Mode mode;
};

struct Base
{
    uint32_t serial;
    Fault last_fault;
};
} // namespace shared
"""


@dataclasses.dataclass
class Leaf:
    """One expected entry: its path, its canonical type, and the arrays on the way."""

    segments: list[str]
    type_name: str
    arrays: list[tuple[int, list[int]]] = dataclasses.field(
        default_factory=list[tuple[int, list[int]]]
    )
    bitsize: int | None = None

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"path": "/" + "/".join(self.segments), "type": self.type_name}
        if self.arrays:
            out["arrays"] = {
                "/" + "/".join(self.segments[:depth]): dims for depth, dims in self.arrays
            }
        if self.bitsize is not None:
            out["bitsize"] = self.bitsize
        return out


@dataclasses.dataclass
class Member:
    """A structure member: its declaration and the leaves it stands for.

    ``leaves`` are relative to the structure that owns the member.
    """

    declaration: str
    leaves: list[Leaf]


def shift(leaf: Leaf, prefix: list[str]) -> Leaf:
    """The same leaf, seen from ``len(prefix)`` levels higher."""
    return Leaf(
        segments=prefix + leaf.segments,
        type_name=leaf.type_name,
        arrays=[(depth + len(prefix), dims) for depth, dims in leaf.arrays],
        bitsize=leaf.bitsize,
    )


def array_prefix(name: str, dims: list[int]) -> tuple[list[str], list[tuple[int, list[int]]]]:
    """Path segments of an array, and its shape.

    The name appears twice: one level groups the elements, the next is indexed.
    """
    return [name, name], [(2, dims)]


#: Leaves of the shared structures, relative to an instance.
SHARED_STRUCTS: dict[str, list[Leaf]] = {
    "shared::Vec3": [Leaf([axis], "float32") for axis in "xyz"],
    "shared::Sample": [
        Leaf(["tick"], "uint32"),
        Leaf(["accel", "x"], "float32"),
        Leaf(["accel", "y"], "float32"),
        Leaf(["accel", "z"], "float32"),
        Leaf(["raw", "raw"], "sint16", [(2, [3])]),
        Leaf(["mode"], "uint8"),
    ],
}


def brackets(dims: list[int]) -> str:
    return "".join(f"[{d}]" for d in dims)


class UnitWriter:
    """Fills one compile unit with exactly ``quota`` leaves."""

    MAX_STRUCT_LEAVES = 60
    MAX_DEPTH = 3

    def __init__(self, index: int, cu_name: str, quota: int, rng: random.Random) -> None:
        self.index = index
        self.cu_name = cu_name
        self.quota = quota
        self.rng = rng
        self.namespace = ["fw", f"mod_{index % 17:02d}", f"u{index:04d}"]
        self.types: list[str] = []
        self.data: list[str] = []
        self.functions: list[str] = []
        self.touch: list[str] = []
        self.leaves: list[Leaf] = []
        self._serial = 0

    # -- helpers ---------------------------------------------------------

    def fresh(self, stem: str) -> str:
        self._serial += 1
        return f"{stem}_{self._serial:04d}"

    def remaining(self) -> int:
        return self.quota - len(self.leaves)

    def dims(self, max_rank: int = 3, max_len: int = 8) -> list[int]:
        return [self.rng.randint(2, max_len) for _ in range(self.rng.randint(1, max_rank))]

    def scalar(self) -> tuple[str, str]:
        spelling = self.rng.choice(list(SCALARS))
        return spelling, SCALARS[spelling]

    def root(self, is_static: bool) -> list[str]:
        head = ["static", self.cu_name] if is_static else ["global"]
        return head + self.namespace

    def add(self, leaves: list[Leaf], prefix: list[str]) -> None:
        self.leaves.extend(shift(leaf, prefix) for leaf in leaves)

    # -- structure members ------------------------------------------------

    def member(self, budget: int, depth: int) -> Member:
        """One random member worth at most ``budget`` leaves (at least one)."""
        kinds = ["scalar"] * 5 + ["array"] * 3 + ["enum"] * 2 + ["bits"] * 2 + ["pointer"]
        if budget >= 3:
            kinds += ["union"] * 2 + ["vec3"] * 2 + ["anon_union"]
        if budget >= 6:
            kinds += ["sample_array"] * 2
        if budget >= 4 and depth < self.MAX_DEPTH:
            kinds += ["nested"] * 4 + ["nested_array"] * 4
        kind = self.rng.choice(kinds)
        make_member: Callable[[int, int], Member] = getattr(self, f"_member_{kind}")
        return make_member(budget, depth)

    def _member_scalar(self, budget: int, depth: int) -> Member:
        name = self.fresh("m")
        spelling, canonical = self.scalar()
        return Member(f"{spelling} {name};", [Leaf([name], canonical)])

    def _member_array(self, budget: int, depth: int) -> Member:
        name = self.fresh("arr")
        spelling, canonical = self.scalar()
        dims = self.dims()
        segments, arrays = array_prefix(name, dims)
        return Member(f"{spelling} {name}{brackets(dims)};", [Leaf(segments, canonical, arrays)])

    def _member_enum(self, budget: int, depth: int) -> Member:
        name = self.fresh("state")
        spelling = self.rng.choice(list(ENUMS))
        return Member(f"{spelling} {name};", [Leaf([name], ENUMS[spelling])])

    def _member_bits(self, budget: int, depth: int) -> Member:
        """A run of bitfields that exactly fits in one storage unit."""
        spelling = self.rng.choice(list(BITFIELD_TYPES))
        canonical, width = BITFIELD_TYPES[spelling]
        lines: list[str] = []
        leaves: list[Leaf] = []
        left = width
        while left > 0 and len(leaves) < budget:
            size = self.rng.randint(1, min(left, 9))
            name = self.fresh("bit")
            lines.append(f"{spelling} {name} : {size};")
            leaves.append(Leaf([name], canonical, bitsize=size))
            left -= size
        lines.append(f"{spelling} : 0;")
        return Member(" ".join(lines), leaves)

    def _member_pointer(self, budget: int, depth: int) -> Member:
        name = self.fresh("ptr")
        spelling, _ = self.scalar()
        return Member(f"{spelling}* {name};", [Leaf([name], "pointer")])

    def _member_union(self, budget: int, depth: int) -> Member:
        name = self.fresh("view")
        declaration = f"union {{ uint32_t word; float real; uint8_t bytes[4]; }} {name};"
        return Member(
            declaration,
            [
                Leaf([name, "word"], "uint32"),
                Leaf([name, "real"], "float32"),
                Leaf([name, "bytes", "bytes"], "uint8", [(3, [4])]),
            ],
        )

    def _member_anon_union(self, budget: int, depth: int) -> Member:
        raw, real = self.fresh("raw"), self.fresh("real")
        return Member(
            f"union {{ uint32_t {raw}; float {real}; }};",
            [Leaf([raw], "uint32"), Leaf([real], "float32")],
        )

    def _member_vec3(self, budget: int, depth: int) -> Member:
        name = self.fresh("vec")
        return Member(
            f"shared::Vec3 {name};",
            [shift(leaf, [name]) for leaf in SHARED_STRUCTS["shared::Vec3"]],
        )

    def _member_sample_array(self, budget: int, depth: int) -> Member:
        name = self.fresh("samples")
        dims = self.dims(max_rank=2, max_len=6)
        return Member(
            f"shared::Sample {name}{brackets(dims)};",
            self._array_of(name, dims, SHARED_STRUCTS["shared::Sample"]),
        )

    def _member_nested(self, budget: int, depth: int) -> Member:
        type_name, leaves = self.structure(self.rng.randint(2, budget), depth + 1)
        name = self.fresh("sub")
        return Member(f"{type_name} {name};", [shift(leaf, [name]) for leaf in leaves])

    def _member_nested_array(self, budget: int, depth: int) -> Member:
        type_name, leaves = self.structure(self.rng.randint(2, budget), depth + 1)
        name = self.fresh("subs")
        dims = self.dims(max_rank=2, max_len=5)
        return Member(f"{type_name} {name}{brackets(dims)};", self._array_of(name, dims, leaves))

    @staticmethod
    def _array_of(name: str, dims: list[int], leaves: list[Leaf]) -> list[Leaf]:
        segments, arrays = array_prefix(name, dims)
        out: list[Leaf] = []
        for leaf in leaves:
            moved = shift(leaf, segments)
            moved.arrays = arrays + moved.arrays
            out.append(moved)
        return out

    def structure(self, leaf_count: int, depth: int) -> tuple[str, list[Leaf]]:
        """Declare a structure of exactly ``leaf_count`` leaves; return its name and leaves."""
        members: list[Member] = []
        leaves: list[Leaf] = []
        while len(leaves) < leaf_count:
            member = self.member(leaf_count - len(leaves), depth)
            members.append(member)
            leaves.extend(member.leaves)
        name = self.fresh("Struct")
        body = "\n".join(f"    {m.declaration}" for m in members)
        self.types.append(f"struct {name}\n{{\n{body}\n}};")
        return name, leaves

    # -- top-level data ----------------------------------------------------

    def declare(self, type_name: str, name: str, suffix: str, is_static: bool) -> None:
        qualifier = self.rng.choice(["", "", "volatile "])
        storage = "static __attribute__((used)) " if is_static else ""
        self.data.append(f"{storage}{qualifier}{type_name} {name}{suffix};")

    def put_scalar(self) -> None:
        spelling, canonical = self.scalar()
        name, is_static = self.fresh("value"), self.rng.random() < 0.5
        self.declare(spelling, name, "", is_static)
        self.add([Leaf([name], canonical)], self.root(is_static))

    def put_enum(self) -> None:
        spelling = self.rng.choice(list(ENUMS))
        name, is_static = self.fresh("mode"), self.rng.random() < 0.5
        self.declare(spelling, name, "", is_static)
        self.add([Leaf([name], ENUMS[spelling])], self.root(is_static))

    def put_array(self) -> None:
        spelling, canonical = self.scalar()
        name, is_static, dims = self.fresh("table"), self.rng.random() < 0.5, self.dims()
        self.declare(spelling, name, brackets(dims), is_static)
        segments, arrays = array_prefix(name, dims)
        self.add([Leaf(segments, canonical, arrays)], self.root(is_static))

    def put_pointer(self) -> None:
        spelling, _ = self.scalar()
        name, is_static = self.fresh("cursor"), self.rng.random() < 0.5
        self.declare(f"{spelling}*", name, "", is_static)
        self.add([Leaf([name], "pointer")], self.root(is_static))

    def put_struct(self) -> None:
        size = self.rng.randint(2, min(self.MAX_STRUCT_LEAVES, self.remaining()))
        type_name, leaves = self.structure(size, 1)
        name, is_static = self.fresh("object"), self.rng.random() < 0.5
        self.declare(type_name, name, "", is_static)
        self.add([shift(leaf, [name]) for leaf in leaves], self.root(is_static))

    def put_struct_array(self) -> None:
        size = self.rng.randint(2, min(self.MAX_STRUCT_LEAVES, self.remaining()))
        type_name, leaves = self.structure(size, 1)
        name, is_static = self.fresh("objects"), self.rng.random() < 0.5
        dims = self.dims(max_rank=2, max_len=6)
        self.declare(type_name, name, brackets(dims), is_static)
        self.add(self._array_of(name, dims, leaves), self.root(is_static))

    def put_class(self) -> None:
        """A derived class with one class-level static: inherited members come first."""
        size = self.rng.randint(1, max(1, min(20, self.remaining() - 3)))
        members: list[Member] = []
        leaves: list[Leaf] = []
        while len(leaves) < size:
            member = self.member(size - len(leaves), self.MAX_DEPTH)
            members.append(member)
            leaves.extend(member.leaves)
        class_name, name, counter = self.fresh("Device"), self.fresh("device"), self.fresh("count")
        body = "\n".join(f"    {m.declaration}" for m in members)
        self.types.append(
            f"class {class_name} : public shared::Base\n{{\npublic:\n{body}\n"
            f"    static uint32_t {counter};\n}};"
        )
        self.data.append(f"uint32_t {class_name}::{counter} = {self.rng.randint(0, 9)};")
        self.data.append(f"{class_name} {name};")
        inherited = [Leaf(["serial"], "uint32"), Leaf(["last_fault"], "sint16")]
        self.add([Leaf([class_name, counter], "uint32")], self.root(False))
        self.add([shift(leaf, [name]) for leaf in inherited + leaves], self.root(False))

    def put_function(self) -> None:
        """A file-level function that owns a static local."""
        spelling, canonical = self.scalar()
        function, name = self.fresh(f"u{self.index:04d}_step"), self.fresh("local")
        self.functions.append(
            f"void {function}()\n{{\n    static volatile {spelling} {name};\n    (void){name};\n}}"
        )
        self.touch.append(f"::{function}();")
        self.add([Leaf([f"{function}()", name], canonical)], ["static", self.cu_name])

    def fill(self) -> None:
        """Add data until the quota is met exactly."""
        while self.remaining() > 0:
            choices = (
                [self.put_scalar] * 6
                + [self.put_array] * 4
                + [self.put_enum] * 2
                + [self.put_pointer]
                + [self.put_function] * 2
            )
            if self.remaining() >= 4:
                choices += [self.put_struct] * 3 + [self.put_struct_array] * 3 + [self.put_class]
            self.rng.choice(choices)()

    def text(self) -> str:
        opening = "\n".join(f"namespace {n} {{" for n in self.namespace)
        closing = "\n".join("}" for _ in self.namespace)
        parts = [
            '#include "common_types.hpp"',
            "\n\n".join(self.functions),
            opening,
            "\n\n".join(self.types),
            "\n".join(self.data),
            f"void touch()\n{{\n    {' '.join(self.touch)}\n}}",
            closing,
        ]
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclasses.dataclass
class Firmware:
    sources: dict[str, str]
    leaves: list[Leaf]


def unit_location(index: int, duplicate_every: int) -> tuple[str, str]:
    """Relative source path of a unit, and the name it is expected to be shown under.

    Every ``duplicate_every``-th unit is called ``driver.cpp`` and lives in a directory of its
    own; such homonyms are told apart by their parent directory.
    """
    if duplicate_every and index % duplicate_every == 0:
        folder = f"part_{index:04d}"
        return f"src/{folder}/driver.cpp", f"{folder}_driver.cpp"
    return f"src/unit_{index:04d}.cpp", f"unit_{index:04d}.cpp"


def generate(units: int, vars_per_unit: int, seed: int, duplicate_every: int) -> Firmware:
    sources: dict[str, str] = {"include/common_types.hpp": COMMON_HEADER}
    leaves: list[Leaf] = []
    declarations: list[str] = []
    calls: list[str] = []
    homonyms = sum(1 for i in range(units) if duplicate_every and i % duplicate_every == 0)

    for index in range(units):
        path, cu_name = unit_location(index, duplicate_every if homonyms > 1 else 0)
        writer = UnitWriter(index, cu_name, vars_per_unit, random.Random(f"{seed}/{index}"))
        writer.fill()
        sources[path] = writer.text()
        leaves.extend(writer.leaves)
        qualified = "::".join(writer.namespace)
        declarations.append(f"namespace {qualified} {{ void touch(); }}")
        calls.append(f"    {qualified}::touch();")

    bytes_text = ", ".join(f"0x{b:02x}" for b in PLACEHOLDER)
    sources["src/firmware_id.cpp"] = (
        "// Placeholder to be replaced by the real identifier once the program is linked.\n"
        f'extern "C" const unsigned char firmware_id[{len(PLACEHOLDER)}] = {{{bytes_text}}};\n'
    )
    leaves.append(
        Leaf(["global", "firmware_id", "firmware_id"], "uint8", [(3, [len(PLACEHOLDER)])])
    )
    sources["src/main.cpp"] = (
        "\n".join(declarations)
        + '\n\nextern "C" const unsigned char firmware_id[];\n\nint main()\n{\n'
        + "\n".join(calls)
        + "\n    return firmware_id[0] == 0 ? 1 : 0;\n}\n"
    )
    return Firmware(sources, leaves)


def makefile(sources: list[str], cxx: str, cxxflags: str, ldflags: str) -> str:
    units = sorted(s for s in sources if s.endswith(".cpp"))
    objects = " ".join(s.replace("src/", "obj/", 1)[:-4] + ".o" for s in units)
    return (
        f"CXX = {cxx}\nCXXFLAGS = {cxxflags}\nLDFLAGS = {ldflags}\nOBJECTS = {objects}\n\n"
        "firmware.elf: $(OBJECTS)\n\t$(CXX) $(CXXFLAGS) -o $@ $(OBJECTS) $(LDFLAGS)\n\n"
        "obj/%.o: src/%.cpp include/common_types.hpp\n"
        "\t@mkdir -p $(dir $@)\n\t$(CXX) $(CXXFLAGS) -Iinclude -c -o $@ $<\n\n"
        "clean:\n\trm -rf obj firmware.elf\n"
    )


def positive(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be greater than zero")
    return value


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Generate a large synthetic C++ firmware for symbol-extraction benchmarks."
    )
    parser.add_argument("--out", required=True, type=pathlib.Path, help="output directory")
    parser.add_argument("--units", type=positive, default=200, help="compile units (default 200)")
    parser.add_argument(
        "--vars-per-unit",
        type=positive,
        default=250,
        help="leaves in each compile unit (default 250)",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the random layout (default 1)")
    parser.add_argument(
        "--duplicate-every",
        type=int,
        default=10,
        metavar="N",
        help="every N-th unit is a driver.cpp in its own folder; 0 for none (default 10)",
    )
    parser.add_argument(
        "--dwarf", type=int, choices=(2, 3, 4, 5), default=4, help="DWARF version (default 4)"
    )
    parser.add_argument("--cxx", default="g++", help="compiler (default g++)")
    parser.add_argument("--cxxflags", default="-no-pie -fno-pie", help="extra compiler flags")
    parser.add_argument("--ldflags", default="", help="extra linker flags")
    parser.add_argument(
        "--counts-only", action="store_true", help="leave the leaves out of the manifest"
    )
    parser.add_argument("--build", action="store_true", help="run make after generating")
    parser.add_argument(
        "--jobs", type=positive, default=2, help="parallel compilations (default 2)"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse_arguments(argv)
    firmware = generate(args.units, args.vars_per_unit, args.seed, args.duplicate_every)

    for relative, text in firmware.sources.items():
        target = args.out / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    flags = f"-std=c++17 -O0 -gdwarf-{args.dwarf} {args.cxxflags}".strip()
    (args.out / "Makefile").write_text(
        makefile(list(firmware.sources), args.cxx, flags, args.ldflags), encoding="utf-8"
    )

    manifest: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "units": args.units,
        "vars_per_unit": args.vars_per_unit,
        "seed": args.seed,
        "leaf_count": len(firmware.leaves),
        "array_leaf_count": sum(1 for leaf in firmware.leaves if leaf.arrays),
        "bitfield_leaf_count": sum(1 for leaf in firmware.leaves if leaf.bitsize is not None),
    }
    if not args.counts_only:
        manifest["leaves"] = [leaf.to_json() for leaf in firmware.leaves]
    (args.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    print(f"{len(firmware.sources)} files, {len(firmware.leaves)} leaves -> {args.out}")

    if args.build:
        return subprocess.run(
            ["make", "-s", "-C", str(args.out), f"-j{args.jobs}"], check=False
        ).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
