"""Every message of a real session, both ways, is what the published schema says."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from websockets.sync.client import connect

from scrutiny.api.messages import AnyCommand, AnyServerMessage, command_name
from scrutiny.sdk import exceptions
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig, TriggerCondition
from scrutiny.sdk.definitions import DeviceLinkType
from scrutiny.sdk.link_configs import UDPLinkConfig
from tests.support.api_peer import token_headers
from tests.support.bench import Bench
from tests.support.example_board import ROOT, SCRATCH, UPTIME, description_of
from tests.support.json_schema import SchemaCheck
from tests.support.processes import DEADLINE_S
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

Message = dict[str, Any]

SETPOINT = "/global/motor_setpoint_rpm"


@pytest.fixture
def bench(described_program: Path, tmp_path: Path) -> Iterator[Bench]:
    with Bench(described_program, tmp_path) as bench:
        yield bench


@pytest.fixture(scope="module")
def schema() -> Message:
    """The published schema, in which a field without description is an error as well."""
    published: Message = json.loads((ROOT / "docs/api-schema.json").read_text(encoding="utf-8"))
    for part in published["$defs"].values():
        if "properties" in part:
            part["additionalProperties"] = False
    return published


def test_a_session_with_every_command(
    bench: Bench, described_program: Path, schema: Message
) -> None:
    server = bench.start_server(bench.start_board().port, 115_200, "--allow-memory-write")
    with RecordingProxy(server.tcp_port) as proxy:
        client = ScrutinyClient(timeout=DEADLINE_S, write_timeout=DEADLINE_S)
        with client.connect("127.0.0.1", proxy.port):
            _describe(client, description_of(described_program))
            _watch_and_write(client)
            _record(client)
            _ask_the_rest(proxy.port)
            _leave(client)

    commands = _checked(proxy.from_clients, "Command", schema)
    answers = _checked(proxy.from_server, "ServerMessage", schema)

    assert commands == {command_name(message) for message in get_args(AnyCommand)}
    assert answers == {command_name(message) for message in get_args(AnyServerMessage)}


def _checked(texts: list[str], direction: str, schema: Message) -> set[str]:
    """Check messages against the schema of their direction, and return which there were."""
    refs: list[Message] = schema["$defs"][direction]["anyOf"]
    by_command = {_command_of(ref, schema): ref for ref in refs}
    checks = {
        cmd: SchemaCheck({**ref, "$defs": schema["$defs"]}) for cmd, ref in by_command.items()
    }
    messages: list[Message] = [json.loads(text) for text in texts]
    for message in messages:
        assert checks[message["cmd"]].errors(message) == []
    return {message["cmd"] for message in messages}


def _command_of(ref: Message, schema: Message) -> str:
    part = schema["$defs"][ref["$ref"].rpartition("/")[2]]
    return str(part["properties"]["cmd"]["enum"][0])


def _describe(client: ScrutinyClient, description: Path) -> None:
    """Install, load, fetch and remove the description; it is installed and loaded at the end."""
    client.wait_device_ready(DEADLINE_S)
    for _ in range(2):
        upload = client.init_sfd_upload(description)
        upload.start()
        upload.wait_for_completion(DEADLINE_S)
        client.wait_sfd_loaded(DEADLINE_S)
        (firmware_id,) = client.get_installed_sfds()
        client.load_sfd(firmware_id)
        assert client.get_loaded_sfd() is not None
        client.download_sfd(firmware_id).wait_for_completion(DEADLINE_S)
        client.uninstall_sfds([firmware_id])
    upload = client.init_sfd_upload(description)
    upload.start()
    upload.wait_for_completion(DEADLINE_S)
    client.wait_sfd_loaded(DEADLINE_S)


def _watch_and_write(client: ScrutinyClient) -> None:
    client.get_device_info()
    client.get_watchable_count()
    client.download_watchable_list().wait_for_completion(DEADLINE_S)
    client.get_watchable_info([SETPOINT])
    client.read_many([SETPOINT, UPTIME])
    handles = client.watch_many([SETPOINT, UPTIME, *SCRATCH[:3]], update_rate=20)
    client.wait_new_value_for_all(DEADLINE_S)
    handles[2].value = 5
    with client.batch_write():
        handles[2].value = 6
        handles[3].value = 7
    client.write_watchable(SETPOINT, "100 + 1")
    client.set_server_throttling(1000)
    client.get_server_stats()
    info = client.get_var_watchable_info(SETPOINT)
    assert info.address is not None
    client.write_memory(info.address, client.read_memory(info.address, 4))
    client.write_watchable_memory(SETPOINT, client.read_memory(info.address, 4))
    with contextlib.suppress(exceptions.OperationFailure):
        client.user_command(0, b"")
    with pytest.raises(exceptions.OperationFailure):
        client.watch("/no/such/path")
    handles[1].unwatch()


def _record(client: ScrutinyClient) -> None:
    config = DataloggingConfig(0, name="for the schema")
    config.add_signal("/rpv/x1001", config.add_axis("rpm"))
    request = client.start_datalog(config)
    acquisition = request.wait_and_fetch(DEADLINE_S)
    client.get_datalogging_requests()
    client.list_stored_datalogging_acquisitions()
    client.update_datalogging_acquisition(acquisition.reference_id, name="renamed")
    config.configure_trigger(TriggerCondition.GreaterThan, ["/rpv/x1001", 1e9])
    client.start_datalog(config).cancel()


def _ask_the_rest(port: int) -> None:
    """Send the commands for which the SDK knows better ways."""
    with connect(
        f"ws://127.0.0.1:{port}",
        compression=None,
        max_size=None,
        additional_headers=token_headers(port),
    ) as connection:

        def ask(cmd: str, **fields: object) -> Message:
            connection.send(json.dumps({"cmd": cmd, "reqid": 1, **fields}))
            while True:
                message: Message = json.loads(connection.recv(DEADLINE_S))
                if message.get("reqid") == 1:
                    return message

        assert ask("echo", payload="ping")["payload"] == "ping"
        entry = ask("subscribe_watchable", watchables=[UPTIME], rate=20)["subscribed"][UPTIME]["id"]
        ask("change_subscription_update_rate", changes=[{"id": entry, "rate": 5}])
        stored = ask("list_datalogging_acquisitions", count=1)["acquisitions"][0]["reference_id"]
        ask("read_datalogging_acquisition_content", reference_id=stored)
        assert ask("subscribe_watchable", watchables=["/no/such/path"])["cmd"] == "error"


def _leave(client: ScrutinyClient) -> None:
    """Delete what was recorded, and let go of the device."""
    (stored,) = client.list_stored_datalogging_acquisitions()
    client.delete_datalogging_acquisition(stored.reference_id)
    client.clear_datalogging_storage()
    client.configure_device_link(DeviceLinkType.UDP, UDPLinkConfig("127.0.0.1", 1))
    client.request_demo_mode(True)
