"""From the command of a client to what is to be recorded: numbers, names and axes are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from scrutiny.api.messages import (
    DataloggingAxis,
    LoggedSignal,
    RequestAcquisition,
    TriggerOperand,
    XAxisSignal,
)
from scrutiny.core.datalogging import UNNAMED, X_AXIS_ID, Axis

from ..datalogging.trigger import condition_named
from ..datalogging.wanted import (
    Recordable,
    WantedOperand,
    WantedRecording,
    WantedSignal,
    WantedTrigger,
    XAxis,
)
from ..entries import Entry
from .errors import CommandRefused, quoted
from .limits import LONGEST_NAME, MOST_LOGGED_SIGNALS

X_AXIS_NAME: Final = "X-Axis"  # of a signal that has none

_LARGEST_DECIMATION: Final = 0xFFFF
_LONGEST_TIME_S: Final = 429  # in 32 bits of 100 ns
_TICKS_PER_S: Final = 10_000_000
_PROBE_RANGE: Final = 255
_LARGEST_AXIS_ID: Final = (1 << 31) - 1
_MOST_OPERANDS: Final = 3


def check_form(command: RequestAcquisition) -> None:
    """Let a command pass that has a sensible size, whatever is in it.

    Raises:
        CommandRefused: it has not.
    """
    for what, items in (("signals", command.signals), ("axes", command.yaxes)):
        if len(items) > MOST_LOGGED_SIGNALS:
            raise CommandRefused(
                f"{len(items)} {what} are too many, at most {MOST_LOGGED_SIGNALS} are taken"
            )
    if len(command.operands) > _MOST_OPERANDS:
        raise CommandRefused(
            f"{len(command.operands)} operands, no condition takes more than {_MOST_OPERANDS}"
        )
    if not command.signals:
        raise CommandRefused("signals is empty, at least one is due")
    x_signal = command.x_axis_signal
    names = [signal.name for signal in command.signals] + [axis.name for axis in command.yaxes]
    names += [command.name, command.requested_by, None if x_signal is None else x_signal.name]
    for name in names:
        check_name(name)


def check_name(name: str | None) -> None:
    """Let a name pass that is not too long.

    Raises:
        CommandRefused: it is.
    """
    if name is not None and len(name) > LONGEST_NAME:
        raise CommandRefused(f"a name has {len(name)} characters, at most {LONGEST_NAME} are kept")


def paths_of(command: RequestAcquisition) -> list[str]:
    """Return the paths that a command needs, each once."""
    paths = [signal.path for signal in command.signals]
    if command.x_axis_type == XAxis.SIGNAL.value and command.x_axis_signal is not None:
        paths.append(command.x_axis_signal.path)
    paths += [_path_of(operand) for operand in command.operands if operand.type == "watchable"]
    return list(dict.fromkeys(paths))


def wanted_recording(command: RequestAcquisition, entries: Mapping[str, Entry]) -> WantedRecording:
    """Return what is to be recorded.

    Args:
        command: of a client.
        entries: at the paths of `paths_of`.

    Raises:
        CommandRefused: a number, a name or an axis makes no sense.
        RecordingRefused: the condition does not.
    """
    x_axis = _x_axis(command.x_axis_type)
    axes = _axes(command.yaxes)
    return WantedRecording(
        name=command.name or "",
        loop_id=_whole("sampling_rate_id", command.sampling_rate_id, 0, 0xFF),
        decimation=_whole("decimation", command.decimation, 1, _LARGEST_DECIMATION),
        probe_location=_probe(command.probe_location),
        timeout_100ns=_ticks("timeout", command.timeout),
        trigger=WantedTrigger(
            condition_named(command.condition),
            tuple([_operand(operand, entries) for operand in command.operands]),
            _ticks("trigger_hold_time", command.trigger_hold_time),
        ),
        axes=axes,
        signals=tuple([_signal(signal, axes, entries) for signal in command.signals]),
        x_axis=x_axis,
        x_signal=_x_signal(command.x_axis_signal, entries) if x_axis is XAxis.SIGNAL else None,
    )


def _whole(name: str, number: float, low: int, high: int) -> int:
    if not low <= number <= high or number != int(number):
        raise CommandRefused(f"{name} is {number}, not a whole number within {low} to {high}")
    return int(number)


def _probe(location: float) -> int:
    if not 0 <= location <= 1:
        raise CommandRefused(f"probe_location is {location}, not within 0 to 1")
    return round(location * _PROBE_RANGE)


def _ticks(name: str, time_s: float) -> int:
    if not 0 <= time_s <= _LONGEST_TIME_S:
        raise CommandRefused(f"{name} is {time_s}, not within 0 to {_LONGEST_TIME_S} seconds")
    ticks = round(time_s * _TICKS_PER_S)
    return 1 if time_s and not ticks else ticks  # 0 has a meaning of its own


def _x_axis(word: str) -> XAxis:
    try:
        return XAxis(word)
    except ValueError:
        known = ", ".join(axis.value for axis in XAxis)
        raise CommandRefused(f"unknown x_axis_type {quoted(word)}; use {known}") from None


def _axes(axes: Sequence[DataloggingAxis]) -> tuple[Axis, ...]:
    ids = [axis.id for axis in axes]
    for axis_id in ids:
        if axis_id == X_AXIS_ID or abs(axis_id) > _LARGEST_AXIS_ID:
            raise CommandRefused(
                f"a y axis cannot have the id {axis_id}; {X_AXIS_ID} is the x axis, and ids have "
                "32 bits"
            )
    if len(set(ids)) != len(ids):
        raise CommandRefused("two axes have the same id")
    return tuple([Axis(axis.id, axis.name) for axis in axes])


def _signal(
    signal: LoggedSignal, axes: Sequence[Axis], entries: Mapping[str, Entry]
) -> WantedSignal:
    if all(axis.axis_id != signal.axis_id for axis in axes):
        raise CommandRefused(
            f"signal {quoted(signal.path)} is on axis {signal.axis_id}, which is not in yaxes"
        )
    recordable = Recordable.of(entries[signal.path])
    return WantedSignal(signal.name or UNNAMED, signal.axis_id, recordable)


def _x_signal(signal: XAxisSignal | None, entries: Mapping[str, Entry]) -> WantedSignal:
    if signal is None:
        raise CommandRefused("x_axis_signal is missing, which the x_axis_type signal needs")
    return WantedSignal(signal.name or X_AXIS_NAME, X_AXIS_ID, Recordable.of(entries[signal.path]))


def _operand(operand: TriggerOperand, entries: Mapping[str, Entry]) -> WantedOperand:
    if operand.type == "watchable":
        return Recordable.of(entries[_path_of(operand)])
    return operand.value


def _path_of(operand: TriggerOperand) -> str:
    if not isinstance(operand.value, str):
        raise CommandRefused(f"an operand of type watchable is {operand.value}, not a path")
    return operand.value
