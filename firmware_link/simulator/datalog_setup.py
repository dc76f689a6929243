"""Whether a configuration can be recorded, and what is recorded then.

Source: device protocol, section 11.2, which says in what order a device looks at things.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from scrutiny.core.types import TypeKind

from ..codes import ResponseCode, TriggerCondition
from ..messages import (
    BitFieldOperand,
    Configure,
    LiteralOperand,
    Operand,
    RpvOperand,
    VariableOperand,
)
from .datalog_sources import DatalogSources, Sample
from .refusal import Refusal
from .settings import DeviceSettings
from .trigger import Trigger

_PROBE_AT_THE_END: Final = 255  # nothing is recorded after the trigger


@dataclass(frozen=True, slots=True)
class Recording:
    """A configuration that was checked, ready to run.

    Attributes:
        period_100ns: Of the loop; None if it varies.
        timeout_100ns: From the trigger; 0 for none.
        entry_size: In the target's bytes.
        buffer_size: In the target's bytes; at least one entry.
    """

    loop_id: int
    period_100ns: int | None
    config_id: int
    decimation: int
    probe_location: int
    timeout_100ns: int
    trigger: Trigger
    samples: tuple[Sample, ...]
    entry_size: int
    buffer_size: int

    @property
    def capacity(self) -> int:
        """How many entries fit the buffer."""
        return self.buffer_size // self.entry_size

    def target_size(self, entry_count: int) -> int:
        """Return how much to record from the trigger on, with so many entries before it.

        It is the share of the buffer that the probe location asks for, and at least what fills
        the buffer for the first time.
        """
        share = self.buffer_size * (_PROBE_AT_THE_END - self.probe_location) // 256
        return max(share, (self.capacity - entry_count) * self.entry_size)


def prepare_recording(
    configuration: Configure, settings: DeviceSettings, sources: DatalogSources
) -> Recording:
    """Check a configuration that is well-formed.

    Raises:
        Refusal: it cannot be recorded.
    """
    _check_loop(configuration, settings)
    _check_sources(configuration, sources)
    condition = _checked_condition(configuration, sources)
    entry_size = _checked_entry_size(configuration, settings, sources)
    return Recording(
        configuration.loop_id,
        settings.loops[configuration.loop_id].period_100ns,
        configuration.config_id,
        configuration.decimation,
        configuration.probe_location,
        configuration.timeout_100ns,
        Trigger(
            condition,
            [sources.fetch_of(operand) for operand in configuration.operands],
            configuration.hold_time_100ns,
        ),
        tuple(sources.sample_of(signal) for signal in configuration.signals),
        entry_size,
        settings.datalog_buffer_size,
    )


def _check_loop(configuration: Configure, settings: DeviceSettings) -> None:
    if configuration.loop_id >= len(settings.loops):
        raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
    if not settings.loops[configuration.loop_id].supports_datalogging:
        raise Refusal(ResponseCode.FORBIDDEN)


def _check_sources(configuration: Configure, sources: DatalogSources) -> None:
    """Where operands and signals both fail, the answer is that of the signals."""
    problems = (
        *(sources.signal_problem(signal) for signal in configuration.signals),
        *(sources.operand_problem(operand) for operand in configuration.operands),
    )
    if (first := next(filter(None, problems), ResponseCode.OK)) is not ResponseCode.OK:
        raise Refusal(first)


def _checked_condition(configuration: Configure, sources: DatalogSources) -> TriggerCondition:
    condition = configuration.condition
    is_good = (
        configuration.decimation > 0
        and isinstance(condition, TriggerCondition)
        and len(configuration.operands) == condition.operand_count
        and all(_is_good(operand, sources) for operand in configuration.operands)
    )
    if not is_good or not isinstance(condition, TriggerCondition):
        raise Refusal(ResponseCode.INVALID_REQUEST)
    return condition


def _is_good(operand: Operand, sources: DatalogSources) -> bool:
    match operand:
        case LiteralOperand():
            return math.isfinite(operand.value)
        case VariableOperand():
            return sources.has_type(operand.type)
        case BitFieldOperand():
            end = operand.bit_offset + operand.bit_size
            is_inside = operand.bit_size > 0 and end <= 8 * operand.type.size
            is_integer = operand.type.kind is not TypeKind.FLOAT
            return sources.has_type(operand.type) and is_integer and is_inside
        case RpvOperand():
            return True


def _checked_entry_size(
    configuration: Configure, settings: DeviceSettings, sources: DatalogSources
) -> int:
    sizes = [sources.signal_size(signal) for signal in configuration.signals]
    if not sizes or 0 in sizes:
        raise Refusal(ResponseCode.INVALID_REQUEST)
    if sum(sizes) > settings.datalog_buffer_size:
        raise Refusal(ResponseCode.OVERFLOW)
    return sum(sizes)
