"""Random and mutated commands about recordings, while a device records, goes and comes back.

``SCRUTINY_FUZZ_COUNT`` sets how many commands are sent, in thousandths; the seed is fixed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from scrutiny.server.datalogging import logger_link
from scrutiny.server.datalogging.errors import RequestNotEnded

from ..support.api_bench import FakeClient, Message, Server
from ..support.simulated_logger import SETTINGS, SimulatedLogger
from ..support.small_package import CAR_ALIASES, car_map, write_package

COMMAND_COUNT: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "5000000")) // 1000
SEED: Final = 0x5C2074
ID: Final = SETTINGS.firmware_id.hex()

PATHS: Final = (
    "/global/car/gear",
    "/global/car/brake",
    "/global/car/wheels/wheels[3]/rpm",
    "/static/garage.cpp/*current/gear",
    "/static/garage.cpp/current",
    "/Vehicle/Speed",
    "/rpv/x1000",
)
CONDITIONS: Final = (
    "true",
    "eq",
    "neq",
    "lt",
    "let",
    "gt",
    "get",
    "cmt",
    "within",
    *["true"] * 4,
    "",
)
LITERALS: Final = (0, 1, -1.5, 16777217, 1e39, 2**70, True, "Drive", "")
ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    2**64,
    1e400,
    "",
    "x" * 600,
    "\0",
    "é𝄞",
    [],
    [[]],
    {},
    [None],
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(logger_link, "SHORTEST_POLL_NS", 1_000_000)
    server = Server(tmp_path)
    write_package(server.library.store.path_of(ID), ID, car_map(), CAR_ALIASES)
    yield server
    server.close()


@pytest.fixture
def logger(server: Server) -> SimulatedLogger:
    logger = server.device.install_logger(server.loop)
    server.run_until(lambda: server.symbols.loaded)
    return logger


def random_command(random: Random, recording: str, stored: str) -> Message:
    """Return a command that makes sense, mostly."""
    size = random.choice((None, -1, 1, 20))
    names = [{"id": random.randrange(-2, 3), "name": "axis"}]
    commands: list[Message] = [
        *[random_request(random) for _ in range(5)],
        {"cmd": "list_datalogging_requests"},
        {"cmd": "cancel_datalogging_request", "request_token": recording},
        {"cmd": "list_datalogging_acquisitions", "count": random.randrange(-1, 9)},
        {"cmd": "list_datalogging_acquisitions", "reference_id": stored},
        {"cmd": "read_datalogging_acquisition_content", "reference_id": stored},
        {
            "cmd": "download_datalogging_acquisition",
            "reference_id": stored,
            "max_chunk_size": size,
        },
        {"cmd": "update_datalogging_acquisition", "reference_id": stored, "axis_name": names},
        {"cmd": "update_datalogging_acquisition", "reference_id": stored, "name": "other"},
        {"cmd": "delete_datalogging_acquisition", "reference_id": stored},
        {"cmd": "get_server_status"},
    ]
    if random.random() < 0.002:
        commands = [{"cmd": "delete_all_datalogging_acquisition"}]
    return {"reqid": random.randrange(1000), **random.choice(commands)}


def random_request(random: Random) -> Message:
    def watchable() -> Message:
        return {"type": "watchable", "value": random.choice(PATHS)}

    def literal() -> Message:
        return {"type": "literal", "value": random.choice(LITERALS)}

    def mostly(good: Any, *others: Any) -> Any:
        return good if random.random() < 0.95 else random.choice(others)

    condition = random.choice(CONDITIONS)
    due = {"true": 0, "within": 3}.get(condition, 2)
    signal_count = mostly(random.randrange(1, 5), 0, 20)
    return {
        "cmd": "request_datalogging_acquisition",
        "name": mostly("", "é" * 20, None, "x" * 600),
        "sampling_rate_id": mostly(0, 0.0, 1, -1),
        "decimation": mostly(1, 2.0, 1.5, 65536),
        "timeout": mostly(0, 1, 1e-9, 430),
        "trigger_hold_time": mostly(0, 1e-3, 1e308),
        "probe_location": mostly(random.random(), 0, 1, 1.5),
        "condition": condition,
        "operands": [mostly(watchable, literal)() for _ in range(mostly(due, 0, 2, 4))],
        "yaxes": [{"id": 0, "name": "axis"}, {"id": mostly(1, -1, 0), "name": ""}],
        "signals": [
            {"path": mutated_path(random), "axis_id": random.randrange(2), "name": "s"}
            for _ in range(signal_count)
        ],
        "x_axis_type": mostly(random.choice(("index", "ideal_time", "measured_time")), "signal"),
        "x_axis_signal": random.choice((None, {"path": random.choice(PATHS)})),
        "queue": random.random() < 0.7,
        "requested_by": random.choice(("", "fuzz")),
    }


def mutated_path(random: Random) -> str:
    path = random.choice(PATHS)
    if random.random() < 0.97:
        return path
    place = random.randrange(len(path))
    return path[:place] + random.choice(("", "/", "[", "]", "[9]", "*", "é")) + path[place + 1 :]


def mutated(random: Random, command: Message) -> bytes:
    """Return a command as sent, now and then with something wrong in it."""
    choice = random.random()
    if choice < 0.2:
        name = random.choice(list(command))
        command = {**command, name: random.choice(ODD)}
    elif choice < 0.25:
        command = {name: value for name, value in command.items() if random.random() < 0.7}
    data = bytearray(json.dumps(command).encode())
    if choice > 0.95:
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def disturb(random: Random, server: Server, logger: SimulatedLogger) -> None:
    """Let the device do something: record, trigger, vanish, come back, be another one."""
    logger.iterate(random.randrange(60))
    if random.random() < 0.3:
        logger.write(0x2000_0000, random.randbytes(64))
    if random.random() < 0.1:
        logger.break_off()
        server.device.disappear()
        changes = random.choice(
            ({}, {}, {}, {"firmware_id": b"another firmware"}, {"datalog_buffer_size": 0})
        )
        if random.random() < 0.3:
            logger.restart()
        server.device.become_ready(logger.described(**changes))


def test_no_command_about_recordings_fails_the_server(
    server: Server,
    logger: SimulatedLogger,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random = Random(SEED)
    stored: list[str] = ["none"]
    client = FakeClient(server)
    kinds: dict[str, int] = {}
    for number in range(COMMAND_COUNT):
        recording = random.choice([*(r.token for r in server.recordings.requests), "none"])
        command = random_command(random, recording, random.choice(stored[-5:]))
        while client.session.is_busy:
            server.turn()
        client.session.receive(mutated(random, command))
        if number % 10 == 0:
            disturb(random, server, logger)
        server.turn()
        if number % 50 == 0:  # or the disk decides how many of the commands are refused
            server.run_until(lambda: not server.background.is_busy)
        for message in client.all():
            kinds[message["cmd"]] = kinds.get(message["cmd"], 0) + 1
            if message["cmd"] == "inform_datalogging_list_changed" and message["action"] == "new":
                stored.append(message["reference_id"])
        if number % 500 == 499:
            server.hub.disconnect(client.session)
            client = FakeClient(server)

    server.run_until(lambda: not server.background.is_busy)
    assert client.answer_to("echo", payload="ping")["payload"] == "ping"
    assert server.parts.metrics.clients.unexpected_errors == 0
    assert "Traceback" not in caplog.text
    assert capsys.readouterr().err == ""
    # What has been tried really happened.
    assert kinds["response_request_datalogging_acquisition"] > COMMAND_COUNT / 50
    assert kinds["inform_datalogging_acquisition_complete"] > COMMAND_COUNT / 100
    assert len(stored) > 1
    assert kinds["response_download_datalogging_acquisition"] > 0
    server.device.become_ready(logger.described())
    server.run_until(lambda: server.symbols.loaded)
    for request in list(server.recordings.requests):
        with contextlib.suppress(RequestNotEnded):  # it is being stored
            server.recordings.cancel(request.token, "the test")
    server.run_until(lambda: server.recordings.status.state.value == "standby")
