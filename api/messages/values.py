"""Messages that read, watch and write values. Source: client API, sections 6.3, 7.3 and 7.4."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from .base import Command, ServerMessage
from .watchables import DetailedWatchable

# What users write: a string is "true", "false", a number or an expression.
WrittenValue = bool | int | float | str
ReadValue = bool | int | float | None

ValueFormat = Literal["json", "binary"]
WatchMode = Literal["newest", "on_change", "every_sample"]


class ReadWatchable(Command, tag="read_watchable"):
    """Added: read each path once, now; answered when all were read, without a subscription."""

    watchables: list[str]


class ReadResult(Struct, omit_defaults=True):
    """Added: a value that was read once; as in :class:`ValueUpdate`, ``r`` tells why there is none.

    Besides the reasons there, ``r`` may be a sentence: the device refused, or did not answer.
    """

    t: float
    v: ReadValue
    d: str | UnsetType = UNSET
    r: str | UnsetType = UNSET


class ReadWatchableReply(ServerMessage, tag="response_read_watchable"):
    """Added: what was read, by the path as it was asked for."""

    values: dict[str, ReadResult]


class SubscribeWatchable(Command, tag="subscribe_watchable"):
    """Watch by path; ``rate`` in updates per second, null means as fast as possible.

    One path that cannot be watched refuses all, unless ``partial`` (added) is set. Subscribing
    again replaces all that follows, as it replaces the rate.

    ``mode`` (added): ``newest``: what is read, but only the newest value of each watchable if the
    client is slow; ``on_change``: only what differs from the value that was told last;
    ``every_sample``: all that is read, in order. ``dead_band`` (added), with ``on_change`` only:
    how far a value has to be from the one that was told last, 0 or more, in the unit of the value.
    ``initial`` (added): tell at once what is known of watchables that are being read for others.
    """

    watchables: list[str]
    rate: float | None = None
    partial: bool = False
    mode: WatchMode | UnsetType = UNSET
    dead_band: float | UnsetType = UNSET
    initial: bool | UnsetType = UNSET


class SubscribeReply(ServerMessage, tag="response_subscribe_watchable"):
    """What is now watched, by the path as it was asked for.

    With ``partial``, ``failed`` (added) tells why the other paths are not.
    """

    subscribed: dict[str, DetailedWatchable]
    failed: dict[str, str] | UnsetType = UNSET


class UnsubscribeWatchable(Command, tag="unsubscribe_watchable"):
    """Stop watching by path."""

    watchables: list[str]


class UnsubscribeReply(ServerMessage, tag="response_unsubscribe_watchable"):
    unsubscribed: list[str]


class RateChange(Struct):
    """A new update rate, in updates per second; null means as fast as possible."""

    id: str
    rate: float | None


class ChangeSubscriptionUpdateRate(Command, tag="change_subscription_update_rate"):
    """Change the rates of running subscriptions."""

    changes: list[RateChange]


class ChangeRateReply(ServerMessage, tag="response_change_subscription_update_rate"):
    """Rates in force over all clients, by id; null means unlimited."""

    effective_rates: dict[str, float | None]


class SetThrottling(Command, tag="set_throttling"):
    """Limit the value updates per second sent to this client; null or 0 lifts the limit."""

    update_rate: float | None


class SetThrottlingReply(ServerMessage, tag="response_set_throttling"):
    enabled: bool
    update_rate: float | None


class SetValueFormat(Command, tag="set_value_format"):
    """Added: choose how value updates come on this connection: ``json``, or ``binary`` frames.

    ``octets`` asks for what is in memory, ``d`` in JSON, which always has it. Where the connection
    cannot carry binary messages, the answer is an error and nothing changes.
    """

    format: ValueFormat
    octets: bool = False


class SetValueFormatReply(ServerMessage, tag="response_set_value_format"):
    """Added: the format of all value updates that follow."""

    format: ValueFormat
    octets: bool


class ValueUpdate(Struct, omit_defaults=True):
    """One value read from the device.

    ``t`` is the server time in microseconds. ``v`` is null when there is no number to show; ``r``
    then tells why: ``nullptr``, ``forbidden``, or ``nan``, ``inf``, ``-inf`` for a float that JSON
    cannot write (added).
    """

    id: str
    t: float
    v: ReadValue
    d: str | UnsetType = UNSET
    r: str | UnsetType = UNSET


class WatchableUpdate(ServerMessage, tag="watchable_update"):
    """Values that were read since the last update.

    ``lost`` (added): samples that were to be told before the next values, and for which there was
    no room, since the client has not taken those before.
    """

    updates: list[ValueUpdate]
    lost: int | UnsetType = UNSET


class WriteItem(Struct):
    """One write of a batch; ``watchable`` is the id that the server gave."""

    batch_index: int
    watchable: str
    value: WrittenValue


class WriteWatchable(Command, tag="write_watchable"):
    """Write a batch; answered at once, then one :class:`WriteCompleted` per item.

    ``joined`` (added): tell of successes with :class:`WritesConfirmed`, many at a time.
    """

    updates: list[WriteItem]
    joined: bool | UnsetType = UNSET


class WriteReply(ServerMessage, tag="response_write_watchable"):
    """The batch is queued; completions carry the token."""

    request_token: str
    count: int


class WriteCompleted(ServerMessage, tag="inform_write_completion"):
    """One item of a batch was confirmed by the device, or failed."""

    request_token: str
    batch_index: int
    watchable: str
    success: bool
    failure_reason: str
    completion_server_time_us: float


class WritesConfirmed(ServerMessage, tag="inform_writes_confirmed"):
    """Added: items of a batch that the device confirmed at once, for who wants them joined."""

    request_token: str
    batch_indices: list[int]
    completion_server_time_us: float


class WriteSingleWatchable(Command, tag="write_single_watchable"):
    """Write one value by path; answered when the device confirmed or the write failed."""

    server_path: str
    value: WrittenValue


class WriteSingleReply(ServerMessage, tag="response_write_single_watchable"):
    success: bool
    failure_reason: str
