"""Value updates in binary, over a real websocket, beside a client that gets JSON."""

from __future__ import annotations

from typing import Final

import pytest

from scrutiny.api.value_frames import ValueGroup, decode_frame
from scrutiny.server.settings import ServerSettings

from ..support.api_peer import Peer, run, running

FLOAT32_RPV: Final = "/rpv/x2020"


async def frame_value(peer: Peer) -> object:
    """Return the first value of the next frame; JSON that is no update may come before."""
    while isinstance(data := await peer.connection.recv(), str):
        assert "watchable_update" not in data
    (group,) = decode_frame(data)
    assert isinstance(group, ValueGroup)
    return group.values[0]


def test_frames_come_to_the_client_that_asked_until_it_asks_for_json(
    settings: ServerSettings,
) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as binary, server.client() as json:
            await binary.device_is_ready()
            reply = await binary.ask("set_value_format", format="binary")
            assert (reply["format"], reply["octets"]) == ("binary", False)
            path = {"watchables": [FLOAT32_RPV], "rate": 20}
            await binary.ask("subscribe_watchable", **path)
            await json.ask("subscribe_watchable", **path)
            await json.ask("write_single_watchable", server_path=FLOAT32_RPV, value=2.5)

            while await frame_value(binary) != 2.5:
                pass
            while (await json.event("watchable_update"))["updates"][0]["v"] != 2.5:
                pass
            # Frames may be under way until the answer.
            await binary.connection.send('{"cmd":"set_value_format","reqid":9,"format":"json"}')
            while not isinstance(data := await binary.connection.recv(), str) or "9" not in data:
                pass
            assert (await binary.event("watchable_update"))["updates"][0]["v"] == 2.5

    run(test())


@pytest.mark.parametrize("wanted", ["text", "", None, 1])
def test_other_formats_are_refused_and_nothing_changes(
    settings: ServerSettings, wanted: object
) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await peer.device_is_ready()

            assert (await peer.ask("set_value_format", format=wanted))["cmd"] == "error"

            await peer.ask("subscribe_watchable", watchables=[FLOAT32_RPV])
            assert (await peer.event("watchable_update"))["updates"]

    run(test())
