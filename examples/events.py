"""Print what happens to the device: ready, gone, and what its datalogger does.

Run it while a server runs (``scrutiny server``), then plug and unplug the device. Ctrl-C ends it.
"""

from __future__ import annotations

import sys

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient

Events = ScrutinyClient.Events


def main(host: str = "localhost", port: int = 8765) -> None:
    """Print events until the server ends the connection."""
    client = ScrutinyClient(
        enabled_events=Events.LISTEN_DISCONNECTED
        | Events.LISTEN_DEVICE_READY
        | Events.LISTEN_DEVICE_GONE
        | Events.LISTEN_DATALOGGER_STATE_CHANGED
    )
    with client.connect(host, port):
        print(f"Connected to {host}:{port}. Waiting for events, Ctrl-C ends.", flush=True)
        while True:
            event = client.read_event()
            if isinstance(event, Events.DeviceReadyEvent):
                print(f"Device connected. Session ID: {event.session_id}", flush=True)
            elif isinstance(event, Events.DeviceGoneEvent):
                print(f"Device has disconnected. Session ID: {event.session_id}", flush=True)
            elif isinstance(event, Events.DataloggerStateChanged):
                if event.details.state == sdk.DataloggerState.DataReady:
                    print("Datalogging acquisition ready!", flush=True)
                else:
                    print(event.msg(), flush=True)
            elif isinstance(event, Events.DisconnectedEvent):
                print("The server has ended the connection.", flush=True)
                return


if __name__ == "__main__":
    arguments = sys.argv[1:] or ["localhost"]
    try:
        main(arguments[0], int(arguments[1]) if len(arguments) > 1 else 8765)
    except KeyboardInterrupt:
        print("Bye.")
    except sdk.exceptions.ScrutinySDKException as error:
        sys.exit(str(error))
