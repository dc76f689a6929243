"""Whoever asks for a path that does not exist is told what is there instead."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from scrutiny.core.watchables import Alias
from scrutiny.sfd.compiled import CompiledDescription
from scrutiny.sfd.compiling import Description, compile_description
from scrutiny.sfd.path_hints import path_hint
from scrutiny.sfd.variable_map_json import read_variable_map

GARAGE = Path(__file__).parents[2] / "data" / "garage-variable-map.json"


@pytest.fixture(scope="module")
def garage() -> CompiledDescription:
    """The worked example, with an alias."""
    stream = io.BytesIO()
    variables, _ = read_variable_map(GARAGE.read_bytes())
    aliases = {"/Vehicle/Gear": Alias("/Vehicle/Gear", "/global/car/gear")}
    compile_description(Description("ab" * 16, variables, aliases=aliases), stream)
    return CompiledDescription(stream.getvalue())


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/global/car", "it is a group, with for example /global/car/gear"),
        ("global/car/wheels/", "/global/car/wheels/wheels[0]/"),
        ("/global/car/wheels[2]/rpm", "group of their name around them: "
         "/global/car/wheels/wheels[0]/rpm"),
        ("/global/car/gera", "the closest is /global/car/gear"),
        ("/Vehicle/gear", "the closest is /Vehicle/Gear"),
        ("/static/garage.cpp/curent", "the closest is /static/garage.cpp/current"),
    ],
)  # fmt: skip
def test_what_may_be_meant_is_named(garage: CompiledDescription, path: str, hint: str) -> None:
    assert hint in path_hint(garage, path)


@pytest.mark.parametrize("path", ["/nothing/like/it", "/", "", "/\ud800", "[0]", "/x" * 10_000])
def test_nothing_is_said_when_nothing_comes_near(garage: CompiledDescription, path: str) -> None:
    hint = path_hint(garage, path)

    assert hint == "" or (path in ("/", "") and "group" in hint)
