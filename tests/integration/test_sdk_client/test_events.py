"""Reading events, and the example that does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import SOON_S, FakeServer, in_thread, status

ROOT = Path(__file__).resolve().parents[3]
Events = ScrutinyClient.Events


def test_the_example_of_the_manual_runs_unchanged(server: FakeServer) -> None:
    seen: list[str] = []
    done = threading.Event()

    class Stop(Exception):
        pass

    def print(text: str) -> None:  # noqa: A001 - the example prints
        seen.append(text)
        if len(seen) == 3:
            raise Stop

    def example() -> None:
        client = ScrutinyClient()
        client.listen_events(
            ScrutinyClient.Events.LISTEN_DEVICE_READY
            | ScrutinyClient.Events.LISTEN_DEVICE_GONE
            | ScrutinyClient.Events.LISTEN_DATALOGGER_STATE_CHANGED
        )
        with client.connect(server.host, server.port):
            done.set()
            while True:
                event = client.read_event(timeout=0.5)
                if event is not None:
                    if isinstance(event, ScrutinyClient.Events.DeviceReadyEvent):
                        print(f"Device connected. Session ID : {event.session_id} ")
                    elif isinstance(event, ScrutinyClient.Events.DeviceGoneEvent):
                        print(f"Device has disconnected. Session ID : {event.session_id} ")
                    elif isinstance(event, ScrutinyClient.Events.DataloggerStateChanged):  # noqa: SIM102
                        if event.details.state == sdk.DataloggerState.DataReady:
                            print("Datalogging acquisition ready!")

    running = in_thread(example)
    assert done.wait(SOON_S)
    ready = status("session-1", "firmware-1")
    ready.datalogging_status = api.DataloggingStatus("downloading")
    server.send(ready, status())

    with pytest.raises(Stop):
        running.result(SOON_S)
    assert seen == [
        "Device connected. Session ID : session-1 ",
        "Datalogging acquisition ready!",
        "Device has disconnected. Session ID : session-1 ",
    ]


def test_who_asked_for_no_events_gets_none(server: FakeServer) -> None:
    with ScrutinyClient().connect(server.host, server.port) as client:
        server.send(status(), status("session-2", "firmware-1"))
        client.wait_process(SOON_S)
        assert client.get_latest_server_status().device_session_id == "session-2"

    assert not client.has_event_pending()


def test_read_event_without_time_limit_wakes_up_for_an_event(
    server: FakeServer, client: ScrutinyClient
) -> None:
    client.listen_events(Events.LISTEN_DEVICE_GONE)
    reading = in_thread(client.read_event)

    server.send(status())

    assert reading.result(SOON_S) == Events.DeviceGoneEvent("session-1")
    assert client.read_event(timeout=0) is None
    assert not client.has_event_pending()


def test_read_event_works_without_a_connection() -> None:
    client = ScrutinyClient(enabled_events=Events.LISTEN_ALL)

    assert client.read_event(timeout=0.01) is None


def test_a_full_queue_gives_up_the_oldest(server: FakeServer) -> None:
    client = ScrutinyClient(enabled_events=Events.LISTEN_DEVICE_READY, event_queue_size=2)
    with client.connect(server.host, server.port):
        server.send(*(status(f"session-{number}") for number in range(2, 6)))
        client.wait_process(SOON_S)

        assert client.dropped_event_count == 3
        assert client.read_event() == Events.DeviceReadyEvent("session-4")
        assert client.read_event() == Events.DeviceReadyEvent("session-5")


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None])
def test_listen_events_takes_only_ints(wrong: Any) -> None:
    client = ScrutinyClient()

    with pytest.raises(TypeError):
        client.listen_events(wrong)
    with pytest.raises(TypeError):
        client.listen_events(1, wrong)


def test_listen_events_refuses_negative_values() -> None:
    with pytest.raises(ValueError, match="enabled_events"):
        ScrutinyClient().listen_events(-1)
    with pytest.raises(ValueError, match="disabled_events"):
        ScrutinyClient().listen_events(1, -1)


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_the_events_example_prints_until_ctrl_c(server: FakeServer) -> None:
    command = [sys.executable, "-u", "examples/events.py", server.host, str(server.port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as example:
        assert example.stdout is not None
        assert "Connected" in example.stdout.readline()
        assert "session-1" in example.stdout.readline()
        server.send(status())
        assert "disconnected" in example.stdout.readline()

        example.send_signal(signal.SIGINT)  # while it waits in read_event() without limit

        assert "Bye" in example.stdout.read()
        assert example.wait(SOON_S) == 0


def test_the_events_example_without_a_server_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    command = [sys.executable, "examples/events.py", "127.0.0.1", str(port)]
    example = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert example.returncode == 1
    assert "scrutiny server" in example.stderr
    assert "Traceback" not in example.stderr
