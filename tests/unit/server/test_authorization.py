"""Every command by every role, through a session: done or refused, as the table of rights says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from scrutiny.api import messages as m
from scrutiny.api.codec import decode_command
from scrutiny.server.access.identity import Identity
from scrutiny.server.access.rights import RIGHT_OF_COMMAND, RIGHTS_OF_ROLE, Right, Role
from tests.support.api_bench import FLOAT, SMALL, FakeClient, Server

ID = "00" * 16
# What a command needs to be understood; that it is then refused for another reason is no matter.
FIELDS: dict[str, dict[str, Any]] = {
    "cancel_datalogging_request": {"request_token": ID},
    "change_subscription_update_rate": {"changes": []},
    "delete_datalogging_acquisition": {"reference_id": ID},
    "demo_mode": {"enable": False},
    "download_datalogging_acquisition": {"reference_id": ID},
    "download_sfd": {"firmware_id": ID},
    "echo": {"payload": "x"},
    "get_watchable_info": {"watchables": [FLOAT]},
    "load_sfd": {"firmware_id": ID},
    "read_datalogging_acquisition_content": {"reference_id": ID},
    "read_memory": {"address": 0, "size": 4},
    "read_watchable": {"watchables": [FLOAT]},
    "request_datalogging_acquisition": {
        "yaxes": [],
        "sampling_rate_id": 0,
        "decimation": 1,
        "timeout": 0,
        "trigger_hold_time": 0,
        "probe_location": 0.5,
        "condition": "true",
        "operands": [],
        "x_axis_type": "index",
        "signals": [],
    },
    "set_link_config": {"link_type": "none", "link_config": {}},
    "set_throttling": {"update_rate": None},
    "set_value_format": {"format": "json"},
    "subscribe_watchable": {"watchables": [FLOAT]},
    "uninstall_sfd": {"firmware_id_list": [ID]},
    "unsubscribe_watchable": {"watchables": [FLOAT]},
    "update_datalogging_acquisition": {"reference_id": ID, "name": "x"},
    "upload_sfd_data": {"token": ID, "file_chunk": {"chunk_index": 0, "data": ""}},
    "upload_sfd_init": {"firmware_id": ID, "total_size": 1},
    "user_command": {"subfunction": 0, "data": ""},
    "write_memory": {"address": 0, "data": "AAA="},
    "write_single_watchable": {"server_path": SMALL, "value": 1},
    "write_single_watchable_by_data": {"server_path": SMALL, "data": "AQ=="},
    "write_watchable": {"updates": []},
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


def refusals(client: FakeClient, command: str) -> list[str]:
    client.all()
    client.send(command, reqid=1, **FIELDS.get(command, {}))
    return [answer["msg"] for answer in client.all() if answer["cmd"] == "error"]


@pytest.mark.parametrize("role", Role)
def test_the_access_matrix(server: Server, role: Role) -> None:
    client = FakeClient(server, identity=Identity("somebody", role))
    for command in get_args(m.AnyCommand):
        name, right = str(command.__struct_config__.tag), RIGHT_OF_COMMAND[command]

        decode_command(
            json.dumps({"cmd": name, **FIELDS.get(name, {})}).encode()
        )  # it is understood
        found = refusals(client, name)

        is_refused = any(f"needs the right '{right.value}'" in text for text in found)
        assert is_refused == (right not in RIGHTS_OF_ROLE[role]), (name, found)


@pytest.mark.parametrize("right", sorted(set(Right) - {Right.READ}))
def test_a_single_right_permits_its_commands_and_no_others(server: Server, right: Right) -> None:
    identity = Identity("somebody", Role.VIEWER, frozenset({right}))
    client = FakeClient(server, identity=identity)
    for command in get_args(m.AnyCommand):
        found = refusals(client, str(command.__struct_config__.tag))

        is_refused = any("needs the right" in text for text in found)
        assert is_refused == (RIGHT_OF_COMMAND[command] not in {Right.READ, right})


def test_the_welcome_tells_what_a_client_may_do(server: Server) -> None:
    client = FakeClient(server, identity=Identity("wall", Role.VIEWER, frozenset({Right.LINK})))

    assert client.welcome[0]["access"] == {
        "name": "wall",
        "role": "viewer",
        "rights": ["read", "link"],
    }


def test_memory_is_not_written_where_the_server_does_not_permit_it(tmp_path: Path) -> None:
    with contextlib.closing(Server(tmp_path, memory_write=False)) as server:
        owner = FakeClient(server)

        assert "--allow-memory-write" in refusals(owner, "write_memory")[0]
        assert "memory_write" not in owner.welcome[0]["access"]["rights"]


def test_changes_and_what_was_refused_are_in_the_audit_log(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    with contextlib.closing(Server(tmp_path, audit_file=file)) as server:
        viewer = FakeClient(server, "10.0.0.1:7", Identity("wall", Role.VIEWER))
        owner = FakeClient(server, "10.0.0.2:8", Identity("me", Role.OWNER))

        refusals(viewer, "write_single_watchable")
        refusals(viewer, "set_link_config")
        refusals(owner, "write_single_watchable")
        refusals(owner, "set_link_config")

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    told = [(line["who"], line["action"], line["target"], line["result"][:9]) for line in lines]
    assert told == [
        ("wall", "write_single_watchable", "", "this need"),
        ("wall", "set_link_config", "none", "this need"),
        ("me", "write_single_watchable", SMALL, "confirmed"),
        ("me", "set_link_config", "none", "accepted"),
    ]
    assert lines[2]["address"] == "10.0.0.2:8"
