"""The symbol map as JSON: what is written, and what is made of all that may come."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import ArraySegment
from scrutiny.core.types import DataType
from scrutiny.core.watchables import BitField
from scrutiny.sfd.errors import VariableMapError
from scrutiny.sfd.variable_map import Leaf, LeafType, PointerPath, VariableMap
from scrutiny.sfd.variable_map_json import read_variable_map, write_variable_map

GARAGE = (Path(__file__).parents[2] / "data" / "garage-variable-map.json").read_bytes()
UINT8 = LeafType("unsigned char", DataType.UINT8)
UINT32 = LeafType("unsigned int", DataType.UINT32)
FLOAT = LeafType("float", DataType.FLOAT32)
PTR32 = LeafType("ptr32", DataType.PTR32)

TYPES = {
    "0": {"name": "unsigned char", "type": "uint8"},
    "1": {"name": "float", "type": "float32"},
    "2": {"name": "ptr32", "type": "ptr32"},
    "3": {"name": "long double", "type": "float128"},
}


def written(*leaves: Leaf, indent: str | None = None) -> tuple[str, list[str]]:
    stream = io.BytesIO()
    messages = write_variable_map(VariableMap("little", 8, list(leaves)), stream, indent)
    return stream.getvalue().decode("ascii"), messages


def document(variables: dict[str, Any], **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "endianness": "little",
        "type_map": TYPES,
        "enums": {"0": {"name": "Gear", "values": {"Park": 0}}},
        "variables": variables,
    }
    return parts | changes


def read(variables: dict[str, Any], **changes: Any) -> tuple[list[Leaf], list[str]]:
    found, messages = read_variable_map(json.dumps(document(variables, **changes)).encode())
    return found.leaves, messages


@pytest.mark.parametrize("indent", ["\t", "    ", "", None])
def test_the_text_is_laid_out_as_the_json_module_does_it(indent: str | None) -> None:
    variables, _ = read_variable_map(GARAGE)
    stream = io.BytesIO()

    write_variable_map(variables, stream, indent)

    separators = (",", ":") if indent is None else (",", ": ")
    text = stream.getvalue().decode("ascii")
    assert text == json.dumps(json.loads(text), indent=indent, separators=separators)


def test_what_is_written_has_the_content_that_was_read() -> None:
    variables, messages = read_variable_map(GARAGE)
    stream = io.BytesIO()

    assert write_variable_map(variables, stream, "\t") == messages == []

    expected = json.loads(GARAGE)
    got = json.loads(stream.getvalue())
    assert got["variables"].keys() == expected["variables"].keys()
    assert (got["endianness"], got["char_bit"]) == ("little", 8)
    assert got["enums"] == expected["enums"]
    for path, entry in got["variables"].items():
        type_of_entry = got["type_map"][entry.pop("type_id")]
        expected_entry = expected["variables"][path]
        assert type_of_entry == expected["type_map"][expected_entry.pop("type_id")]
        assert entry == expected_entry


def test_leaves_come_back_as_they_were() -> None:
    gear = Enumeration("Gear", {"Reverse": -1, "Big": 2**64 - 1})
    fleet = (ArraySegment(len("/global/fleet/fleet"), (2, 3), 4),)
    wheels = ArraySegment(len("/global/fleet/*fleet/wheels/wheels"), (4,), 12)
    leaves = [
        Leaf("/global/gear", UINT8, 0, None, gear),
        Leaf("/global/bits", UINT32, 2**64 - 4, BitField(3, 7)),
        Leaf("/global/Größe", FLOAT, 8),
        Leaf('/global/operator"" _km(long double)::a\\b', FLOAT, 8),
        Leaf("/global/fleet/fleet", PTR32, 16, None, None, fleet),
        Leaf(
            "/global/fleet/*fleet/wheels/wheels/rpm",
            FLOAT,
            -4,
            None,
            None,
            (wheels,),
            PointerPath("/global/fleet/fleet", fleet),
        ),
    ]

    text, messages = written(*leaves)
    found, read_messages = read_variable_map(text.encode())

    assert messages == read_messages == []
    assert found == VariableMap("little", 8, leaves)


def test_a_target_with_bytes_of_16_bits_comes_back() -> None:
    stream = io.BytesIO()
    variables = VariableMap("big", 16, [Leaf("/global/x", UINT32, 4)])

    write_variable_map(variables, stream, None)

    assert read_variable_map(stream.getvalue()) == (variables, [])


def test_a_map_without_leaves_has_all_five_keys() -> None:
    text, _ = written(indent="\t")

    assert json.loads(text) == {
        "endianness": "little",
        "char_bit": 8,
        "type_map": {},
        "enums": {},
        "variables": {},
    }


def test_equal_types_and_enums_are_written_once() -> None:
    leaves = [
        Leaf(f"/global/x{i}", LeafType("t", DataType.UINT8), i, None, Enumeration("E", {"A": 1}))
        for i in range(3)
    ]

    text, _ = written(*leaves, Leaf("/global/y", LeafType("t", DataType.UINT16), 9))

    assert len(json.loads(text)["type_map"]) == 2
    assert len(json.loads(text)["enums"]) == 1


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf("/global/x", UINT32, 4, BitField(30, 4)),
        Leaf("/global/x", UINT32, 4, BitField(0, 0)),
        Leaf("/global/x", UINT32, 4, BitField(-1, 4)),
        Leaf("/global/x", FLOAT, 4, BitField(0, 4)),
        Leaf("/global/x", LeafType("struct", DataType.STRUCT), 4),
        Leaf("/global/x", LeafType("?", DataType.NA), 4),
        Leaf("/global/x", UINT32, -4),
        Leaf("/global/x", UINT32, 2**64),
        Leaf("/global/x", UINT32, 4, None, None, (ArraySegment(9, (0,), 4),)),
        Leaf("/global/x", UINT32, 4, None, None, (ArraySegment(9, (), 4),)),
        Leaf("/global/x", UINT32, 4, None, None, (ArraySegment(9, (2**32, 2**32), 4),)),
        Leaf("/global/\ud800", UINT32, 4),
    ],
    ids=repr,
)
def test_f2_what_no_device_can_have_is_not_written(leaf: Leaf) -> None:
    text, messages = written(Leaf("/global/good", UINT8, 1), leaf)

    assert list(json.loads(text)["variables"]) == ["/global/good"]
    assert len(messages) == 1


@pytest.mark.parametrize("endianness", ["big", " Big ", "BIG\t"])
def test_endianness_is_read_with_blanks_and_in_any_case(endianness: str) -> None:
    found, _ = read_variable_map(json.dumps(document({}, endianness=endianness)).encode())

    assert found.byte_order == "big"


def test_char_bit_is_8_unless_told() -> None:
    assert read_variable_map(json.dumps(document({})).encode())[0].char_bit == 8
    assert read_variable_map(json.dumps(document({}, char_bit=16)).encode())[0].char_bit == 16


def test_the_boolean_of_old_versions_has_8_bits() -> None:
    leaves, _ = read(
        {"/global/x": {"type_id": "9", "addr": 1}},
        type_map={"9": {"name": "bool", "type": "boolean"}},
    )

    assert leaves == [Leaf("/global/x", LeafType("bool", DataType.BOOL8), 1)]


@pytest.mark.parametrize("type_id", ["0", 0])
@pytest.mark.parametrize("enum_id", ["0", 0])
def test_ids_are_strings_or_numbers(type_id: str | int, enum_id: str | int) -> None:
    leaves, messages = read({"/global/x": {"type_id": type_id, "addr": 1, "enum": enum_id}})

    assert leaves == [Leaf("/global/x", UINT8, 1, None, Enumeration("Gear", {"Park": 0}))]
    assert messages == []


@pytest.mark.parametrize(
    ("keys", "bits"),
    [
        ({"bitoffset": 2, "bitsize": 3}, BitField(2, 3)),
        ({"bitoffset": 2}, BitField(2, 6)),
        ({"bitsize": 3}, BitField(0, 3)),
    ],
    ids=str,
)
def test_half_a_bit_field_is_completed(keys: dict[str, int], bits: BitField) -> None:
    leaves, _ = read({"/global/x": {"type_id": "0", "addr": 1, **keys}})

    assert leaves[0].bit_field == bits


def test_v4_a_bit_field_as_wide_as_its_storage_is_none() -> None:
    leaves, _ = read({"/global/x": {"type_id": "0", "addr": 1, "bitoffset": 0, "bitsize": 8}})

    assert leaves[0].bit_field is None


def test_paths_become_canonical() -> None:
    leaves, _ = read(
        {
            "global//t/t/x/": {
                "type_id": "0",
                "addr": 1,
                "array_segments": {"global/t//t": {"dims": [2], "byte_size": 4}},
            }
        }
    )

    array = ArraySegment(len("/global/t/t"), (2,), 4)
    assert leaves == [Leaf("/global/t/t/x", UINT8, 1, None, None, (array,))]


def test_arrays_of_the_pointer_are_known_although_the_entry_does_not_repeat_them() -> None:
    arrays = {"/global/t/t": {"dims": [2], "byte_size": 4}}
    leaves, _ = read(
        {
            "/global/t/*t": {"type_id": "0", "pointer": {"path": "/global/t/t", "offset": 0}},
            "/global/t/t": {"type_id": "2", "addr": 8, "array_segments": arrays},
        }
    )

    array = ArraySegment(len("/global/t/t"), (2,), 4)
    assert leaves[0].pointer == PointerPath("/global/t/t", (array,))


def test_arrays_behind_the_pointer_are_those_after_its_segment() -> None:
    repeated = {"/global/t/*t": {"dims": [9], "byte_size": 9}}
    behind = {"/global/t/*t/u/u": {"dims": [2], "byte_size": 4}}
    leaves, _ = read(
        {
            "/global/t/t": {"type_id": "2", "addr": 8},
            "/global/t/*t/u/u": {
                "type_id": "0",
                "pointer": {"path": "/global/t/t", "offset": 0},
                "array_segments": repeated | behind,
            },
        }
    )

    assert leaves[1].arrays == (ArraySegment(len("/global/t/*t/u/u"), (2,), 4),)


ARRAY = {"dims": [2], "byte_size": 1}
BAD_POINTERS: dict[str, tuple[str, Any]] = {
    "pointer that does not exist": ("/global/*none", {"path": "/global/none", "offset": 0}),
    "pointer behind a pointer": ("/global/**p", {"path": "/global/*p", "offset": 0}),
    "pointer that is a float": ("/global/*f", {"path": "/global/f", "offset": 0}),
    "path that is not that of the pointer": ("/global/bad", {"path": "/global/p", "offset": 0}),
    "path that only begins like it": ("/global/*pp", {"path": "/global/p", "offset": 0}),
    "pointer without a path": ("/global/*p/x", {"path": "/", "offset": 0}),
    "offset missing": ("/global/*p/x", {"path": "/global/p"}),
    "offset as text": ("/global/*p/x", {"path": "/global/p", "offset": "4"}),
    "offset beyond 64 bits": ("/global/*p/x", {"path": "/global/p", "offset": 2**63}),
    "path as number": ("/global/*p/x", {"path": 3, "offset": 0}),
    "list instead of object": ("/global/*p/x", []),
}
BAD_ENTRIES: dict[str, Any] = {
    "unknown type": {"type_id": "77", "addr": 1},
    "type that cannot be decoded": {"type_id": "3", "addr": 1},
    "no type": {"addr": 1},
    "unknown enum": {"type_id": "0", "addr": 1, "enum": 5},
    "bit field beyond the storage": {"type_id": "0", "addr": 1, "bitoffset": 6, "bitsize": 3},
    "bit offset beyond the storage": {"type_id": "0", "addr": 1, "bitoffset": 8},
    "negative bit offset": {"type_id": "0", "addr": 1, "bitoffset": -1},
    "empty bit field": {"type_id": "0", "addr": 1, "bitsize": 0},
    "float with a bit field": {"type_id": "1", "addr": 1, "bitsize": 3},
    "neither address nor pointer": {"type_id": "0"},
    "both address and pointer": {
        "type_id": "0",
        "addr": 1,
        "pointer": {"path": "/global/p", "offset": 0},
    },
    "negative address": {"type_id": "0", "addr": -1},
    "address of 65 bits": {"type_id": "0", "addr": 2**64},
    "address of 600 digits": {"type_id": "0", "addr": 10**600},
    "address as text": {"type_id": "0", "addr": "1"},
    "address as float": {"type_id": "0", "addr": 1.5},
    "address as boolean": {"type_id": "0", "addr": True},
    "entry that is no object": 7,
    "entry that is nothing": None,
    "array beside the path": {"type_id": "0", "addr": 1, "array_segments": {"/global/b": ARRAY}},
    "array on part of a name": {"type_id": "0", "addr": 1, "array_segments": {"/global/ba": ARRAY}},
    "array below the path": {"type_id": "0", "addr": 1, "array_segments": {"/global/bad/x": ARRAY}},
    "array without a path": {"type_id": "0", "addr": 1, "array_segments": {"/": ARRAY}},
    **{
        f"array of {dims} by {size}": {
            "type_id": "0",
            "addr": 1,
            "array_segments": {"/global/bad": {"dims": dims, "byte_size": size}},
        }
        for dims, size in [
            ([], 1),
            ([0], 1),
            ([-2], 1),
            ([2.5], 1),
            ("2", 1),
            ([2], 0),
            ([2], -1),
            ([1], 2**64),
            ([2**64], 1),
            ([2**40, 2**40], 1),
            ([1] * 33, 1),
        ]
    },
}
BAD_VARIABLES = {name: ("/global/bad", entry) for name, entry in BAD_ENTRIES.items()} | {
    name: (path, {"type_id": "0", "pointer": pointer})
    for name, (path, pointer) in BAD_POINTERS.items()
}


@pytest.mark.parametrize(("path", "entry"), BAD_VARIABLES.values(), ids=BAD_VARIABLES)
def test_f2_an_entry_that_makes_no_sense_is_left_out_with_a_message(path: str, entry: Any) -> None:
    good = {
        "/global/p": {"type_id": "2", "addr": 100},
        "/global/f": {"type_id": "1", "addr": 104},
        "/global/*p": {"type_id": "0", "pointer": {"path": "/global/p", "offset": 0}},
    }

    leaves, messages = read({path: entry, **good})

    assert [leaf.path for leaf in leaves] == list(good)
    assert len(messages) == 1
    assert messages[0].startswith(f"variable {path} ")


@pytest.mark.parametrize("definition", [{"name": "odd", "type": "uint7"}, {"name": "odd"}, 3, None])
def test_f2_a_type_that_is_unknown_is_left_out_with_its_variables(definition: Any) -> None:
    entries = {"/global/x": {"type_id": "4", "addr": 1}, "/global/y": {"type_id": "0", "addr": 2}}

    leaves, messages = read(entries, type_map=TYPES | {"4": definition})

    assert [leaf.path for leaf in leaves] == ["/global/y"]
    assert [message.split()[0] for message in messages] == ["type", "variable"]


def test_an_array_may_be_larger_than_any_memory_as_long_as_64_bits_address_it() -> None:
    arrays = {"/global/t/t": {"dims": [2**30, 2**32], "byte_size": 1}}

    leaves, messages = read({"/global/t/t": {"type_id": "0", "addr": 1, "array_segments": arrays}})

    assert leaves[0].arrays[0].dimensions == (2**30, 2**32)
    assert messages == []


def test_f2_messages_are_few_and_short_however_bad_the_file_is() -> None:
    entries = {
        f"{path}/{name}/{i}/{'x' * 5000}": entry
        for name, (path, entry) in BAD_VARIABLES.items()
        for i in range(20)
    }

    leaves, messages = read(entries, enums={str(i): {"values": i} for i in range(100)})

    assert leaves == []
    assert len(messages) <= 20
    assert all(len(message) < 600 and message.isprintable() for message in messages)
    assert any(message.startswith("100 enumerations left out") for message in messages)


def test_two_paths_that_mean_the_same_give_one_variable() -> None:
    leaves, messages = read(
        {
            "/global//x": {"type_id": "0", "addr": 1},
            "/global/x": {"type_id": "0", "addr": 2},
            "/global/y/": {"type_id": "0", "addr": 3},
            "//global/y": {"type_id": "0", "addr": 4},
        }
    )

    assert [(leaf.path, leaf.address) for leaf in leaves] == [("/global/x", 2), ("/global/y", 3)]
    assert len(messages) == 1


@pytest.mark.parametrize("path", ["", "/", "///", "/" + "x" * 65_536], ids=len)
def test_a_path_that_is_empty_or_endless_is_left_out(path: str) -> None:
    leaves, messages = read({path: {"type_id": "0", "addr": 1}})

    assert leaves == []
    assert len(messages) == 1


def test_f2_an_enum_with_values_that_are_no_integers_is_left_out() -> None:
    for values in ({"A": "1"}, {"A": 2**64}, {"A": 1.5}, [1]):
        leaves, messages = read(
            {
                "/global/x": {"type_id": "0", "addr": 1, "enum": 0},
                "/global/y": {"type_id": "0", "addr": 2},
            },
            enums={"0": {"name": "E", "values": values}},
        )
        assert [leaf.path for leaf in leaves] == ["/global/y"]
        assert [message.split()[0] for message in messages] == ["enumeration", "variable"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b"{" * 100_000,
        b'{"variables":' + b"[" * 100_000,
        GARAGE[:-2],
        GARAGE.replace(b'"endianness"', b'"x"'),
        GARAGE.replace(b'"type_map"', b'"x"'),
        GARAGE.replace(b'"variables"', b'"x"'),
        GARAGE.replace(b'"enums"', b'"x"'),
        GARAGE.replace(b'"little"', b'"middle"'),
        GARAGE.replace(b'"little"', b"1"),
        GARAGE.replace(b'"char_bit": 8', b'"char_bit": 9'),
        GARAGE.replace(b'"char_bit": 8', b'"char_bit": "8"'),
        GARAGE.replace(b"8192", b"NaN"),
        GARAGE.replace(b"8192", b"Infinity"),
        GARAGE.replace(b"/global/car/gear", b"\xff\xfe"),
        GARAGE.replace(b"/global/car/gear", b"\\ud800"),
        b"\xff\xfe" + GARAGE.decode().encode("utf-16-le"),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_f2_what_is_no_map_is_refused(data: bytes) -> None:
    with pytest.raises(VariableMapError, match="symbol map"):
        read_variable_map(data)


def test_more_variables_than_the_limit_are_refused() -> None:
    entries = ",".join(f'"{i}":0' for i in range(1_000_001))
    text = json.dumps(document({}))[:-2] + entries + "}}"

    with pytest.raises(VariableMapError, match="1000001 variables, more than 1000000"):
        read_variable_map(text.encode())


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read_variable_map(b"\xef\xbb\xbf" + GARAGE) == read_variable_map(GARAGE)


def test_of_two_entries_with_one_key_the_last_counts() -> None:
    text = GARAGE.replace(b'"variables": {', b'"variables": {"/global/car/gear": 3,')

    assert len(read_variable_map(text)[0].leaves) == 11
