"""Listeners of a client that is connected to a scripted server."""

from __future__ import annotations

import io
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners import BaseListener, ValueUpdate
from scrutiny.sdk.listeners.buffered_reader_listener import BufferedReaderListener
from scrutiny.sdk.listeners.csv_file_listener import CSVFileListener
from scrutiny.sdk.listeners.text_stream_listener import TextStreamListener
from scrutiny.sdk.watchable_handle import WatchableHandle

from .fake_server import MODE, SOON_S, SPEED, FakeServer, in_thread, status, values

S = sdk.ValueStatus


class Recorder(BaseListener):
    """Keeps each call; a test may hold it up, or let it fail."""

    def __init__(self, queue_max_size: int = 1000) -> None:
        super().__init__("recorder", queue_max_size)
        self.calls: queue.Queue[list[ValueUpdate]] = queue.Queue()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_held = threading.Event()
        self.failure: Exception | None = None
        self.steps: list[str] = []
        self.has_torn_down = threading.Event()

    def setup(self) -> None:
        self.steps.append("setup")

    def receive(self, updates: list[ValueUpdate]) -> None:
        self.steps.append("receive")
        self.is_held.set()
        assert self.may_go_on.wait(SOON_S)
        if self.failure is not None:
            raise self.failure
        self.calls.put(updates)

    def teardown(self) -> None:
        self.steps.append("teardown")
        self.has_torn_down.set()

    def next(self) -> list[ValueUpdate]:
        return self.calls.get(timeout=SOON_S)

    def next_values(self) -> list[object]:
        return [update.value for update in self.next()]


@pytest.fixture
def handles(client: ScrutinyClient) -> list[WatchableHandle]:
    return client.watch_many(["/var/speed", "/var/mode"])


@pytest.fixture
def recorder(client: ScrutinyClient, handles: list[WatchableHandle]) -> Iterator[Recorder]:
    listener = Recorder()
    client.register_listener(listener)
    listener.subscribe(handles)
    yield listener
    listener.may_go_on.set()
    listener.stop()


def both(number: int) -> api.WatchableUpdate:
    return values(api.ValueUpdate("s", 2e6, number + 0.5, d="AAA="), api.ValueUpdate("m", 3e6, 1))


def test_all_updates_of_a_message_come_as_one_list(
    server: FakeServer, recorder: Recorder, handles: list[WatchableHandle]
) -> None:
    with recorder.start():
        server.send(both(1), values(api.ValueUpdate("m", 4e6, 0)))

        first, second = recorder.next(), recorder.next()

    assert first == [
        ValueUpdate(handles[0], 1.5, b"\0\0", S.Valid, datetime.fromtimestamp(1002.0)),
        ValueUpdate(handles[1], 1, None, S.Valid, datetime.fromtimestamp(1003.0)),
    ]
    assert [(u.watchable, u.value) for u in second] == [(handles[1], 0)]
    assert recorder.steps == ["setup", "receive", "receive", "teardown"]


def test_what_waits_is_delivered_at_the_stop(
    server: FakeServer, client: ScrutinyClient, recorder: Recorder
) -> None:
    recorder.may_go_on.clear()
    recorder.start()
    for number in range(50):
        server.send(both(number))
    client.wait_process()
    assert recorder.is_held.wait(SOON_S)
    stopping = in_thread(recorder.stop)
    while recorder.is_started:
        assert not stopping.done()

    recorder.may_go_on.set()
    stopping.result(SOON_S)

    assert [recorder.next_values()[0] for _ in range(50)] == [n + 0.5 for n in range(50)]
    assert recorder.drop_count == 0
    assert not recorder.is_started


def test_invalid_values_and_losses_are_told(
    server: FakeServer, client: ScrutinyClient, recorder: Recorder
) -> None:
    with recorder.start():
        server.send(values(api.ValueUpdate("s", 1e6, None, r="nullptr")))
        assert [(u.value, u.status) for u in recorder.next()] == [(None, S.NullPtrDereferenced)]
        server.send(status())
        assert [u.status for u in recorder.next()] == [S.DeviceGone] * 2
        client.disconnect()
        assert [u.status for u in recorder.next()] == [S.ServerGone] * 2


def test_the_end_of_a_watch_is_told(recorder: Recorder, handles: list[WatchableHandle]) -> None:
    with recorder.start():
        handles[0].unwatch()

        assert [(u.watchable, u.status) for u in recorder.next()] == [(handles[0], S.NotWatched)]


def test_a_listener_goes_on_after_a_reboot_of_the_device(
    server: FakeServer, client: ScrutinyClient, recorder: Recorder, handles: list[WatchableHandle]
) -> None:
    with recorder.start():
        server.restart_device("session-2", SPEED, MODE)
        assert [u.status for u in recorder.next()] == [S.DeviceGone] * 2
        for handle in handles:
            handle.wait_bound(SOON_S)
        server.send(both(7))

        assert recorder.next_values() == [7.5, 1]


def test_an_exception_in_receive_ends_the_listener(
    server: FakeServer, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.failure = RuntimeError("disk full")
    recorder.start()
    server.send(both(1))
    assert recorder.has_torn_down.wait(SOON_S)
    recorder.stop()

    assert recorder.error_occurred
    assert not recorder.is_started
    assert "disk full" in caplog.text
    recorder.failure = None
    with recorder.start():
        assert not recorder.error_occurred
        server.send(both(2))
        assert recorder.next_values() == [2.5, 1]


def test_a_listener_that_is_registered_twice_is_told_once(
    server: FakeServer, client: ScrutinyClient, recorder: Recorder
) -> None:
    client.register_listener(recorder)
    with recorder.start():
        server.send(both(1), both(2))

        assert recorder.next_values() == [1.5, 1]
        assert recorder.next_values() == [2.5, 1]
    assert recorder.calls.empty()
    assert recorder.update_count == 4


def test_a_listener_that_is_unregistered_is_told_nothing(
    server: FakeServer, client: ScrutinyClient, recorder: Recorder
) -> None:
    with recorder.start():
        client.unregister_listener(recorder)
        server.send(both(1))
        client.wait_process()
    assert recorder.update_count == 0
    with pytest.raises(KeyError):
        client.unregister_listener(recorder)
    client.register_listener(recorder)
    with recorder.start():
        server.send(both(2))
        assert recorder.next_values() == [2.5, 1]


def test_dropped_updates_are_counted_one_by_one(
    server: FakeServer,
    client: ScrutinyClient,
    handles: list[WatchableHandle],
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = Recorder(queue_max_size=2)
    client.register_listener(listener)
    listener.subscribe(handles)
    listener.may_go_on.clear()
    with listener.start():
        server.send(both(0))
        assert listener.is_held.wait(SOON_S)
        for number in range(1, 6):
            server.send(both(number))
        client.wait_process()
        stats = listener.get_stats()
        listener.may_go_on.set()

    assert (stats.update_received_count, stats.update_drop_count) == (12, 6)
    assert stats.internal_qsize == 2
    assert stats.update_per_sec > 0
    assert [listener.next_values()[0] for _ in range(3)] == [0.5, 1.5, 2.5]
    assert caplog.text.count("gets behind") == 1
    listener.reset_stats()
    assert (listener.update_count, listener.drop_count) == (0, 0)


def test_two_clients_share_a_listener(server: FakeServer, client: ScrutinyClient) -> None:
    listener = Recorder()
    with (
        FakeServer() as other_server,
        ScrutinyClient().connect(other_server.host, other_server.port) as other,
    ):
        for each in (client, other):
            each.register_listener(listener)
            listener.subscribe(each.watch("/var/speed"))
        with listener.start():
            server.send(both(1))
            assert listener.next_values() == [1.5]
            other_server.send(both(2))
            assert listener.next_values() == [2.5]


def test_subscriptions_of_a_running_listener_are_fixed(
    recorder: Recorder, handles: list[WatchableHandle]
) -> None:
    with recorder.start():
        changes: list[Callable[[], None]] = [
            lambda: recorder.subscribe(handles),
            lambda: recorder.unsubscribe(handles),
            recorder.unsubscribe_all,
            recorder.prune_subscriptions,
        ]
        for change in changes:
            with pytest.raises(sdk.exceptions.NotAllowedError):
                change()
    assert recorder.get_subscriptions() == set(handles)


def test_subscriptions(
    server: FakeServer, client: ScrutinyClient, recorder: Recorder, handles: list[WatchableHandle]
) -> None:
    speed, mode = handles
    recorder.unsubscribe(mode)
    with pytest.raises(KeyError, match="/var/mode"):
        recorder.unsubscribe([speed, mode])
    with pytest.raises(TypeError):
        recorder.subscribe(["/var/speed"])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="handle"):
        recorder.subscribe(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert recorder.get_subscriptions() == {speed}
    with recorder.start():
        server.send(both(1))
        assert recorder.next_values() == [1.5]
    mode.unwatch()
    with pytest.raises(sdk.exceptions.InvalidValueError, match="NotWatched"):
        recorder.subscribe(mode)
    recorder.prune_subscriptions()
    assert recorder.get_subscriptions() == {speed}
    client.disconnect()
    recorder.prune_subscriptions()
    assert recorder.get_subscriptions() == set()
    with pytest.raises(sdk.exceptions.InvalidValueError, match="ServerGone"):
        recorder.subscribe(speed)


def test_starting_twice_fails(recorder: Recorder) -> None:
    with recorder.start():
        assert recorder.is_started
        with pytest.raises(sdk.exceptions.OperationFailure, match="started already"):
            recorder.start()
    recorder.stop()


def test_a_failed_setup_is_told_by_start() -> None:
    class Failing(Recorder):
        def setup(self) -> None:
            raise OSError("no such port")

    listener = Failing()

    with pytest.raises(sdk.exceptions.OperationFailure, match="no such port"):
        listener.start()

    assert listener.steps == ["teardown"]
    assert not listener.is_started
    assert listener.error_occurred


def test_a_slow_setup_is_told_by_start() -> None:
    go_on = threading.Event()

    class Slow(Recorder):
        def setup(self) -> None:
            go_on.wait(SOON_S)

    listener = Slow()

    with pytest.raises(sdk.exceptions.OperationFailure, match="more than 2 s"):
        listener.start()

    go_on.set()
    assert listener.has_torn_down.wait(SOON_S)
    assert not listener.is_started


def test_process_is_called_without_updates() -> None:
    calls: queue.Queue[None] = queue.Queue()

    class Ticking(Recorder):
        def process(self) -> None:
            calls.put(None)

    with Ticking().start():
        for _ in range(3):
            calls.get(timeout=SOON_S)


def test_older_spellings_work_and_warn(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert recorder.error_occured is False
        assert recorder.allow_subcription_changes_while_running() is False
    assert caplog.text.count("deprecated") == 2
    assert recorder.name == "Recorder[recorder]"


def test_text_lines(
    server: FakeServer, client: ScrutinyClient, handles: list[WatchableHandle]
) -> None:
    stream = io.StringIO()
    listener = TextStreamListener(stream)
    client.register_listener(listener)
    with listener.start():
        listener.subscribe(handles)  # allowed while it runs
        server.send(both(1), values(api.ValueUpdate("m", 1.0, None, r="forbidden")))
        client.wait_process()

    times, lines = zip(*(line.split("ms\t ") for line in stream.getvalue().splitlines()))  # noqa: B905
    assert lines == (
        "(var/float32)/var/speed: 1.5",
        "(var/uint8)/var/mode: 1",
        "(var/uint8)/var/mode: ForbiddenRegion",
    )
    assert all(len(text.partition(".")[2]) == 2 for text in times)


def test_the_buffered_reader_counts_what_it_has_no_place_for(
    server: FakeServer, client: ScrutinyClient, handles: list[WatchableHandle]
) -> None:
    listener = BufferedReaderListener(3, "reader", notification_queue_max_size=10)
    client.register_listener(listener)
    listener.subscribe(handles)
    with listener.start():
        for number in range(3):
            server.send(both(number))
        client.wait_process()

    updates = listener.get_queue()
    assert (listener.update_count, listener.drop_count) == (6, 3)
    newest = updates.get(timeout=SOON_S)
    assert newest.value == 0.5
    updates.put_circular(newest)
    updates.put_circular(newest)
    assert [u.value for u in updates.deplete()] == [1.5, 0.5, 0.5]
    assert updates.get_or_none() is None


def test_a_csv_file_goes_on_after_a_stop_and_a_reboot(
    server: FakeServer, client: ScrutinyClient, handles: list[WatchableHandle], tmp_path: Path
) -> None:
    listener = CSVFileListener(tmp_path, "log", name="file")
    client.register_listener(listener)
    with pytest.raises(sdk.exceptions.OperationFailure, match="no columns"):
        listener.start()
    listener.subscribe(handles)
    with listener.start():
        server.send(values(api.ValueUpdate("s", 1e6, 1.5), api.ValueUpdate("m", 1e6 + 3, 1)))
        server.restart_device("session-2", SPEED, MODE)
        client.wait_process()
        for handle in handles:
            handle.wait_bound(SOON_S)
        server.send(values(api.ValueUpdate("m", 2e6, 0)))
        client.wait_process()
    with listener.start():
        server.send(values(api.ValueUpdate("s", 3e6, 2.5), api.ValueUpdate("m", 3e6, 1)))
        client.wait_process()

    paths, _, first, lost, back, restarted = [
        line.split(",", 2) for line in (tmp_path / "log.csv").read_text().splitlines()
    ]
    assert paths[2] == '"/var/mode","/var/speed"'
    assert first == [f'"{datetime.fromtimestamp(1001.0)}.000000"', "0.0", '1,1.5,"1,1"']
    assert lost[2] == '"","","1,1"'
    assert back[1:] == ["1.0", '0,"","1,0"']
    assert restarted[1:] == ["2.0", '1,2.5,"1,1"']
