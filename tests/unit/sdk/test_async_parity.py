"""The asyncio client offers what the blocking one does, under the same names."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from scrutiny.sdk.aio import AsyncScrutinyClient, AsyncWatchableHandle
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.watchable_handle import WatchableHandle
from tests.support.either_client import TWINS

# Names of one client alone, each with its reason.
BLOCKING_ONLY: dict[str, str] = {
    "register_listener": "listeners are threads; a task reads stream()",
    "unregister_listener": "as above",
    "write_value_str": "the older form of an assignment",
}
ASYNC_ONLY = {
    "events": "what read_event() in a loop is for threads",
    "stream": "an iterator over updates; threads have listeners",
    "write": "an assignment cannot be awaited",
    "write_enum": "an assignment cannot be awaited",
}
PAIRS = pytest.mark.parametrize("blocking", TWINS, ids=lambda kind: kind.__name__)


def public(kind: type) -> dict[str, object]:
    return {
        name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")
    }


def parameters(function: object) -> list[tuple[str, object, object]]:
    assert callable(function)
    told = inspect.signature(function).parameters.values()
    return [(p.name, p.default, p.kind) for p in told]


@PAIRS
def test_both_have_the_same_names(blocking: type) -> None:
    ours, theirs = public(TWINS[blocking]).keys(), public(blocking).keys()

    assert theirs - ours == BLOCKING_ONLY.keys() & theirs
    assert ours - theirs == ASYNC_ONLY.keys() & ours


def test_no_exception_is_left_over() -> None:
    names = {name for kind in TWINS for name in public(kind)}
    async_names = {name for kind in TWINS.values() for name in public(kind)}

    assert BLOCKING_ONLY.keys() <= names - async_names
    assert ASYNC_ONLY.keys() <= async_names - names


@PAIRS
def test_methods_take_the_same_parameters_with_the_same_defaults(blocking: type) -> None:
    twins = public(TWINS[blocking])
    for name, member in public(blocking).items():
        if name in twins and inspect.isfunction(member):
            assert parameters(twins[name]) == parameters(member), name


@PAIRS
def test_properties_are_properties_in_both(blocking: type) -> None:
    twins = public(TWINS[blocking])
    for name, member in public(blocking).items():
        if name in twins:
            assert isinstance(member, property) == isinstance(twins[name], property), name


def test_constructors_take_the_same_parameters() -> None:
    assert parameters(AsyncScrutinyClient) == parameters(ScrutinyClient)


def test_what_is_assigned_to_a_blocking_handle_is_written_to_the_other() -> None:
    settable = {
        name
        for name, member in public(WatchableHandle).items()
        if isinstance(member, property) and member.fset is not None
    }
    methods = {"value": "write", "value_enum": "write_enum"}

    assert settable == methods.keys()
    assert all(hasattr(AsyncWatchableHandle, method) for method in methods.values())


def test_the_blocking_client_imports_nothing_of_asyncio() -> None:
    script = (
        "import sys\n"
        "from scrutiny import sdk\n"
        "import scrutiny.sdk.client, scrutiny.sdk.datalogging_request\n"
        "print(sorted(m for m in sys.modules if 'aio' in m or '_async' in m))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "[]"
