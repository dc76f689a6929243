from __future__ import annotations

import json
import math
from typing import Any

import pytest

from scrutiny.core.enums import Enumeration
from scrutiny.core.watchables import Alias
from scrutiny.sfd.aliases import decode_aliases, read_aliases, unknown_keys, write_aliases

TARGET = "/global/speed"


def refusal(definition: object) -> str:
    aliases, refused = read_aliases({"/a": definition})
    assert aliases == {}
    assert len(refused) == 1
    return refused[0]


def accepted(definition: dict[str, Any]) -> Alias:
    aliases, refused = read_aliases({"/a": {"target": TARGET} | definition})
    assert refused == []
    return aliases["/a"]


def test_what_is_not_given_has_its_default() -> None:
    assert accepted({}) == Alias("/a", TARGET, None, 1.0, 0.0, -math.inf, math.inf, None)


def test_paths_become_canonical() -> None:
    aliases, _ = read_aliases({"Vehicle//Speed [km/h]/": {"target": "rpv/x1000/"}})

    assert aliases == {"/Vehicle/Speed [km/h]": Alias("/Vehicle/Speed [km/h]", "/rpv/x1000")}


def test_everything_that_can_be_given() -> None:
    definition: dict[str, Any] = {
        "target_type": "var",
        "gain": "0.5",
        "offset": " -3 ",
        "min": "-inf",
        "max": 250,
        "enum": {"name": "Gear", "values": {"Park": 0, "Reverse": -1}},
        "unknown": [],
    }

    assert accepted(definition) == Alias(
        *("/a", TARGET, "var", 0.5, -3.0, -math.inf, 250.0),
        Enumeration("Gear", {"Park": 0, "Reverse": -1}),
    )


def test_infinite_limits_are_none() -> None:
    alias = accepted(json.loads('{"min": -Infinity, "max": Infinity}'))

    assert (alias.minimum, alias.maximum) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (None, "not a JSON object"),
        ([], "not a JSON object"),
        ({}, "target is missing"),
        ({"target": ""}, "not a path"),
        ({"target": "//"}, "not a path"),
        ({"target": 3}, "not a path: 3"),
        ({"target": "/x", "target_type": "alias"}, "its target is an alias"),
        ({"target": "/x", "target_type": "variable"}, "neither var nor rpv: 'variable'"),
        ({"target": "/x", "target_type": ["var"]}, "neither var nor rpv"),
        ({"target": "/x", "gain": 0}, "gain is 0"),
        ({"target": "/x", "gain": "-0.0"}, "gain is 0"),
        ({"target": "/x", "gain": math.nan}, "gain is not a number"),
        ({"target": "/x", "gain": math.inf}, "gain is not finite"),
        ({"target": "/x", "gain": 10**400}, "gain is not a number"),
        ({"target": "/x", "gain": True}, "gain is not a number: True"),
        ({"target": "/x", "offset": "-inf"}, "offset is not finite"),
        ({"target": "/x", "offset": "two"}, "offset is not a number: 'two'"),
        ({"target": "/x", "min": "nan"}, "min is not a number"),
        ({"target": "/x", "max": [1]}, r"max is not a number: [1]"),
        ({"target": "/x", "min": 3, "max": 2}, "min 3 is above max 2"),
        ({"target": "/x", "min": math.inf}, "leave no value"),
        ({"target": "/x", "max": "-inf"}, "leave no value"),
        ({"target": "/x", "enum": "Gear"}, "enum is not an object"),
        ({"target": "/x", "enum": {"values": {}}}, "enum is not an object"),
        ({"target": "/x", "enum": {"name": "G", "values": {"P": 0.5}}}, "'P' is not an integer"),
        ({"target": "/x", "enum": {"name": "G", "values": {"P": True}}}, "'P' is not an integer"),
        ({"target": "/x", "enum": {"name": "G", "values": {"P": 1 << 64}}}, "'P' is beyond 64"),
    ],
)
def test_f4_what_is_not_valid_is_refused_with_a_reason(definition: object, expected: str) -> None:
    message = refusal(definition)

    assert message.startswith("alias /a: ")
    assert expected in message


def test_an_empty_path_is_refused() -> None:
    aliases, refused = read_aliases({"//": {"target": TARGET}})

    assert aliases == {}
    assert refused == ["alias /: its path is empty"]


def test_one_that_is_refused_does_not_take_others_along() -> None:
    aliases, refused = read_aliases({"/a": {}, "/b": {"target": TARGET}})

    assert list(aliases) == ["/b"]
    assert len(refused) == 1


def test_of_two_with_one_canonical_path_the_first_stays() -> None:
    aliases, refused = read_aliases({"/a": {"target": "/x"}, "a/": {"target": "/y"}})

    assert aliases["/a"].target == "/x"
    assert refused == ["alias /a is there twice; the first one stays"]


def test_a_reason_stays_short_whatever_the_value() -> None:
    assert len(refusal({"target": "/x", "min": "9" * 10_000 + "x"})) < 120


def test_defaults_and_infinities_are_not_written() -> None:
    document = write_aliases([Alias("/a", TARGET), Alias("/b", TARGET, "var", 2.0, -1.0, 0.0, 5.0)])

    assert document == {
        "/a": {"target": TARGET},
        "/b": {"target": TARGET, "target_type": "var", "gain": 2, "offset": -1, "min": 0, "max": 5},
    }


def test_what_is_written_is_read() -> None:
    aliases = [
        Alias("/a", TARGET, "var", 0.1, 1e-300, -1.5, math.inf),
        Alias("/b", "/rpv/x10AB", "rpv", enum=Enumeration("", {"on": 1})),
    ]
    text = json.dumps(write_aliases(aliases), allow_nan=False)

    assert read_aliases(json.loads(text)) == ({alias.path: alias for alias in aliases}, [])


def test_a_key_that_means_nothing_is_told_with_the_one_that_was_meant() -> None:
    definition = {"target": TARGET, "gian": 2, "Offset": 1, "comment": "", "enum": {"unit": "V"}}

    assert list(unknown_keys({"a/": definition, "/b": 3, "/c": {"target": TARGET}})) == [
        "alias /a: 'gian' is no known key and is ignored; did you mean gain?",
        "alias /a: 'Offset' is no known key and is ignored; did you mean offset?",
        "alias /a: 'comment' is no known key and is ignored",
    ]


def test_the_search_for_the_closest_key_is_bounded() -> None:
    told = list(unknown_keys({"/a": {f"gian{i}": 1 for i in range(80)}}))

    assert len(told) == 80
    assert sum("did you mean gain?" in text for text in told) == 50
    assert "did you mean" not in "".join(unknown_keys({"/a": {"target_type" * 4: 1}}))


def test_a_path_that_is_there_twice_is_told_and_the_last_one_counts() -> None:
    text = b'{"/a": {"gain": 1, "gain": 2}, "/b": {}, "/a": {"gain": 3}}'

    assert decode_aliases(text) == (
        {"/a": {"gain": 3}, "/b": {}},
        ["alias '/a' is there more than once; the last one counts"],
    )
    assert decode_aliases(b'{"/a": {"gain": 1, "gain": 2}}') == ({"/a": {"gain": 2}}, [])
    assert decode_aliases(b"[]") == ([], [])
