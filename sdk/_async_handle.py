"""A watched value for asyncio: its newest reading, waiting for the next one, writing."""

# The blocking client has these parameters too.
# ruff: noqa: ASYNC109

from __future__ import annotations

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
from ._arguments import check_int, check_rate, check_timeout, check_written_value
from ._async_channel import AsyncChannel
from ._async_update_callbacks import AsyncUpdateCallbacks
from ._exchanges import Call
from ._matching import value_matcher
from ._waiting import Deadline
from ._watch_state import WatchState, observing
from ._watched_value import UpdateCallback, WatchedValue
from .definitions import DetailedWatchableConfiguration

if TYPE_CHECKING:
    from ._async_writer import AsyncWriter
    from .aio import AsyncScrutinyClient


class AsyncWatchableHandle(WatchedValue):
    """What ``AsyncScrutinyClient.watch`` returns; not to be made by hand.

    Reading gives the newest value that the server sent, without a request; :meth:`write` writes
    to the device. For what becomes of a handle when the device goes, see
    :class:`scrutiny.sdk.watchable_handle.WatchableHandle`. Cancelling a wait is safe.
    """

    def __init__(
        self,
        client: AsyncScrutinyClient,
        channel: AsyncChannel,
        writer: AsyncWriter,
        state: WatchState,
        callbacks: AsyncUpdateCallbacks,
    ) -> None:
        super().__init__(channel.core, state)
        self._client = client  # which disconnects when nobody refers to it any more
        self._channel = channel
        self._writer = writer
        self._callbacks = callbacks

    # ----------------------------------------------------------------- writing

    async def write(self, value: int | float | bool | str) -> None:
        """Write a value; returns when the device confirmed, within a batch at once.

        When it is cancelled, whether the device takes the value is unknown.

        Args:
            value: A number, or a text that the server evaluates.

        Raises:
            OperationFailure: the server or the device refused.
            RequestTimeout: no confirmation came; the outcome is unknown.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        await self._writer.write(self._state, check_written_value(value))

    async def write_enum(self, value: str) -> None:
        """Write the value of an enumerator, by its name; otherwise as :meth:`write`.

        Raises:
            BadEnumError: there is no enumeration, or no such name.
            ValueError: it is not a string.
        """
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"write_enum takes the name of an enumerator, not {value!r}")
        await self.write(self.parse_enum_val(value))

    # ----------------------------------------------------------------- waiting

    async def wait_update(
        self,
        timeout: float,
        previous_counter: int | None = None,
        sleep_interval: float = 0.02,
    ) -> None:
        """Wait for a new value.

        Args:
            timeout: In seconds.
            previous_counter: Wait until ``update_counter`` differs from this, by default from what
                it is at the call.
            sleep_interval: Ignored: the wait ends the moment the value arrives.

        Raises:
            TimeoutException: no value came.
            InvalidValueError: there is no value to wait for; at once.
        """
        del sleep_interval
        limit_s = await self._wait_while_binding(check_timeout(timeout))
        state = self._state
        definition = state.definition
        start = state.valid_count if previous_counter is None else previous_counter
        check_int("previous_counter", start, 0)
        if not await self._wait(definition, lambda: state.valid_count != start, limit_s):
            raise exceptions.TimeoutException(
                f"{self.server_path} was not updated within {limit_s:g} s"
            )

    async def wait_value(
        self, value: int | float | bool | str, timeout: float, sleep_interval: float = 0.02
    ) -> None:
        """Wait until the value equals another, converted as a write of it would be.

        Every value that comes is compared, also one that is replaced before this task runs again.

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
        limit_s = await self._wait_while_binding(check_timeout(timeout))
        state = self._state
        definition = state.definition
        matches = value_matcher(definition, value)
        seen = False

        def look() -> None:
            nonlocal seen
            current = state.reading.value
            seen = seen or (current is not None and matches(current))

        look()
        with observing([state], look):
            if not await self._wait(definition, lambda: seen, limit_s):
                raise exceptions.TimeoutException(
                    f"{self.server_path} is {state.reading.value}, not {value}, after {limit_s:g} s"
                )

    async def wait_bound(self, timeout: float) -> None:
        """Wait until the device, and the firmware description if it takes one, are back.

        Returns at once if the handle is not dead. Values follow then: see :meth:`wait_update`.

        Args:
            timeout: In seconds.

        Raises:
            TimeoutException: they are not, or nothing of this path is in the firmware any more.
            InvalidValueError: the handle is dead for ever; at once.
        """
        limit_s = check_timeout(timeout)
        if not await self._channel.wait_watches([self._state], self._is_bound, limit_s):
            raise exceptions.TimeoutException(
                f"{self._why_invalid(self.status)} (waited {limit_s:g} s)"
            )

    async def _wait_while_binding(self, limit_s: float) -> float:
        """Let a device that has just come back bind the handle; return what is left of the time."""
        core, state = self._core, self._state
        if not state.is_stale:
            return limit_s
        deadline = Deadline(limit_s)
        await self._channel.wait_watches([state], lambda: not core.is_rebinding(state), limit_s)
        return deadline.remaining_s()

    async def _wait(
        self,
        definition: DetailedWatchableConfiguration,
        predicate: Callable[[], bool],
        limit_s: float,
    ) -> bool:
        """Sleep until the predicate holds, as long as the handle means the same thing."""
        holds = self._while_same(definition, predicate)
        return await self._channel.wait_watches([self._state], holds, limit_s)

    # ----------------------------------------------------------------- subscription

    def on_update(self, callback: UpdateCallback) -> Callable[[], None]:
        """Have a function called for each update from now on, also when the value is lost.

        What it returns is awaited if it can be, so it may be a coroutine function. Each has a task
        of its own, which ends with the watch. What it raises is logged. While it is busy the newest
        update is kept, with ``UpdateMode.EverySample`` every one.

        Args:
            callback: Takes a :class:`ValueSnapshot`.

        Returns:
            What ends it, when called.
        """
        return self._callbacks.add(self._state, callback)

    async def change_update_rate(self, rate: float | None) -> float | None:
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
        await self._channel.call(call, self._channel.timeout_s)
        self._state.options = replace(self._state.options, rate=checked_rate)
        return call.reply.effective_rates.get(server_id, checked_rate)

    async def unwatch(self) -> None:
        """Stop watching; the handle is dead for ever then.

        Raises:
            NameNotFoundError: it is not watched any more.
        """
        if self._state.is_over:
            raise exceptions.NameNotFoundError(self._why_invalid(self.status))
        self._state.is_leaving = True
        try:
            await self._unsubscribe()
        except BaseException:
            self._state.is_leaving = False
            raise
        self._channel.end_watch(self._state)

    async def _unsubscribe(self) -> None:
        """Tell the server, unless it forgot the watch with the device."""
        state, channel = self._state, self._channel
        core, timeout_s = channel.core, channel.timeout_s
        if not await channel.wait_watches([state], lambda: not core.is_rebinding(state), timeout_s):
            raise exceptions.RequestTimeout(f"{self.server_path} is still being watched again")
        if state.is_stale:
            return
        call = Call(UnsubscribeWatchable(watchables=[self.server_path]), UnsubscribeReply)
        try:
            await channel.call(call, timeout_s)
        except exceptions.OperationFailure:
            if not state.is_stale:
                raise
