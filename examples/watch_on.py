"""Print values for ever, through reboots of the board and restarts of the server.

python examples/watch_on.py 8765 /rpv/x1007 /global/motor_speed_rpm
"""

import sys
import threading

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners.text_stream_listener import TextStreamListener

port, *paths = sys.argv[1:]
with ScrutinyClient().connect("localhost", int(port)) as client:
    client.wait_device_ready(timeout=30)
    printer = TextStreamListener(sys.stdout)
    printer.subscribe(client.watch_many(paths, update_rate=20))
    client.register_listener(printer)
    with printer.start():
        threading.Event().wait()
