"""Print the updates of some paths and what happens to the device, with asyncio.

Run it while a server runs (``scrutiny server``); Ctrl-C ends it:

    python examples/async_watch.py /rpv/x1001 /global/motor_speed_rpm
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from scrutiny import sdk
from scrutiny.sdk.aio import AsyncScrutinyClient


async def print_values(client: AsyncScrutinyClient, paths: list[str]) -> None:
    """Print a line per update; who reads slowly gets the newest values."""
    async for update in client.stream(paths, update_rate=5):
        shown = update.status.name if update.value is None else update.value
        print(f"{update.handle.server_path} = {shown}", flush=True)


async def print_events(client: AsyncScrutinyClient) -> None:
    """Print a line per event, for ever: a lost connection is made again."""
    events = client.Events
    of_device = events.LISTEN_DEVICE_READY | events.LISTEN_DEVICE_GONE
    wanted = of_device | events.LISTEN_CONNECTED | events.LISTEN_DISCONNECTED
    async for event in client.events(wanted):
        print(event.msg(), flush=True)


async def main(paths: list[str], host: str, port: int) -> None:
    """Do both at the same time."""
    async with AsyncScrutinyClient().connect(host, port) as client:
        await client.wait_device_ready(timeout=10)
        await asyncio.gather(print_values(client, paths), print_events(client))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the updates of some paths.")
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8765)
    arguments = parser.parse_args()
    try:
        asyncio.run(main(arguments.paths, arguments.host, arguments.port))
    except KeyboardInterrupt:
        print("Bye.")
    except sdk.exceptions.ScrutinySDKException as error:
        sys.exit(str(error))
