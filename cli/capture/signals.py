"""The signals to record, as they are typed: ``PATH`` or ``NAME=PATH``, on axes that have names."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

_UNIT: Final = re.compile(r"\[([^\[\]]*[^\[\]\d\s][^\[\]]*)\]$")  # but no index


@dataclass(frozen=True, slots=True)
class SignalChoice:
    """A signal to record.

    Attributes:
        path: of the watchable.
        name: for display.
        axis: the name of its Y axis; None for one by its unit, or of its own.
    """

    path: str
    name: str
    axis: str | None = None

    @property
    def axis_name(self) -> str:
        """Name of the axis that it is drawn on; signals with one unit share theirs."""
        if self.axis is not None:
            return self.axis
        unit = _UNIT.search(self.name) or _UNIT.search(self.path)
        return unit[1] if unit else self.name


def signal_choice(text: str, axis: str | None = None) -> SignalChoice:
    """Return what a text says; ValueError if it has no path."""
    name, path = "", text
    if not text.startswith("/") and "=/" in text:
        name, _, path = text.partition("=/")
        path = f"/{path}"
    if not path.strip("/ "):
        raise ValueError(f"{text!r} has no path in it")
    return SignalChoice(path, name.strip() or path.rstrip("/").rpartition("/")[2], axis)


def by_axis(signals: Iterable[SignalChoice]) -> dict[str, list[SignalChoice]]:
    """Return the signals by the axis they are drawn on, in the order of the first of each."""
    axes: dict[str, list[SignalChoice]] = {}
    for signal in signals:
        axes.setdefault(signal.axis_name, []).append(signal)
    return axes


class AddSignals(argparse.Action):
    """Add the signals of one option, on the axis that was named before."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Raise argparse.ArgumentError for what is no signal."""
        texts = [values] if isinstance(values, str) else values or ()
        axis: str | None = getattr(namespace, "axis", None)
        try:
            chosen = [signal_choice(str(text), axis) for text in texts]
        except ValueError as error:
            raise argparse.ArgumentError(self, f"{error}") from None
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest, None) or ()), *chosen])
