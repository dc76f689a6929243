"""Recordings as an SDK shows them, ours or the stock one, and what has to be true of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ShownRecording:
    """A recording; indexed by the path of a signal it gives the samples.

    Attributes:
        content: what `peer_client.content_of` returned.
        trigger: index of the sample at which the trigger fired.
        paths: of the signals.
        x: over which the samples are drawn.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.trigger: int = content["trigger"]
        self.paths: list[str] = [signal["path"] for signal in content["signals"]]
        self.x: list[float] = content["x"]["samples"]
        assert {len(signal["samples"]) for signal in content["signals"]} == {len(self.x)}

    def __getitem__(self, path: str) -> list[float]:
        (samples,) = [
            signal["samples"] for signal in self.content["signals"] if signal["path"] == path
        ]
        return list(samples)


@dataclass(frozen=True)
class Change:
    """What is written to fire a trigger, before and afterwards.

    Attributes:
        others: what else has to be written before.
    """

    path: str
    before: float
    after: float
    condition: str
    operands: tuple[float | str, ...]
    others: tuple[tuple[str, float], ...] = ()


def assert_consecutive(samples: Sequence[float], step: int = 1) -> None:
    """Check that a counter was sampled in each so many-th iteration, without a gap."""
    assert list(samples) == [samples[0] + step * index for index in range(len(samples))]


def assert_crossing(samples: Sequence[float], trigger: int, before: float, after: float) -> None:
    """Check that a value changed just when the trigger fired."""
    assert 0 < trigger < len(samples)
    assert set(samples[:trigger]) == {before}
    assert set(samples[trigger:]) == {after}
