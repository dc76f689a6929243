"""A scripted server, and a client that is connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scrutiny.sdk.client import ScrutinyClient

from .fake_server import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as fake:
        yield fake


@pytest.fixture
def client(server: FakeServer) -> Iterator[ScrutinyClient]:
    with ScrutinyClient().connect(server.host, server.port) as connected:
        yield connected
