"""``scrutiny demo``: a board, the server and a script, so that the whole chain can be watched.

The board is the example firmware on a serial port of its own, or a simulated device where that
cannot be built. The story: connect, watch published values, and variables by name, write some, pull
the cable, plug it back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from scrutiny.core.errors import ScrutinyError
from scrutiny.core.watchables import rpv_path
from scrutiny.sdk import ServerDatastoreContentType
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import ScrutinySDKException
from scrutiny.sfd.store import DescriptionStore

from .child import Child
from .demo_board import Board, build_board, simulated_board
from .output import show, show_error

SPEED_SETPOINT: Final = rpv_path(0x1000)
SPEED: Final = rpv_path(0x1001)
TEMPERATURE: Final = rpv_path(0x1002)
UPTIME: Final = rpv_path(0x1007)

# Variables of the firmware by name, an array element, what a pointer points to, and aliases.
SPEED_VARIABLE: Final = "/global/motor_speed_rpm"
HISTORY: Final = "/global/statistics_speed_history/statistics_speed_history[0]"
FOCUS_MEAN: Final = "/global/*statistics_focus/mean"
SETPOINT_ALIAS: Final = "/motor/setpoint [rpm]"
DRIVE_ALIAS: Final = "/motor/drive [%]"
STATE_ALIAS: Final = "/motor/state"

_EVENT_TIMEOUT_S: Final = 20.0
_STEP_DURATION_S: Final = 1.2
_LINE_INTERVAL_S: Final = 0.2
_NEW_SETPOINT: Final = 2200.0
_AT_SPEED_RPM: Final = 10.0
_EXPRESSION: Final = "1000 + 2*floor(1.23e2*cos(radians(30)))"

EventT = TypeVar("EventT")
Events = ScrutinyClient.Events


class DemoFailed(ScrutinyError):
    """Something that the demo waits for did not happen."""


def main(argv: Sequence[str]) -> int:
    """Run the demo; 0 when everything happened as told."""
    parser = argparse.ArgumentParser(
        prog="scrutiny demo", description="Watch the whole chain at work, without hardware."
    )
    parser.add_argument("--simulator", action="store_true", help="do not compile the firmware")
    arguments = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="scrutiny-demo-") as folder:
            _run(Path(folder), simulate=arguments.simulator)
    except (ScrutinyError, ScrutinySDKException) as error:
        show_error(f"the demo did not get to its end: {error}")
        return 1
    except KeyboardInterrupt:
        show("interrupted")
        return 1
    return 0


def _run(folder: Path, *, simulate: bool) -> None:
    show("Preparing the board ...")
    board = simulated_board(folder, "as asked for") if simulate else build_board(folder)
    try:
        board.plug_in()
        show(f"Board   {board.description}")
        show(f"Link    {board.link}")
        with _start_server(board, folder) as server:
            port = int(server.ready_match.group(1))
            show(f"Server  ws://localhost:{port}\n")
            _tell_the_story(board, port)
    finally:
        board.pull_out()
    show("\nThat was it. With your own board it is:")
    show("    scrutiny sfd build firmware.elf --tag-inplace --install")
    show("    scrutiny server --link serial:/dev/ttyACM0?baudrate=115200")
    show("    python examples/events.py       (from the repository)")


def _start_server(board: Board, folder: Path) -> Child:
    data_folder = folder / "data"
    if board.symbols is not None:
        DescriptionStore(data_folder).install(board.symbols)
    command = (sys.executable, "-m", "scrutiny.server", "--port", "0", "--link", board.link)
    return Child((*command, "--data-folder", str(data_folder)), r"listening on ws://\S+:(\d+)$")


def _tell_the_story(board: Board, port: int) -> None:
    client = ScrutinyClient()
    client.listen_events(
        Events.LISTEN_CONNECTED
        | Events.LISTEN_DEVICE_READY
        | Events.LISTEN_DEVICE_GONE
        | Events.LISTEN_SFD_LOADED
    )
    with client.connect("localhost", port):
        _expect(client, Events.ConnectedEvent)
        show("Connected to the server")
        first = _expect(client, Events.DeviceReadyEvent)
        show(f"DeviceReady  session {first.session_id}")
        _show_device(client)
        _watch_and_write(client)
        if board.symbols is not None:
            _use_names(client)
        else:
            show("\nVariables by name are left out: this board has no symbols")

        show("\nPulling the cable ...")
        board.pull_out()
        gone = _expect(client, Events.DeviceGoneEvent)
        show(f"DeviceGone   session {gone.session_id}")
        show("Plugging it back ...")
        board.plug_in()
        second = _expect(client, Events.DeviceReadyEvent)
        show(f"DeviceReady  session {second.session_id}")
        if gone.session_id != first.session_id or second.session_id == first.session_id:
            raise DemoFailed("the sessions are not told apart")
        if board.symbols is not None:
            _expect(client, Events.SFDLoadedEvent)
            show("SFDLoaded    the handles of before are bound again, by their paths")
        speed = client.watch(SPEED)  # the same handle as before
        speed.wait_update(timeout=_EVENT_TIMEOUT_S)
        show(f"The values are back: the motor turns at {speed.value_float:.0f} rpm")


def _show_device(client: ScrutinyClient) -> None:
    info = client.get_device_info()
    if info is None:
        raise DemoFailed("there is no device information although the device is ready")
    count = client.get_watchable_count()[ServerDatastoreContentType.RuntimePublishedValue]
    show(f"             {info.display_name}: {count} published values, firmware {info.device_id}")


def _watch_and_write(client: ScrutinyClient) -> None:
    setpoint, speed, temperature, uptime = (
        client.watch(path) for path in (SPEED_SETPOINT, SPEED, TEMPERATURE, UPTIME)
    )
    client.wait_new_value_for_all(timeout=_EVENT_TIMEOUT_S)

    def show_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            show(
                f"  setpoint {setpoint.value_float:7.1f} rpm"
                f"   speed {speed.value_float:7.1f} rpm"
                f"   temperature {temperature.value_float:5.1f} °C"
                f"   up {uptime.value_int:6} ms"
            )
            time.sleep(_LINE_INTERVAL_S)

    show("\nLive values:")
    show_for(_STEP_DURATION_S)
    before = speed.update_counter
    started = time.perf_counter()
    setpoint.value = _NEW_SETPOINT  # returns when the device has confirmed
    took_ms = (time.perf_counter() - started) * 1000
    show(f"\nWrote the setpoint: the device confirmed {setpoint.value_float} in {took_ms:.1f} ms")
    show_for(_STEP_DURATION_S)
    rate = (speed.update_counter - before) / _STEP_DURATION_S
    show(f"Each value is updated {rate:.0f} times per second")


def _use_names(client: ScrutinyClient) -> None:
    """Wait for the description of the firmware, and do with names what was done with numbers."""
    loaded = _expect(client, Events.SFDLoadedEvent)
    info = client.get_loaded_sfd()
    project = info.metadata.project_name if info and info.metadata else loaded.firmware_id
    count = client.get_watchable_count()
    variables = count[ServerDatastoreContentType.Variable]
    arrays = count[ServerDatastoreContentType.VariableFactory]
    aliases = count[ServerDatastoreContentType.Alias]
    show(f"\nThe symbols of {project!r} are loaded: {variables} variables, {arrays} array leaves,")
    show(f"{aliases} aliases. Everything has a name now:")
    paths = (SPEED_VARIABLE, HISTORY, FOCUS_MEAN, DRIVE_ALIAS, SETPOINT_ALIAS, STATE_ALIAS)
    speed, history, mean, drive, setpoint, state = client.watch_many(paths)
    client.wait_new_value_for_all(timeout=_EVENT_TIMEOUT_S)
    width = max(map(len, paths))
    for handle, meaning in (
        (speed, "a variable"),
        (history, "an element of an array"),
        (mean, "behind a pointer"),
        (drive, "an alias: the variable is in 1/1000"),
    ):
        show(f"  {handle.server_path:{width}} {handle.value_float:14.2f}   {meaning}")
    show(f"  {state.server_path:{width}} {state.value_enum:>14}   an enumeration, by name")
    setpoint.value = _EXPRESSION
    show(f"\nWrote {_EXPRESSION} to {SETPOINT_ALIAS}: the device has {setpoint.value_float:.1f}")
    while abs(speed.value_float - setpoint.value_float) > _AT_SPEED_RPM:
        speed.wait_update(timeout=_EVENT_TIMEOUT_S)
    state.wait_value("MOTOR_RUNNING", timeout=_EVENT_TIMEOUT_S)
    show(f"The motor is {state.value_enum} at {speed.value_float:.0f} rpm")


def _expect(client: ScrutinyClient, kind: type[EventT]) -> EventT:
    """Return the next event, which has to be of this kind."""
    event = client.read_event(timeout=_EVENT_TIMEOUT_S)
    if event is None:
        problem = client.get_latest_server_status().device_link
        raise DemoFailed(f"no {kind.__name__} within {_EVENT_TIMEOUT_S:.0f} s; link: {problem}")
    if not isinstance(event, kind):
        raise DemoFailed(f"{type(event).__name__} came instead of {kind.__name__}")
    return event
