"""``scrutiny scope``: record signals in the firmware when a trigger fires, and show them."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scrutiny.sdk import DataloggingCapabilities
from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging_config import DataloggingConfig, XAxisType

from .capture.capacity import Capacity, capacity_for, listing
from .capture.errors import CaptureRefused
from .capture.named_values import trigger_operands
from .capture.options import scope_parser
from .capture.outputs import as_json, check_file, check_pictures, write_csv_file, write_picture
from .capture.recording import record
from .capture.sampling import Sampling, choose_sampling, loop_name
from .capture.signals import SignalChoice, by_axis
from .capture.window import without_early_samples
from .output import one_line, show
from .plotting.terminal import look_of
from .plotting.terminal_plot import draw
from .quantities import hertz, in_seconds
from .server_connection import Definitions, connected, definitions_of, wait_for_device
from .text_files import STANDARD_OUTPUT
from .verb_arguments import parse

logger = logging.getLogger(__name__)

_DEVICE_TIMEOUT_S: Final = 5.0
_LONGEST_NAME: Final = 80

_X_AXES: Final = {
    "index": XAxisType.Indexed,
    "ideal": XAxisType.IdealTime,
    "measured": XAxisType.MeasuredTime,
}


def main(argv: Sequence[str]) -> int:
    """Record, and show or write what was recorded; 0 when that is done.

    Raises:
        ScrutinyError: it did not come to that; the text says why.
        OSError: a file cannot be written.
    """
    parser = scope_parser()
    arguments = parse(parser, argv)
    if not arguments.signals and not arguments.list:
        parser.error("nothing to record: give --signal PATH; --list shows the loops")
    _check_outputs(arguments)
    client = ScrutinyClient("scrutiny scope")
    try:
        with connected(client, arguments):
            return _list(client, arguments) if arguments.list else _capture(client, arguments)
    except KeyboardInterrupt:
        client.close_socket()  # at once, whatever the server does
        raise


def _check_outputs(arguments: argparse.Namespace) -> None:
    if arguments.json and arguments.csv == STANDARD_OUTPUT:
        raise CaptureRefused("--json and --csv - cannot both go to standard output")
    for name in filter(None, (arguments.csv, arguments.png)):
        check_file(name)
    if arguments.png is not None:
        if arguments.png == STANDARD_OUTPUT:
            raise CaptureRefused("a picture cannot go to standard output; name a file")
        check_pictures()


# --------------------------------------------------------------------- server and device


def _capabilities(client: ScrutinyClient) -> DataloggingCapabilities:
    wait_for_device(client, _DEVICE_TIMEOUT_S)
    capabilities = client.get_datalogging_capabilities()
    if capabilities is None:
        raise CaptureRefused("the firmware of this device has no datalogger: nothing can record")
    return capabilities


# --------------------------------------------------------------------- what there is


def _list(client: ScrutinyClient, arguments: argparse.Namespace) -> int:
    capabilities = _capabilities(client)
    capacity = None
    if arguments.signals:
        sampling = choose_sampling(capabilities.sampling_rates, arguments.rate)
        x_axis, x_path = _x_axis(arguments.x, sampling)
        paths = _paths_to_record(arguments.signals, x_path)
        capacity = _capacity(definitions_of(client, paths), paths, capabilities, x_axis)
    for line in listing(capabilities, capacity):
        show(line)
    return 0


def _capacity(
    definitions: Definitions,
    paths: Sequence[str],
    capabilities: DataloggingCapabilities,
    x_axis: XAxisType,
) -> Capacity:
    recorded = [definitions[path] for path in paths]
    return capacity_for(recorded, capabilities, with_time=x_axis is XAxisType.MeasuredTime)


def _paths_to_record(signals: Sequence[SignalChoice], x_path: str | None) -> list[str]:
    return [signal.path for signal in signals] + ([] if x_path is None else [x_path])


def _x_axis(text: str | None, sampling: Sampling) -> tuple[XAxisType, str | None]:
    """Return the X axis that a text names, and its path if it is a signal."""
    has_frequency = sampling.frequency_hz is not None
    if text is None:
        return (XAxisType.IdealTime if has_frequency else XAxisType.MeasuredTime), None
    if text not in _X_AXES:
        if not text.startswith("/"):
            raise CaptureRefused(
                f"--x {one_line(text)}: use index, ideal, measured, or a path, which begins with /"
            )
        return XAxisType.Signal, text
    if text == "ideal" and not has_frequency:
        raise CaptureRefused(
            f"the loop {loop_name(sampling.rate)} has no fixed frequency, so that there is no "
            "ideal time; use --x measured"
        )
    return _X_AXES[text], None


# --------------------------------------------------------------------- recording


def _capture(client: ScrutinyClient, arguments: argparse.Namespace) -> int:
    capabilities = _capabilities(client)
    sampling = choose_sampling(capabilities.sampling_rates, arguments.rate, arguments.decimation)
    x_axis, x_path = _x_axis(arguments.x, sampling)
    paths = _paths_to_record(arguments.signals, x_path)
    definitions = definitions_of(client, [*paths, *arguments.trigger.paths])
    operands = trigger_operands(arguments.trigger, definitions)
    capacity = _capacity(definitions, paths, capabilities, x_axis)
    duration_s: float | None = arguments.duration
    if duration_s and arguments.decimation is None and hertz(arguments.rate or "") is None:
        decimation = capacity.decimation_for(duration_s, sampling)
        sampling = replace(sampling, decimation=decimation)
    _tell(sampling, capacity, duration_s)

    config = DataloggingConfig(
        sampling.rate,
        sampling.decimation,
        timeout=(duration_s or 0.0) * (1 - arguments.position),
        name=_name(arguments),
    )
    _add_signals(config, arguments.signals)
    config.configure_trigger(
        arguments.trigger.condition, operands, arguments.position, arguments.hold
    )
    config.configure_xaxis(x_axis, x_path)
    acquisition = record(client, config, trigger_timeout_s=arguments.timeout)
    if duration_s is not None and sampling.frequency_hz is not None:
        count_before = round(duration_s * arguments.position * sampling.frequency_hz)
        acquisition = without_early_samples(acquisition, count_before, x_axis)
    _deliver(acquisition, arguments, definitions)
    return 0


def _add_signals(config: DataloggingConfig, signals: Sequence[SignalChoice]) -> None:
    for axis_name, on_axis in by_axis(signals).items():
        axis = config.add_axis(axis_name)
        for signal in on_axis:
            config.add_signal(signal.path, axis, signal.name)


def _name(arguments: argparse.Namespace) -> str:
    name: str | None = arguments.name
    return one_line(arguments.trigger.text)[:_LONGEST_NAME] if name is None else name


def _tell(sampling: Sampling, capacity: Capacity, duration_s: float | None) -> None:
    held_s = capacity.duration_s(sampling)
    lasts = "" if held_s is None else f", {in_seconds(held_s)}"
    logger.info("%s; %d samples%s", sampling, capacity.sample_count, lasts)
    if duration_s and held_s is not None and held_s < duration_s:
        logger.warning(
            "that is less than the %s asked for; use a lower rate", in_seconds(duration_s)
        )


def _deliver(
    acquisition: DataloggingAcquisition, arguments: argparse.Namespace, definitions: Definitions
) -> None:
    try:
        for name, write in ((arguments.csv, write_csv_file), (arguments.png, write_picture)):
            if name is not None:
                write(acquisition, name)
                if name != STANDARD_OUTPUT:
                    logger.info("%s written", name)
    except OSError:
        logger.info("the server has stored the capture as %s", acquisition.reference_id)
        raise
    if arguments.json:
        show(as_json(acquisition))
    elif not arguments.quiet and arguments.csv != STANDARD_OUTPUT:
        enums = {each.server_path: each.enum for each in definitions.values() if each.enum}
        for line in draw(acquisition, look_of(sys.stdout), enums):
            show(line)
        show(f"Stored as {acquisition.reference_id}")
