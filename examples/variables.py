"""Print the values of variables of the firmware, by name; they survive a reboot of the board.

Run it while a server runs and the description of the firmware is installed:

    python examples/variables.py /global/motor_speed_rpm "/motor/drive [%]"

Without arguments it lists what there is. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import sys

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient

RATE_HZ = 5.0
SHOWN_AT_MOST = 40


def list_variables(client: ScrutinyClient) -> None:
    """Print the first paths of each kind."""
    request = client.download_watchable_list()
    request.wait_for_completion(timeout=60)
    content = request.get()
    paths = [*content.alias, *content.var, *content.var_factory, *content.rpv]
    print("\n".join(paths[:SHOWN_AT_MOST]))
    if len(paths) > SHOWN_AT_MOST:
        print(f"... and {len(paths) - SHOWN_AT_MOST} more")


def show_values(client: ScrutinyClient, paths: list[str]) -> None:
    """Print a line per update, for ever: a server that restarts is waited for."""
    handles = client.watch_many(paths, update_rate=RATE_HZ)
    while True:
        try:
            client.wait_new_value_for_all(timeout=2)
        except sdk.exceptions.InvalidValueError as error:
            print(error, flush=True)  # the device is away, or a pointer is null
            handles[0].wait_bound(timeout=3600)
        except sdk.exceptions.TimeoutException:
            continue
        values = (
            handle.value_enum if handle.has_enum() else str(handle.value)
            for handle in handles
            if handle.status is sdk.ValueStatus.Valid
        )
        print("  ".join(values), flush=True)


def main(paths: list[str], host: str, port: int) -> None:
    """Connect, and show what was asked for."""
    with ScrutinyClient().connect(host, port) as client:
        client.wait_device_ready(timeout=10)
        client.wait_sfd_loaded(timeout=10)
        if paths:
            show_values(client, paths)
        else:
            list_variables(client)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the values of variables of the firmware.")
    parser.add_argument("paths", nargs="*", metavar="PATH")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8765)
    arguments = parser.parse_args()
    try:
        main(arguments.paths, arguments.host, arguments.port)
    except KeyboardInterrupt:
        print("Bye.")
    except sdk.exceptions.ScrutinySDKException as error:
        sys.exit(str(error))
