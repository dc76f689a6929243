"""Watches a value for ever, with our client or the stock one in an environment of its own.

    python benchmarks/watching_client.py 8765 /rpv/x1007

Prints "watching" each time it has had to begin. Nothing here is beyond what both clients offer.
"""

from __future__ import annotations

import sys

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import ScrutinySDKException

DEADLINE_S = 30.0


def main() -> None:
    """Watch until killed."""
    port, path = sys.argv[1:]
    with ScrutinyClient().connect("127.0.0.1", int(port)) as client:
        while True:
            client.wait_device_ready(DEADLINE_S)
            try:
                handle = client.watch(path)
                handle.wait_update(DEADLINE_S)
                print("watching", flush=True)
                while not handle.is_dead:
                    handle.wait_update(DEADLINE_S)
            except ScrutinySDKException:
                continue  # the device is gone


if __name__ == "__main__":
    main()
