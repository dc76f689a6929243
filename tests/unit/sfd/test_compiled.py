"""What is found in a compiled description, and what is not."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.core.enums import Enumeration
from scrutiny.core.errors import PathError
from scrutiny.core.paths import ArraySegment
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias, ArrayFactory, BitField, Variable
from scrutiny.sfd.compiled import CompiledDescription
from scrutiny.sfd.compiled_format import FORMAT_VERSION, HEADER, MAGIC
from scrutiny.sfd.compiled_tables import BlobTable
from scrutiny.sfd.compiling import Description, compile_description
from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.variable_map import Leaf, LeafType, PointerPath, VariableMap
from scrutiny.sfd.variable_map_json import read_variable_map, write_variable_map

GARAGE = (Path(__file__).parents[2] / "data" / "garage-variable-map.json").read_bytes()
FIRMWARE_ID = "00112233445566778899aabbccddeeff"
UINT8 = LeafType("unsigned char", DataType.UINT8)
PTR32 = LeafType("ptr32", DataType.PTR32)
GEAR = Enumeration("Gear", {"Park": 0, "Drive": 7})

WHEELS = "/global/car/wheels/wheels"
CURRENT = "/static/garage.cpp/*current"
FLEET = "/global/depot/fleet/*fleet"


def compiled(variables: VariableMap, *aliases: Alias, **parts: Any) -> CompiledDescription:
    stream = io.BytesIO()
    by_path = {alias.path: alias for alias in aliases}
    compile_description(Description(FIRMWARE_ID, variables, aliases=by_path, **parts), stream)
    return CompiledDescription(stream.getvalue())


def garage(*aliases: Alias) -> CompiledDescription:
    return compiled(read_variable_map(GARAGE)[0], *aliases)


def leaves(*found: Leaf) -> CompiledDescription:
    return compiled(VariableMap("little", 8, list(found)))


def found(description: CompiledDescription, path: str) -> Variable:
    variable = description.find_variable(path)
    assert variable is not None
    return variable


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/global/car/gear", 8192),
        (f"{WHEELS}[0]/rpm", 8196),
        (f"{WHEELS}[3]/rpm", 8232),
        (f"{WHEELS}[1]/temp/temp[1][2]", 8219),
        (f"{WHEELS}[3]/abs", 8236),
        ("/static/garage.cpp/current", 12288),
        ("/global/depot/fleet/fleet[1][0]", 16404),
    ],
)
def test_absolute_addresses_of_the_worked_example(path: str, address: int) -> None:
    variable = found(garage(), path)

    assert (variable.path, variable.address, variable.pointer) == (path, address, None)


@pytest.mark.parametrize(
    ("path", "offset", "pointer", "pointer_address"),
    [
        (f"{CURRENT}/gear", 0, "/static/garage.cpp/current", 12288),
        (f"{CURRENT}/wheels/wheels[2]/rpm", 4 + 2 * 12, "/static/garage.cpp/current", 12288),
        (f"{FLEET}[1][0]/gear", 0, "/global/depot/fleet/fleet[1][0]", 16404),
        (f"{FLEET}[1][0]/wheels/wheels[2]/rpm", 28, "/global/depot/fleet/fleet[1][0]", 16404),
        (f"{FLEET}[0][2]/wheels/wheels[0]/rpm", 4, "/global/depot/fleet/fleet[0][2]", 16400),
    ],
)
def test_pointed_addresses_of_the_worked_example(
    path: str, offset: int, pointer: str, pointer_address: int
) -> None:
    variable = found(garage(), path)

    assert (variable.path, variable.address) == (path, offset)
    assert variable.pointer == Variable(pointer, DataType.PTR32, "little", pointer_address)


def test_a_variable_has_all_that_the_map_says() -> None:
    description = garage()

    assert found(description, "/global/car/gear") == Variable(
        "/global/car/gear", DataType.UINT8, "little", 8192, None, GEAR
    )
    assert found(description, f"{WHEELS}[3]/abs") == Variable(
        f"{WHEELS}[3]/abs", DataType.UINT16, "little", 8236, BitField(10, 1)
    )


def test_the_description_tells_about_itself() -> None:
    variables = VariableMap("big", 16, [Leaf("/global/x", UINT8, 1)])

    description = compiled(variables, metadata={"version": "3.1"}, warnings=["1 type left out"])

    assert description.firmware_id == FIRMWARE_ID
    assert description.metadata == {"version": "3.1"}
    assert description.char_bit == 16
    assert description.warnings == ["1 type left out"]
    assert (description.variable_count, description.factory_count) == (1, 0)
    assert found(description, "/global/x").byte_order == "big"


def elements(leaf: Leaf) -> Iterator[tuple[str, int, int]]:
    """Yield path, address and address of the pointer, of the last element of each array."""
    path, address, pointer_offset = leaf.path, leaf.address, 0
    for array in reversed(leaf.arrays):
        indices = "".join(f"[{size - 1}]" for size in array.dimensions)
        path = path[: array.end] + indices + path[array.end :]
        address += (math.prod(array.dimensions) - 1) * array.element_size
    if leaf.pointer is not None:
        for array in reversed(leaf.pointer.arrays):
            end = array.end + (array.end == len(leaf.pointer.path))
            indices = "".join(f"[{size - 1}]" for size in array.dimensions)
            path = path[:end] + indices + path[end:]
            pointer_offset += (math.prod(array.dimensions) - 1) * array.element_size
    yield path, address, pointer_offset


def test_every_leaf_is_found_after_json_and_back() -> None:
    on_path = ArraySegment(len("/global/bank"), (3,), 40)
    pointers = ArraySegment(len("/global/bank/p/p"), (2, 2), 4)
    behind = ArraySegment(len("/global/bank/p/*p/n/n"), (5,), 2)
    variables, _ = read_variable_map(GARAGE)
    variables.leaves += [
        Leaf("/global/bank/p/p", PTR32, 100, None, None, (on_path, pointers)),
        Leaf(
            "/global/bank/p/*p/n/n",
            LeafType("s", DataType.SINT16),
            -6,
            BitField(3, 4),
            Enumeration("E", {"A": -1}),
            (behind,),
            PointerPath("/global/bank/p/p", (on_path, pointers)),
        ),
        Leaf("/global/last", UINT8, 2**64 - 1),
        Leaf("/global/Größe", UINT8, 7),
        Leaf("/global/fn(int[3])/operator[](int)", UINT8, 8),
    ]
    text = io.BytesIO()
    assert write_variable_map(variables, text, "\t") == []

    description = compiled(read_variable_map(text.getvalue())[0])

    count = description.variable_count + description.factory_count
    assert count == len(variables.leaves) == 16
    for leaf in variables.leaves:
        for path, address, pointer_offset in elements(leaf):
            variable = found(description, path)
            assert variable.path == path
            assert variable.address == address
            assert variable.data_type is leaf.type.data_type
            assert variable.bit_field == leaf.bit_field
            assert variable.enum == leaf.enum
            if leaf.pointer is not None:
                pointer = next(p for p in variables.leaves if p.path == leaf.pointer.path)
                assert variable.pointer is not None
                assert variable.pointer.address == pointer.address + pointer_offset


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{WHEELS}[4]/rpm", f"index 4 of {WHEELS} is out of range: 0 to 3"),
        (f"{WHEELS}[1]/temp/temp[2][0]", "index 2 of .*/temp/temp is out of range: 0 to 1"),
        (f"{WHEELS}[1]/temp/temp[1][3]", "index 3 of .*/temp/temp is out of range: 0 to 2"),
        (f"{WHEELS}[1]/temp/temp[1]", r"temp is an array \[2\]\[3\]: it takes 2 indices, not 1"),
        (f"{WHEELS}[1]/temp/temp", r"indices are missing at .*/temp/temp\[2\]\[3\]$"),
        (f"{WHEELS}/rpm", r"indices are missing at /global/car/wheels/wheels\[4\]$"),
        (f"{WHEELS}/temp/temp", r"at /global/car/wheels/wheels\[4\], .*/temp/temp\[2\]\[3\]$"),
        (f"{WHEELS}[1][2]/rpm", r"wheels is an array \[4\]: it takes 1 index, not 2"),
        ("/global/car[0]/wheels/wheels[1]/rpm", "/global/car is no array and takes no index"),
        (f"{WHEELS}[1]/rpm[0]", f"{WHEELS}/rpm is no array and takes no index"),
        ("/global/car/gear[0]", "/global/car/gear is no array and takes no index"),
        ("/global/car[1]/gear[0]", "/global/car, /global/car/gear is no array"),
        (f"{FLEET}[2][0]/gear", r"index 2 of /global/depot/fleet/\*fleet is out of range: 0 to 1"),
        (f"{FLEET}/gear", r"indices are missing at /global/depot/fleet/\*fleet\[2\]\[3\]"),
        (f"{FLEET}[0][0]/wheels/wheels[9]/rpm", "index 9 of .* is out of range: 0 to 3"),
        (f"{CURRENT}[0]/gear", r"/\*current is no array and takes no index"),
    ],
)
def test_f8_a_wrong_index_is_named_with_its_limit(path: str, text: str) -> None:
    with pytest.raises(PathError, match=text):
        garage().find_variable(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/global",
        "/global/car",
        "/global/car/gear/x",
        "/global/ca",
        "/global/none[3]",
        "global/car/gear",
        "/zzz",
        "/\ud800",
        "/global/\ud800[0]",
        "/[0]",
        "[0]",
        "/a[9999999999999999999]",
    ],
)
def test_a_path_that_names_nothing_is_not_found(path: str) -> None:
    assert garage().find_variable(path) is None
    assert garage().find_alias(path) is None


def test_indices_come_back_without_leading_zeros() -> None:
    assert found(garage(), f"{WHEELS}[003]/rpm").path == f"{WHEELS}[3]/rpm"


def test_a_name_that_ends_like_an_index_is_a_name() -> None:
    description = leaves(Leaf("/global/odd[3]", UINT8, 1), Leaf("/global/odd", UINT8, 2))

    assert found(description, "/global/odd[3]").address == 1
    assert found(description, "/global/odd").address == 2


def test_a_name_like_an_element_is_a_name_among_elements_of_an_array() -> None:
    rows = Leaf("/global/t/t", UINT8, 100, arrays=(ArraySegment(11, (4,), 1),))
    description = leaves(Leaf("/global/t/t[2]", UINT8, 1), rows)

    paths = [f"/global/t/t[{index}]" for index in range(4)]

    assert [found(description, path).address for path in paths] == [100, 101, 1, 103]


def test_who_has_found_one_element_of_an_array_finds_the_others_without_a_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    description = garage()
    found(description, f"{WHEELS}[0]/rpm")
    monkeypatch.delattr(BlobTable, "place")

    assert [found(description, f"{WHEELS}[{i}]/rpm").address for i in (1, 3)] == [8208, 8232]


def test_slices_are_in_the_order_of_paths() -> None:
    names = ["/global/b", "/global/ä", "/global/a", "/global/\N{OLD ITALIC LETTER A}", "/global/A"]
    description = leaves(*[Leaf(name, UINT8, i) for i, name in enumerate(names)])

    paths = description.variable_paths(0, 5)
    assert paths == sorted(names)
    assert [variable.path for variable in description.variables(1, 3)] == paths[1:3]
    assert description.variable_paths(1, 3) == paths[1:3]
    assert [description.variable_at(i).path for i in range(5)] == paths
    assert description.variables(0, 1)[0].address == names.index(paths[0])


def test_slices_end_where_the_table_ends() -> None:
    description = garage()

    assert len(description.variable_paths(0, 10**9)) == description.variable_count == 3
    assert len(description.factories(3, 10**9)) == description.factory_count - 3 == 5
    assert description.variables(7, 9) == []
    assert description.factory_paths(5, 2) == []
    with pytest.raises(IndexError):
        description.variable_at(3)
    with pytest.raises(IndexError):
        description.factory_at(8)


def test_a_factory_has_the_arrays_on_both_sides_of_the_pointer() -> None:
    description = garage()

    place = description.factory_paths(0, 100).index(f"{FLEET}/wheels/wheels/rpm")
    factory = description.factory_at(place)

    assert factory == description.factories(place, place + 1)[0]
    assert factory == ArrayFactory(
        f"{FLEET}/wheels/wheels/rpm",
        DataType.FLOAT32,
        None,
        {FLEET: (2, 3), f"{FLEET}/wheels/wheels": (4,)},
    )


def test_an_empty_map_can_be_looked_up() -> None:
    description = leaves()

    assert description.find_variable("/x") is None
    assert description.find_alias("/x") is None
    assert description.variables(0, 9) == []
    assert description.aliases(0, 9) == []
    assert description.variable_paths(0, 1) == []


def test_an_alias_gets_the_type_and_the_canonical_path_of_its_target() -> None:
    description = garage(
        Alias("/Speed [km/h]", f"{WHEELS}[01]/rpm", None, 0.12, 3.0, 0.0, 250.0, GEAR),
        Alias("/Gear", f"{CURRENT}/gear", "rpv"),
    )

    assert description.warnings == []
    assert description.alias_count == 2
    speed = Alias("/Speed [km/h]", f"{WHEELS}[1]/rpm", "var", 0.12, 3.0, 0.0, 250.0, GEAR)
    assert description.find_alias("/Speed [km/h]") == speed
    assert description.aliases(0, 9) == [Alias("/Gear", f"{CURRENT}/gear", "var"), speed]


@pytest.mark.parametrize("rpv", ["/rpv/x1000", "/rpv/x10AB", "/rpv/xFFFF", "rpv/xABCD"])
def test_x15_an_alias_may_lead_to_any_published_value(rpv: str) -> None:
    alias = garage(Alias("/Uptime", rpv)).find_alias("/Uptime")

    assert alias is not None
    assert (alias.target, alias.target_type) == ("/" + rpv.lstrip("/"), "rpv")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/global/none", "its target does not exist"),
        (WHEELS, "its target does not exist"),
        (f"{WHEELS}[4]/rpm", "index 4 of"),
        (f"{WHEELS}/rpm", "indices are missing"),
        ("/global/car/gear[0]", "no array"),
        ("/rpv/x12", "its target does not exist"),
        ("/rpv/xGGGG", "its target does not exist"),
        ("/Good", "its target is another alias"),
        ("/Bad", "its target is another alias"),
    ],
)
def test_f4_an_alias_whose_target_does_not_exist_is_left_out(target: str, text: str) -> None:
    description = garage(Alias("/Bad", target), Alias("/Good", "/global/car/gear"))

    assert [alias.path for alias in description.aliases(0, 9)] == ["/Good"]
    assert description.find_alias("/Bad") is None
    assert len(description.warnings) == 1
    assert description.warnings[0].startswith("alias /Bad ")
    assert text in description.warnings[0]


def test_f4_an_alias_that_cannot_be_stored_is_left_out() -> None:
    gear = "/global/car/gear"
    description = garage(
        Alias("/\ud800", gear),
        Alias("/Big", gear, enum=Enumeration("E", {"A": 2**64})),
        Alias("/Good", gear),
    )

    assert [alias.path for alias in description.aliases(0, 9)] == ["/Good"]
    assert len(description.warnings) == 1
    assert description.warnings[0].startswith("2 aliases left out")


def test_a_variable_wins_over_an_alias_of_its_path() -> None:
    description = garage(Alias("/global/car/gear", "/static/garage.cpp/current"))

    assert found(description, "/global/car/gear").address == 8192
    assert description.find_alias("/global/car/gear") is None
    assert "there is a variable of that path" in description.warnings[0]


def test_metadata_that_cannot_be_stored_is_left_out() -> None:
    for value in ("\ud800", 10**5000):
        description = compiled(VariableMap("little", 8, []), metadata={"author": value})
        assert description.metadata == {}
        assert len(description.warnings) == 1


def test_a_leaf_behind_an_unknown_pointer_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="/global/x has a pointer that is not in the map"):
        leaves(Leaf("/global/x", UINT8, 0, pointer=PointerPath("/global/p", ())))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "garage.symbols"
    with path.open("wb") as stream:
        compile_description(Description(FIRMWARE_ID, read_variable_map(GARAGE)[0]), stream)
    return path


def test_a_file_is_mapped_and_can_be_deleted_after_closing(file: Path) -> None:
    description = CompiledDescription.open(file)
    description.verify()
    assert found(description, f"{WHEELS}[3]/rpm").address == 8232
    assert description.variable_paths(0, 1) == ["/global/car/gear"]

    description.close()
    file.unlink()

    with pytest.raises(ValueError, match="closed"):
        description.find_variable("/global/car/gear")


def test_a_file_that_changed_is_noticed(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    description = CompiledDescription(bytes(data))

    with pytest.raises(PackageError, match="CRC"):
        description.verify()


def test_a_file_that_is_none_of_ours_is_refused(file: Path) -> None:
    good = file.read_bytes()
    other_version = HEADER.pack(MAGIC, FORMAT_VERSION + 1, 0, len(good)) + good[HEADER.size :]
    for data in (b"", b"x", b"\0" * 10_000, good[:-1], good + b"\0", good[:40], other_version):
        file.write_bytes(data)
        with pytest.raises(PackageError):
            CompiledDescription.open(file)
    with pytest.raises(PackageError):
        CompiledDescription.open(file.parent / "none")
    with pytest.raises(PackageError):
        CompiledDescription.open(file.parent)
