"""A watched value: its newest reading, waiting for the next one, writing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
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
from ._update_callbacks import UpdateCallbacks
from ._waiting import Deadline
from ._watch_state import WatchState
from ._watched_value import UpdateCallback, ValueSnapshot, WatchedValue, make_snapshot
from .definitions import DetailedWatchableConfiguration

if TYPE_CHECKING:
    from .batch import Writer
    from .client import ScrutinyClient

logger: logging.Logger = logging.getLogger(__name__)

__all__ = ["ValueSnapshot", "WatchableHandle", "make_snapshot"]


class WatchableHandle(WatchedValue):
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
        self,
        client: ScrutinyClient,
        channel: Channel,
        writer: Writer,
        state: WatchState,
        callbacks: UpdateCallbacks,
    ) -> None:
        super().__init__(channel.core, state)
        self._client = client  # which disconnects when nobody refers to it any more
        self._channel = channel
        self._writer = writer
        self._callbacks = callbacks

    # ----------------------------------------------------------------- values

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
        self._writer.write(self._state, value)

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
        return self._value_name(definition, reading)

    @value_enum.setter
    def value_enum(self, value: str) -> None:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"value_enum takes the name of an enumerator, not {value!r}")
        self.value = self.parse_enum_val(value)

    def write_value_str(self, val: str) -> None:
        """Deprecated: write a string, as assigning it to :attr:`value` does."""
        logger.warning("write_value_str is deprecated, assign the string to value")
        if not isinstance(val, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a str is due, not {val!r}")
        self.value = val

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
        if not self._channel.wait_watches([self._state], self._is_bound, limit_s):
            raise exceptions.TimeoutException(
                f"{self._why_invalid(self.status)} (waited {limit_s:g} s)"
            )

    def _wait_while_binding(self, limit_s: float) -> float:
        """Let a device that has just come back bind the handle; return what is left of the time.

        So a script may wait for a value right after it read the event that the device is back.
        """
        core, state = self._core, self._state
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
        holds = self._while_same(definition, predicate)
        return self._channel.wait_watches([self._state], holds, limit_s)

    # ----------------------------------------------------------------- subscription

    def on_update(self, callback: UpdateCallback) -> Callable[[], None]:
        """Have a function called for each update from now on, also when the value is lost.

        It is called in a thread that all callbacks of the client share, so it may take its time
        and use the client, but holds up the others meanwhile. What it raises is logged. While it is
        busy the newest update is kept, with ``UpdateMode.EverySample`` every one.

        Args:
            callback: Takes a :class:`ValueSnapshot`.

        Returns:
            What ends it, when called.
        """
        return self._callbacks.add(self._state, callback)

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
        self._state.options = replace(self._state.options, rate=checked_rate)
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
