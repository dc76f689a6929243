"""Work in slices, on a loop that a test turns, with a clock that the work itself advances."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator

import pytest

from scrutiny.server.turns import NO_PAUSE, SLICE_S, Turns, finish

STEP_S = SLICE_S / 4


class Bench:
    """Turns of a loop, and work that notes its steps."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now_s = 0.0
        self.done: list[str] = []
        self.turns = Turns(loop, lambda: self.now_s)
        self._loop = loop

    def work(self, name: str, steps: int) -> Generator[float, None, int]:
        for _ in range(steps):
            self.now_s += STEP_S
            self.done.append(name)
            yield NO_PAUSE
        return steps

    def start(self, name: str, steps: int) -> None:
        self.turns.start(_without_result(self.work(name, steps)))

    def turn(self) -> str:
        """Return what is done in one turn of the loop."""
        self.done.clear()
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()
        return "".join(self.done)


def _without_result(work: Generator[float, None, int]) -> Generator[float, None, None]:
    yield from work


@pytest.fixture
def bench(loop: asyncio.AbstractEventLoop) -> Bench:
    return Bench(loop)


def test_little_work_is_done_when_it_is_started(bench: Bench) -> None:
    bench.start("a", 3)

    assert bench.done == ["a"] * 3
    assert not bench.turns.is_busy


@pytest.mark.parametrize(("steps", "done"), [(2, "abb"), (8, "abbb")])
def test_work_that_work_starts_shares_its_slice(bench: Bench, steps: int, done: str) -> None:
    def outer() -> Generator[float, None, None]:
        bench.now_s += STEP_S
        bench.done.append("a")
        bench.start("b", steps)
        yield NO_PAUSE

    bench.turns.start(outer())

    assert "".join(bench.done) == done
    assert bench.turns.is_busy == (steps > 3)
    rest = "b" * max(0, steps - 3)
    assert [bench.turn() for _ in range(3)] == [rest[:4], rest[4:], ""]


def test_long_work_is_done_a_slice_per_turn(bench: Bench) -> None:
    bench.start("a", 10)

    assert bench.done == ["a"] * 4
    assert [bench.turn() for _ in range(4)] == ["aaaa", "aa", "", ""]


def test_all_work_shares_the_slice_of_a_turn(bench: Bench) -> None:
    bench.start("a", 8)
    bench.start("b", 6)
    bench.start("c", 1)

    assert bench.done == ["a"] * 4
    assert [bench.turn() for _ in range(5)] == ["aaaa", "bbbb", "cbb", "", ""]
    assert not bench.turns.is_busy


def test_many_small_pieces_in_one_turn_count_like_a_large_one(bench: Bench) -> None:
    for name in "abcdefgh":
        bench.start(name, 1)

    assert bench.done == ["a", "b", "c", "d"]
    assert bench.turn() == "efgh"


def test_a_step_that_takes_too_long_does_not_keep_the_others_from_going_on(bench: Bench) -> None:
    def slow() -> Generator[float, None, None]:
        for _ in range(3):
            bench.now_s += 10 * SLICE_S
            bench.done.append("s")
            yield NO_PAUSE

    bench.turns.start(slow())
    bench.start("a", 2)

    assert [bench.turn() for _ in range(4)] == ["s", "aas", "", ""]


def test_work_may_pause(bench: Bench) -> None:
    def pausing() -> Generator[float, None, None]:
        bench.done.append("p")
        yield 0.01
        bench.done.append("q")

    bench.turns.start(pausing())

    assert bench.turn() == ""
    time.sleep(0.02)  # the loop's own clock: nothing else tells when the pause is over
    assert bench.turn() == "q"


def test_failing_work_is_logged_and_does_not_stop_the_rest(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> Generator[float, None, None]:
        yield NO_PAUSE
        raise ValueError("broken")

    bench.start("a", 5)
    bench.turns.start(failing())
    bench.start("b", 1)

    assert bench.turn() == "ab"
    assert "broken" in caplog.text


def test_work_started_by_work_comes_after_it(bench: Bench) -> None:
    def outer() -> Generator[float, None, None]:
        bench.start("i", 1)
        bench.done.append("o")
        yield NO_PAUSE

    bench.turns.start(outer())

    assert bench.done == ["o", "i"]


def test_finish_does_everything_and_returns_the_result(bench: Bench) -> None:
    assert finish(bench.work("a", 50)) == 50
    assert len(bench.done) == 50
