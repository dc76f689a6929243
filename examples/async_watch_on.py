"""Print values for ever, through reboots of the board and restarts of the server, with asyncio.

python examples/async_watch_on.py 8765 /rpv/x1007 /global/motor_speed_rpm
"""

import asyncio
import sys

from scrutiny.sdk.aio import AsyncScrutinyClient


async def main(port: str, *paths: str) -> None:
    """Watch, and let the client do the rest."""
    async with AsyncScrutinyClient().connect("localhost", int(port)) as client:
        await client.wait_device_ready(timeout=30)
        async for update in client.stream(paths, update_rate=20):
            print(update.handle.server_path, update.status.name, update.value)


asyncio.run(main(*sys.argv[1:]))
