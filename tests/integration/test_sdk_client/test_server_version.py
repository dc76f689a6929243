"""A server that is too old is told apart from one that does not work."""

from __future__ import annotations

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import FakeServer, welcome


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("", r"cannot work with the server \(Bridge 0\.1\): it tells no version .* too old"),
        ("0.4", "version of the API is 0.4, .* the server is too old"),
        ("2.0", "version of the API is 2.0, .* this client is too old"),
    ],
)
def test_connecting_to_a_server_of_another_version_fails_at_once(
    server: FakeServer, version: str, reason: str
) -> None:
    server.welcome = welcome(version=version)
    server.welcome.server = "Bridge 0.1"
    client = ScrutinyClient()

    with pytest.raises(sdk.exceptions.ConnectionError, match=reason):
        client.connect(server.host, server.port)

    assert client.server_state is sdk.ServerState.Disconnected


def test_what_an_old_server_lacks_fails_with_its_name_and_all_else_works(
    server: FakeServer,
) -> None:
    server.welcome = welcome(version="1.0", features=["memory"])

    with ScrutinyClient().connect(server.host, server.port) as client:
        with pytest.raises(sdk.exceptions.OperationFailure, match="too old for read_watchable"):
            client.read_once("/var/speed")
        assert client.watch("/var/speed").status is sdk.ValueStatus.NeverSet

    assert not server.has_received(api.ReadWatchable)
