"""The public names of the SDK, with signatures, defaults and values, against a table made by hand.

Additions are welcome anywhere except between or before the parameters of the table; whatever is in
the table has to be there. ``...`` as default stands for any.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

_TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "sdk-surface.json").read_text(encoding="utf-8")
)
_ABSENT = object()


def test_modules_offer_all_names() -> None:
    assert list(_missing_names()) == []


def test_exceptions_have_their_parents() -> None:
    assert list(_wrong_parents()) == []


def test_enumerations_have_all_members_with_their_values() -> None:
    assert list(_wrong_members()) == []


def test_event_flags_have_their_values() -> None:
    constants = _TABLE["constants"]
    assert {name: _find(name) for name in constants} == constants


def test_immutable_classes_have_all_fields_in_order() -> None:
    assert list(_wrong_fields("frozen_fields", is_frozen=True)) == []


def test_mutable_classes_have_all_fields_in_order() -> None:
    assert list(_wrong_fields("mutable_fields", is_frozen=False)) == []


def test_classes_have_all_members() -> None:
    missing = [
        f"{owner}.{name}"
        for owner, names in _TABLE["members"].items()
        for name in names
        if not _has_member(_find(owner), name)
    ]
    assert missing == []


def test_functions_take_all_parameters_in_order_with_their_defaults() -> None:
    wrong = [
        problem
        for name, expected in _TABLE["signatures"].items()
        for problem in _signature_problems(name, expected)
    ]
    assert wrong == []


def test_names_that_mean_the_same_are_the_same() -> None:
    assert [pair for pair in _TABLE["same_objects"] if _find(pair[0]) is not _find(pair[1])] == []


def test_the_comparison_sees_what_is_missing() -> None:
    name = "scrutiny.sdk.client:ScrutinyClient.watch"
    assert _find("scrutiny.sdk:NoSuchThing") is _ABSENT
    assert list(_signature_problems("scrutiny.sdk.client:ScrutinyClient.nothing", ""))
    assert list(_signature_problems(name, "path, update_rate=1.0"))
    assert list(_signature_problems(name, "path, rate=None"))
    assert list(_signature_problems(name, ""))
    assert not _has_member(_find("scrutiny.sdk.client:ScrutinyClient"), "nothing")


def _find(name: str) -> Any:
    """Return what ``module:qualified.name`` denotes."""
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError:
        return _ABSENT
    for part in path.split("."):
        found = getattr(found, part, _ABSENT)
    return found


def _missing_names() -> Iterator[str]:
    for module, names in _TABLE["modules"].items():
        for name in names:
            if _find(f"{module}:{name}") is _ABSENT:
                yield f"{module}:{name}"


def _wrong_parents() -> Iterator[str]:
    for name, parent_name in _TABLE["exceptions"].items():
        kind = _find(f"scrutiny.sdk.exceptions:{name}")
        parent = Exception if parent_name == "Exception" else None
        parent = parent or _find(f"scrutiny.sdk.exceptions:{parent_name}")
        if kind is _ABSENT or not issubclass(kind, parent):
            yield f"{name} is no {parent_name}"


def _wrong_members() -> Iterator[str]:
    for name, expected in _TABLE["enums"].items():
        kind = _find(name)
        if kind is _ABSENT or not issubclass(kind, Enum):
            yield f"{name} is missing"
            continue
        members = {member: value.value for member, value in kind.__members__.items()}
        for member, value in expected.items():
            if members.get(member, _ABSENT) != value:
                yield f"{name}.{member} is not {value!r}"


def _wrong_fields(section: str, *, is_frozen: bool) -> Iterator[str]:
    for name, expected in _TABLE[section].items():
        kind = _find(name)
        if names := getattr(kind, "_fields", ()):  # a named tuple
            if list(names) != expected:
                yield f"{name} has the fields {names}, not {expected}"
            continue
        if kind is _ABSENT or not dataclasses.is_dataclass(kind):
            yield f"{name} is missing"
            continue
        fields = dataclasses.fields(kind)
        if [field.name for field in fields][: len(expected)] != expected:
            yield f"{name} has the fields {[field.name for field in fields]}, not {expected}"
        elif any(_is_required(field) for field in fields[len(expected) :]):
            yield f"{name} requires more than {expected}"
        if is_frozen and not kind.__dataclass_params__.frozen:  # type: ignore[union-attr]
            yield f"{name} can be changed"


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _has_member(owner: Any, name: str) -> bool:
    if hasattr(owner, name):
        return True
    if dataclasses.is_dataclass(owner) and name in {f.name for f in dataclasses.fields(owner)}:
        return True
    return inspect.isclass(owner) and name in _assigned_attributes(owner)


def _assigned_attributes(kind: type) -> set[str]:
    """Return the attributes that the constructor sets."""
    source = inspect.getsource(kind)
    tree = ast.parse(inspect.cleandoc("\n" + source) if source[0].isspace() else source)
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def _signature_problems(name: str, expected: str) -> Iterator[str]:
    found = _find(name)
    if found is _ABSENT:
        yield f"{name} is missing"
        return
    parameters = [p for p in inspect.signature(found).parameters.values() if p.name != "self"]
    wanted = list(_parse_parameters(expected))
    for index, (parameter_name, default) in enumerate(wanted):
        if index >= len(parameters) or parameters[index].name != parameter_name:
            yield f"{name} has no parameter {parameter_name} at position {index + 1}"
            continue
        actual = parameters[index].default
        if default is not _ABSENT and actual is inspect.Parameter.empty:
            yield f"{name}: {parameter_name} has no default"
        elif default is _ABSENT and actual is not inspect.Parameter.empty:
            pass  # more lenient than it has to be
        elif default is not _ABSENT and not _is_default(actual, default):
            yield f"{name}: {parameter_name} is {actual!r} by default, not {default}"
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for parameter in parameters[len(wanted) :]:
        if parameter.default is inspect.Parameter.empty and parameter.kind not in variadic:
            yield f"{name} requires {parameter.name} as well"


def _parse_parameters(text: str) -> Iterator[tuple[str, Any]]:
    """Return names and defaults, as source code, of ``a, b=None``."""
    parsed = ast.parse(f"lambda {text}: 0", mode="eval").body
    assert isinstance(parsed, ast.Lambda)
    arguments = parsed.args
    names = [argument.arg for argument in arguments.args]
    defaults: list[Any] = [_ABSENT] * (len(names) - len(arguments.defaults))
    yield from zip(names, defaults + [ast.unparse(d) for d in arguments.defaults], strict=True)


def _is_default(actual: object, source: str) -> bool:
    if source == "...":
        return True
    if isinstance(actual, Enum):
        return source in (f"{type(actual).__name__}.{actual.name}", repr(actual.value))
    default = ast.literal_eval(source)
    return actual == default or (default == [] and actual == ())
