"""A watched value as a user reads it, without waiting and without requests; no I/O."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from . import exceptions
from ._core import ClientCore
from ._watch_state import Reading, WatchState
from .data_types import EmbeddedDataType
from .definitions import ValueStatus
from .embedded_enum import EmbeddedEnum
from .watchable_configs import (
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    DetailedWatchableConfiguration,
    WatchableType,
)

logger = logging.getLogger(__name__)

_WHY_INVALID = {
    ValueStatus.NeverSet: "no value was received yet; call wait_update() first",
    ValueStatus.ServerGone: "the connection to the server ended; connect and watch again",
    ValueStatus.DeviceGone: "the device is gone; values follow when it is back, see wait_bound()",
    ValueStatus.SFDUnloaded: (
        "the firmware description was unloaded; values follow when it is back, see wait_bound()"
    ),
    ValueStatus.NotWatched: "it is not watched any more",
    ValueStatus.NullPtrDereferenced: "it lies behind a null pointer",
    ValueStatus.ForbiddenRegion: "it lies in a forbidden memory region",
    ValueStatus.ServerSetInvalidWithoutReason: "the server has no value for it",
}


@dataclass
class ValueSnapshot:
    """Status, value and raw octets of one moment.

    Attributes:
        value: None unless the status is Valid.
        raw_data: octets in device memory, in its byte order; None if the server did not send them.
        failure_reason: why there is no value, in words; empty if there is one.
        timestamp: local time of the value, or of its loss; None if there never was one.
    """

    status: ValueStatus
    value: int | float | bool | None
    raw_data: bytes | None
    failure_reason: str = ""
    timestamp: datetime | None = field(default=None, compare=False)


# Called for each update of a handle; what it returns counts with asyncio only.
UpdateCallback = Callable[[ValueSnapshot], object]


def make_snapshot(reading: Reading) -> ValueSnapshot:
    """Return a reading as users see it; for the client."""
    valid = reading.status is ValueStatus.Valid
    reason = "" if valid else _WHY_INVALID[reading.status]
    return ValueSnapshot(
        reading.status, reading.value, reading.octets(), reason, _local_time(reading.time_s)
    )


class WatchedValue:
    """What the handles of both clients have in common: definition, newest reading, and why none."""

    def __init__(self, core: ClientCore, state: WatchState) -> None:
        self._core = core
        self._state = state

    # ----------------------------------------------------------------- definition

    @property
    def server_path(self) -> str:
        """Path on the server, in its canonical form."""
        return self._state.path

    @property
    def display_path(self) -> str:
        """Deprecated name of :attr:`server_path`."""
        logger.warning("display_path is deprecated, use server_path")
        return self.server_path

    @property
    def name(self) -> str:
        """Last segment of the path."""
        return self._state.definition.name

    @property
    def type(self) -> WatchableType:
        """Kind of watchable."""
        return self._state.definition.watchable_type

    @property
    def datatype(self) -> EmbeddedDataType:
        """Data type in the device; for an alias, that of its target."""
        return self._state.definition.datatype

    @property
    def server_id(self) -> str:
        """Identifier that the server gave."""
        return self._state.definition.server_id

    @property
    def var_details(self) -> DetailedVarWatchableConfiguration:
        """Definition of a variable; BadTypeError for another kind."""
        if isinstance(definition := self._state.definition, DetailedVarWatchableConfiguration):
            return definition
        raise exceptions.BadTypeError(f"{self.server_path} is no variable but of {self.type!r}")

    @property
    def alias_details(self) -> DetailedAliasWatchableConfiguration:
        """Definition of an alias; BadTypeError for another kind."""
        if isinstance(definition := self._state.definition, DetailedAliasWatchableConfiguration):
            return definition
        raise exceptions.BadTypeError(f"{self.server_path} is no alias but of {self.type!r}")

    @property
    def rpv_details(self) -> DetailedRPVWatchableConfiguration:
        """Definition of a published value; BadTypeError for another kind."""
        if isinstance(definition := self._state.definition, DetailedRPVWatchableConfiguration):
            return definition
        raise exceptions.BadTypeError(f"{self.server_path} is no RPV but of {self.type!r}")

    def has_enum(self) -> bool:
        """Tell whether values have names."""
        return self._state.definition.has_enum()

    def get_enum(self) -> EmbeddedEnum:
        """Return a copy of the enumeration; BadEnumError if there is none."""
        return self._state.definition.get_enum()

    def parse_enum_val(self, val: str) -> int:
        """Return the value of an enumerator; BadEnumError if there is none of that name."""
        return self._state.definition.parse_enum_val(val)

    # ----------------------------------------------------------------- reading

    @property
    def status(self) -> ValueStatus:
        """Whether there is a value, and why not."""
        return self._state.reading.status

    @property
    def is_dead(self) -> bool:
        """Whether no value can come at present.

        For ever after :meth:`unwatch` and the end of the connection (``NotWatched``,
        ``ServerGone``). Until they are back, without the device or its firmware description
        (``DeviceGone``, ``SFDUnloaded``), and without a server that the client connects to again
        by itself (``ServerGone``). Other implementations leave such handles dead, and their users
        watch again; that works here too, and gives the same handle.
        """
        return self._state.is_dead

    @property
    def value(self) -> int | float | bool:
        """The newest value.

        Raises:
            InvalidValueError: there is no valid value.
        """
        return self._valid_value(self._state.reading)

    @property
    def value_bool(self) -> bool:
        """The value, false when it is 0."""
        return bool(self.value)

    @property
    def value_int(self) -> int:
        """The value, truncated; InvalidValueError for what is not finite."""
        value = self.value
        if not math.isfinite(value):
            raise exceptions.InvalidValueError(f"{self.server_path} is {value}, which is no int")
        return int(value)

    @property
    def value_float(self) -> float:
        """The value as float."""
        return float(self.value)

    @property
    def value_enum(self) -> str:
        """Name of the value, the alphabetically first of several.

        Raises:
            BadEnumError: there is no enumeration.
            InvalidValueError: there is no valid value, or it has no name.
        """
        return self._value_name(self._state.definition, self._state.reading)

    @property
    def raw_data(self) -> bytes | None:
        """Octets of the value in device memory, None if the server did not send them."""
        return self._state.reading.octets()

    def get_value_and_status(self) -> tuple[int | float | bool | None, ValueStatus]:
        """Deprecated: value and status of :meth:`snapshot`."""
        logger.warning("get_value_and_status is deprecated, use snapshot")
        reading = self._state.reading
        return reading.value, reading.status

    def snapshot(self) -> ValueSnapshot:
        """Return status, value and octets that belong together; never raises."""
        return make_snapshot(self._state.reading)

    @property
    def update_counter(self) -> int:
        """How many valid values were received; equal ones count."""
        return self._state.valid_count

    @property
    def last_update_timestamp(self) -> datetime | None:
        """Local time of the newest value or of its loss, None before the first."""
        return _local_time(self._state.reading.time_s)

    @property
    def last_write_timestamp(self) -> datetime | None:
        """Local time at which a write through this handle was last confirmed."""
        return _local_time(self._state.last_write_s)

    @property
    def requested_update_rate(self) -> float | None:
        """Updates per second that were asked for, None for as many as possible."""
        return self._state.options.rate

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.server_path!r} {self.datatype.name} {self.status.name}>"
        )

    def _while_same(
        self, definition: DetailedWatchableConfiguration, predicate: Callable[[], bool]
    ) -> Callable[[], bool]:
        """Return a predicate that raises when the handle has no value, or means another thing."""
        state = self._state

        def holds() -> bool:
            status = state.reading.status
            if status not in (ValueStatus.Valid, ValueStatus.NeverSet):
                raise exceptions.InvalidValueError(self._why_invalid(status))
            if state.definition is not definition:  # lost and back before this thread woke up
                raise exceptions.InvalidValueError(
                    f"{self.server_path} was lost while it was waited for; it is back"
                )
            return predicate()

        return holds

    def _is_bound(self) -> bool:
        """Tell whether it lives; InvalidValueError if it never will again."""
        if self._state.is_over:
            raise exceptions.InvalidValueError(self._why_invalid(self._state.reading.status))
        return not self._state.is_stale

    def _valid_value(self, reading: Reading) -> int | float | bool:
        if reading.status is not ValueStatus.Valid or reading.value is None:
            raise exceptions.InvalidValueError(self._why_invalid(reading.status))
        return reading.value

    def _why_invalid(self, status: ValueStatus) -> str:
        state = self._state
        reason = _WHY_INVALID[status]
        if state.is_stale and status is ValueStatus.ServerGone:
            reason = "the server is gone; values follow when it is back, see wait_bound()"
        elif state.is_stale and state.why_unbound:
            reason = f"it was lost, and is not there any more: {state.why_unbound}"
        elif state.is_stale and (lack := self._core.lacks_description(state)):
            reason = f"a device is back, but without symbols: {lack}"
        return f"{self.server_path} has no value: {reason}"

    def _value_name(self, definition: DetailedWatchableConfiguration, reading: Reading) -> str:
        enum, value = definition.get_enum(), self._valid_value(reading)
        name = enum.get_first_value_name_match(value)  # type: ignore[arg-type] # 2.0 equals 2
        if name is None:
            raise exceptions.InvalidValueError(f"{enum.name} has no name for {value}")
        return name


def _local_time(time_s: float | None) -> datetime | None:
    return None if time_s is None else datetime.fromtimestamp(time_s)
