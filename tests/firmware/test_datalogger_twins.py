"""The datalogger of the C library and that of the simulator answer alike, whatever happens.

SCRUTINY_TWIN_COUNT sets the number of stories per target; those are other ones each time, while
without it they are always the same, so that what was green stays green.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings

from tests.support.datalog_stories import Story, stories
from tests.support.reference_device import TARGETS, ReferenceDevice, Target
from tests.support.reference_process import running
from tests.support.reference_simulator import simulated_reference

COUNT = os.environ.get("SCRUTINY_TWIN_COUNT")
# So many take 2 s of a processor.
STORIES = int(COUNT or 60)

alike = settings(
    max_examples=STORIES,
    derandomize=COUNT is None,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Twins:
    """A device of each kind, used for all stories, each of which starts it anew."""

    def __init__(self, in_c: ReferenceDevice, in_python: ReferenceDevice) -> None:
        self.in_c = in_c
        self.in_python = in_python

    def play(self, story: Story) -> None:
        replies_c = self.in_c.run(story)
        replies_python = self.in_python.run(story)
        if replies_c == replies_python:
            return
        for (letter, data), of_c, of_python in zip(story, replies_c, replies_python, strict=True):
            note(f"{letter.decode()} {data.hex()} -> {of_c.hex()}")
            assert of_python.hex() == of_c.hex(), f"the simulator, and C, to {data.hex()}"


@pytest.fixture(scope="module")
def twins_of(
    c_device_command: Callable[[Target], list[str | Path]],
) -> Iterator[Callable[[Target], Twins]]:
    with ExitStack() as processes:
        made: dict[Target, Twins] = {}

        def twins(target: Target) -> Twins:
            if target not in made:
                in_c = processes.enter_context(running(c_device_command(target)))
                made[target] = Twins(in_c, simulated_reference(target))
            return made[target]

        yield twins


@pytest.mark.timeout(max(120, STORIES))
@pytest.mark.parametrize("target", TARGETS, ids=str)
@alike
@given(story=stories())
def test_both_answer_alike(
    target: Target, twins_of: Callable[[Target], Twins], story: Story
) -> None:
    twins_of(target).play(story)
