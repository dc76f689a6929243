"""Keep the traffic of a link under a bitrate; no I/O, no clock.

The device only announces a number (device protocol, section 14): all octets of both directions
count, eight bits each. The long-term mean stays under the limit; a short burst is allowed, so that
a lone request never waits.
"""

from __future__ import annotations

from typing import Final

BURST_NS: Final = 50_000_000


class Pacer:
    """Says when the next request may start.

    Args:
        limit_bps: bits per second, above 0.
    """

    def __init__(self, limit_bps: int) -> None:
        if limit_bps <= 0:
            raise ValueError(f"a bitrate limit is above 0, not {limit_bps}")
        self._ns_per_octet = 8 * 1_000_000_000 / limit_bps
        self._paid_until_ns = 0.0  # the traffic so far, at the limit, would have ended here

    def count(self, octets: int, now_ns: int) -> None:
        """Note octets that went either way."""
        start_ns = max(self._paid_until_ns, now_ns - BURST_NS)
        self._paid_until_ns = start_ns + octets * self._ns_per_octet

    def wait_ns(self, now_ns: int) -> int:
        """Return how long the next request has to wait; 0: not at all."""
        return max(0, int(self._paid_until_ns) - now_ns)


def effective_limit(*limits_bps: int) -> int:
    """Return the smallest limit that is not 0; 0 when there is none."""
    return min((limit for limit in limits_bps if limit > 0), default=0)
