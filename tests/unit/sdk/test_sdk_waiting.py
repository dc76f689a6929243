"""Threads that sleep until something happens, and the Ctrl-C that may come at any instant."""

from __future__ import annotations

import opcode
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from scrutiny.sdk import _waiting
from scrutiny.sdk._waiting import Deadline, DoneWaiter, Signal


def test_a_signal_wakes_all_that_sleep() -> None:
    lock = threading.Lock()
    signal = Signal(lock)
    news: list[str] = []
    found: list[str] = []
    sleepers = [
        threading.Thread(target=lambda: found.append(signal.until(lambda: news, Deadline(20))[0]))
        for _ in range(3)
    ]
    for sleeper in sleepers:
        sleeper.start()

    with lock:
        signal.notify()  # nothing has come yet: they go on sleeping
    with lock:
        news.append("new")
        signal.notify()
    for sleeper in sleepers:
        sleeper.join(20)

    assert found == ["new"] * 3


def test_who_is_late_gets_what_there_is() -> None:
    signal = Signal(threading.Lock())

    assert signal.until(lambda: False, Deadline(0)) is False
    assert signal.until(list[str], Deadline(0.01)) == []


def test_what_is_there_already_is_returned_at_once() -> None:
    assert Signal(threading.RLock()).until(lambda: 3, Deadline(0)) == 3


def test_those_that_sleep_no_more_are_forgotten() -> None:
    signal = Signal(threading.Lock())

    for _ in range(3):
        signal.until(lambda: False, Deadline(0.001))

    assert not vars(signal)["_sleepers"]


def test_who_lets_a_sleeper_go_stands_back_until_it_runs() -> None:
    waiter = DoneWaiter()
    sleeper = threading.Thread(target=lambda: waiter.wait(Deadline(20)))
    sleeper.start()
    while not vars(waiter)["_is_awaited"]:
        pass

    assert waiter.hand_over(limit_s=20)

    sleeper.join(20)


def test_nobody_is_waited_for_who_does_not_sleep() -> None:
    late, gone = DoneWaiter(), DoneWaiter()
    assert not gone.wait(Deadline(0.001))

    assert not late.hand_over(limit_s=20)
    assert not gone.hand_over(limit_s=20)

    assert late.wait(Deadline(0))


def test_ctrl_c_leaves_the_lock_free_wherever_it_comes() -> None:
    places = 0
    while (ctrl_c := _CtrlC(places)).comes_in(_sleep_under(lock := threading.Lock())):
        assert not lock.locked(), f"at place {places}, {ctrl_c.where}"
        places += 1

    assert places > 15  # or it came nowhere


def _sleep_under(lock: threading.Lock) -> Callable[[], bool]:
    signal, deadline = Signal(lock), _Passing()
    return lambda: signal.until(lambda: False, deadline)


class _Passing(Deadline):
    """Time passes by one millisecond whenever somebody asks, and is up after two."""

    def __init__(self) -> None:
        super().__init__(None)
        self._left_ms = 3

    def remaining_s(self) -> float:
        self._left_ms -= 1
        return max(0, self._left_ms) / 1000


class _CtrlC:
    """Raises where Python lets signal handlers run: after a call, or when a function begins.

    Args:
        place: how many such places to leave out.
    """

    def __init__(self, place: int) -> None:
        self._places_left = place
        self._last: dict[FrameType, str] = {}
        self.where = "nowhere"

    def comes_in(self, action: Callable[[], object]) -> bool:
        """Run something, and tell whether it was interrupted."""
        former = sys.gettrace()
        sys.settrace(self._trace)
        try:
            action()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(former)
        return False

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in (_waiting.__file__, threading.__file__):
            return None
        if event == "call":
            frame.f_trace_opcodes = True
        elif event == "opcode":
            last = self._last.get(frame, "")
            self._last[frame] = opcode.opname[frame.f_code.co_code[frame.f_lasti]]
            if last.startswith(("CALL", "RESUME", "JUMP_BACKWARD")):
                self._places_left -= 1
                if self._places_left == -1:
                    self.where = f"line {frame.f_lineno} of {frame.f_code.co_name}"
                    raise KeyboardInterrupt
        return self._trace
