"""Random and mutated commands: one client never fails the server, whatever it sends.

``SCRUTINY_FUZZ_COUNT`` sets how many commands are sent, in thousandths; the seed is fixed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from ..support.api_bench import FLOAT, PROFILE, FakeClient, Message, Server
from ..support.small_package import CAR_ALIASES, car_map, write_package

COMMAND_COUNT: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "5000000")) // 1000
SEED: Final = 0x5C2072
ID: Final = PROFILE.firmware_id.hex()

PATHS: Final = (
    "/global/car/gear",
    "/global/car/brake",
    "/global/car/wheels/wheels[3]/rpm",
    "/global/car/wheels/wheels[1]/temp/temp[1][2]",
    "/static/garage.cpp/*current/gear",
    "/static/garage.cpp/current",
    "/Vehicle/Speed",
    FLOAT,
)
PATTERNS: Final = ("*", "/global/*", "*[0]", "[", "?" * 30, "*a*b*c*")
VALUES: Final = (0, -1, 2**70, 1.5, 1e308, True, "Drive", "2^3", "0x", "", "nan")
ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    2**64,
    1e400,
    "",
    "x" * 300,
    "\0",
    "é𝄞",
    [],
    [[]],
    {},
    [None],
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    write_package(server.library.store.path_of(ID), ID, car_map(), CAR_ALIASES)
    server.device.become_ready(PROFILE)
    server.run_until(lambda: server.symbols.loaded)
    yield server
    server.close()


def good_command(random: Random, ids: list[str], token: str) -> Message:
    """Return a command that makes sense, mostly."""
    paths = [mutated_path(random) for _ in range(random.randrange(4))]
    firmware_id = random.choice((ID, "ab" * 16, ID[:-1], "../" + ID))
    entry_id = random.choice(ids)
    chunk = {"chunk_index": random.randrange(2), "data": random.choice(("AAAA", "A", ""))}
    update = {"batch_index": 0, "watchable": entry_id, "value": random.choice(VALUES)}
    wanted = {"type": ["var"], "name": random.choice(PATTERNS)}
    commands: list[Message] = [
        {"cmd": "get_watchable_count"},
        {"cmd": "get_watchable_list", "max_per_response": random.randrange(-1, 9)},
        {"cmd": "get_watchable_list", "filter": wanted},
        {"cmd": "get_watchable_info", "watchables": paths},
        {"cmd": "subscribe_watchable", "watchables": paths, "partial": random.random() < 0.5},
        {"cmd": "unsubscribe_watchable", "watchables": paths},
        {"cmd": "read_watchable", "watchables": paths},
        {"cmd": "write_watchable", "updates": [update]},
        {
            "cmd": "write_single_watchable",
            "server_path": random.choice(PATHS),
            "value": random.choice(VALUES),
        },
        {"cmd": "change_subscription_update_rate", "changes": [{"id": entry_id, "rate": 5}]},
        {"cmd": "get_installed_sfd"},
        {"cmd": "get_loaded_sfd"},
        {"cmd": "load_sfd", "firmware_id": firmware_id},
        {"cmd": "uninstall_sfd", "firmware_id_list": ["ab" * 16, firmware_id]},
        {"cmd": "download_sfd", "firmware_id": firmware_id, "max_chunk_size": 500},
        {"cmd": "upload_sfd_init", "firmware_id": firmware_id, "total_size": 6},
        {"cmd": "upload_sfd_data", "token": token, "file_chunk": chunk},
    ]
    return {"reqid": random.randrange(1000), **random.choice(commands)}


def mutated_path(random: Random) -> str:
    path = random.choice(PATHS)
    if random.random() < 0.5:
        return path
    place = random.randrange(len(path))
    return path[:place] + random.choice(("", "/", "[", "]", "[9]", "*", "é")) + path[place + 1 :]


def mutated(random: Random, command: Message) -> bytes:
    """Return a command as sent, more often than not with something wrong in it."""
    choice = random.random()
    if choice < 0.3:
        name = random.choice(list(command))
        command = {**command, name: random.choice(ODD)}
    elif choice < 0.4:
        command = {name: value for name, value in command.items() if random.random() < 0.7}
    data = bytearray(json.dumps(command).encode())
    if choice > 0.9:
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def test_no_command_fails_the_server(
    server: Server, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(SEED)
    client = FakeClient(server)
    ids = client.ids(*PATHS)
    answers = 0
    for number in range(COMMAND_COUNT):
        command = good_command(random, [*ids, "", "zz"], tokens(client))
        client.session.receive(mutated(random, command))
        if number % 50 == 0:
            server.run_until(lambda: not server.background.is_busy)
            answers += len(client.all())
        if number % 500 == 499:
            server.hub.disconnect(client.session)
            client = FakeClient(server)

    server.run_until(lambda: not server.background.is_busy)
    assert client.answer_to("echo", payload="ping")["payload"] == "ping"
    assert answers > COMMAND_COUNT / 2
    assert server.parts.metrics.clients.unexpected_errors == 0
    assert "Traceback" not in caplog.text
    assert server.symbols.loaded is not None
    assert capsys.readouterr().err == ""


def tokens(client: FakeClient) -> str:
    """Return the token of an upload, if there is one."""
    return next(iter(client.session.client.uploads), "none")
