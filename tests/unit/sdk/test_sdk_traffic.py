from __future__ import annotations

from scrutiny.sdk._traffic import TrafficMeter


def test_rates_since_the_beginning() -> None:
    meter = TrafficMeter(now_s=10.0)

    meter.received(100, 10.1)
    meter.received(100, 10.2)
    meter.sent(50, 10.5)

    assert meter.rates(11.0) == (200.0, 2.0, 50.0, 1.0)


def test_old_traffic_is_forgotten() -> None:
    meter = TrafficMeter(now_s=0.0)
    for tick in range(100):
        meter.received(1000, tick * 0.25)

    assert meter.rates(24.75).rx_data_rate == 4000.0
    for tick in range(100, 120):
        meter.rates(tick * 0.25)
    assert meter.rates(30.0).rx_data_rate == 0.0


def test_reset_starts_over() -> None:
    meter = TrafficMeter(now_s=0.0)
    meter.received(1000, 0.5)

    meter.reset(0.5)

    assert meter.rates(0.5) == (0.0, 0.0, 0.0, 0.0)
    assert meter.rates(1.0) == (0.0, 0.0, 0.0, 0.0)
