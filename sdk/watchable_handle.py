"""A watched value: its newest reading, waiting for the next one, writing."""

from __future__ import annotations

import logging
import math
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
from ._arguments import check_int, check_rate, check_timeout
from ._channel import Channel
from ._exchanges import Call
from ._matching import value_matcher
from ._waiting import Deadline
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

if TYPE_CHECKING:
    from .batch import Writer
    from .client import ScrutinyClient

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
    """

    status: ValueStatus
    value: int | float | bool | None
    raw_data: bytes | None
    failure_reason: str = ""


def make_snapshot(reading: Reading) -> ValueSnapshot:
    """Return a reading as users see it; for the client."""
    valid = reading.status is ValueStatus.Valid
    reason = "" if valid else _WHY_INVALID[reading.status]
    return ValueSnapshot(reading.status, reading.value, reading.octets(), reason)


class WatchableHandle:
    """What ``ScrutinyClient.watch`` returns; not to be made by hand.

    Reading gives the newest value that the server sent, without a request. Assigning writes to the
    device and returns when it has confirmed.

    A handle stands for a path. When the device goes, or its firmware description is unloaded, the
    handle is dead: it has no value and takes none. When something of this path is back, after a
    reboot or with another firmware, the client watches it again by itself and the handle lives:
    then :attr:`server_id`, :attr:`datatype`, the enumeration and the address may be others.
    Only :meth:`unwatch` and the end of the connection are final.
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
        """Whether no value can come at present.

        For ever after :meth:`unwatch` and without the server (``NotWatched``, ``ServerGone``);
        without the device or its firmware description (``DeviceGone``, ``SFDUnloaded``) until they
        are back. Other implementations leave such handles dead, and their users watch again; that
        works here too, and gives the same handle.
        """
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
        return self._valid_value(reading)

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
        with self._channel.lock:  # both change when the handle is bound to another firmware
            definition, reading = self._state.definition, self._state.reading
        enum, value = definition.get_enum(), self._valid_value(reading)
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
        limit_s = self._wait_while_binding(check_timeout(timeout))
        state = self._state
        definition = state.definition
        start = state.valid_count if previous_counter is None else previous_counter
        check_int("previous_counter", start, 0)
        if not self._wait(definition, lambda: state.valid_count != start, limit_s):
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
        limit_s = self._wait_while_binding(check_timeout(timeout))
        state = self._state
        definition = state.definition
        matches = value_matcher(definition, value)

        def has_value() -> bool:
            current = state.reading.value
            return current is not None and matches(current)

        if not self._wait(definition, has_value, limit_s):
            raise exceptions.TimeoutException(
                f"{self.server_path} is {state.reading.value}, not {value}, after {limit_s:g} s"
            )

    def wait_bound(self, timeout: float) -> None:
        """Wait until the device, and the firmware description if it takes one, are back.

        Returns at once if the handle is not dead. Values follow then: see :meth:`wait_update`.

        Args:
            timeout: In seconds.

        Raises:
            TimeoutException: they are not, or nothing of this path is in the firmware any more.
            InvalidValueError: the handle is dead for ever; at once.
        """
        limit_s = check_timeout(timeout)
        state = self._state

        def is_bound() -> bool:
            if state.is_over:
                raise exceptions.InvalidValueError(self._why_invalid(state.reading.status))
            return not state.is_stale

        if not self._channel.wait_watches([state], is_bound, limit_s):
            raise exceptions.TimeoutException(
                f"{self._why_invalid(state.reading.status)} (waited {limit_s:g} s)"
            )

    def _wait_while_binding(self, limit_s: float) -> float:
        """Let a device that has just come back bind the handle; return what is left of the time.

        So a script may wait for a value right after it read the event that the device is back.
        """
        core, state = self._channel.core, self._state
        if not state.is_stale:
            return limit_s
        deadline = Deadline(limit_s)
        self._channel.wait_watches([state], lambda: not core.is_rebinding(state), limit_s)
        return deadline.remaining_s()

    def _wait(
        self,
        definition: DetailedWatchableConfiguration,
        predicate: Callable[[], bool],
        limit_s: float,
    ) -> bool:
        """Sleep until the predicate holds, as long as the handle means the same thing."""
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

        return self._channel.wait_watches([state], holds, limit_s)

    def _valid_value(self, reading: Reading) -> int | float | bool:
        if reading.status is not ValueStatus.Valid or reading.value is None:
            raise exceptions.InvalidValueError(self._why_invalid(reading.status))
        return reading.value

    def _why_invalid(self, status: ValueStatus) -> str:
        state = self._state
        reason = _WHY_INVALID[status]
        if state.is_stale and state.why_unbound:
            reason = f"it was lost, and is not there any more: {state.why_unbound}"
        elif state.is_stale and (lack := self._channel.core.lacks_description(state)):
            reason = f"a device is back, but without symbols: {lack}"
        return f"{self.server_path} has no value: {reason}"

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
        server_id = self.server_id
        change = RateChange(id=server_id, rate=checked_rate)
        call = Call(ChangeSubscriptionUpdateRate(changes=[change]), ChangeRateReply)
        self._channel.call(call, self._channel.timeout_s)
        self._state.requested_rate = checked_rate
        return call.reply.effective_rates.get(server_id, checked_rate)

    def unwatch(self) -> None:
        """Stop watching; the handle is dead for ever then.

        Raises:
            NameNotFoundError: it is not watched any more.
        """
        with self._channel.lock:
            if self._state.is_over:
                raise exceptions.NameNotFoundError(self._why_invalid(self.status))
            self._state.is_leaving = True
        try:
            self._unsubscribe()
        except BaseException:
            self._state.is_leaving = False
            raise
        self._channel.end_watch(self._state)

    def _unsubscribe(self) -> None:
        """Tell the server, unless it forgot the watch with the device."""
        state, channel = self._state, self._channel
        core, timeout_s = channel.core, channel.timeout_s
        if not channel.wait_watches([state], lambda: not core.is_rebinding(state), timeout_s):
            raise exceptions.RequestTimeout(f"{self.server_path} is still being watched again")
        if state.is_stale:
            return
        call = Call(UnsubscribeWatchable(watchables=[self.server_path]), UnsubscribeReply)
        try:
            channel.call(call, timeout_s)
        except exceptions.OperationFailure:
            if not state.is_stale:
                raise

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.server_path!r} {self.datatype.name} {self.status.name}>"
        )


def _local_time(time_s: float | None) -> datetime | None:
    return None if time_s is None else datetime.fromtimestamp(time_s)
