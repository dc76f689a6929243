"""Every command needs a right, and every role has its rights: the table that documents both."""

from __future__ import annotations

from typing import get_args

import pytest

from scrutiny.api import messages as m
from scrutiny.server.access.identity import AccessPolicy, Identity, parse_rights
from scrutiny.server.access.rights import RIGHT_OF_COMMAND, RIGHTS_OF_ROLE, Right, Role


def test_every_command_needs_a_right() -> None:
    assert set(RIGHT_OF_COMMAND) == set(get_args(m.AnyCommand))


def test_a_viewer_changes_nothing() -> None:
    allowed = {
        str(command.__struct_config__.tag)
        for command, right in RIGHT_OF_COMMAND.items()
        if right in RIGHTS_OF_ROLE[Role.VIEWER]
    }

    assert allowed == {
        "change_subscription_update_rate",
        "download_datalogging_acquisition",
        "download_sfd",
        "echo",
        "get_device_info",
        "get_installed_sfd",
        "get_loaded_sfd",
        "get_server_stats",
        "get_server_status",
        "get_watchable_count",
        "get_watchable_info",
        "get_watchable_list",
        "list_datalogging_acquisitions",
        "list_datalogging_requests",
        "read_datalogging_acquisition_content",
        "read_watchable",
        "set_throttling",
        "set_value_format",
        "subscribe_watchable",
        "unsubscribe_watchable",
    }


def test_an_operator_writes_values_and_records_besides() -> None:
    more = RIGHTS_OF_ROLE[Role.OPERATOR] - RIGHTS_OF_ROLE[Role.VIEWER]
    assert more == {Right.WRITE, Right.RECORD}


def test_an_owner_may_do_everything() -> None:
    assert RIGHTS_OF_ROLE[Role.OWNER] == set(Right)


def test_single_rights_add_to_a_role() -> None:
    bench = Identity("bench", Role.VIEWER, frozenset({Right.USER_COMMAND}))

    assert bench.rights == {Right.READ, Right.USER_COMMAND}


def test_a_refusal_names_the_right_and_how_to_get_it() -> None:
    why = AccessPolicy().why_refused(Identity("wall", Role.VIEWER), Right.WRITE)

    assert "'write'" in why
    assert "'wall' (viewer)" in why
    assert "scrutiny token add wall --right write" in why


def test_memory_is_written_only_where_the_server_permits_it() -> None:
    owner = Identity("me", Role.OWNER)

    assert AccessPolicy(memory_write=True).why_refused(owner, Right.MEMORY_WRITE) == ""
    assert "--allow-memory-write" in AccessPolicy().why_refused(owner, Right.MEMORY_WRITE)
    assert AccessPolicy().why_refused(owner, Right.WRITE) == ""


def test_a_policy_gives_no_right_that_somebody_lacks() -> None:
    why = AccessPolicy(memory_write=True).why_refused(
        Identity("ops", Role.OPERATOR), Right.MEMORY_WRITE
    )
    assert "'memory_write'" in why


def test_an_unknown_right_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'fly' is no right; there are read, write, record"):
        parse_rights(["read", "fly"])


def test_rights_are_found_by_name() -> None:
    assert parse_rights(["link", "symbols"]) == {Right.LINK, Right.SYMBOLS}
