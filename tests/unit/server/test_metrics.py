from __future__ import annotations

import pytest

from scrutiny.server.metrics import DeviceStatistics, RateMeter, ServerMetrics


def test_a_steady_count_gives_its_rate() -> None:
    meter = RateMeter(now_s=100.0)

    rates = [meter.rate(10 * step, 100 + step / 10) for step in range(1, 101)]

    assert rates[-1] == pytest.approx(100, rel=0.01)


def test_a_single_question_after_a_long_time_gives_the_average() -> None:
    assert RateMeter(now_s=0).rate(6000, 60) == pytest.approx(100)


def test_the_rate_decays_within_seconds_when_nothing_happens() -> None:
    meter = RateMeter(now_s=0)
    assert meter.rate(1000, 1) > 500

    assert meter.rate(1000, 6) < 5


def test_a_second_question_at_the_same_instant_gives_the_same_answer() -> None:
    meter = RateMeter(now_s=0)
    first = meter.rate(10, 1)

    assert meter.rate(25, 1) == first
    assert meter.rate(25, 2) > first  # what came in between is not lost


def test_rates_of_both_sides_come_from_their_counters() -> None:
    metrics = ServerMetrics(now_s=0)
    metrics.clients.octets_sent = 6000
    metrics.clients.octets_received = 600
    device = DeviceStatistics(requests=60, octets_sent=1200, octets_received=2400)

    rates = metrics.rates(device, now_s=60)

    assert rates.octets_to_clients == pytest.approx(100)
    assert rates.octets_from_clients == pytest.approx(10)
    assert rates.octets_to_device == pytest.approx(20)
    assert rates.octets_from_device == pytest.approx(40)
    assert rates.requests_to_device == pytest.approx(1)
