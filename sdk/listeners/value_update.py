"""What a listener is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..definitions import ValueStatus
from ..watchable_handle import WatchableHandle


@dataclass(frozen=True, slots=True)
class ValueUpdate:
    """A value that was received, or the loss of one.

    Attributes:
        watchable: whose value it is.
        value: None unless the status is Valid.
        data: octets in device memory, in its byte order; None if the server did not send them.
        status: why there is no value; also after the device or the server has gone.
        update_timestamp: local time without a time zone, by the clock of the server, to the
            microsecond.
    """

    watchable: WatchableHandle
    value: int | float | bool | None
    data: bytes | None
    status: ValueStatus
    update_timestamp: datetime
