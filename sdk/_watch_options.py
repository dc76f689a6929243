"""How a value is to be watched: how often, and which of its values are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from msgspec import UNSET

from scrutiny.api.messages import SubscribeWatchable

from . import exceptions
from ._arguments import check_number, check_rate
from .definitions import UpdateMode

_MODES = "watch_modes"  # features of the server
_INITIAL = "initial_values"


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What a watch asks for; it asks for the same again when the server or the device is back.

    Attributes:
        rate: updates per second; None: as many as possible.
        mode: which values are told.
        dead_band: how far a value has to be from the one told last, in its unit.
    """

    rate: float | None = None
    mode: UpdateMode = UpdateMode.Newest
    dead_band: float = 0.0

    @property
    def wants_all(self) -> bool:
        """Whether no value may be left out for a newer one."""
        return self.mode is UpdateMode.EverySample

    def command(self, paths: Sequence[str], features: Collection[str]) -> SubscribeWatchable:
        """Return what to ask a server for.

        Raises:
            OperationFailure: it is too old for the mode.
        """
        command = SubscribeWatchable(watchables=list(paths), rate=self.rate, partial=True)
        if _INITIAL in features:
            command.initial = True
        if self.mode is UpdateMode.Newest:
            return command
        if _MODES not in features:
            raise exceptions.OperationFailure(
                f"the server is too old for {self.mode}, its features lack {_MODES!r}"
            )
        command.mode = self.mode.value
        command.dead_band = self.dead_band if self.mode is UpdateMode.OnChange else UNSET
        return command


def watch_options(update_rate: object, mode: object, dead_band: object) -> WatchOptions:
    """Return what the arguments of a user mean.

    Raises:
        TypeError: one is of another type.
        ValueError: the rate is below 1 per second, the dead band below 0, or there is a dead band
            without ``UpdateMode.OnChange``.
    """
    if not isinstance(mode, UpdateMode):
        raise TypeError(f"mode is one of UpdateMode, not {mode!r}")
    band = check_number("dead_band", dead_band)
    if not band >= 0:
        raise ValueError(f"dead_band is 0 or more, not {band}")
    if band and mode is not UpdateMode.OnChange:
        raise ValueError("a dead_band belongs to UpdateMode.OnChange")
    return WatchOptions(check_rate(update_rate), mode, band)
