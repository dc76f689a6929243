"""Entries: which of them exist, under which names, and for how long."""

from __future__ import annotations

import re

import pytest

from scrutiny.core.errors import PathError
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias, PublishedValue, Variable
from scrutiny.server import store as store_module
from scrutiny.server.store import ValueStore

from .conftest import ListedDescription
from .rig import BASE, variable

TABLE = re.compile(r"(/table)\[(\d+)\]")


class TableDescription(ListedDescription):
    """A description with a table of four elements, made anew whenever they are asked for."""

    def find_variable(self, path: str) -> Variable | None:
        found = TABLE.fullmatch(path)
        if found is None:
            return super().find_variable(path)
        if int(found[2]) > 3:
            raise PathError(f"{path}: index {found[2]}, the largest one is 3")
        return variable(path, DataType.UINT8, BASE + int(found[2]))


def store_with(*variables: Variable, aliases: tuple[Alias, ...] = ()) -> ValueStore:
    store = ValueStore()
    store.load_published([PublishedValue(0x10AB, DataType.UINT16)])
    store.load_description(TableDescription(variables, aliases))
    return store


V = variable("/v", DataType.UINT8)


def test_entries_come_into_being_when_they_are_asked_for() -> None:
    store = store_with(V)

    first = store.find("/v")

    assert first is not None
    assert (first.path, first.kind, first.source) == ("/v", "var", V)
    assert store.find("v//") is first
    assert store.by_id(first.id) is first
    assert store.find("/w") is None


def test_ids_are_hexadecimal_and_never_used_again() -> None:
    store = store_with(V)
    seen: list[str] = []

    for _ in range(20):
        entry = store.find("/v")
        assert entry is not None
        seen.append(entry.id)
        store.load_description(TableDescription([V]))

    assert seen == [f"{number:x}" for number in range(1, 21)]
    assert store.by_id(seen[0]) is None


def test_variables_come_before_published_values_and_these_before_aliases() -> None:
    both = Alias("/v", "/table[0]", "var"), Alias("/rpv/x10AB", "/v", "var")
    store = store_with(V, aliases=both)
    hiding = store_with(variable("/rpv/x10AB", DataType.UINT8))

    assert [store.find(path).kind for path in ("/v", "/rpv/x10AB")] == ["var", "rpv"]  # type: ignore[union-attr]
    assert hiding.find("/rpv/x10AB").kind == "var"  # type: ignore[union-attr]
    assert [entry.kind for entry in hiding.published] == ["rpv"]


@pytest.mark.parametrize("target_type", ["var", None])
def test_an_alias_shows_its_variable(target_type: str | None) -> None:
    store = store_with(V, aliases=(Alias("/a", "/v", target_type, gain=2.0),))  # type: ignore[arg-type]
    alias, target = store.find("/a"), store.find("/v")
    assert alias is not None
    assert target is not None

    store.update([alias, target], [21, 21], 5, [b"\x15", b"\x15"])

    assert (alias.kind, alias.source, alias.value) == ("alias", V, 42.0)
    assert (target.value, alias.octets, alias.time_ns) == (21, b"\x15", 5)
    assert list(store.same_source(V)) == [alias, target]


@pytest.mark.parametrize("target", ["/rpv/x10AB", "rpv/x10AB"])
def test_an_alias_shows_its_published_value(target: str) -> None:
    store = store_with(aliases=(Alias("/a", target, "rpv"),))

    alias = store.find("/a")

    assert alias is not None
    assert alias.source == PublishedValue(0x10AB, DataType.UINT16)


@pytest.mark.parametrize("target", ["/rpv/x1234", "/gone", "/table[9]"])
def test_an_alias_without_its_target_does_not_exist(target: str) -> None:
    target_type = "rpv" if target.startswith("/rpv") else "var"

    store = store_with(aliases=(Alias("/a", target, target_type),))  # type: ignore[arg-type]

    assert store.find("/a") is None


def test_a_wrong_index_is_told() -> None:
    store = store_with()

    with pytest.raises(PathError, match="largest one is 3"):
        store.find("/table[4]")


def test_an_alias_may_look_like_a_wrong_index() -> None:
    store = store_with(V, aliases=(Alias("/table[7]", "/v", "var"),))

    entry = store.find("/table[7]")

    assert entry is not None
    assert entry.kind == "alias"


def test_f5_an_alias_to_an_array_element_lives_through_watching_again() -> None:
    store = store_with(aliases=(Alias("/a", "/table[2]", "var"),))
    element = store.find("/table[2]")
    alias = store.find("/a")
    assert alias is not None
    assert element is not None

    assert list(store.same_source(alias.source)) == [element, alias]
    store.update(store.same_source(alias.source), [9, 9], 1)
    assert (alias.value, element.value) == (9, 9)


def test_a_value_that_comes_back_has_no_reason_any_more() -> None:
    store = store_with(V)
    entry = store.find("/v")
    assert entry is not None
    store.update([entry], [1], 1, [b"\x01"])

    store.invalidate([entry], "nullptr", 2)
    assert (entry.value, entry.octets, entry.reason, entry.time_ns) == (None, None, "nullptr", 2)
    store.invalidate([entry], "nullptr", 3)
    assert entry.time_ns == 2

    store.update([entry], [1], 4)
    assert (entry.value, entry.reason) == (1, "")


def test_the_idle_entry_not_asked_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_IDLE", 3)
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + i) for i in range(8)]
    store = store_with(*variables)
    entries = [store.find(f"/v{i}") for i in range(3)]
    held = entries[1]
    assert held is not None
    held.holds += 1

    store.find("/v0")
    for index in (3, 4):
        store.find(f"/v{index}")

    assert store.find("/v0") is entries[0]
    assert store.by_id(entries[2].id) is None  # type: ignore[union-attr]
    assert store.by_id(held.id) is held
    assert list(store.same_source(variables[2])) == []

    held.holds -= 1
    store.keep_idle(held)
    for index in (5, 6, 7):
        store.find(f"/v{index}")
    assert store.by_id(held.id) is None


def test_many_idle_entries_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_IDLE", 10)
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + i) for i in range(500)]
    store = store_with(*variables)

    ids = [entry.id for item in variables if (entry := store.find(item.path)) is not None]

    assert sum(store.by_id(entry_id) is not None for entry_id in ids) == 10


def test_the_end_of_a_description_leaves_published_values() -> None:
    store = store_with(V, aliases=(Alias("/a", "/rpv/x10AB", "rpv"),))
    entries = [store.find("/v"), store.find("/a")]

    assert store.unload_description() == entries

    assert store.find("/v") is None
    assert store.find("/a") is None
    (published,) = store.published
    assert store.find("/rpv/x10AB") is published
    assert list(store.same_source(published.source)) == [published]
    assert store.unload_description() == []


def test_the_end_of_a_device_leaves_nothing() -> None:
    store = store_with(V)
    entry = store.find("/v")
    assert entry is not None

    store.clear()

    assert (store.find("/v"), store.by_id(entry.id), list(store.published)) == (None, None, [])
    assert store.description is None
    store.keep_idle(entry)  # its last write ends now
    assert store.by_id(entry.id) is None
