"""The end of the demo: a step of the setpoint, recorded inside the board, and shown."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from scrutiny.core.errors import ScrutinyError
from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging_config import DataloggingConfig, TriggerCondition, XAxisType

from .capture.errors import CaptureRefused
from .capture.outputs import check_file, write_csv_file
from .capture.sampling import choose_sampling
from .output import show
from .plotting.terminal import look_of
from .plotting.terminal_plot import draw

# In the current folder, where who starts the demo looks for it; it may be replaced at any time.
CSV_NAME: Final = "scrutiny-demo.csv"

_FROM_RPM: Final = 1500.0
_TO_RPM: Final = 2200.0
_AT_SPEED_RPM: Final = 10.0
_RATE: Final = "1kHz"
_BEFORE_S: Final = 0.1
_AFTER_S: Final = 0.4
_TIMEOUT_S: Final = 20.0
_PLOT_WIDTH: Final = 80
_PLOT_HEIGHT: Final = 18


def show_capture(client: ScrutinyClient, setpoint: str, speed: str, csv_file: str) -> None:
    """Record how the motor follows a step of its setpoint, show that, and save it.

    Args:
        client: that is connected.
        setpoint: path of the setpoint.
        speed: path of the speed.
        csv_file: where to save the samples.

    Raises:
        ScrutinyError: something did not work.
    """
    acquisition = _record_step(client, setpoint, speed)
    look = look_of(sys.stdout)
    width, height = min(look.width, _PLOT_WIDTH), min(look.height, _PLOT_HEIGHT)
    show("")
    for line in draw(acquisition, replace(look, width=width, height=height)):
        show(line)
    try:
        write_csv_file(acquisition, csv_file)
    except OSError as error:
        show(f"\nThe samples are not saved: {csv_file}: {error.strerror}; try --csv FILE")
    else:
        show(f"\nSaved the samples as {Path(csv_file).absolute()}")


def default_csv_file() -> str:
    """Return a file in the current folder, or in one for temporary files if that is read-only."""
    try:
        check_file(CSV_NAME)
    except CaptureRefused:
        return f"{Path(tempfile.gettempdir(), CSV_NAME)}"
    return CSV_NAME


def _record_step(client: ScrutinyClient, setpoint: str, speed: str) -> DataloggingAcquisition:
    capabilities = client.get_datalogging_capabilities()
    if capabilities is None:
        raise ScrutinyError("the board has no datalogger")
    client.write_watchable(setpoint, _FROM_RPM)
    motor = client.watch(speed)
    motor.wait_update(timeout=_TIMEOUT_S)
    while abs(motor.value_float - _FROM_RPM) > _AT_SPEED_RPM:
        motor.wait_update(timeout=_TIMEOUT_S)

    sampling = choose_sampling(capabilities.sampling_rates, _RATE)
    config = DataloggingConfig(
        sampling.rate, sampling.decimation, timeout=_AFTER_S, name="Step of the setpoint"
    )
    rpm = config.add_axis("rpm")
    config.add_signal(setpoint, rpm, "setpoint")
    config.add_signal(speed, rpm, "speed")
    middle = (_FROM_RPM + _TO_RPM) / 2
    config.configure_trigger(TriggerCondition.GreaterThan, [setpoint, middle], position=0.2)
    config.configure_xaxis(XAxisType.IdealTime)
    request = client.start_datalog(config)
    request.wait_until_armed(_TIMEOUT_S)
    show(f"\nThe board records by itself now, at {sampling}.")
    show(f"It keeps what is before and after the trigger: {setpoint} > {middle:g}.")
    time.sleep(_BEFORE_S)  # so that there is something before the trigger
    client.write_watchable(setpoint, _TO_RPM)
    return request.wait_and_fetch(_TIMEOUT_S, _TIMEOUT_S)
