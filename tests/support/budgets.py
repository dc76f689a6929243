"""How long the server may take to notice that a device is silent, computed from its own parts."""

from __future__ import annotations

from scrutiny.firmware_link.exchange import Exchange, ExchangeSettings, Transaction
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import AddressFormat, Heartbeat
from scrutiny.firmware_link.transactions import transaction_of
from scrutiny.server.connection import IDLE_INTERVAL_NS, PROBE_PATIENCE_NS, PROBES

_READ_RPV = (3, 4)
_ID_SIZE = 2
_VALUE_SIZE = 4


def silence_budget_s(value_count: int, bits_per_second: int) -> float:
    """Longest time from the beginning of the silence until the device counts as gone.

    Args:
        value_count: how many values of four octets are read as often as possible; they fit one
            request. 0: the link is idle.
        bits_per_second: of the line, as the server was told.
    """
    exchange = Exchange(ExchangeSettings(bits_per_second=bits_per_second), max_payload=1024)
    _take_a_fast_answer(exchange)
    heartbeat = transaction_of(Heartbeat(0, 0), AddressFormat(4), retries=0)
    probes_ns = sum(
        exchange.retry_budget_ns(heartbeat) + probe * PROBE_PATIENCE_NS for probe in range(PROBES)
    )
    if value_count:
        first_ns = exchange.retry_budget_ns(_poll(value_count))
    else:
        first_ns = IDLE_INTERVAL_NS + exchange.retry_budget_ns(heartbeat)
    return (first_ns + probes_ns) / 1e9


def _poll(value_count: int) -> Transaction:
    frame = Request(*_READ_RPV, bytes(_ID_SIZE * value_count)).encode()
    return Transaction(frame, size=(_ID_SIZE + _VALUE_SIZE) * value_count)


def _take_a_fast_answer(exchange: Exchange) -> None:
    exchange.start(_poll(1), 0)
    answer = Response(*_READ_RPV, 0, bytes(_ID_SIZE + _VALUE_SIZE))
    assert exchange.feed(answer.encode(), 1) is not None
