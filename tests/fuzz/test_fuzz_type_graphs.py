"""Programs whose debug information is well-formed and hostile: small files that ask for much.

Each was made to cost minutes or gigabytes: by expansion, repetition, references back and forth, or
names that many entries share. All have to end soon, in a map or in one error.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from scrutiny.sfd.errors import ElfError
from scrutiny.sfd.extraction import Extraction, ExtractionOptions, extract
from tests.support.raw_dwarf import (
    CODES,
    DATA_ADDRESS,
    UnitWriter,
    abbreviations,
    address_of,
    described,
    program,
    symbol_table,
    uleb,
)

SLOWEST_S = 30.0  # 8 s on a busy machine; without the limits, the fastest takes a minute
MISSING = 3  # refers to no entry
LONG_NAME = b"n" * 2_000_000 + b"\0"


def unit_with_int(name: str = "f.c") -> tuple[UnitWriter, int]:
    unit = UnitWriter(name)
    return unit, unit.add("base", "int", 5, 4)


def lost_parts() -> bytes:
    """20,000 members of no type, in each of 2,000 variables."""
    unit = UnitWriter()
    structure = unit.add("struct", "S", 4)
    for i in range(20_000):
        unit.add("member", f"m{i}", MISSING, 0)
    unit.end()
    for i in range(2_000):
        unit.variable(f"v{i}", structure, DATA_ADDRESS + 8 * i)
    return described(unit.finished())


def one_name() -> bytes:
    """40,000 variables that share a name."""
    unit, integer = unit_with_int()
    for i in range(40_000):
        unit.variable("x", integer, DATA_ADDRESS + 8 * i)
    return described(unit.finished())


def one_file_name() -> bytes:
    """Units of one file name in many folders, too long to be shown."""
    units: list[bytes] = []
    for i in range(8_000):
        unit, integer = unit_with_int(f"/{i}/{'folder' * 12}/x.c")
        unit.variable(f"v{i}", integer, DATA_ADDRESS + 4 * i)
        units.append(unit.finished())
    return described(*units)


def declarations_without_end_mark() -> bytes:
    """Zeros that end a declaration, written in two octets each, as no search finds them."""
    unit, integer = unit_with_int()
    unit.variable("x", integer)
    table = b"".join(uleb(100 + i) + b"\x34\x00\x80\x00\x80\x00" for i in range(200_000))
    return program(
        {
            ".debug_info": unit.finished(),
            ".debug_abbrev": abbreviations()[:-1] + table + b"\0",
        }
    )


def one_enumeration_of_many_names() -> bytes:
    """An enumeration of 20,000 values without a name, which 5,000 typedefs give it."""
    unit = UnitWriter()
    enumeration = unit.add("enum", 4)
    for i in range(20_000):
        unit.add("enumerator", f"e{i}", i)
    unit.end()
    for i in range(5_000):
        unit.variable(f"v{i}", unit.add("typedef", f"T{i}", enumeration), DATA_ADDRESS + 4 * i)
    return described(unit.finished())


def dimensions_without_end() -> bytes:
    unit, integer = unit_with_int()
    array = unit.add("array", integer)
    for _ in range(100_000):
        unit.add("count", (1 << 62) + 1)
    unit.end()
    unit.variable("x", array)
    return described(unit.finished())


def members_of_one_name() -> bytes:
    """30,000 inherited ones, and as many own ones that hide them."""
    unit, integer = unit_with_int()
    base = unit.add("struct", "B", 4)
    for _ in range(30_000):
        unit.add("member", "x", integer, 0)
    unit.end()
    derived = unit.add("struct", "D", 4)
    unit.add("inheritance", base, 0)
    for _ in range(30_000):
        unit.add("member", "x", integer, 0)
    unit.end()
    unit.variable("v", derived)
    return described(unit.finished())


def one_long_name_in_many_places() -> bytes:
    unit, integer = unit_with_int()
    inner = unit.add("struct", "S", 4)
    unit.add("member_strp", 0, integer, 0)
    unit.end()
    outer = unit.add("struct", "T", 4)
    for i in range(2_000):
        unit.add("member", f"m{i}", inner, 0)
    for _ in range(20_000):
        unit.add("member_strp", 0, MISSING, 0)
    unit.end()
    unit.variable("v", outer)
    for i in range(2_000):
        strange = unit.add("base_strp", 0, 5, 3)
        unit.add("variable_strp", 0, strange, address_of(DATA_ADDRESS + 4 * i))
    return described(unit.finished(), str=LONG_NAME)


def many_symbols_at_one_address() -> bytes:
    """Their names are the ends of a long one."""
    unit, integer = unit_with_int()
    for i in range(5_000):
        unit.variable(f"v{i}", integer, 0)
    content = program(
        {
            ".debug_info": unit.finished(),
            ".debug_abbrev": abbreviations(),
            ".symtab": symbol_table([(i, 0) for i in range(50_000)]),
            ".strtab": LONG_NAME,
        }
    )
    # Storage begins at 0, or the variables would not be looked for.
    return content.replace(struct.pack("<QQ", 3, DATA_ADDRESS), struct.pack("<QQ", 3, 0))


def units_that_expand() -> bytes:
    """Five levels of ten members; parts that are lost count as well."""
    units: list[bytes] = []
    for i in range(100):
        unit = UnitWriter(f"u{i}.c")
        inner = MISSING
        for _ in range(5):
            structure = unit.add("struct", "S", 4)
            for k in range(10):
                unit.add("member", f"m{k}", inner, 0)
            unit.end()
            inner = structure
        unit.variable(f"v{i}", inner, DATA_ADDRESS + 8 * i)
        units.append(unit.finished())
    return described(*units)


def back_and_forth() -> bytes:
    """Each variable refers to another large unit than the one before."""
    units: list[bytes] = []
    start = 0
    types: list[list[int]] = []
    for i in range(6):
        unit = UnitWriter(f"t{i}.c")
        types.append([start + unit.add("base", "i" * 10, 5, 4) for _ in range(25_000)])
        units.append(unit.finished())
        start += len(units[-1])
    unit = UnitWriter("main.c")
    for k in range(3_000):
        for one in types:
            place = address_of(DATA_ADDRESS + 4 * len(types) * k)
            unit.add("variable_far", f"v{k}_{one[0]}", one[k], place)
    return described(*units, unit.finished())


def long_names_of_odd_characters() -> bytes:
    """One octet in the file, six in the map."""
    unit, integer = unit_with_int()
    structure = unit.add("struct", "S", 4)
    for i in range(60):
        unit.add("member", "\x01" * 1000 + str(i), integer, 4 * i)
    unit.end()
    for i in range(1_000):
        unit.variable("\x01" * 3000 + str(i), structure, DATA_ADDRESS + 4096 * i)
    return described(unit.finished())


def inflating_sections() -> bytes:
    unit, integer = unit_with_int()
    unit.variable("x", integer)
    size = 100 << 20
    packed = struct.pack("<IIQQ", 1, 0, size, 1) + zlib.compress(bytes(size), 1)
    return program(
        {".debug_info": unit.finished(), ".debug_abbrev": abbreviations()},
        {f".debug_{name}": packed for name in ("str", "line_str", "str_offsets", "addr")},
    )


def entries_of_one_octet() -> bytes:
    unit, integer = unit_with_int()
    unit.raw(bytes([CODES["bare"]]) * 2_500_000)
    unit.variable("x", integer)
    return described(unit.finished())


HOSTILE = [
    lost_parts,
    one_name,
    one_file_name,
    declarations_without_end_mark,
    one_enumeration_of_many_names,
    dimensions_without_end,
    members_of_one_name,
    one_long_name_in_many_places,
    many_symbols_at_one_address,
    units_that_expand,
    long_names_of_odd_characters,
    inflating_sections,
    entries_of_one_octet,
    back_and_forth,
]


def read(path: Path, options: ExtractionOptions | None = None) -> Extraction | ElfError:
    start = time.process_time()
    try:
        return extract(path, options)
    except ElfError as error:
        return error
    finally:
        assert time.process_time() - start < SLOWEST_S


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda make: make.__name__)
def test_small_files_that_ask_for_much_get_little(
    hostile: Callable[[], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "hostile.elf"
    path.write_bytes(hostile())

    outcome = read(path)

    if isinstance(outcome, Extraction):
        assert len(outcome.dropped) <= 100_000
        assert all(len(one.name) + len(one.reason) < 1000 for one in outcome.dropped)
    else:
        assert len(str(outcome)) < 500


def random_graph(random: Random) -> bytes:
    """Types that refer to each other at random: forwards, backwards, in circles, to nothing."""
    unit, integer = unit_with_int()
    places: list[int] = [integer]

    def reference() -> int:
        if random.random() < 0.1:
            return random.randrange(unit.here + 200)
        return random.choice(places) if random.random() < 0.8 else unit.here + 20

    for i in range(60):
        match random.randrange(7):
            case 0 | 1:
                places.append(unit.add("struct", f"S{i}", random.choice((0, 8, 1 << 40))))
                for k in range(random.randrange(12)):
                    kind = random.choice(("member", "member", "member", "inheritance"))
                    name = random.choice((f"m{k}", "m", "a/b", "*", "\x1b[2J", "[3]", ""))
                    place = random.choice((0, 4, 1 << 63))
                    named = (name,) if kind == "member" else ()
                    unit.add(kind, *named, reference(), place)
                unit.end()
            case 2:
                places.append(unit.add("array", reference()))
                for _ in range(random.randrange(4)):
                    unit.add("count", random.choice((0, 1, 3, 1000, 1 << 60)))
                unit.end()
            case 3:
                places.append(unit.add("typedef", f"T{i}", reference()))
            case 4:
                places.append(unit.add("const", reference()))
            case 5:
                places.append(unit.add("pointer", random.choice((2, 8)), reference()))
            case _:
                places.append(unit.add("enum", random.choice((0, 1, 3, 8))))
                for k in range(random.randrange(4)):
                    unit.add("enumerator", f"e{k}", random.choice((0, -1, 1 << 64)))
                unit.end()
    for i, place in enumerate(places):
        unit.variable(f"v{i}", place, random.choice((0, DATA_ADDRESS)) + 8 * i)
    return described(unit.finished())


@pytest.mark.parametrize("seed", range(4))
def test_random_type_graphs_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    path = tmp_path / "graph.elf"
    options = ExtractionOptions(dereference_pointers=True)
    leaves = 0

    for _ in range(60):
        path.write_bytes(random_graph(random))
        outcome = read(path, options)
        if isinstance(outcome, Extraction):
            paths = [leaf.path for leaf in outcome.variables.leaves]
            assert len(set(paths)) == len(paths)
            leaves += len(paths)
            assert not any("Error" in one.reason for one in outcome.dropped)

    assert leaves > 0
