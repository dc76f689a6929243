from __future__ import annotations

import time

import pytest

from scrutiny.core.paths import ArraySegment
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias
from scrutiny.sfd.alias_files import AliasSet
from scrutiny.sfd.alias_targets import AliasTargets
from scrutiny.sfd.errors import AliasError
from scrutiny.sfd.variable_map import Leaf, LeafType, PointerPath, VariableMap

FLOAT = LeafType("float", DataType.FLOAT32)
WHEELS = ArraySegment(len("/global/car/wheels/wheels"), (4,), 12)
FLEET = ArraySegment(len("/global/depot/fleet/fleet"), (2, 3), 4)
BEHIND = ArraySegment(len("/global/depot/fleet/*fleet/wheels/wheels"), (4,), 12)
LEAVES = [
    Leaf("/global/car/speed", FLOAT, 8192),
    Leaf("/global/car/wheels/wheels/rpm", FLOAT, 8196, arrays=(WHEELS,)),
    Leaf("/global/odd[7]", FLOAT, 8000),
    Leaf(
        "/global/depot/fleet/*fleet/wheels/wheels/rpm",
        FLOAT,
        4,
        arrays=(BEHIND,),
        pointer=PointerPath("/global/depot/fleet/fleet", (FLEET,)),
    ),
    Leaf(
        "/global/car/wheels/wheels/*hub/mass",
        FLOAT,
        0,
        pointer=PointerPath("/global/car/wheels/wheels/hub", (WHEELS,)),
    ),
]
TARGETS = AliasTargets(VariableMap("little", 8, LEAVES))


def refusal(target: str) -> str:
    with pytest.raises(AliasError) as caught:
        TARGETS.check(Alias("/a", target))
    return f"{caught.value}"


@pytest.mark.parametrize(
    "target",
    [
        "/global/car/speed",
        "/global/car/wheels/wheels[3]/rpm",
        "/global/odd[7]",
        "/global/depot/fleet/*fleet[1][2]/wheels/wheels[0]/rpm",
        "/global/car/wheels/wheels[3]/*hub/mass",
    ],
)
def test_a_variable_or_an_element_is_a_target(target: str) -> None:
    assert TARGETS.check(Alias("/a", target)).target_type == "var"


@pytest.mark.parametrize("target", ["/rpv/x1000", "/rpv/x10AB", "/rpv/xFFFF"])
def test_x15_any_published_value_is_a_target(target: str) -> None:
    assert TARGETS.check(Alias("/a", target)).target_type == "rpv"


@pytest.mark.parametrize("target", ["/rpv/x10ab", "/rpv/x1", "/rpv/1000", "/rpv/x10G0"])
def test_the_path_of_a_published_value_has_one_form(target: str) -> None:
    assert "four hexadecimal digits, in upper case" in refusal(target)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/global/car/wheels/wheels[4]/rpm", "index 4 of /global/car/wheels/wheels is out of"),
        ("/global/car/wheels/wheels/rpm", "it takes 1 index, not 0"),
        ("/global/car/wheels/wheels[1][1]/rpm", "it takes 1 index, not 2"),
        ("/global/car[1]/speed", "/global/car is not an array"),
        ("/global/depot/fleet/*fleet[2][0]/wheels/wheels[0]/rpm", "index 2 of"),
        ("/global/depot/fleet/*fleet[0][0]/wheels/wheels/rpm", "it takes 1 index, not 0"),
        ("/global/depot/fleet/*fleet/wheels/wheels[0]/rpm", "it takes 2 indices, not 0"),
        ("/global/car/wheels/wheels/*hub/mass", "it takes 1 index, not 0"),
    ],
)
def test_f8_a_wrong_index_is_named_with_its_limit(target: str, expected: str) -> None:
    assert expected in refusal(target)


@pytest.mark.parametrize(
    ("target", "closest"),
    [
        ("/global/car/sped", "/global/car/speed"),
        ("/globl/car/speed", "/global/car/speed"),
        ("/Global/Car/Speed", "/global/car/speed"),
        ("/global/car/wheel/wheel[2]/rpm", "/global/car/wheels/wheels[0]/rpm"),
        ("/global/depot/fleet/*fleet/wheel/rpm", "/global/depot/fleet/*fleet[0][0]/wheels/wheels"),
    ],
)
def test_the_closest_path_is_told(target: str, closest: str) -> None:
    assert f"does not exist; the closest is {closest}" in refusal(target)


def test_nothing_close_is_told_as_nothing() -> None:
    assert refusal("/x").endswith("target /x does not exist")


@pytest.mark.parametrize(("count", "is_told"), [(1, True), (len(LEAVES), False)])
def test_a_target_behind_a_pointer_needs_those_in_the_map(count: int, *, is_told: bool) -> None:
    targets = AliasTargets(VariableMap("little", 8, LEAVES[:count]))

    with pytest.raises(AliasError, match="does not exist") as caught:
        targets.check(Alias("/a", "/global/*first/value"))

    assert ("pointers need --dereference-pointers" in f"{caught.value}") is is_told


def test_the_search_for_the_closest_path_is_bounded() -> None:
    leaves = [Leaf(f"/global/module{i % 300}/field{i}/value", FLOAT, i) for i in range(100_000)]
    targets = AliasTargets(VariableMap("little", 8, leaves))
    started = time.perf_counter()

    with pytest.raises(AliasError, match="closest is /global/module99/field99999/value"):
        targets.check(Alias("/a", "/global/modul17/field99999/valu"))

    assert time.perf_counter() - started < 5  # all of them would take minutes


def test_f7_aliases_of_a_file_are_taken_all_or_none() -> None:
    aliases = AliasSet()

    with pytest.raises(AliasError) as caught:
        aliases.add(
            [
                {"/a": {"target": "/global/car/speed"}, "/b": {"target": "/global/car/sped"}},
                {"/c": {"target": "/global/car/speed", "min": 1, "max": 0}},
            ],
            TARGETS,
        )

    assert aliases.aliases == {}
    lines = f"{caught.value}".splitlines()
    assert [line.split(":")[0] for line in lines] == ["alias /b", "alias /c"]


def test_the_first_alias_of_a_path_stays() -> None:
    aliases = AliasSet({"/a": Alias("/a", "/rpv/x0001")})

    count = aliases.add([{"a": {"target": "/rpv/x0002"}, "/b": {"target": "/rpv/x0003"}}], TARGETS)

    assert count == 1
    assert aliases.aliases["/a"].target == "/rpv/x0001"
    assert aliases.aliases["/b"].target_type == "rpv"
    assert aliases.duplicates == ["alias /a is there already; the first one stays"]


def test_suggestions_end_where_they_would_take_for_ever() -> None:
    names = [f"/static/main.c/group_{i % 97}/variable_{i}" for i in range(20_000)]
    targets = AliasTargets(VariableMap("little", 8, [Leaf(name, FLOAT, 0) for name in names]))

    texts: list[str] = []
    for i in range(300):
        with pytest.raises(AliasError) as caught:
            targets.check(Alias(f"/a{i}", f"/static/main.c/grup/variabel_{i}"))
        texts.append(str(caught.value))

    assert "the closest is" in texts[0]
    assert "the closest is" not in texts[-1]
