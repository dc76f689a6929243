"""The ways to subscribe, through a session: what is refused, replaced, and told at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.core.values import Value
from scrutiny.server.broadcast import MIN_INTERVAL_S
from tests.support.api_bench import FLOAT, SMALL, FakeClient, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with contextlib.closing(Server(tmp_path)) as server:
        yield server


@pytest.fixture
def client(server: Server) -> FakeClient:
    return FakeClient(server)


def read(server: Server, path: str, *values: Value) -> None:
    """Let the device answer so often, as the reading of it does."""
    entry = server.store.find(path)
    assert entry is not None
    for number, value in enumerate(values):
        server.store.update((entry,), (value,), entry.time_ns + number + 1)
        for receiver in list(entry.watchers):
            receiver.mark((entry,))


def told(server: Server, client: FakeClient) -> list[Any]:
    server.loop.run_until_complete(asyncio.sleep(2 * MIN_INTERVAL_S))
    messages = [m for m in client.all() if m["cmd"] == "watchable_update"]
    return [update["v"] for message in messages for update in message["updates"]]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"dead_band": 1}, "dead_band belongs to the mode 'on_change', the mode is 'newest'"),
        ({"mode": "every_sample", "dead_band": 0}, "the mode is 'every_sample'"),
        ({"mode": "on_change", "dead_band": -0.5}, "dead_band is -0.5, a number of 0 or more"),
        ({"mode": "sometimes"}, "mode"),
        ({"mode": "on_change", "dead_band": "much"}, "dead_band"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_watched(
    server: Server, client: FakeClient, fields: dict[str, Any], why: str
) -> None:
    client.send("subscribe_watchable", reqid=1, watchables=[SMALL], **fields)

    (answer,) = client.all()
    assert answer["cmd"] == "error"
    assert why in answer["msg"]
    assert not server.subscriptions.watched


def test_each_client_gets_what_it_has_asked_for(server: Server, client: FakeClient) -> None:
    changes, samples = FakeClient(server), FakeClient(server)
    client.subscribe(SMALL)
    changes.subscribe(SMALL, mode="on_change")
    samples.subscribe(SMALL, mode="every_sample")

    read(server, SMALL, 1, 1, 2, 2)

    assert told(server, client) == [2]
    assert told(server, changes) == [2]
    assert told(server, samples) == [1, 1, 2, 2]


def test_subscribing_again_replaces_the_mode(server: Server, client: FakeClient) -> None:
    client.subscribe(SMALL, mode="every_sample")
    client.subscribe(SMALL, mode="on_change")
    read(server, SMALL, 1, 2)
    assert told(server, client) == [2]
    read(server, SMALL, 2)
    assert told(server, client) == []

    client.subscribe(SMALL)
    read(server, SMALL, 2)
    assert told(server, client) == [2]


def test_another_rate_keeps_the_mode(server: Server, client: FakeClient) -> None:
    (entry_id,) = client.subscribe(SMALL, mode="every_sample")
    client.ask("change_subscription_update_rate", changes=[{"id": entry_id, "rate": 50}])

    read(server, SMALL, 1, 2, 3)

    assert told(server, client) == [1, 2, 3]


@pytest.mark.parametrize("mode", ["newest", "on_change", "every_sample"])
def test_what_is_unsubscribed_or_left_is_watched_no_more(
    server: Server, client: FakeClient, mode: str
) -> None:
    client.subscribe(SMALL, FLOAT, mode=mode)
    client.ask("unsubscribe_watchable", watchables=[SMALL])
    read(server, SMALL, 1)
    assert told(server, client) == []

    server.hub.disconnect(client.session)

    assert not server.subscriptions.watched


@pytest.mark.parametrize("mode", ["newest", "on_change", "every_sample"])
def test_what_is_known_is_told_at_once_if_it_is_read_for_somebody(
    server: Server, client: FakeClient, mode: str
) -> None:
    client.subscribe(SMALL)
    read(server, SMALL, 7)
    late = FakeClient(server)

    paths = [SMALL, FLOAT]
    late.send("subscribe_watchable", reqid=1, watchables=paths, mode=mode, initial=True)

    assert told(server, late) == [7]


def test_without_asking_for_it_nothing_is_told_before_the_next_read(
    server: Server, client: FakeClient
) -> None:
    client.subscribe(SMALL)
    read(server, SMALL, 7)
    late = FakeClient(server)

    late.subscribe(SMALL)

    assert told(server, late) == []


def test_a_value_that_nobody_has_read_for_long_is_not_told(
    server: Server, client: FakeClient
) -> None:
    client.subscribe(SMALL)
    read(server, SMALL, 7)
    client.ask("unsubscribe_watchable", watchables=[SMALL])

    client.subscribe(SMALL, initial=True)

    assert told(server, client) == []
