"""Octets that a busy board has no time for are retried, and no session ends."""

from __future__ import annotations

import sys

import pytest

from scrutiny.sdk.client import ScrutinyClient
from tests.support.board_desk import BoardDesk
from tests.support.example_board import SCRATCH
from tests.support.exchange_counter import ExchangeCounter
from tests.support.missing_tools import does_not_apply
from tests.support.workload import Workload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

EXCHANGES = 200  # benchmarks/overrun.py makes 10,000
LOST_OCTETS = 3


def test_octets_lost_while_interrupts_are_off_cost_retries_only(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
    if not desk.kind.busy_us:
        does_not_apply(f"{desk.kind.name} has no interrupts")
    workload = Workload(client, SCRATCH[:4])
    desk.make_busy(client)
    exchanges = ExchangeCounter(desk.line)
    overruns_before = desk.overruns
    retries = 0

    while exchanges.count < EXCHANGES or desk.overruns - overruns_before < LOST_OCTETS:
        report = workload.run(0.5)
        retries += report.retries
        assert report.device_gone == 0
        assert report.contradictions == []

    assert retries > 0
    assert int.from_bytes(desk.memory("board_busy_count", 4), "little") > 0
    assert workload.check_all() == []
