"""Counters since the start, and rates made of them only when somebody asks."""

from __future__ import annotations

import math
from typing import Final

import msgspec

_TIME_CONSTANT_S: Final = 1.0


class DeviceStatistics(msgspec.Struct):
    """What has happened on the link to the device since the start.

    Attributes:
        session_count: devices that became ready.
        requests: sent, repetitions included.
        octets_sent: to the device.
        octets_received: from the device.
        retries: requests that were sent again.
        failed_requests: given up after all retries.
    """

    session_count: int = 0
    requests: int = 0
    octets_sent: int = 0
    octets_received: int = 0
    retries: int = 0
    failed_requests: int = 0


class ClientStatistics(msgspec.Struct):
    """What has happened between server and clients since the start.

    Attributes:
        messages_received: well-formed or not.
        messages_sent: to one client each; what goes to all counts once per client.
        octets_received: of messages, without the frames around them.
        octets_sent: likewise.
        invalid_requests: messages that were refused.
        unexpected_errors: failures of the server itself.
        values_replaced: by newer ones, before the client that waited for them was told.
    """

    messages_received: int = 0
    messages_sent: int = 0
    octets_received: int = 0
    octets_sent: int = 0
    invalid_requests: int = 0
    unexpected_errors: int = 0
    values_replaced: int = 0


class RateMeter:
    """Average rate of a growing count over about the last second.

    Nothing runs between two questions. When they are further apart than a second, the answer is
    the average since the last question.
    """

    def __init__(self, now_s: float) -> None:
        self._last_s = now_s
        self._last_count = 0
        self._rate = 0.0

    def rate(self, count: int, now_s: float) -> float:
        """Return the rate per second, given the count at this moment."""
        elapsed_s = now_s - self._last_s
        if elapsed_s > 0:
            recent = (count - self._last_count) / elapsed_s
            kept = math.exp(-elapsed_s / _TIME_CONSTANT_S)
            self._rate = kept * self._rate + (1 - kept) * recent
            self._last_s = now_s
            self._last_count = count
        return self._rate


class Rates(msgspec.Struct, frozen=True):
    """Averages per second over about a second."""

    octets_to_clients: float
    octets_from_clients: float
    octets_to_device: float
    octets_from_device: float
    requests_to_device: float


class ServerMetrics:
    """Counters of the clients' side, and the rates of both sides.

    Attributes:
        clients: counters; whoever sends and receives counts.
    """

    def __init__(self, now_s: float) -> None:
        self.clients = ClientStatistics()
        self._to_clients = RateMeter(now_s)
        self._from_clients = RateMeter(now_s)
        self._to_device = RateMeter(now_s)
        self._from_device = RateMeter(now_s)
        self._requests = RateMeter(now_s)

    def rates(self, device: DeviceStatistics, now_s: float) -> Rates:
        """Return all rates at this moment."""
        return Rates(
            octets_to_clients=self._to_clients.rate(self.clients.octets_sent, now_s),
            octets_from_clients=self._from_clients.rate(self.clients.octets_received, now_s),
            octets_to_device=self._to_device.rate(device.octets_sent, now_s),
            octets_from_device=self._from_device.rate(device.octets_received, now_s),
            requests_to_device=self._requests.rate(device.requests, now_s),
        )
