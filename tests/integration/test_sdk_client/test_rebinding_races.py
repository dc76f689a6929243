"""Restarts of the device at any moment of watching and leaving: both ends agree afterwards."""

from __future__ import annotations

import random
import threading
import time
from functools import partial

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.watchable_handle import WatchableHandle

from .fake_server import SOON_S, FakeServer, in_thread, status

PATHS = [f"/var/{number}" for number in range(6)]
RESTARTS = 10


class RestartingDevice:
    """What a server knows of a device: which paths exist, and which are subscribed to.

    A command is carried out and answered, and a restart is carried out and announced, in one go.
    """

    def __init__(self, server: FakeServer, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._next_id = 0
        self.session = 1
        self.ids = {path: self._new_id() for path in PATHS}
        self.subscribed: set[str] = set()
        server.answers[api.SubscribeWatchable] = self._subscribe
        server.answers[api.UnsubscribeWatchable] = self._unsubscribe

    def restart(self, *, complete: bool = False) -> None:
        """Lose the device, and have it back without some of its paths."""
        with self._lock:
            self.ids.clear()
            self.subscribed.clear()
            self._server.send(status())
        self.pause()
        with self._lock:
            self.session += 1
            for path in PATHS:
                if complete or self._random.random() < 0.8:
                    self.ids[path] = self._new_id()
            self._server.send(status(f"session-{self.session}", "firmware-1"))

    def pause(self) -> None:
        """Let something else come in between, or not."""
        time.sleep(self._random.choice([0, 0.0005, 0.003]))

    def _new_id(self) -> str:
        self._next_id += 1
        return f"id{self._next_id}"

    def _subscribe(self, command: api.SubscribeWatchable) -> list[api.ServerMessage]:
        self.pause()
        with self._lock:
            there = [path for path in command.watchables if path in self.ids]
            self.subscribed.update(there)
            definitions = {
                path: api.DetailedWatchable(path, "var", self.ids[path], "uint8") for path in there
            }
            failed = {path: "unknown" for path in command.watchables if path not in self.ids}
            reply = api.SubscribeReply(subscribed=definitions, failed=failed)
            reply.reqid = command.reqid
            self._server.send(reply)
        return []

    def _unsubscribe(self, command: api.UnsubscribeWatchable) -> list[api.ServerMessage]:
        self.pause()
        with self._lock:
            reply: api.ServerMessage = api.UnsubscribeReply(unsubscribed=command.watchables)
            if any(path not in self.ids for path in command.watchables):
                reply = api.Error(request_cmd="unsubscribe_watchable", msg="unknown")
            else:
                self.subscribed.difference_update(command.watchables)
            reply.reqid = command.reqid
            self._server.send(reply)
        return []


def watch_and_leave(
    client: ScrutinyClient, path: str, seed: int, stop: threading.Event
) -> WatchableHandle | None:
    """Watch and leave a path again and again; return its handle if it is watched at the end."""
    choices = random.Random(seed)
    handle: WatchableHandle | None = None
    while not stop.is_set():
        try:
            if handle is None:
                handle = client.watch(path)
            elif choices.random() < 0.5:
                handle.unwatch()
                handle = None
            else:
                handle.wait_bound(0.002)
        except (sdk.exceptions.OperationFailure, sdk.exceptions.TimeoutException) as error:
            if "unknown" not in str(error) and "device is gone" not in str(error):
                raise
    return handle


@pytest.mark.parametrize("seed", range(8))
def test_restarts_at_any_moment(server: FakeServer, client: ScrutinyClient, seed: int) -> None:
    device = RestartingDevice(server, seed)
    stop = threading.Event()
    workers = [
        in_thread(partial(watch_and_leave, client, path, seed * 100 + number, stop))
        for number, path in enumerate(PATHS)
    ]

    for _ in range(RESTARTS):
        device.restart()
        device.pause()
    device.restart(complete=True)
    device.pause()
    stop.set()
    handles = [worker.result(SOON_S) for worker in workers]
    client.wait_process(SOON_S)

    watched = [handle for handle in handles if isinstance(handle, WatchableHandle)]
    for handle in watched:
        handle.wait_bound(SOON_S)
    client.wait_process(SOON_S)
    assert device.subscribed == {handle.server_path for handle in watched}
    assert {h.server_id for h in watched} == {device.ids[h.server_path] for h in watched}
    assert [client.try_get_existing_watch_handle(path) for path in PATHS] == handles
