"""Pages in a real browser: those of an allowed origin connect, all others do not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrutiny.api.token_files import new_token, read_token
from tests.support.browser import Page, find_browser
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CI has a browser on Linux")

# Knows the token, which a page of somebody else would not.
SCRIPT = """
const socket = new WebSocket(`ws://127.0.0.1:${PORT}`, ["scrutiny", "scrutiny-token." + TOKEN]);
socket.onmessage = ({data}) => { tell({connected: JSON.parse(data)}); };
socket.onclose = ({code}) => { tell({closed: code}); };
"""

Start = Callable[..., ServerProcess]


def script_for(server: ServerProcess, token: str | None = None) -> str:
    token = token or read_token(server.tcp_port)
    return f'const TOKEN = "{token}", PORT = {server.tcp_port};{SCRIPT}'


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[ServerProcess] = []

    def start_server(*arguments: str) -> ServerProcess:
        started.append(ServerProcess(tmp_path, "--link", "memory:", *arguments))
        return started[-1]

    yield start_server
    for server in started:
        server.kill()


def test_a_page_of_another_origin_cannot_connect_even_with_the_token(start: Start) -> None:
    browser, server = find_browser(), start("--allow-origin", "https://bench.example")
    with Page() as page:
        page.script = script_for(server)

        assert page.told_in(browser) == {"closed": 1006}

        refusal, _ = server.wait_for_line(r"is turned away: pages of (\S+) may not connect")
        assert refusal[1] == page.origin
    assert not any(" connected: " in line for line in server.lines)


def test_a_page_of_an_allowed_origin_connects(start: Start) -> None:
    browser = find_browser()
    with Page() as page:
        server = start("--allow-origin", page.origin)
        page.script = script_for(server)

        told = page.told_in(browser)

    assert told["connected"]["cmd"] == "welcome"
    assert told["connected"]["access"]["role"] == "owner"


def test_a_page_of_an_allowed_origin_needs_a_token_too(start: Start) -> None:
    browser = find_browser()
    with Page() as page:
        server = start("--allow-origin", page.origin)
        page.script = script_for(server, token=new_token())

        assert page.told_in(browser) == {"closed": 1006}

        server.wait_for_line("is turned away: the token is unknown here")
