"""What versions and features tell, seen from a client."""

from __future__ import annotations

from typing import get_args

import pytest

from scrutiny.api.messages import AnyCommand, command_name
from scrutiny.api.versions import (
    API_VERSION,
    FEATURE_OF_COMMAND,
    FEATURES,
    why_incompatible,
    why_unknown,
)


@pytest.mark.parametrize("version", [API_VERSION, "1.0", "1.7", "1.2.3", "1"])
def test_servers_of_the_same_major_version_will_do(version: str) -> None:
    assert why_incompatible(version) == ""


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("", "tells no version of its API, so it is too old"),
        ("0.9", "the server is too old"),
        ("2.0", "this client is too old"),
        ("one", "'one', is none"),
        ("²", "is none"),
        ("9" * 5000, "is none"),
    ],
)
def test_other_servers_will_not(version: str, reason: str) -> None:
    assert reason in why_incompatible(version)


def test_a_command_is_known_when_its_feature_is_told() -> None:
    assert why_unknown("read_watchable", FEATURES) == ""
    assert "lack 'read_once'" in why_unknown("read_watchable", ["memory"])
    assert why_unknown("echo", []) == ""


def test_added_commands_and_their_features_exist() -> None:
    commands = {command_name(command) for command in get_args(AnyCommand)}

    assert FEATURE_OF_COMMAND.keys() <= commands
    assert set(FEATURE_OF_COMMAND.values()) <= set(FEATURES)
    assert len(set(FEATURES)) == len(FEATURES)
