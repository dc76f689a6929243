"""Octets that a busy board has no time for are retried, and no session ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.sdk.client import ScrutinyClient
from tests.support.board_desk import BoardDesk, open_desk
from tests.support.board_kinds import BOARD_KINDS
from tests.support.example_board import SCRATCH
from tests.support.exchange_counter import ExchangeCounter
from tests.support.workload import Workload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

BUSY_KINDS = [kind for kind in BOARD_KINDS if kind.busy_us]
EXCHANGES = 200  # benchmarks/overrun.py makes 10,000
LOST_OCTETS = 3


@pytest.fixture(params=BUSY_KINDS, ids=lambda kind: kind.name)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BoardDesk]:
    """A board, reached over TCP: terminals are late on a busy machine, which ends sessions, too."""
    with open_desk(request.param, tmp_path, over_tcp=True) as desk:
        yield desk


def test_octets_lost_while_interrupts_are_off_cost_retries_only(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
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
