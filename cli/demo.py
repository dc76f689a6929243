"""``scrutiny demo``: a board, the server and a script, so that the whole chain can be watched.

The board is the example firmware on a serial port of its own, or a simulated device where that
cannot be built. The story: connect, watch published values, and variables by name, write some, pull
the cable, plug it back, record a step of the setpoint at the rate of the control loop.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, TypeVar

from scrutiny.api.versions import DEFAULT_PORT
from scrutiny.core.errors import ScrutinyError
from scrutiny.core.watchables import rpv_path
from scrutiny.sdk import ServerDatastoreContentType
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import ScrutinySDKException
from scrutiny.sfd.store import DescriptionStore

from .capture.outputs import check_file
from .child import Child
from .demo_board import Board, build_board, simulated_board
from .demo_capture import CSV_NAME, default_csv_file, show_capture
from .output import show, show_error

SPEED_SETPOINT: Final = rpv_path(0x1000)
SPEED: Final = rpv_path(0x1001)
TEMPERATURE: Final = rpv_path(0x1002)
UPTIME: Final = rpv_path(0x1007)

# Variables of the firmware by name, an array element, what a pointer points to, and aliases.
SPEED_VARIABLE: Final = "/global/motor_speed_rpm"
HISTORY: Final = "/global/statistics_speed_history/statistics_speed_history[0]"
FOCUS_MEAN: Final = "/global/*statistics_focus/mean"
SPEED_ALIAS: Final = "/motor/speed [rpm]"
SETPOINT_ALIAS: Final = "/motor/setpoint [rpm]"
DRIVE_ALIAS: Final = "/motor/drive [%]"
STATE_ALIAS: Final = "/motor/state"

_EXIT_CODES: Final = (
    "exit codes: 0 everything happened as told; 1 it did not, and the error says why, or it was "
    "interrupted before its end; 2 wrong arguments; 143 it was terminated"
)
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
    """Run the demo; the exit code is one of those that its help tells."""
    parser = argparse.ArgumentParser(
        prog="scrutiny demo",
        description="Watch the whole chain at work, without hardware.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--simulator", action="store_true", help="do not compile the firmware")
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help=f"where to save what is recorded (default: {CSV_NAME} in the current folder)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep the board and the server afterwards, for `scrutiny scope` and scripts",
    )
    parser.add_argument(
        "--port",
        type=int,
        help=f"where the server listens (default: {DEFAULT_PORT} with --keep, else any free one)",
    )
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        if arguments.csv is not None:
            check_file(arguments.csv)
        with tempfile.TemporaryDirectory(prefix="scrutiny-demo-") as folder:
            _run(Path(folder), arguments)
    except (ScrutinyError, ScrutinySDKException) as error:
        show_error(f"the demo did not get to its end: {error}")
        return 1
    except KeyboardInterrupt:
        show("interrupted")
        return 1
    return 0


def _terminated(number: int, frame: FrameType | None) -> None:
    """End as usual: board and server would outlive a process that is just ended."""
    sys.exit(128 + number)


def _run(folder: Path, arguments: argparse.Namespace) -> None:
    show("Preparing the board ...")
    simulate = arguments.simulator
    board = simulated_board(folder, "as asked for") if simulate else build_board(folder)
    port: int | None = arguments.port
    if port is None:
        port = DEFAULT_PORT if arguments.keep else 0
    try:
        board.plug_in()
        show(f"Board   {board.description}")
        show(f"Link    {board.link}")
        with _start_server(board, folder, port) as server:
            port = int(server.ready_match.group(1))
            show(f"Server  ws://localhost:{port}\n")
            _tell_the_story(board, port, arguments.csv or default_csv_file())
            if arguments.keep:
                _keep(server, board, port)
                return
    finally:
        board.pull_out()
    show("\nThat was it. With your own board it is:")
    show("    scrutiny sfd build firmware.elf --tag-inplace --install")
    show('    scrutiny server --link "serial:/dev/ttyACM0?baudrate=115200"')
    show("    scrutiny scope --signal /global/... --trigger '/global/... > 3'")
    show("    python examples/events.py       (from the repository)")


def _start_server(board: Board, folder: Path, port: int) -> Child:
    data_folder = folder / "data"
    if board.symbols is not None:
        DescriptionStore(data_folder).install(board.symbols)
    command = (sys.executable, "-m", "scrutiny.server", "--port", f"{port}", "--link", board.link)
    return Child((*command, "--data-folder", str(data_folder)), r"listening on ws://\S+:(\d+)$")


def _keep(server: Child, board: Board, port: int) -> None:
    """Let board and server go on until Ctrl-C, or until the server ends."""
    where = "" if port == DEFAULT_PORT else f" --port {port}"
    speed = SPEED if board.symbols is None else f"'{SPEED_ALIAS}'"
    show("\nBoard and server go on until Ctrl-C. Try in another terminal:")
    show(f"    scrutiny scope{where} --signal {speed}")
    show(f"    python examples/scope.py{where}       (from the repository)")
    try:
        server.wait_for_end()
    except KeyboardInterrupt:
        show("Bye.")
    else:
        raise DemoFailed("the server has ended by itself")


def _tell_the_story(board: Board, port: int, csv_file: str) -> None:
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
        if board.symbols is not None:
            show_capture(client, SETPOINT_ALIAS, SPEED_ALIAS, csv_file)
        else:
            show_capture(client, SPEED_SETPOINT, SPEED, csv_file)


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
