"""Write values of the firmware into a CSV file, a row for each read of the device.

Run it while a server runs:

    python examples/log_csv.py motor.csv /rpv/x1000 /rpv/x1001 --rate 20 --seconds 60

Without --seconds, Ctrl-C ends it. When the board reboots meanwhile, the file goes on afterwards.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners.csv_file_listener import CSVFileListener


def log(
    client: ScrutinyClient, file: Path, paths: list[str], rate: float, seconds: float | None
) -> int:
    """Write until the time is up, or until Ctrl-C; return how many values there were."""
    listener = CSVFileListener(file.parent, file.name)
    client.register_listener(listener)
    listener.subscribe(client.watch_many(paths, update_rate=rate))
    with listener.start():
        print(f"Writing {file} ...", flush=True)
        try:
            threading.Event().wait(seconds)
        except KeyboardInterrupt:
            print("Stopped.")
    if listener.error_occurred:
        raise sdk.exceptions.OperationFailure(f"{file} cannot be written; the log tells more")
    return listener.update_count


def main(arguments: argparse.Namespace) -> None:
    """Connect, and write."""
    with ScrutinyClient().connect(arguments.host, arguments.port) as client:
        client.wait_device_ready(timeout=10)
        if not all(path.startswith("/rpv/") for path in arguments.paths):
            client.wait_sfd_loaded(timeout=10)
        count = log(client, arguments.file, arguments.paths, arguments.rate, arguments.seconds)
        print(f"{count} values.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write values of the firmware into a CSV file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--rate", type=float, default=20, help="reads per second (default: 20)")
    parser.add_argument("--seconds", type=float, help="how long (default: until Ctrl-C)")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8765)
    try:
        main(parser.parse_args())
    except (sdk.exceptions.ScrutinySDKException, OSError) as error:
        sys.exit(str(error))
