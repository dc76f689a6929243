"""A watched value: its newest reading, waiting for the next one, writing."""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scrutiny.api.messages import (
    ChangeRateReply,
    ChangeSubscriptionUpdateRate,
    RateChange,
    UnsubscribeReply,
    UnsubscribeWatchable,
)

from . import exceptions
from ._arguments import check_int, check_number, check_rate, check_timeout
from ._channel import Channel
from ._exchanges import Call
from ._watch_state import WatchState
from .data_types import EmbeddedDataType
from .definitions import ValueStatus
from .embedded_enum import EmbeddedEnum
from .watchable_configs import (
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    WatchableType,
)

if TYPE_CHECKING:
    from .batch import Writer
    from .client import ScrutinyClient

logger = logging.getLogger(__name__)

_WHY_INVALID = {
    ValueStatus.NeverSet: "no value was received yet; call wait_update() first",
    ValueStatus.ServerGone: "the connection to the server ended; connect and watch again",
    ValueStatus.DeviceGone: "the device is gone; wait for it and watch again",
    ValueStatus.SFDUnloaded: "the firmware description was unloaded; watch again when it is back",
    ValueStatus.NotWatched: "it is not watched any more",
    ValueStatus.NullPtrDereferenced: "it lies behind a null pointer",
    ValueStatus.ForbiddenRegion: "it lies in a forbidden memory region",
    ValueStatus.ServerSetInvalidWithoutReason: "the server has no value for it",
}


@dataclass
class ValueSnapshot:
    """Status, value and raw octets of one moment; the value is None unless the status is Valid."""

    status: ValueStatus
    value: int | float | bool | None
    raw_data: bytes | None


class WatchableHandle:
    """What ``ScrutinyClient.watch`` returns; not to be made by hand.

    Reading gives the newest value that the server sent, without a request. Assigning writes to the
    device and returns when it has confirmed. A handle whose device, description or server is gone
    is dead: call ``watch`` again.
    """

    def __init__(
        self, client: ScrutinyClient, channel: Channel, writer: Writer, state: WatchState
    ) -> None:
        self._client = client  # which disconnects when nobody refers to it any more
        self._channel = channel
        self._writer = writer
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
        """Whether no value will ever follow."""
        return self._state.is_dead

    @property
    def value(self) -> int | float | bool:
        """The newest value. Assigning one writes it, and returns when the device confirmed.

        Raises:
            InvalidValueError: reading, and there is no valid value.
            OperationFailure: writing, and the server or the device refused.
            RequestTimeout: writing, and no confirmation came; the outcome is unknown.
            ConnectionError: writing, and there is no connection.
        """
        reading = self._state.reading
        if reading.status is not ValueStatus.Valid or reading.value is None:
            raise exceptions.InvalidValueError(self._why_invalid(reading.status))
        return reading.value

    @value.setter
    def value(self, value: int | float | bool | str) -> None:
        self._writer.write(self, self._state, value)

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
        """Name of the value, the alphabetically first of several; assigning a name writes.

        Raises:
            BadEnumError: there is no enumeration, or no such name.
            InvalidValueError: there is no valid value, or it has no name.
            ValueError: what is assigned is not a string.
        """
        enum = self.get_enum()
        value = self.value
        name = enum.get_first_value_name_match(value)  # type: ignore[arg-type] # 2.0 equals 2
        if name is None:
            raise exceptions.InvalidValueError(f"{enum.name} has no name for {value}")
        return name

    @value_enum.setter
    def value_enum(self, value: str) -> None:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"value_enum takes the name of an enumerator, not {value!r}")
        self.value = self.parse_enum_val(value)

    @property
    def raw_data(self) -> bytes | None:
        """Octets of the value in device memory, None if the server did not send them."""
        return self._state.reading.octets()

    def snapshot(self) -> ValueSnapshot:
        """Return status, value and octets that belong together; never raises."""
        reading = self._state.reading
        return ValueSnapshot(reading.status, reading.value, reading.octets())

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

    # ----------------------------------------------------------------- waiting

    def wait_update(
        self,
        timeout: float,
        previous_counter: int | None = None,
        sleep_interval: float = 0.02,
    ) -> None:
        """Wait for a new value.

        Args:
            timeout: In seconds.
            previous_counter: Wait until :attr:`update_counter` differs from this, by default from
                what it is at the call.
            sleep_interval: Ignored: the wait ends the moment the value arrives.

        Raises:
            TimeoutException: no value came.
            InvalidValueError: there is no value to wait for; at once.
        """
        del sleep_interval
        limit_s = check_timeout(timeout)
        state = self._state
        start = state.valid_count if previous_counter is None else previous_counter
        check_int("previous_counter", start, 0)

        def has_changed() -> bool:
            self._forbid_invalid()
            return state.valid_count != start

        if not self._wait(has_changed, limit_s):
            raise exceptions.TimeoutException(
                f"{self.server_path} was not updated within {limit_s:g} s"
            )

    def wait_value(
        self, value: int | float | bool | str, timeout: float, sleep_interval: float = 0.02
    ) -> None:
        """Wait until the value equals another, converted as a write of it would be.

        Args:
            value: A number, or the name of an enumerator.
            timeout: In seconds.
            sleep_interval: Ignored: the wait ends the moment the value arrives.

        Raises:
            TimeoutException: it did not.
            InvalidValueError: there is no value to wait for; at once.
            BadEnumError: there is no enumerator of that name.
            ValueError: it never could: a negative value of an unsigned type.
        """
        del sleep_interval
        limit_s = check_timeout(timeout)
        matches = self._matcher(self.parse_enum_val(value) if isinstance(value, str) else value)
        state = self._state

        def has_value() -> bool:
            self._forbid_invalid()
            current = state.reading.value
            return current is not None and matches(current)

        if not self._wait(has_value, limit_s):
            raise exceptions.TimeoutException(
                f"{self.server_path} is {state.reading.value}, not {value}, after {limit_s:g} s"
            )

    def _matcher(self, wanted: int | float | bool) -> Callable[[float], bool]:
        """Return what tells whether a value equals the wanted one."""
        number = wanted if isinstance(wanted, bool) else check_number("value", wanted)
        datatype = self.datatype
        if datatype.is_bool():
            flag = bool(int(number)) if math.isfinite(number) else True
            return lambda value: value == flag
        if isinstance(self._state.definition, DetailedAliasWatchableConfiguration):
            # Scaling may shift an unsigned target below 0, or make fractions of integers.
            rounded = _as_float32(number)
            return lambda value: value in (number, rounded)
        if datatype.is_float():
            stored = _as_float32(number) if datatype is EmbeddedDataType.float32 else number
            return lambda value: value == stored
        if not math.isfinite(number) or (number < 0 and not datatype.is_signed()):
            raise ValueError(f"{self.server_path} is {datatype.name} and never {wanted}")
        truncated = int(number)
        return lambda value: value == truncated

    def _wait(self, predicate: Callable[[], bool], limit_s: float) -> bool:
        return self._channel.wait_watches([self._state], predicate, limit_s)

    def _forbid_invalid(self) -> None:
        status = self._state.reading.status
        if status not in (ValueStatus.Valid, ValueStatus.NeverSet):
            raise exceptions.InvalidValueError(self._why_invalid(status))

    def _why_invalid(self, status: ValueStatus) -> str:
        return f"{self.server_path} has no value: {_WHY_INVALID[status]}"

    # ----------------------------------------------------------------- subscription

    @property
    def requested_update_rate(self) -> float | None:
        """Updates per second that were asked for, None for as many as possible."""
        return self._state.requested_rate

    def change_update_rate(self, rate: float | None) -> float | None:
        """Ask for another update rate.

        Args:
            rate: Updates per second, at least 1, or None for as many as possible.

        Returns:
            The rate in force over all clients, None for unlimited.
        """
        checked_rate = check_rate(rate)
        if self.is_dead:
            raise exceptions.OperationFailure(self._why_invalid(self.status))
        change = RateChange(id=self.server_id, rate=checked_rate)
        call = Call(ChangeSubscriptionUpdateRate(changes=[change]), ChangeRateReply)
        self._channel.call(call, self._channel.timeout_s)
        self._state.requested_rate = checked_rate
        return call.reply.effective_rates.get(self.server_id, checked_rate)

    def unwatch(self) -> None:
        """Stop watching; the handle is dead then.

        Raises:
            NameNotFoundError: it is not watched any more.
        """
        if self.is_dead:
            raise exceptions.NameNotFoundError(self._why_invalid(self.status))
        call = Call(UnsubscribeWatchable(watchables=[self.server_path]), UnsubscribeReply)
        self._channel.call(call, self._channel.timeout_s)
        self._channel.end_watch(self._state)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.server_path!r} {self.datatype.name} {self.status.name}>"
        )


def _local_time(time_s: float | None) -> datetime | None:
    return None if time_s is None else datetime.fromtimestamp(time_s)


def _as_float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return float(number)
