"""Who uses no CAN bus and no J-Link does not pay for their packages, nor needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# Runs in a process of its own, where an import of these packages fails as if they were missing.
PROGRAM = """
import sys
for package in ("can", "pylink", "msgpack"):
    sys.modules[package] = None

import asyncio
import scrutiny.cli.main
import scrutiny.server.app
from scrutiny.firmware_link.errors import LinkOpenError
from scrutiny.firmware_link.transports import open_transport, parse_link_url

async def refusal(url):
    try:
        await open_transport(parse_link_url(url))
    except LinkOpenError as error:
        return str(error)

print(asyncio.run(refusal("can:virtual:bench?txid=1&rxid=2")))
print(asyncio.run(refusal("rtt:nRF52840_xxAA")))
"""


def test_nothing_but_such_links_needs_their_packages() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.stderr == ""
    can, rtt = result.stdout.splitlines()
    assert can == "CAN links need python-can: pip install 'scrutiny-bridge[can]'"
    assert rtt.startswith("RTT through a J-Link needs pylink: pip install 'scrutiny-bridge[rtt]'")
