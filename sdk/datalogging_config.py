"""What to record: signals, sampling, trigger and X axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from typing import Final

from scrutiny.api import messages as api

from ._arguments import check_int, check_number, check_path, check_str
from .data_series import AxisDefinition
from .definitions import SamplingRate, VariableFreqSamplingRate
from .watchable_handle import WatchableHandle

# The device counts times in 100 ns with 32 bits, the decimation with 16.
_LONGEST_TIME_S: Final = 429
_LARGEST_DECIMATION: Final = 0xFFFF


class XAxisType(Enum):
    """What the samples are drawn over.

    Attributes:
        Indexed: their number, from 0.
        IdealTime: seconds, from the frequency of the loop that samples; only if that is fixed.
        MeasuredTime: seconds, as measured by the device; this takes the place of one signal.
        Signal: another signal.
    """

    Indexed = "index"
    IdealTime = "ideal_time"
    MeasuredTime = "measured_time"
    Signal = "signal"

    def to_str(self) -> str:
        """Return its name in messages."""
        return self.value

    @classmethod
    def from_str(cls, v: str) -> XAxisType:
        """Return the one that messages call so; ValueError if there is none."""
        return cls(v)


class TriggerCondition(Enum):
    """When the trigger fires; A, B and C are the operands, in order.

    Attributes:
        AlwaysTrue: at once.
        Equal: A = B.
        NotEqual: A is not B.
        LessThan: A < B.
        LessOrEqualThan: A <= B.
        GreaterThan: A > B.
        GreaterOrEqualThan: A >= B.
        ChangeMoreThan: from one iteration of the loop to the next A grows by more than B, or for a
            negative B, falls by more than -B.
        IsWithin: A is not farther from B than C.
    """

    AlwaysTrue = "true"
    Equal = "eq"
    NotEqual = "neq"
    LessThan = "lt"
    LessOrEqualThan = "let"
    GreaterThan = "gt"
    GreaterOrEqualThan = "get"
    ChangeMoreThan = "cmt"
    IsWithin = "within"

    def required_operands(self) -> int:
        """Return how many operands it takes: 0, 2 or 3."""
        if self is TriggerCondition.AlwaysTrue:
            return 0
        return 3 if self is TriggerCondition.IsWithin else 2

    def to_str(self) -> str:
        """Return its name in messages."""
        return self.value

    @classmethod
    def from_str(cls, v: str) -> TriggerCondition:
        """Return the one that messages call so; ValueError if there is none."""
        return cls(v)


class DataloggingConfig:
    """What ``ScrutinyClient.start_datalog`` records.

    Add an axis and signals on it. Unless told otherwise, the trigger fires at once, stands in the
    middle of the recording, and the X axis is the number of the sample.

    Args:
        sampling_rate: The loop of the firmware that samples: one of
            ``client.get_datalogging_capabilities().sampling_rates``, or its identifier.
        decimation: A sample is taken in each so many-th iteration of the loop, 1 to 65535.
        timeout: The recording ends so long after the trigger, in seconds, 0 to 429; 0 for not
            before the buffer of the device is full.
        name: Under which it is stored; may be empty.

    Raises:
        TypeError: an argument is of another type.
        ValueError: one is out of range.
    """

    def __init__(
        self,
        sampling_rate: int | SamplingRate,
        decimation: int = 1,
        timeout: float = 0.0,
        name: str = "",
    ) -> None:
        self._has_variable_rate = isinstance(sampling_rate, VariableFreqSamplingRate)
        if isinstance(sampling_rate, SamplingRate):
            self._sampling_rate_id = sampling_rate.identifier
        else:
            self._sampling_rate_id = check_int("sampling_rate", sampling_rate, 0)
        self._decimation = check_int("decimation", decimation, 1, _LARGEST_DECIMATION)
        self._timeout_s = _check_time("timeout", timeout)
        self._name = check_str("name", name)
        self._axes: list[AxisDefinition] = []
        self._signals: list[api.LoggedSignal] = []
        self._condition = TriggerCondition.AlwaysTrue
        self._operands: list[api.TriggerOperand] = []
        self._position = 0.5
        self._hold_time_s = 0.0
        self._x_axis_type = XAxisType.Indexed
        self._x_axis_signal: api.XAxisSignal | None = None

    def add_axis(self, name: str) -> AxisDefinition:
        """Add a Y axis, to draw signals on.

        Returns:
            The axis, for :meth:`add_signal`; ids count from 0.
        """
        axis = AxisDefinition(check_str("name", name), len(self._axes))
        self._axes.append(axis)
        return axis

    def add_signal(
        self,
        signal: WatchableHandle | str,
        axis: AxisDefinition | int,
        name: str | None = None,
    ) -> None:
        """Record a signal.

        Args:
            signal: Path or handle of a variable, alias or published value.
            axis: What :meth:`add_axis` returned, or its id.
            name: For display; the last segment of the path if None or empty.

        Raises:
            IndexError: there is no axis of this id.
            ValueError: the axis is one of another configuration, or the path is empty.
            TypeError: an argument is of another type.
        """
        path = _path_of("signal", signal)
        axis_id = self._axis_id(axis)
        self._signals.append(api.LoggedSignal(path, axis_id, _display_name(name, path)))

    def configure_trigger(
        self,
        condition: TriggerCondition,
        operands: Sequence[float | str | WatchableHandle] | None = None,
        position: float = 0.5,
        hold_time: float = 0,
    ) -> None:
        """Choose when the trigger fires.

        Args:
            condition: What has to be true.
            operands: As many as ``condition.required_operands()``: numbers, paths or handles.
            position: Where the trigger stands in the recording, 0 (all is recorded after it) to 1
                (all before it).
            hold_time: How long the condition has to be true, in seconds, 0 to 429.

        Raises:
            ValueError: these are too many or too few operands, or a number is out of range.
            TypeError: an argument is of another type.
        """
        if not isinstance(condition, TriggerCondition):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"condition is a TriggerCondition, not {condition!r}")
        if isinstance(operands, str) or not isinstance(operands, Sequence | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"operands is a list, not {operands!r}")
        checked = [_operand(operand) for operand in operands or ()]
        if len(checked) != condition.required_operands():
            raise ValueError(
                f"{condition.name} takes {condition.required_operands()} operands, "
                f"not {len(checked)}"
            )
        checked_position = check_number("position", position)
        if not 0 <= checked_position <= 1:
            raise ValueError(f"position is 0 to 1, not {position}")
        self._hold_time_s = _check_time("hold_time", hold_time)
        self._position = checked_position
        self._condition = condition
        self._operands = checked

    def configure_xaxis(
        self,
        axis_type: XAxisType,
        signal: WatchableHandle | str | None = None,
        name: str | None = None,
    ) -> None:
        """Choose what the samples are drawn over.

        Args:
            axis_type: An index, a time or a signal.
            signal: Path or handle of the signal; for ``XAxisType.Signal`` only.
            name: For display of the signal; the last segment of its path if None or empty. The
                other kinds have names of their own.

        Raises:
            ValueError: there is no signal although it is to be one, or the other way round; or
                the time is to be ideal, and the loop that samples has no fixed frequency.
            TypeError: an argument is of another type.
        """
        if not isinstance(axis_type, XAxisType):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"axis_type is an XAxisType, not {axis_type!r}")
        if axis_type is XAxisType.IdealTime and self._has_variable_rate:
            raise ValueError(
                "the ideal time follows from a fixed frequency, which this sampling rate has not; "
                "use XAxisType.MeasuredTime"
            )
        checked = None
        if signal is not None:
            path = _path_of("signal", signal)
            checked = api.XAxisSignal(path, _display_name(name, path))
        else:
            _display_name(name, "")
        if (axis_type is XAxisType.Signal) != (checked is not None):
            needs = "needs a signal" if checked is None else "takes no signal"
            raise ValueError(f"an X axis of type {axis_type.name} {needs}")
        self._x_axis_type = axis_type
        self._x_axis_signal = checked

    def make_command(self, requested_by: str) -> api.RequestAcquisition:
        """Return the command that asks for it; for the client.

        Raises:
            ValueError: there is no signal to record.
        """
        if not self._signals:
            raise ValueError("there is nothing to record: call add_axis() and add_signal() first")
        return api.RequestAcquisition(
            sampling_rate_id=self._sampling_rate_id,
            decimation=self._decimation,
            timeout=self._timeout_s,
            trigger_hold_time=self._hold_time_s,
            probe_location=self._position,
            condition=self._condition.to_str(),
            operands=list(self._operands),
            yaxes=[api.DataloggingAxis(axis.axis_id, axis.name) for axis in self._axes],
            signals=list(self._signals),
            x_axis_type=self._x_axis_type.to_str(),
            x_axis_signal=self._x_axis_signal,
            name=self._name,
            queue=True,
            requested_by=requested_by,
        )

    def _axis_id(self, axis: AxisDefinition | int) -> int:
        if isinstance(axis, AxisDefinition):
            if not any(axis is mine for mine in self._axes):
                raise ValueError(f"{axis} was not made by add_axis() of this configuration")
            return axis.axis_id
        if isinstance(axis, bool) or not isinstance(axis, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"axis is an AxisDefinition or its id, not {axis!r}")
        if not 0 <= axis < len(self._axes):
            raise IndexError(f"there is no axis {axis}; add_axis() was called {len(self._axes)} x")
        return axis


def _check_time(name: str, value: object) -> float:
    seconds = check_number(name, value)
    if not 0 <= seconds <= _LONGEST_TIME_S:
        raise ValueError(f"{name} is 0 to {_LONGEST_TIME_S} s, not {value}")
    return seconds


def _path_of(name: str, signal: object) -> str:
    if isinstance(signal, WatchableHandle):
        return signal.server_path
    if not isinstance(signal, str):
        raise TypeError(f"{name} is a path or a handle, not {signal!r}")
    return check_path(signal)


def _display_name(name: object, path: str) -> str:
    given = "" if name is None else check_str("name", name)
    return given or path.rpartition("/")[2]


def _operand(value: object) -> api.TriggerOperand:
    if isinstance(value, str | WatchableHandle):
        return api.TriggerOperand("watchable", _path_of("an operand", value))
    if not isinstance(value, int | float):
        raise TypeError(f"an operand is a number, a path or a handle, not {value!r}")
    try:
        if not math.isfinite(value):
            raise ValueError(f"an operand is a finite number, not {value}")
    except OverflowError:
        raise ValueError("an operand is too large a number") from None
    return api.TriggerOperand("literal", value)
