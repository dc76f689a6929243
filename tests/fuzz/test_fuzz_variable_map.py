"""Mutated symbol maps and compiled descriptions never crash who reads them.

``SCRUTINY_FUZZ_COUNT`` sets how many mutations are tried, divided by 100: a document takes a
hundred times as long as a frame. The seed is fixed, so a failure comes again.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, cast

from scrutiny.core.errors import PathError
from scrutiny.core.watchables import Alias, ArrayFactory
from scrutiny.sfd.compiled import CompiledDescription
from scrutiny.sfd.compiling import Description, compile_description
from scrutiny.sfd.errors import PackageError, VariableMapError
from scrutiny.sfd.variable_map import VariableMap
from scrutiny.sfd.variable_map_json import read_variable_map, write_variable_map

DOCUMENT_COUNT = max(int(os.environ.get("SCRUTINY_FUZZ_COUNT", "1000000")) // 100, 100)
SEED = 0x5FD
GARAGE = (Path(__file__).parents[1] / "data" / "garage-variable-map.json").read_bytes()
PATHS = [
    "/global/car/gear",
    "/global/car/wheels/wheels[3]/rpm",
    "/global/car/wheels/wheels[1]/temp/temp[1][2]",
    "/static/garage.cpp/*current/gear",
    "/static/garage.cpp/*current/wheels/wheels[2]/rpm",
    "/global/depot/fleet/*fleet[1][0]/wheels/wheels[2]/rpm",
    "/Gear",
]
KEYS = ["", "0", "addr", "pointer", "enum", "bitsize", "/global//car/gear"]
HOSTILE: list[Any] = [
    *(None, True, -1, 0, 1, 2**31, 2**63, 2**64 - 1, 2**64, 10**400, 0.5, 1e300),
    *("", "/", "0", "7", "big", "cfloat64", "float128", "struct", "NA", "uint8", "\x00", "é" * 50),
    *("/global/car/gear", "/static/garage.cpp/current", "/static/garage.cpp/*current/gear"),
    *([], {}, [0], [-1], [2**64], [2**32, 2**32], [1] * 40, {"": {}}, [[[[]]]]),
]


def test_mutated_text_of_a_map_is_read_or_refused() -> None:
    random = Random(SEED)
    accepted = sum(check_text(mutated_octets(GARAGE, random)) for _ in range(DOCUMENT_COUNT))

    assert 0 < accepted < DOCUMENT_COUNT


def test_mutated_content_of_a_map_is_read_or_refused() -> None:
    random = Random(SEED)
    accepted = 0
    for _ in range(DOCUMENT_COUNT):
        document = json.loads(GARAGE)
        for _ in range(random.randint(1, 4)):
            mutate_content(document, random)
        accepted += check_text(json.dumps(document).encode())

    assert 0 < accepted < DOCUMENT_COUNT


def check_text(text: bytes) -> bool:
    """Read a map; whatever is accepted can be written, compiled and looked up."""
    try:
        variables, messages = read_variable_map(text)
    except VariableMapError:
        return False
    assert len(messages) <= 20
    stream = io.BytesIO()
    assert write_variable_map(variables, stream, None) == []
    assert read_variable_map(stream.getvalue()) == (variables, [])
    check_compiled(variables)
    return True


def check_compiled(variables: VariableMap) -> None:
    description = CompiledDescription(compiled(variables))
    count = description.variable_count + description.factory_count
    assert count == len(variables.leaves)
    for variable in description.variables(0, description.variable_count):
        assert description.find_variable(variable.path) == variable
    for factory in description.factories(0, description.factory_count):
        if "[" not in factory.path:
            assert description.find_variable(last_element(factory)) is not None


def last_element(factory: ArrayFactory) -> str:
    path = factory.path
    for array in sorted(factory.dimensions, key=len, reverse=True):
        # Longer numbers are no indices.
        indices = [min(size - 1, 10**18 - 1) for size in factory.dimensions[array]]
        path = array + "".join(f"[{index}]" for index in indices) + path[len(array) :]
    return path


def compiled(variables: VariableMap) -> bytes:
    stream = io.BytesIO()
    aliases = {"/Gear": Alias("/Gear", "/global/car/gear")}
    compile_description(Description("00" * 16, variables, {}, aliases), stream)
    return stream.getvalue()


def test_a_mutated_compiled_description_gives_data_or_an_error() -> None:
    random = Random(SEED)
    good = compiled(read_variable_map(GARAGE)[0])
    opened = 0
    for _ in range(DOCUMENT_COUNT):
        try:
            description = CompiledDescription(mutated_octets(good, random))
        except PackageError:
            continue
        opened += 1
        for path in PATHS:
            look_up(description, path)
        read_all(description)

    assert 0 < opened < DOCUMENT_COUNT


def look_up(description: CompiledDescription, path: str) -> None:
    with contextlib.suppress(PathError, PackageError):
        description.find_variable(path)
        description.find_alias(path)


def read_all(description: CompiledDescription) -> None:
    slices: list[Callable[[int, int], object]] = [
        description.variables,
        description.factories,
        description.aliases,
        description.variable_paths,
        description.factory_paths,
    ]
    for read in slices:
        with contextlib.suppress(PackageError):
            read(0, 100)


def mutated_octets(data: bytes, random: Random) -> bytes:
    """Return the data with a few octets replaced, inserted, removed or exchanged."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(changed))
        match random.randrange(6):
            case 0:
                changed[place] = random.randrange(256)
            case 1:
                changed[place] ^= 1 << random.randrange(8)
            case 2:
                changed[place : place + 8] = struct.pack("<Q", random.choice(NUMBERS))
            case 3:
                del changed[place : place + random.randint(1, 9)]
            case 4:
                changed[place:place] = random.choice(TOKENS)
            case _:
                other = random.randrange(len(changed))
                changed[place : place + 4] = changed[other : other + 4]
    return bytes(changed)


NUMBERS = [0, 1, 7, 2**31, 2**32 - 1, 2**63, 2**64 - 1, 2**64 - 8]
TOKENS = [
    b'"',
    b"{",
    b"}",
    b"[" * 3000,
    b"]",
    b",",
    b":",
    b"\\ud800",
    b"NaN",
    b"9" * 5000,
    b"/",
    b"*",
]


def mutate_content(node: Any, random: Random) -> None:
    """Replace, remove, rename or copy something anywhere in a JSON document."""
    is_object = isinstance(node, dict)
    keys: list[Any] = list(cast("Any", node)) if is_object else list(range(len(node)))
    if not keys:
        return
    key = random.choice(keys)
    if isinstance(node[key], dict | list) and random.random() < 0.85:
        mutate_content(node[key], random)
        return
    match random.randrange(4):
        case 0:
            node[key] = random.choice(HOSTILE)
        case 1:
            del node[key]
        case 2 if is_object:
            node[random.choice([*PATHS, *KEYS])] = node[key]
        case _:
            node[key] = node[random.choice(keys)]
