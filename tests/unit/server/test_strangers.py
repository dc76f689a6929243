"""Who is cut off of those who do not say who they are, and how many come in at once."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from functools import partial

import pytest

from scrutiny.server.api.strangers import MOST_PER_TURN, MOST_STRANGERS, Door, Strangers


def test_of_too_many_strangers_the_first_is_cut_off() -> None:
    strangers = Strangers()
    cut_off: list[int] = []
    for number in range(MOST_STRANGERS):
        strangers.add(number, partial(cut_off.append, number))
    assert cut_off == []

    strangers.discard(0)  # it is known now
    strangers.add(1000, partial(cut_off.append, 1000))
    strangers.add(1000, partial(cut_off.append, 1000))
    assert cut_off == []
    strangers.add(1001, partial(cut_off.append, 1001))

    assert cut_off == [1]


@pytest.fixture
def door() -> Door:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    listening.setblocking(False)
    return Door(listening, Strangers())


def test_a_door_lets_in_a_few_at_a_time(door: Door) -> None:
    with ExitStack() as stack:
        stack.enter_context(door)
        for _ in range(MOST_PER_TURN + 1):
            stack.enter_context(socket.create_connection(door.getsockname()))
        for _ in range(MOST_PER_TURN):
            stack.enter_context(door.accept()[0])

        with pytest.raises(BlockingIOError):
            door.accept()
        stack.enter_context(door.accept()[0])
        with pytest.raises(BlockingIOError):  # there is none
            door.accept()


def test_a_stranger_too_many_finds_the_end_of_its_connection(door: Door) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            stack.enter_context(door)
            clients: list[socket.socket] = []
            for _ in range(MOST_STRANGERS + 1):
                clients.append(stack.enter_context(socket.create_connection(door.getsockname())))
                stack.enter_context((await accepted(loop))[0])

            clients[0].settimeout(10)
            assert clients[0].recv(1) == b""
            clients[1].setblocking(False)
            with pytest.raises(BlockingIOError):
                clients[1].recv(1)

    async def accepted(loop: asyncio.AbstractEventLoop) -> tuple[socket.socket, object]:
        while True:
            try:
                return door.accept()
            except BlockingIOError:
                await asyncio.sleep(0)

    asyncio.run(test())
